"use strict";
// The formula of the output above the picture, with the part lit that the lesson is about.

const LONGEST_FORMULA = 110; // letters; a longer one is written with names for its parts
const MOST_TERMS = 6; // of a sum

let hasFormula = new Set(); // the nodes that have a formula of their own: the output, and the parts of a long one
let formulaOf = []; // for each node the node in whose formula it is written
let formulasShown = null; // which, null for a graph that has just opened

whenOpened.push(() => {
  const whole = new Set();
  cutFormulas(whole, () => false);
  hasFormula = new Set([output.place]);
  if (whole.size) cutFormulas(hasFormula, (node) => node.named || node.consumers.length > 1);
  formulaOf = nodes.map(() => output.place);
  for (const node of [...nodes].reverse()) {
    if (hasFormula.has(node.place)) formulaOf[node.place] = node.place;
    else if (node.consumers.length) formulaOf[node.place] = formulaOf[node.consumers[0][0]];
  }
  formulasShown = null;
});

// Adds to `parts` the nodes that get a formula of their own: those that `isPart` asks for, and of each formula that
// would be too long the longest operands.
function cutFormulas(parts, isPart) {
  const lengths = nodes.map((node) => symbolOf(node).length);
  const written = (place) => (parts.has(place) ? symbolOf(nodes[place]).length : lengths[place]);
  for (const node of nodes) {
    if (!node.op) continue;
    const shown = textShown(node);
    const length = () => shown.reduce((sum, part) => sum + (typeof part === "string" ? part.length : written(node.inputs[part])), 0);
    const operands = [...new Set(shown.filter((part) => typeof part === "number"))].map((slot) => node.inputs[slot]).filter((place) => nodes[place].op);
    operands.sort((a, b) => lengths[b] - lengths[a]);
    while (length() > LONGEST_FORMULA && operands.length) parts.add(operands.shift());
    if (shown !== node.op.text) node.inputs.filter((place, slot) => nodes[place].op && !shown.includes(slot)).forEach((place) => parts.add(place));
    lengths[node.place] = length();
    if (node !== output && isPart(node)) parts.add(node.place);
  }
}

// The text of an operation; a long sum shows its first three terms and its last.
function textShown({ op: { text }, inputs }) {
  if (inputs.length <= MOST_TERMS) return text;
  const between = text[text.length - 3];
  return [...text.slice(0, 6), `${between.trimEnd()} …${between}`, ...text.slice(-2)];
}

// The operation of a node as nested elements, each of which stands for its node.
function formulaElement(node) {
  const parts = textShown(node).flatMap((part) => (typeof part === "string" ? [part] : operandElement(node.op, part, nodes[node.inputs[part]])));
  return standsFor(h("span", "part", ...parts), [], [node.place]);
}

function operandElement(op, slot, node) {
  if (node.op && !hasFormula.has(node.place)) {
    const written = formulaElement(node);
    return precedence(node) < op.needs[slot] ? ["(", written, ")"] : [written];
  }
  const name = standsFor(h("span", "part", symbolOf(node)), [], [node.place]);
  return operand(op, slot, symbolOf(node)) === symbolOf(node) ? [name] : ["(", name, ")"];
}

// How tightly the formula of a node binds; that of a sum of one term as tightly as the term.
function precedence(node) {
  const isTerm = node.op && !hasFormula.has(node.place) && node.inputs.length === 1 && node.op.text.every((part) => part === "" || part === 0);
  return isTerm ? precedence(nodes[node.inputs[0]]) : node.op && !hasFormula.has(node.place) ? node.op.precedence : 4;
}

// Shows the formula of the output and, of a long one, that of the part in question. `lit` are the places that the
// lesson is about, the most important last.
function showFormula(lit) {
  const line = byId("formula");
  const shown = [...new Set([output.place, formulaOf[lit[lit.length - 1]] ?? output.place])].filter((place) => nodes[place].op);
  if (formulasShown !== shown.join()) {
    formulasShown = shown.join();
    line.replaceChildren(...shown.map((place) => h("span", "definition", `${nodes[place].name} = `, formulaElement(nodes[place]))));
    line.hidden = !shown.length;
  }
  const parts = [...line.querySelectorAll(".part")];
  const written = new Set(parts.map((part) => Number(part.dataset.places)));
  // A term that a long sum leaves out is lit as the sum.
  const now = lit.length && !written.has(lit[lit.length - 1]) ? formulaOf[lit[lit.length - 1]] : lit[lit.length - 1];
  for (const part of parts) {
    const place = Number(part.dataset.places);
    part.classList.toggle("now", place === now);
    part.classList.toggle("from", place !== now && lit.includes(place));
  }
  const tooLong = line.scrollWidth > line.clientWidth;
  line.tabIndex = tooLong ? 0 : -1;
  // From its start, if the lit part can be seen there; before the first step, it has yet to be found.
  line.scrollLeft = 0;
  const first = tooLong && !(state.tab === "step" && state.at === 0) && line.querySelector(".now");
  if (first) {
    const [part, all] = [first, line].map((each) => each.getBoundingClientRect());
    if (part.right > all.right - FADE && part.left > all.left + all.width / 3) line.scrollLeft = part.left - all.left - 60;
  }
  fadeFormula();
}

const FADE = 32; // pixels at an edge beyond which the formula goes on

const fadeFormula = () => fadeSides(byId("formula"));

// The nodes to light in the formula: those that the lesson is about.
function placesOfLesson() {
  if (state.tab === "practise") return practised();
  if (state.tab === "nudge") return state.nudge ? [state.nudge.place] : [];
  if (state.tab !== "step") return state.selected === null ? [] : [state.selected];
  const { kind, node, slot } = current();
  return kind === "backward" ? [node, nodes[node].inputs[slot]] : [node];
}
