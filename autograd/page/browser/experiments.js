"use strict";
// Nudge and Update: how the output changes when leaves change.

// Why the page cannot recompute an opaque node, as a part of a sentence.
const pythonOnly = (node) => node.op.why ?? `${printable(node.op.name)} is Python code that this page cannot run`;

// --- nudge ---

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
  if (!state.nudge) startNudge(leaves.includes(nodes[state.selected]) ? state.selected : bestLeaf());
  const { place } = state.nudge;
  const opaque = opaqueAfter[place];
  byId("leaf").value = place;
  byId("nudging").hidden = opaque !== null;
  byId("no-nudge").hidden = opaque === null;
  if (opaque) byId("no-nudge").textContent = `${nodes[place].name} cannot be nudged: ${opaque.name} is computed from it, and ${pythonOnly(opaque)}.`;
  else showPromise();
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

// A curve from `low` to `high` with its tangent at (x, y); a dot there, or where the numbers are now.
function curvePlot({ id, points, low, high, x, y, slope, title, note, now = { x, y, promised: y } }) {
  const finite = points.filter(([, height]) => Number.isFinite(height));
  const heights = [...finite.map(([, height]) => height), y].filter(Number.isFinite);
  let [bottom, top] = heights.length ? [Math.min(...heights), Math.max(...heights)] : [-1, 1];
  const margin = (top - bottom || Math.abs(top) || 1) * 0.15;
  [bottom, top] = [bottom - margin, top + margin];
  const at = (a, b) => [(20 + ((a - low) / (high - low)) * 280).toFixed(1), Math.max(-999, Math.min(999, 135 - ((b - bottom) / (top - bottom)) * 120)).toFixed(1)];
  const drawn = (line) => line.filter((point) => !point.includes("NaN"));
  const line = (points, className) => svg("path", { d: drawn(points).map((p, i) => (i ? "L" : "M") + p.join(",")).join(""), class: className });
  const [cx, cy] = at(now.x, now.y);
  const inside = svg("g", { "clip-path": `url(#${id})` },
    line([at(low, y + slope * (low - x)), at(high, y + slope * (high - x))], "tangent"),
    line(finite.map(([a, b]) => at(a, b)), "curve"),
    line([[cx, cy], at(now.x, now.promised)], "error"),
    ...([cx, cy].includes("NaN") ? [] : [svg("circle", { cx, cy, r: 4.5 })]));
  return [
    svg("clipPath", { id }, svg("rect", { x: 20, y: 8, width: 280, height: 130 })),
    svg("path", { d: "M20,8V138H300", class: "axis" }), inside,
    text(20, 154, "", format(low)), text(300, 154, "", format(high), "end"),
    text(160, 154, "", shortened(title, 150, 11), "middle"), text(160, 168, "tangent-name", note, "middle"),
  ];
}

// --- update ---

// The weights and biases of the neurons; without neurons, the leaves that have labels; without labels, all leaves.
const defaultParameters = (() => {
  const found = graph.neurons.flatMap(({ connections, biases }) => [...connections.map(([, weight]) => weight), ...biases]).filter((place) => !nodes[place].op);
  const named = leaves.filter((node) => node.label).map((node) => node.place);
  const chosen = found.length ? found : named.length ? named : leaves.map((node) => node.place);
  return new Set(chosen.filter((place) => !opaqueAfter[place]));
})();

// The leaves that stay as they are, and why.
function staying() {
  const fixed = leaves.filter(({ place }) => opaqueAfter[place]);
  if (!fixed.length) return "";
  const why = pythonOnly(opaqueAfter[fixed[0].place]);
  if (fixed.length === leaves.length) return `No leaf can be updated, because ${why}.`;
  const [first, ...others] = fixed;
  const also = others.length ? ` and ${others.length === 1 ? others[0].name : `${others.length} other leaves`} stay as they are` : " stays as it is";
  return `${first.name}${also}, because ${why}.`;
}

function descend() {
  const rate = Number(byId("rate").value.trim().replace(",", "."));
  if (!Number.isFinite(rate) || byId("rate").value.trim() === "") return put("descent", h("span", "wrong-text", "The learning rate must be a number, such as 0.1."));
  const before = fresh(state.numbers);
  const data = before.data.slice();
  for (const place of state.parameters) data[place] -= rate * before.grads[place];
  state.step = { before, rate, moved: new Set(state.parameters) };
  state.losses = [...(state.losses || [before.data[output.place]])];
  setNumbers(recompute(data));
  state.losses.push(state.numbers.data[output.place]);
  byId("descend").textContent = "Again";
  refresh();
}

function showUpdate() {
  byId("no-update").textContent = staying();
  byId("no-update").hidden = !staying();
  byId("descend").disabled = leaves.every(({ place }) => opaqueAfter[place]);
  const losses = state.losses || [state.numbers.data[output.place]];
  const shown = losses.length > 7 ? [losses[0], null, ...losses.slice(-5)] : losses;
  put("descent", `${output.name}: ${shown.map((x) => (x === null ? "…" : format(x))).join(" → ")}${losses.length > 1 ? ` after ${many(losses.length - 1, "step")}` : ""}`);
  const { before, rate, moved } = state.step || { before: state.numbers, rate: null, moved: state.parameters };
  const rows = leaves.slice(0, 400).map((node) => leafRow(node, before, rate, moved));
  const parts = table(["leaf", "before", "gradient", rate === null ? "- rate × gradient" : `- ${format(rate)} × gradient`, "after"], rows);
  const focus = document.activeElement?.dataset?.leaf;
  put("steps", ...parts.children);
  if (focus) byId("steps").querySelector(`[data-leaf="${focus}"]`)?.focus();
  if (leaves.length > 400) byId("steps").append(h("caption", "", `and ${many(leaves.length - 400, "more leaf").replace("leafs", "leaves")}, updated too`));
}

function leafRow(node, before, rate, moved) {
  const check = h("input");
  check.type = "checkbox";
  check.checked = state.parameters.has(node.place);
  check.disabled = opaqueAfter[node.place] !== null;
  check.dataset.leaf = node.place;
  check.addEventListener("change", () => {
    if (check.checked) state.parameters.add(node.place);
    else state.parameters.delete(node.place);
  });
  const gradient = before.grads[node.place];
  const done = rate !== null && moved.has(node.place);
  return [h("label", "", check, node.name), format(before.data[node.place]), format(gradient), done ? format(-rate * gradient) : "", rate === null ? "" : format(state.numbers.data[node.place])];
}
