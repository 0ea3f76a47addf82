"use strict";
// Find the bug: a backward pass with one mistake planted in it.

const MOST_BUG_STEPS = 80;

const BUGS = {
  overwrite: "It writes = where += belongs.",
  order: "A node passes its gradient on too early.",
  slope: "A local derivative is missing.",
  swap: "The two factors of a product are swapped.",
};

// {kind, at: the node of the mistake or null, steps, seen, suspect: a step or null, verdict: elements}
let bug = null;
let bugSeed = 0;

whenOpened.push(() => {
  bugSeed = 0;
  bug = null;
});

// Each step of the pass with a bug: {node, slot, input, before, arriving, after, wrong}.
function buggySteps(kind, at, { partials, grads: right }) {
  const list = kind === "order" ? naive : topological;
  const grads = nodes.map(() => null);
  grads[output.place] = 1;
  const steps = [];
  for (const { kind: pass, node, slot } of list) {
    if (pass !== "backward") continue;
    const input = nodes[node].inputs[slot];
    if (isConstant(nodes[input])) continue;
    const before = grads[input];
    const local = node !== at ? partials[node][slot] : kind === "slope" ? 1 : partials[node][1 - slot];
    grads[input] = local * grads[node] + (kind === "overwrite" ? 0 : before || 0);
    const wrong = { overwrite: !!before, order: !same(grads[node], right[node]), slope: node === at, swap: node === at }[kind];
    steps.push({ node, slot, input, before, arriving: grads[node], after: grads[input], wrong });
  }
  return { kind, at, steps, grads };
}

// The bugs that can be seen in this graph: those after which a gradient is clearly another one.
function possibleBugs() {
  const numbers = state.numbers;
  const inputsAsked = (node) => node.inputs.filter((input) => isAsked(nodes[input]));
  const slopes = nodes.filter((node) => node.inputs.length === 1 && inputsAsked(node).length);
  const factors = nodes.filter((node) => node.op?.name === "mul" && inputsAsked(node).length);
  const all = [["overwrite", null], ["order", null], ...slopes.map(({ place }) => ["slope", place]), ...factors.map(({ place }) => ["swap", place])];
  const clear = (a, b) => Math.abs(a - b) > 0.01 * Math.max(Math.abs(a), Math.abs(b), 1e-6);
  return all.map(([kind, at]) => buggySteps(kind, at, numbers)).filter(({ steps, grads }) => {
    const ends = new Map(steps.map(({ input }) => [input, grads[input]]));
    return steps.some(({ wrong }) => wrong) && [...ends].some(([place, grad]) => clear(grad, numbers.grads[place]));
  });
}

function plantBug() {
  const passing = topological.filter(({ kind, node, slot }) => kind === "backward" && !isConstant(nodes[nodes[node].inputs[slot]])).length;
  const possible = passing > MOST_BUG_STEPS ? [] : possibleBugs();
  const kinds = Object.keys(BUGS).filter((kind) => possible.some((other) => other.kind === kind));
  if (!kinds.length) {
    bug = { steps: [], why: passing > MOST_BUG_STEPS ? `This pass has ${passing.toLocaleString("en")} steps, too many to search.` : "No bug would show in this graph." };
    return;
  }
  const random = randomFrom(++bugSeed);
  const kind = kinds[Math.floor(random() * kinds.length)];
  const alike = possible.filter((other) => other.kind === kind);
  bug = { ...alike[Math.floor(random() * alike.length)], seen: 1, suspect: null };
  put("bug-verdict");
  for (const radio of document.getElementsByName("bug-kind")) radio.checked = false;
}

