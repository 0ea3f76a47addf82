"use strict";
// Step: the events of the two passes, one at a time, and what each does.

const events = () => (state.order === "naive" ? naive : topological);

function showStep() {
  const list = events();
  byId("slider").max = list.length;
  byId("slider").value = state.at;
  byId("progress").textContent = progress(list);
  byId("slider").setAttribute("aria-valuetext", byId("progress").textContent);
  byId("play").textContent = state.playing ? "Pause" : "Play";
  byId("event").setAttribute("aria-live", state.playing ? "off" : "polite");
  // They keep the focus at the ends, so they are not disabled for good.
  for (const id of ["first", "back"]) byId(id).setAttribute("aria-disabled", state.at === 0);
  for (const id of ["next", "last"]) byId(id).setAttribute("aria-disabled", state.at === list.length);
  put("event", ...(state.at ? describe(list[state.at - 1]) : invitation(list)));
  put("verdict", ...verdict());
}

// How far the passes are. One step starts the backward pass: it gives the output its derivative, 1.
function progress(list) {
  const forward = list.findIndex((event) => event.kind === "seed");
  if (!state.at) return `${many(list.length, "step")}: ${forward} forward, ${list.length - forward} backward`;
  return `Step ${state.at} of ${list.length}, ${state.at > forward ? "backward" : "forward"}`;
}

// The panel before the first step.
function invitation(list) {
  const forward = list.findIndex((event) => event.kind === "seed");
  if (!forward) return [h("p", "", `No operation computes ${output.name}, so there is one step only: its derivative by itself, 1.`)];
  const first = nodes[list[0].node];
  const next = [h("p", "", "So far only the leaves have numbers. ", h("b", "", "▶"), ` computes the next one${inside(first.place)}:`), formula("", equation(first)), ...leavesWithin(first.place, first.inputs)];
  return [
    ...next,
    h("p", "", h("b", "", "Play"), ` takes every step: ${many(forward, "step")} forward for the numbers, then ${many(list.length - forward, "step")} backward for the derivatives. Those are red. They say how fast ${output.name} changes with each number.`),
  ];
}

// --- names in a step: as the boxes of this view are drawn ---

const boxName = ({ kind, title, node }) => (kind === "layer" ? title : nodes[node].name);
const isFolded = (place) => scene.boxOf[place].node !== place;
const inside = (place) => (isFolded(place) ? `, inside ${boxName(scene.boxOf[place])}` : "");
const isWrittenOut = (place) => isFolded(place) && !nodes[place].named && (products.has(place) || sums.has(place));
const called = (place) => (isWrittenOut(place) ? writtenOut(place, called) : symbolOf(nodes[place]));
// The sum inside a neuron is called after it.
const isTotal = (place) => isWrittenOut(place) && graph.neurons.some(({ total }) => total === place);
const within = (place) => (isTotal(place) ? `Σ(${boxName(scene.boxOf[place])})` : isWrittenOut(place) ? `(${called(place)})` : nodes[place].name);
const drawnName = (node) => (isConstant(node) ? symbolOf(node) : within(node.place));

// The terms of a sum, including those of sums that are written out within it.
const termsOf = (place) => nodes[place].inputs.flatMap((input) => (sums.has(input) && isWrittenOut(input) ? termsOf(input) : [input]));

// An operation with its inputs filled in; a long sum shows its first two terms and its last.
function writtenOut(place, of) {
  const { op, inputs } = nodes[place];
  const term = (input, slot) => (of === called && isWrittenOut(input) ? of(input) : operand(op, slot, of(input)));
  if (!["add", "sum"].includes(op.name)) return fill(op.text, (slot) => term(inputs[slot], slot));
  const terms = termsOf(place).map(term);
  return (terms.length > 5 ? [...terms.slice(0, 2), "…", terms[terms.length - 1]] : terms).join(" + ");
}

const equation = ({ place }) => (isWrittenOut(place) ? called(place) : `${called(place)} = ${writtenOut(place, called)}`);

// The box that shows a node to its consumer `user`: a weight that several neurons share is in each of them.
const isInner = (place) => !nodes[place].op && isFolded(place);
const boxFor = (place, user) => scene.boxOf[isInner(place) ? user : place];

// Says where the weights and biases among the inputs of a node are drawn: on an arrow, or within its box.
function leavesWithin(user, inputs) {
  const { kind } = scene.boxOf[user];
  const home = boxName(scene.boxOf[user]);
  const connection = graph.neurons.flatMap(({ connections }) => connections).find(([product]) => product === user);
  return inputs.filter((place) => isInner(place) && !isConstant(nodes[place])).slice(0, 3).map((leaf) => {
    const way = connection && `the weight on the arrow from ${boxName(scene.boxOf[connection[2]])} to ${home}`;
    return h("p", "quiet", `${nodes[leaf].name} is ${kind === "layer" ? `inside ${home}` : way || `the bias of ${home}`}.`);
  });
}

