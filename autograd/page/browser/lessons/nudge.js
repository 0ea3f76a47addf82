"use strict";
// Nudge: a leaf changes by δ, and two numbers travel to the output: what the derivatives promise, and the true change.

// Why the page cannot recompute an opaque node, as a part of a sentence.
const pythonOnly = (node) => node.op.why ?? `${printable(node.op.name)} is Python code that this page cannot run`;

// Remembers the numbers from which a nudge starts, and how far the slider reaches.
function startNudge(place) {
  const start = fresh(state.numbers);
  state.nudge = { place, start, delta: 0, ...reachAndCurve(place, start) };
  byId("nudge").value = 0;
  byId("delta").value = "0";
}

// How far the slider reaches: where the curve is steep elsewhere, less far, so that the tangent is not flat.
function reachAndCurve(place, start) {
  const size = Math.max(1, Math.abs(start.data[place]));
  let reach = Number.isFinite(size) ? size : 1;
  if (opaqueAfter[place]) return { reach, curve: [] };
  let curve = sampled(place, start, reach);
  for (let i = 0; i < 4; i++) {
    const heights = curve.map(([, y]) => y).filter(Number.isFinite);
    const rise = Math.abs(start.grads[place]) * 2 * reach;
    if (!rise || rise > 0.3 * (Math.max(...heights) - Math.min(...heights))) break;
    reach /= 2;
    curve = sampled(place, start, reach);
  }
  return { reach, curve };
}

function sampled(place, start, reach) {
  const count = nodes.length > 600 ? 16 : 40;
  return Array.from({ length: count + 1 }, (_, i) => reach * ((2 * i) / count - 1)).map((by) => [start.data[place] + by, outputAfter(place, start, by)]);
}

function outputAfter(place, start, by) {
  const data = start.data.slice();
  data[place] += by;
  return evaluate(data);
}

// --- changing δ ---

function nudgeBy(delta) {
  const { place, start, reach } = state.nudge;
  state.nudge.delta = delta;
  byId("nudge").value = Math.round((100 * delta) / reach);
  if (document.activeElement !== byId("delta")) byId("delta").value = format(delta);
  const data = start.data.slice();
  data[place] += delta;
  Object.assign(state, { step: null, losses: null });
  setNumbers(recompute(data));
  refresh();
}

function typeDelta() {
  const typed = byId("delta").value.trim().replace(/[−–]/g, "-").replace(",", ".");
  if (typed !== "" && Number.isFinite(Number(typed))) nudgeBy(Number(typed));
  else put("promise", h("p", "wrong-text", "δ must be a number, such as 0.1."));
}

// --- what is shown ---

function showNudge() {
  if (!leaves.length) return sayNoNudge("There is nothing to nudge: every leaf is a plain number.");
  if (!state.nudge) startNudge(leaves.includes(nodes[state.selected]) ? state.selected : bestLeaf());
  const { place } = state.nudge;
  const opaque = opaqueAfter[place];
  byId("leaf").value = place;
  if (opaque) return sayNoNudge(`${nodes[place].name} cannot be nudged: ${opaque.name} is computed from it, and ${pythonOnly(opaque)}.`);
  canNudge(true);
  showPromise();
}

function sayNoNudge(why) {
  byId("no-nudge").textContent = why;
  canNudge(false);
}

function canNudge(can) {
  byId("no-nudge").hidden = can;
  for (const part of ["delta-row", "nudging", "plot"]) byId(part).toggleAttribute("hidden", !can);
}

// The leaf with the largest gradient, if possible one that can be nudged.
function bestLeaf() {
  const free = leaves.filter(({ place }) => !opaqueAfter[place]);
  const size = ({ place }) => Math.abs(state.numbers.grads[place]);
  return (free.length ? free : leaves).reduce((a, b) => (size(b) > size(a) ? b : a)).place;
}

function showPromise() {
  const { place, start, delta } = state.nudge;
  const node = nodes[place];
  byId("leaf-now").textContent = `${node.name} = ${format(start.data[place])} ${delta < 0 ? "-" : "+"} ${format(Math.abs(delta))} = ${format(state.numbers.data[place])}`;
  byId("nudge").setAttribute("aria-valuetext", byId("leaf-now").textContent);
  const rows = [1, 2, 4].map((part) => promise(delta / part));
  put("promise", ...(delta ? aboutPromise(rows) : [h("p", "quiet", `Drag the slider or type δ: how much is added to ${node.name}. Two numbers travel to ${output.name}: what the derivatives promise, and the true change.`)]));
  showPlot(rows[0]);
}

