"use strict";
// The ladder: the chain rule from the output backward to one node, one question at a time.

const LONGEST_LADDER = 80;

// {kind: "local", node, slot}: a local derivative. {kind: "product", node, slot}: what passes along that arrow.
// {kind: "sum", node}: where arrows meet. {kind: "whole", node}: a gradient without a ladder. Those that take no
// thought are `given`: the derivative of a sum is 1, and a factor 1 changes nothing.
function rungsTo(place) {
  const lit = onPaths(place).nodes;
  const rungs = [];
  for (const node of nodes.slice(place).reverse()) {
    if (!lit.has(node.place)) continue;
    if (node.consumers.length > 1) rungs.push({ kind: "sum", node: node.place, given: false });
    if (node.place === place) continue;
    node.inputs.forEach((input, slot) => {
      if (!lit.has(input)) return;
      const given = derivativeIsPlain(node.op, slot);
      rungs.push({ kind: "local", node: node.place, slot, given });
      rungs.push({ kind: "product", node: node.place, slot, given: given || node === output });
    });
  }
  const unaided = leaves.slice(0, 100).find((leaf) => !lit.has(leaf.place) && isAsked(leaf) && paths(leaf.place, recorded, 1).count === 1);
  return unaided ? [...rungs, { kind: "whole", node: unaided.place, given: false }] : rungs;
}

const derivativeIsPlain = (op, slot) => op.derivatives[slot]?.every((part) => typeof part !== "number");

// A constant is part of its operation: nobody asks for its gradient.
const isAsked = (node) => !isConstant(node) && node !== output;

function rungNumber({ kind, node, slot }, { partials, grads }) {
  if (kind === "local") return partials[node][slot];
  return kind === "product" ? partials[node][slot] * grads[node] : grads[node];
}

// The node whose gradient is complete when a rung is climbed, or null.
function completedBy({ kind, node, slot }) {
  if (kind === "local") return null;
  if (kind !== "product") return node;
  const input = nodes[node].inputs[slot];
  return nodes[input].consumers.length === 1 ? input : null;
}

// What is asked, and the same as it is answered.
function rungName({ kind, node, slot }) {
  if (kind === "sum" || kind === "whole") return gradientName(nodes[node]);
  const input = nodes[nodes[node].inputs[slot]];
  if (kind === "local") return partialName(nodes[node], input);
  return input.consumers.length > 1 ? `${gradientName(input)} through ${nodes[node].name}` : gradientName(input);
}

function rungAnswered(rung, numbers) {
  const { kind, node, slot } = rung;
  const name = rungName(rung);
  if (kind === "local") return [`${name} = ${localWritten(nodes[node], slot, numbers)}`];
  const number = format(rungNumber(rung, numbers));
  const way = kind === "product" ? productOf(rung, numbers) : kind === "sum" ? sumAt(node, numbers) : number;
  return [derivative(name), ` = ${way === number ? "" : `${way} = `}`, derivative(number)];
}

const productOf = ({ node, slot }, { partials, grads }) => `${factor(grads[node])} × ${factor(partials[node][slot])}`;
const sumAt = (place, numbers) => partsOf(nodes[place], numbers).map(([, part]) => format(part)).join(" + ").replaceAll("+ -", "- ");

// The question, in elements.
function rungAsked({ kind, node, slot }, numbers) {
  const { name, inputs } = nodes[node];
  if (kind === "whole") return [h("p", "", "The last one has no ladder. Follow the path yourself, from the output backward.")];
  if (kind === "sum") return [h("p", "", `${many(nodes[node].consumers.length, "arrow")} leave ${name}. Along them came ${inWords(partsOf(nodes[node], numbers).map(([consumer, part]) => `${format(part)} from ${nodes[consumer].name}`))}. Put them together.`)];
  const input = nodes[inputs[slot]];
  if (kind === "local") {
    return [formula("", `${name} = ${valueWritten(nodes[node], numbers)}`), h("p", "", `How fast does ${name} change with ${input.name}? This operation alone counts here:`)];
  }
  return [formula("", derivative(gradientName(nodes[node])), ` = ${format(numbers.grads[node])}`), formula("", `${partialName(nodes[node], input)} = ${format(numbers.partials[node][slot])}`), h("p", "", `${name} passes its gradient on to ${input.name}. What arrives along this arrow?`)];
}