// What one step does, and why; beside it a small picture of the operation.
function describe(event) {
  const node = nodes[event.node];
  const lines = event.kind === "seed" ? aboutSeed(node) : event.kind === "forward" ? aboutForward(node) : aboutBackward(node, event.slot);
  return [h("div", "why", h("div", "", ...lines), h("div", "sketches", ...picturesOf(event)))];
}

// The operation at this point, and the fork at a node where paths meet.
function picturesOf({ kind, node, slot }) {
  if (kind === "seed") return [];
  const drawn = sketch(nodes[node], kind === "forward" ? null : slot, state.numbers);
  const input = kind === "backward" ? nodes[nodes[node].inputs[slot]] : null;
  const fork = input?.consumers.length > 1 ? forkSketch(input, stateAfter(events(), state.at, state.numbers).arrivals) : null;
  return [drawn, fork].filter(Boolean);
}

const aboutSeed = (node) => [
  h("p", "stage-name", "Backward"),
  formula("", derivative(`${gradientName(node)} = 1`)),
  h("p", "quiet", `The backward pass starts at the output. If ${node.name} grows by a little, ${node.name} grows by just as much.`),
];

function aboutForward(node) {
  const { data } = state.numbers;
  const numbers = writtenOut(node.place, (place) => format(data[place]));
  return [
    h("p", "stage-name", `Forward${inside(node.place)}`),
    formula("", equation(node)),
    formula("", `${isWrittenOut(node.place) ? "" : `${node.name} `}= ${numbers} = ${format(data[node.place])}`),
    ...leavesWithin(node.place, node.inputs),
  ];
}

function aboutBackward(node, slot) {
  const { partials, grads: right } = state.numbers;
  const home = scene.boxOf[node.place];
  const input = nodes[node.inputs[slot]];
  const { grads, before } = stateAfter(events(), state.at, state.numbers);
  const [local, upstream] = [partials[node.place][slot], grads[node.place]];
  const there = boxFor(input.place, node.place);
  const [top, at, below] = [output, node, input].map(({ place }) => within(place));
  const [by, of] = [totalOf(top, below), totalOf(top, at)];
  const lines = [
    h("p", "stage-name", home === there ? `Backward, inside ${boxName(home)}` : `Backward: ${boxName(home)} passes its gradient on to ${boxName(there)}`),
    formula("", `${partialOf(at, below)} = ${localWritten(node, slot, state.numbers, drawnName)}`),
    h("p", "reason", `${reasonFor(node, slot, state.numbers)}.`),
    formula("", derivative(by), ` += ${partialOf(at, below)} × `, derivative(of)),
    formula("", derivative(by), ` += ${factor(local)} × ${factor(upstream)} = ${format(local * upstream)}`),
    formula("", derivative(by), ` = ${format(before)} + ${factor(local * upstream)} = `, derivative(format(grads[input.place]))),
  ];
  if (before) lines.push(h("p", "quiet", "Another path arrived here earlier, so += adds to its gradient."));
  if (!same(upstream, right[node.place])) {
    lines.push(h("p", "wrong-text", `Too early: ${of} is ${format(upstream)} so far, but will be ${format(right[node.place])} when it is complete.`));
  }
  const total = [node, input].find(({ place }) => isTotal(place));
  if (total) lines.push(h("p", "quiet", `${within(total.place)} is ${called(total.place)}, the sum inside ${boxName(scene.boxOf[total.place])}.`));
  return [...lines, ...leavesWithin(node.place, [input.place])];
}

// The nodes whose gradients naive recursion gets wrong.
function wrongNodes() {
  const wrong = naiveGradients(state.numbers);
  return nodes.filter((node) => !same(wrong[node.place], state.numbers.grads[node.place]));
}

function verdict() {
  if (state.order !== "naive") return [];
  if (state.at < naive.length) return [h("p", "quiet", "Step to the end to see the result.")];
  const wrong = wrongNodes();
  if (!wrong.length) return [h("p", "", "Here naive recursion gives the right result, because no node had to wait for a second consumer.")];
  const came = naiveGradients(state.numbers);
  const rows = wrong.slice(0, 12).map((node) => [gradientName(node), format(came[node.place]), format(state.numbers.grads[node.place])]);
  return [
    h("p", "wrong-text", `${many(wrong.length, "wrong gradient")}: a node passed its gradient on before all of its consumers had added to it.`),
    table(["", "naive", "right"], rows),
  ];
}