// What a step promises, what it really does, and the error.
function promise(step) {
  const { place, start } = state.nudge;
  const before = start.data[output.place];
  const [promised, actual] = [start.grads[place] * step, outputAfter(place, start, step) - before];
  const error = actual - promised;
  // What rounding alone leaves is no error.
  return { step, promised, actual, error: Math.abs(error) < 1e-14 * Math.max(1, Math.abs(before)) ? 0 : error };
}

function aboutPromise(rows) {
  const { place, start, delta } = state.nudge;
  const [first] = rows;
  const cells = rows.map(({ step, promised, actual, error }, i) => [format(step), format(promised), format(actual), format(error), i && rows[i - 1].error ? `÷ ${format(rows[i - 1].error / error, 3)}` : ""]);
  const made = table(["δ", "promised", "true change", "error", ""], cells);
  return [
    formula("", h("span", "promised", "promised: "), derivative(gradientName(nodes[place])), ` at ${nodes[place].name} = ${format(start.data[place])}, times δ: ${factor(start.grads[place])} × ${factor(delta)} = `, h("b", "promised", format(first.promised)), h("span", "quiet", ` (the boxes: at ${nodes[place].name} = ${format(state.numbers.data[place])})`)),
    formula("", `true change of ${output.name}: ${format(start.data[output.place] + first.actual)} - ${factor(start.data[output.place])} = `, h("b", "true", format(first.actual))),
    made,
    h("p", "quiet", ofError(rows)),
  ];
}

function ofError(rows) {
  if (rows.every(({ error }) => error === 0)) return `No error: here ${output.name} changes exactly as its derivative says.`;
  const ratios = rows.slice(1).map(({ error }, i) => rows[i].error / error);
  const within = (low, high) => ratios.every((ratio) => ratio > low && ratio < high);
  if (within(3.8, 4.2)) return "Half of δ leaves a quarter of the error: it shrinks as δ² does.";
  if (within(3, 5.5)) return "Half of δ leaves about a quarter of the error, and nearer to a quarter as δ shrinks.";
  return "Make δ smaller: the nearer to 0, the better is the promise.";
}

// The output over the leaf, with its tangent, which is what the gradient promises.
function showPlot({ step, promised, actual }) {
  const { place, start, reach, curve } = state.nudge;
  const [x, y] = [start.data[place], start.data[output.place]];
  byId("plot").replaceChildren(...curvePlot({
    id: "frame", points: curve, low: x - Math.max(reach, -step), high: x + Math.max(reach, step), x, y, slope: start.grads[place],
    title: `${output.name} over ${nodes[place].name}`, note: "dashed: the tangent, which the gradient promises",
    now: { x: x + step, y: y + actual, promised: y + promised },
  }));
  byId("plot").setAttribute("aria-label", `${output.name} as a curve over ${nodes[place].name}, with its tangent`);
}

// --- the two numbers on each arrow ---

// For each arrow after the leaf what arrives: δ times the derivatives on the way, and the true change through it.
function flowOfNudge() {
  const { place, start, delta } = state.nudge;
  const flow = new Map();
  if (!delta || opaqueAfter[place]) return flow;
  const promised = nodes.map(() => 0);
  promised[place] = delta;
  const { edges } = onPaths(place);
  for (const node of nodes) {
    node.inputs.forEach((input, slot) => {
      if (!edges.has(`${node.place}.${slot}`)) return;
      const arriving = promised[input] * start.partials[node.place][slot];
      promised[node.place] += arriving;
      const xs = node.inputs.map((other, i) => (i === slot ? state.numbers : start).data[other]);
      flow.set(`${node.place}.${slot}`, [signed(arriving), signed(run(node.op.forward, xs)[0] - start.data[node.place])]);
    });
  }
  return flow;
}

const signed = (x) => (x < 0 ? "" : "+") + format(x, 3);

// Lets the numbers run again, and follows them with the picture.
function watchTravel() {
  scene.flowKey = null;
  refresh();
  const lit = onPaths(state.nudge.place).nodes;
  const boxes = [...new Set([...lit].map((place) => scene.boxOf[place]))].sort((a, b) => a.rank - b.rank);
  for (const box of boxes) setTimeout(() => reveal(box), TRAVEL * (box.rank - boxes[0].rank));
}