function showBug() {
  if (!bug) plantBug();
  byId("bug-none").hidden = bug.steps.length > 0;
  byId("bug-hunt").hidden = !bug.steps.length;
  if (!bug.steps.length) return put("bug-none", h("p", "", `${bug.why} New graph, at the top, makes another one.`));
  byId("bug-next").disabled = byId("bug-all").disabled = bug.seen === bug.steps.length;
  const focus = document.activeElement?.dataset?.step;
  put("bug-steps", ...bug.steps.slice(0, bug.seen).map((step, i) => h("li", "", bugStep(step, i))));
  put("bug-details", ...(bug.suspect === null ? [] : bugDetails(bug.steps[bug.suspect])));
  if (focus !== undefined) byId("bug-steps").querySelector(`[data-step="${focus}"]`)?.focus();
}

function bugStep({ node, input, before, after }, i) {
  const line = button("", () => {
    bug.suspect = bug.suspect === i ? null : i;
    refresh();
    subject().forEach(reveal);
  }, "step-line");
  line.append(`${nodes[node].name} → ${nodes[input].name}: `, derivative(`${gradientName(nodes[input])} ${before === null ? "=" : `goes from ${format(before)} to`} ${format(after)}`));
  line.dataset.step = i;
  line.setAttribute("aria-pressed", String(bug.suspect === i));
  return line;
}

// What is needed to check a step.
function bugDetails({ node, slot, arriving }) {
  const of = nodes[node];
  return [
    formula("", `${of.name} = ${valueWritten(of, state.numbers)}`),
    formula("", derivative(gradientName(of)), ` = ${format(arriving)} at this moment`),
    formula("", `Which ${partialName(of, nodes[of.inputs[slot]])} was used, and was the result added?`),
  ];
}

function shownBug(all) {
  const grads = nodes.map(() => null);
  grads[output.place] = 1;
  for (const { input, after } of bug.steps.slice(0, bug.seen)) grads[input] = after;
  all.grad = (place) => format(grads[place]);
  const step = bug.steps[bug.suspect ?? bug.seen - 1];
  if (step) {
    all.active.nodes.add(step.node).add(step.input);
    all.active.edges.add(`${step.node}.${step.slot}`);
  }
  return all;
}

function bugAt() {
  const step = bug?.steps[bug.suspect ?? bug.seen - 1];
  return step ? [step.input, step.node] : [output.place];
}

function judgeBug() {
  const kind = [...document.getElementsByName("bug-kind")].find(({ checked }) => checked)?.value;
  if (bug.suspect === null || !kind) return put("bug-verdict", h("p", "wrong-text", "Click the step that is wrong, and choose what is wrong there."));
  const [place, sort] = [bug.steps[bug.suspect].wrong, kind === bug.kind];
  if (place && sort) return put("bug-verdict", h("p", "right-text", "Right. ", bugExplained(bug.steps[bug.suspect])));
  const words = place ? "Something is wrong in that step, but not this." : sort ? "There is such a bug, but not in that step." : "That step is right, and the bug is another one.";
  put("bug-verdict", h("p", "wrong-text", words));
}

function revealBug() {
  bug.suspect = bug.steps.findIndex(({ wrong }) => wrong);
  bug.seen = Math.max(bug.seen, bug.suspect + 1);
  for (const radio of document.getElementsByName("bug-kind")) radio.checked = radio.value === bug.kind;
  refresh();
  put("bug-verdict", h("p", "", `${BUGS[bug.kind]} `, bugExplained(bug.steps[bug.suspect])));
}

function bugExplained({ node, slot, input, before, arriving, after }) {
  const { partials, grads } = state.numbers;
  const of = nodes[node];
  const by = partialName(of, nodes[input]);
  const local = format(partials[node][slot]);
  if (bug.kind === "overwrite") return `${gradientName(nodes[input])} was ${format(before)}, and ${format(after)} arrived. Paths add up: += gives ${format(before + after)}.`;
  if (bug.kind === "order") return `${of.name} passed on ${format(arriving)}, but another of its consumers had yet to add to that. Complete, ${gradientName(of)} is ${format(grads[node])}.`;
  if (bug.kind === "slope") return `The pass took 1 for ${by}, which is ${slopeAt(of, state.numbers)}.`;
  return `${by} is the other factor, ${local}.`;
}