function rungHint({ kind, node, slot }, numbers) {
  if (kind === "sum") return `Paths add up: ${sumAt(node, numbers)}.`;
  if (kind === "product") return `Multiply: ${productOf({ node, slot }, numbers)}.`;
  const local = (at, place) => derivativeInSymbols(nodes[at], place) ?? "known only as a number";
  if (kind === "local") return `${rungName({ kind, node, slot })} = ${local(node, slot)}.`;
  const [{ steps }] = paths(node, numbers, 1).best;
  return `Multiply the local derivatives on the way: ${steps.map(([at, place]) => local(at, place)).map((text) => (/[+-]/.test(text) ? `(${text})` : text)).join(" × ")}.`;
}

// How a wrong answer may have come about.
function judgeRung(rung, answer, numbers) {
  const { kind, node, slot } = rung;
  const truth = rungNumber(rung, numbers);
  if (kind === "whole") return judge(node, answer, numbers);
  const found = { local: localSlips, product: productSlips, sum: (at) => sumSlips(partsOf(nodes[at], numbers)) }[kind];
  return verdictOn(answer, truth, found(node, numbers, slot), vagueRungSlips(rung, numbers));
}

function* localSlips(place, numbers, slot) {
  const { op, inputs, name } = nodes[place];
  const { data, partials, grads } = numbers;
  const [x, y, slope] = [data[inputs[slot]], data[place], partials[place][slot]];
  if (hasSlope(nodes[place])) for (const [wrong, words] of wrongSlopes(op)) yield [wrong(x, y, slope), words];
  if (op.name === "mul") {
    const other = nodes[inputs[1 - slot]];
    yield [x, `take ${nodes[inputs[slot]].name} itself: the derivative of a product is the other factor, ${nameAndNumber(other, numbers)}`];
    yield [y, `take the whole product; its derivative is the other factor, ${nameAndNumber(other, numbers)}`];
  }
  for (const other of partials[place].keys()) if (other !== slot) yield [partials[place][other], `take the derivative by ${nodes[inputs[other]].name}, the other input`];
  yield [-slope, "turn its sign around"];
  yield [slope * grads[place], `multiply by ${gradientName(nodes[place])} already; a local derivative knows only ${name} and its inputs`];
  yield [grads[place], `give ${gradientName(nodes[place])}, which arrives at ${name}`];
  yield [y, `give the value of ${name}`];
  yield [x, `give the value of ${nodes[inputs[slot]].name}`];
  yield [1, "take 1 for it, as in a sum"];
}

function* productSlips(place, { partials, grads }, slot) {
  const [local, arriving] = [partials[place][slot], grads[place]];
  yield [local, "give the local derivative, and do not multiply"];
  yield [arriving, "pass the gradient on as it is, and do not multiply"];
  yield [local + arriving, "add where you multiply: sums are for paths that meet"];
  yield [-local * arriving, "lose a minus sign, or add one"];
  yield [arriving / local, "divide where you multiply"];
  yield [local / arriving, "divide where you multiply"];
  yield [arriving - local, "subtract where you multiply"];
}

function* sumSlips(parts) {
  const sum = parts.reduce((total, [, part]) => total + part, 0);
  for (const [consumer, part] of parts) yield [sum - part, `leave out the ${format(part)} that comes from ${nodes[consumer].name}`];
  yield* wrongSums(parts.map(([, part]) => part));
}

function* vagueRungSlips(rung, numbers) {
  const truth = rungNumber(rung, numbers);
  yield [2 * truth, "take a factor 2 too many"];
  yield [truth / 2, "miss a factor 2"];
  yield [1 / truth, "turn it upside down"];
  yield* misprints(truth);
}
