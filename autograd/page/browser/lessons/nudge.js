"use strict";
// Nudge: how the output changes when a leaf changes.

// Why the page cannot recompute an opaque node, as a part of a sentence.
const pythonOnly = (node) => node.op.why ?? `${printable(node.op.name)} is Python code that this page cannot run`;

// Remembers the numbers from which a nudge starts, and how far the slider reaches.
function startNudge(place) {
  const start = fresh(state.numbers);
  const reach = Math.max(1, Math.abs(start.data[place]));
  state.nudge = { place, start, reach: Number.isFinite(reach) ? reach : 1 };
  byId("nudge").value = 0;
  state.nudge.curve = opaqueAfter[place] ? [] : sampled(state.nudge);
}

function sampled({ place, start, reach }) {
  const data = start.data.slice();
  const count = nodes.length > 600 ? 16 : 40;
  return Array.from({ length: count + 1 }, (_, i) => {
    data[place] = start.data[place] + reach * ((2 * i) / count - 1);
    return [data[place], evaluate(data)];
  });
}

function showNudge() {
  byId("nudging").hidden = byId("no-nudge").hidden = true;
  if (!leaves.length) return sayNoNudge("There is nothing to nudge: every leaf is a plain number.");
  if (!state.nudge) startNudge(leaves.includes(nodes[state.selected]) ? state.selected : bestLeaf());
  const { place } = state.nudge;
  const opaque = opaqueAfter[place];
  byId("leaf").value = place;
  if (opaque) return sayNoNudge(`${nodes[place].name} cannot be nudged: ${opaque.name} is computed from it, and ${pythonOnly(opaque)}.`);
  byId("nudging").hidden = false;
  showPromise();
}

function sayNoNudge(why) {
  byId("no-nudge").textContent = why;
  byId("no-nudge").hidden = false;
}

function showPromise() {
  const { place, start } = state.nudge;
  const [node, last] = [nodes[place], output.place];
  const step = state.numbers.data[place] - start.data[place];
  const promised = start.grads[place] * step;
  const actual = state.numbers.data[last] - start.data[last];
  byId("leaf-now").textContent = `${node.name} = ${format(state.numbers.data[place])}`;
  byId("nudge").setAttribute("aria-valuetext", byId("leaf-now").textContent);
  const row = (what, formulaText, number) => [what, formulaText, format(number)];
  put("promise", table(["", "", ""], [
    row("step", `${format(state.numbers.data[place])} - ${factor(start.data[place])}`, step),
    row("prediction: gradient × step", `${factor(start.grads[place])} × ${factor(step)}`, promised),
    row(`change of ${output.name}`, `${format(state.numbers.data[last])} - ${factor(start.data[last])}`, actual),
    row("error of the prediction", "change - prediction", actual - promised),
  ]));
  byId("promise").querySelector("thead").remove();
  plot(step, promised, actual);
}

// The leaf with the largest gradient, if possible one that can be nudged.
function bestLeaf() {
  const free = leaves.filter(({ place }) => !opaqueAfter[place]);
  const size = ({ place }) => Math.abs(state.numbers.grads[place]);
  return (free.length ? free : leaves).reduce((a, b) => (size(b) > size(a) ? b : a)).place;
}

// The output over the leaf, with its tangent, which is what the gradient promises.
function plot(step, promised, actual) {
  const { place, start, reach, curve } = state.nudge;
  const [x, y] = [start.data[place], start.data[output.place]];
  byId("plot").replaceChildren(...curvePlot({
    id: "frame", points: curve, low: x - reach, high: x + reach, x, y, slope: start.grads[place],
    title: `${output.name} over ${nodes[place].name}`, note: "dashed: the tangent, whose slope is the gradient",
    now: { x: x + step, y: y + actual, promised: y + promised },
  }));
  byId("plot").setAttribute("aria-label", `${output.name} as a curve over ${nodes[place].name}, with its tangent`);
}
