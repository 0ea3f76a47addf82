"use strict";
// What stands beside the picture: the event, the explanation, the prediction, the two experiments.

const byId = (id) => document.getElementById(id);

function h(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

const formula = (className, ...parts) => h("p", `formula ${className}`, ...parts);
const derivative = (text) => h("span", "derivative", text);
const put = (id, ...children) => byId(id).replaceChildren(...children);
const many = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

function button(label, action, className = "") {
  const element = h("button", className, label);
  element.type = "button";
  element.addEventListener("click", action);
  return element;
}

function options(id, list, chosen) {
  put(id, ...list.map((node) => {
    const option = h("option", "", node.name);
    option.value = node.place;
    option.selected = node.place === chosen;
    return option;
  }));
}

// --- step ---

const events = () => (state.order === "naive" ? naive : topological);

function showStep() {
  const list = events();
  byId("slider").max = list.length;
  byId("slider").value = state.at;
  byId("slider").setAttribute("aria-valuetext", `event ${state.at} of ${list.length}`);
  byId("progress").textContent = `Event ${state.at} of ${list.length}`;
  byId("play").textContent = state.playing ? "Pause" : "Play";
  byId("event").setAttribute("aria-live", state.playing ? "off" : "polite");
  byId("back").disabled = byId("first").disabled = state.at === 0;
  byId("next").disabled = byId("last").disabled = state.at === list.length;
  put("event", ...(state.at ? describe(list[state.at - 1]) : invitation(list)));
  put("verdict", ...verdict());
}

// What is seen before the first step.
function invitation(list) {
  const forward = list.findIndex((event) => event.kind === "seed");
  const first = nodes[list[0].node];
  const next = forward ? [h("p", "", "So far only the leaves have numbers. ", h("b", "", "▶"), ` computes the next one${inside(first.place)}:`), formula("", equation(first)), ...leavesWithin(first.place, first.inputs)] : [];
  return [
    ...next,
    h("p", "", h("b", "", "Play"), ` takes every step: ${many(forward, "step")} forward for the numbers, then ${many(list.length - forward, "step")} backward for the derivatives: in red, how fast ${output.name} changes with each number.`),
  ];
}

// --- what a step calls things: as they are drawn in this view ---

const boxName = ({ kind, title, node }) => (kind === "layer" ? title : nodes[node].name);
const isFolded = (place) => scene.boxOf[place].node !== place;
const inside = (place) => (isFolded(place) ? `, inside ${boxName(scene.boxOf[place])}` : "");
const isWrittenOut = (place) => isFolded(place) && !nodes[place].named && (products.has(place) || sums.has(place));
const called = (place) => (isWrittenOut(place) ? writtenOut(place, called) : nodes[place].name);
const isTotal = (place) => isWrittenOut(place) && graph.neurons.some(({ total }) => total === place);
const within = (place) => (isTotal(place) ? "Σ" : isWrittenOut(place) ? `(${called(place)})` : called(place));
const derived = (of, by) => `∂${within(of)}/∂${within(by)}`;

// The terms of a sum; of a sum that is written out within it, the terms of that one.
const termsOf = (place) => nodes[place].inputs.flatMap((input) => (sums.has(input) && isWrittenOut(input) ? termsOf(input) : [input]));

// An operation with its inputs filled in; of many terms the first two and the last.
function writtenOut(place, of) {
  const { op, inputs } = nodes[place];
  const term = (input) => (of === called && isWrittenOut(input) ? of(input) : operand(op, of(input)));
  if (!["add", "sum"].includes(op.name)) return fill(op.text, (slot) => term(inputs[slot]));
  const terms = termsOf(place).map(term);
  return (terms.length > 5 ? [...terms.slice(0, 2), "…", terms[terms.length - 1]] : terms).join(" + ");
}

const equation = ({ place }) => (isWrittenOut(place) ? called(place) : `${called(place)} = ${writtenOut(place, called)}`);

// Where a node is seen when `user` takes it up: a weight that several neurons share, in each.
const isInner = (place) => !nodes[place].op && isFolded(place);
const boxFor = (place, user) => scene.boxOf[isInner(place) ? user : place];

// Which weights and biases among the inputs of a node stand as an arrow, or within its box.
function leavesWithin(user, inputs) {
  const { kind } = scene.boxOf[user];
  const home = boxName(scene.boxOf[user]);
  const connection = graph.neurons.flatMap(({ connections }) => connections).find(([product]) => product === user);
  return inputs.filter(isInner).slice(0, 3).map((leaf) => {
    const way = connection && `the weight on the arrow from ${boxName(scene.boxOf[connection[2]])} to ${home}`;
    return h("p", "quiet", `${nodes[leaf].name} is ${kind === "layer" ? `inside ${home}` : way || `the bias of ${home}`}.`);
  });
}

function describe(event) {
  const node = nodes[event.node];
  const { data, partials, grads: right } = state.numbers;
  const home = scene.boxOf[node.place];
  if (event.kind === "forward") {
    const numbers = writtenOut(node.place, (place) => format(data[place]));
    return [
      h("p", "stage-name", `Forward${inside(node.place)}`),
      formula("", equation(node)),
      formula("", `${isWrittenOut(node.place) ? "" : `${node.name} `}= ${numbers} = ${format(data[node.place])}`),
      ...leavesWithin(node.place, node.inputs),
    ];
  }
  if (event.kind === "seed") {
    return [h("p", "stage-name", "Backward"), formula("", derivative(`${gradientName(node)} = 1`)), h("p", "quiet", "The pass starts at the output, which changes just as much as itself.")];
  }
  const input = nodes[node.inputs[event.slot]];
  const { grads, before } = stateAfter(events(), state.at, state.numbers);
  const [local, upstream] = [partials[node.place][event.slot], grads[node.place]];
  const there = boxFor(input.place, node.place);
  const [by, of] = [derived(output.place, input.place), derived(output.place, node.place)];
  const lines = [
    h("p", "stage-name", home === there ? `Backward, inside ${boxName(home)}` : `Backward: ${boxName(home)} passes on to ${boxName(there)}`),
    formula("", derivative(by), ` += ${derived(node.place, input.place)} × `, derivative(of)),
    formula("", derivative(by), ` += ${factor(local)} × ${factor(upstream)} = ${format(local * upstream)}`),
    formula("", derivative(by), ` = ${format(before)} + ${factor(local * upstream)} = `, derivative(format(grads[input.place]))),
  ];
  if (before) lines.push(h("p", "quiet", "Another path arrived here before: += adds to what is there."));
  if (!same(upstream, right[node.place])) {
    lines.push(h("p", "wrong-text", `Too early: ${of} is ${format(upstream)} so far, and complete it is ${format(right[node.place])}.`));
  }
  const total = [node, input].find(({ place }) => isTotal(place));
  if (total) lines.push(h("p", "quiet", `Σ is ${called(total.place)}, the sum inside ${boxName(scene.boxOf[total.place])}.`));
  return [...lines, ...leavesWithin(node.place, [input.place])];
}

// In naive order: what came out wrong.
function wrongNodes() {
  const wrong = naiveGradients(state.numbers);
  return nodes.filter((node) => !same(wrong[node.place], state.numbers.grads[node.place]));
}

function verdict() {
  if (state.order !== "naive") return [];
  if (state.at < naive.length) return [h("p", "quiet", "Step to the end to see what comes out.")];
  const wrong = wrongNodes();
  if (!wrong.length) return [h("p", "", "Here naive recursion is right: no node had to wait for a second consumer.")];
  const came = naiveGradients(state.numbers);
  const rows = wrong.slice(0, 12).map((node) => [gradientName(node), format(came[node.place]), format(state.numbers.grads[node.place])]);
  return [
    h("p", "wrong-text", `${many(wrong.length, "wrong gradient")}: a node passed its gradient on before all of its consumers had added to it.`),
    table(["", "naive", "right"], rows),
  ];
}

function table(head, rows) {
  const line = (tag) => (cells) => h("tr", "", ...cells.map((cell) => h(tag, "", cell)));
  return h("table", "", h("thead", "", line("th")(head)), h("tbody", "", ...rows.map(line("td"))));
}

// --- explain ---

function showExplanation() {
  byId("node").value = state.selected === null ? "" : state.selected;
  const box = scene.boxes.find((other) => other.key === state.box);
  if (box?.kind === "layer") return put("explanation", ...aboutLayer(box));
  if (state.selected === null) return put("explanation", h("p", "", "Select a box in the picture, or a node above."));
  const node = nodes[state.selected];
  put("explanation", h("h2", "", node.name), ...folding(box), ...aboutValue(node), ...aboutGradient(node), ...aboutPaths(node), ...aboutConnections(box), aboutSource(node));
}

const chooser = (node, label = node.name) => button(label, () => choose(node.place), "link");

function aboutLayer(box) {
  const neurons = graph.neurons.filter((neuron) => neuron.layer === box.layer);
  const { data, grads } = state.numbers;
  const rows = neurons.map(({ output }) => [chooser(nodes[output]), format(data[output]), format(grads[output])]);
  return [
    h("h2", "", `${box.title}: ${box.lines[0]}`),
    button("Expand the layer", () => toggle(box)),
    table(["neuron", "data", "gradient"], rows),
  ];
}

// The neuron that a node belongs to, opened or closed; and its whole layer.
function folding(box) {
  const place = neuronOf(box);
  if (place === null) return [];
  const { layer } = graph.neurons[place];
  return [h("div", "row",
    button(state.modes[place] === "scalars" ? "Collapse the neuron" : "Expand the neuron", () => toggle(box)),
    button(`Collapse layer ${layer}`, () => collapseLayer(layer)))];
}

function aboutValue(node) {
  const value = format(state.numbers.data[node.place]);
  if (!node.op) return [formula("", `${node.name} = ${value}`), h("p", "quiet", "A leaf: nothing computed it.")];
  const lines = [h("h3", "", "Value"), formula("", `${node.name} = ${inSymbols(node)}`), formula("", `= ${inNumbers(node, state.numbers)} = ${value}`)];
  if (node.inputs.length <= 8) lines.push(h("h3", "", "Local derivatives"));
  if (node.inputs.length <= 8) {
    node.inputs.forEach((input, slot) => {
      const symbols = derivativeInSymbols(node, slot);
      const number = format(state.numbers.partials[node.place][slot]);
      lines.push(formula("", `${partialName(node, nodes[input])} = ${symbols === null || symbols === number ? "" : `${symbols} = `}${number}`));
    });
  }
  return lines;
}

function aboutGradient(node) {
  const { partials, grads } = state.numbers;
  const total = format(grads[node.place]);
  if (node === output) return [h("h3", "", "Gradient"), formula("", derivative(`${gradientName(node)} = 1`))];
  const terms = node.consumers.slice(0, 8);
  const rest = node.consumers.length > 8 ? " + …" : "";
  const symbols = terms.map(([consumer]) => `${partialName(nodes[consumer], node)} × ${gradientName(nodes[consumer])}`).join(" + ");
  const numbers = terms.map(([consumer, slot]) => `${factor(partials[consumer][slot])} × ${factor(grads[consumer])}`).join(" + ");
  const lines = [h("h3", "", "Gradient: local × upstream, summed"), formula("", derivative(gradientName(node)), ` = ${symbols}${rest}`), formula("", `= ${numbers}${rest}`), formula("", "= ", derivative(total))];
  if (state.numbers === recorded && node.grad !== null && !same(node.grad, grads[node.place])) {
    lines.push(h("p", "quiet", `In Python .grad was ${format(node.grad)}: it adds up over calls of backward, or was set by another output.`));
  }
  return lines;
}

function aboutPaths(node) {
  if (node === output) return [];
  const { count, best } = paths(node.place, state.numbers);
  const lines = [h("h3", "", `${count < 1e15 ? many(count, "path") : `${format(count)} paths`} to ${output.name}`)];
  for (const { product, steps } of best) {
    const shown = steps.length > 12 ? [...steps.slice(0, 6), null, ...steps.slice(-5)] : steps;
    const way = shown.map((step) => (step ? nodes[step[0]].name : "…")).join(" → ");
    const factors = shown.map((step) => (step ? factor(state.numbers.partials[step[0]][step[1]]) : "…")).join(" × ");
    lines.push(formula("", `${node.name} → ${way}`, h("br"), `${factors} = ${format(product)}`));
  }
  const rest = state.numbers.grads[node.place] - best.reduce((sum, { product }) => sum + product, 0);
  if (count > best.length) lines.push(formula("", `the other ${format(count - best.length)}: ${format(rest)}`));
  const sum = best.map(({ product }) => format(product)).join(" + ").replaceAll("+ -", "- ");
  lines.push(formula("total", `sum: ${count > 1 && best.length < 6 && count === best.length ? `${sum} = ` : ""}`, derivative(`${format(state.numbers.grads[node.place])} = ${gradientName(node)}`)));
  return lines;
}

// The weights of a neuron, which its box does not show.
function aboutConnections(box) {
  if (!box || box.neuron === null || box.neuron === undefined || box.kind === "layer") return [];
  const { data, grads } = state.numbers;
  const { connections, biases } = graph.neurons[box.neuron];
  const row = (place, from) => [chooser(nodes[place]), from, format(data[place]), format(grads[place])];
  const rows = [...connections.map(([, weight, input]) => row(weight, nodes[input].name)), ...biases.map((bias) => row(bias, "bias"))];
  return [h("h3", "", "Its weights"), table(["weight", "on", "data", "gradient"], rows)];
}

function aboutSource(node) {
  const line = node.source ? h("code", "", printable(node.source)) : h("p", "quiet", node.op ? "Not known. Values recorded within autograd.detect_anomaly() remember their line." : "A leaf keeps no line.");
  const details = h("details", "", h("summary", "", "Where in the code it was made"), line);
  details.id = "source";
  return details;
}

// --- predict ---

function showPrediction() {
  const node = nodes[state.asked];
  byId("asked").value = state.asked;
  byId("question").textContent = `${gradientName(node)} =`;
}

function judgePrediction() {
  const typed = byId("answer").value.trim().replace(/[−–]/g, "-").replace(",", ".");
  const answer = typed === "" ? NaN : Number(typed);
  if (answer !== answer) return put("judgement", h("p", "wrong-text", "Type a number, such as 0.125 or -2e-3."));
  const verdict = judge(state.asked, answer, state.numbers);
  if (verdict.right) return put("judgement", h("p", "right-text", `Right: ${gradientName(nodes[state.asked])} = ${format(state.numbers.grads[state.asked])}.`));
  put("judgement", h("p", "wrong-text", `Not ${format(answer)}.`), h("p", "", verdict.slip || "No usual slip gives this number. Multiply the local derivatives along each path, then add up the paths."));
}

function showAnswer() {
  const node = nodes[state.asked];
  put("judgement", formula("", derivative(`${gradientName(node)} = ${format(state.numbers.grads[node.place])}`)), ...aboutGradient(node).slice(1), ...aboutPaths(node));
}

// --- nudge ---

// What the leaf was when it was chosen, and how far the slider reaches.
function startNudge(place) {
  const start = fresh(state.numbers);
  const reach = Math.max(1, Math.abs(start.data[place]));
  state.nudge = { place, start, reach: Number.isFinite(reach) ? reach : 1 };
  byId("nudge").value = 0;
  state.nudge.curve = sampled(state.nudge);
}

function sampled({ place, start, reach }) {
  const leafData = start.data.slice();
  const count = nodes.length > 600 ? 16 : 40;
  return Array.from({ length: count + 1 }, (_, i) => {
    const step = reach * ((2 * i) / count - 1);
    leafData[place] = start.data[place] + step;
    return [step, evaluate(leafData)];
  });
}

function showNudge() {
  if (unrecomputable) return;
  if (!state.nudge) startNudge(leaves.includes(nodes[state.selected]) ? state.selected : bestLeaf());
  const { place, start } = state.nudge;
  const [node, last] = [nodes[place], output.place];
  const step = state.numbers.data[place] - start.data[place];
  const promised = start.grads[place] * step;
  const actual = state.numbers.data[last] - start.data[last];
  byId("leaf").value = place;
  byId("leaf-now").textContent = `${node.name} = ${format(state.numbers.data[place])}`;
  byId("nudge").setAttribute("aria-valuetext", byId("leaf-now").textContent);
  const row = (what, formulaText, number) => [what, formulaText, format(number)];
  put("promise", table(["", "", ""], [
    row("step", `${format(state.numbers.data[place])} - ${factor(start.data[place])}`, step),
    row("promise: gradient × step", `${factor(start.grads[place])} × ${factor(step)}`, promised),
    row(`change of ${output.name}`, `${format(state.numbers.data[last])} - ${factor(start.data[last])}`, actual),
    row("error of the promise", "change - promise", actual - promised),
  ]));
  byId("promise").querySelector("thead").remove();
  plot(step, promised, actual);
}

const bestLeaf = () => leaves.reduce((a, b) => (Math.abs(state.numbers.grads[b.place]) > Math.abs(state.numbers.grads[a.place]) ? b : a)).place;

// The output over the leaf, with its tangent: the promise is the tangent's.
function plot(step, promised, actual) {
  const { place, start, reach, curve } = state.nudge;
  const [y0, slope] = [start.data[output.place], start.grads[place]];
  const finite = curve.filter(([, y]) => Number.isFinite(y));
  const ys = [...finite.map(([, y]) => y), y0].filter(Number.isFinite);
  let [low, high] = ys.length ? [Math.min(...ys), Math.max(...ys)] : [-1, 1];
  const margin = (high - low || Math.abs(high) || 1) * 0.15;
  [low, high] = [low - margin, high + margin];
  const at = (dx, y) => [(160 + (dx / reach) * 140).toFixed(1), Math.max(-999, Math.min(999, 135 - ((y - low) / (high - low)) * 120)).toFixed(1)];
  const drawn = (points) => points.filter(([, y]) => y !== "NaN");
  const line = (points, className) => svg("path", { d: drawn(points).map((p, i) => (i ? "L" : "M") + p.join(",")).join(""), class: className });
  const clip = svg("clipPath", { id: "frame" }, svg("rect", { x: 20, y: 8, width: 280, height: 130 }));
  const [cx, cy] = at(step, y0 + actual);
  const inside = svg("g", { "clip-path": "url(#frame)" },
    line([at(-reach, y0 - slope * reach), at(reach, y0 + slope * reach)], "tangent"),
    line(finite.map(([dx, y]) => at(dx, y)), "curve"),
    line([at(step, y0 + actual), at(step, y0 + promised)], "error"),
    ...(cy === "NaN" ? [] : [svg("circle", { cx, cy, r: 4.5 })]));
  const name = shortened(`${output.name} over ${nodes[place].name}`, 150, 11);
  byId("plot").replaceChildren(clip, svg("path", { d: "M20,8V138H300", class: "axis" }), inside,
    text(20, 154, "", format(start.data[place] - reach)), text(300, 154, "", format(start.data[place] + reach), "end"),
    text(160, 154, "", name, "middle"), text(160, 168, "tangent-name", "dashed: the promise, the tangent", "middle"));
  byId("plot").setAttribute("aria-label", `${output.name} as a curve over ${nodes[place].name}, with its tangent`);
}

// --- update ---

// Weights and biases where there are neurons, or else the leaves that have a name, or all.
const defaultParameters = (() => {
  const found = graph.neurons.flatMap(({ connections, biases }) => [...connections.map(([, weight]) => weight), ...biases]).filter((place) => !nodes[place].op);
  const named = leaves.filter((node) => node.label).map((node) => node.place);
  return new Set(found.length ? found : named.length ? named : leaves.map((node) => node.place));
})();

function descend() {
  const rate = Number(byId("rate").value.trim().replace(",", "."));
  if (!Number.isFinite(rate) || byId("rate").value.trim() === "") return put("descent", h("span", "wrong-text", "The learning rate is a number, such as 0.1."));
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
  if (unrecomputable) return;
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
  check.dataset.leaf = node.place;
  check.addEventListener("change", () => {
    if (check.checked) state.parameters.add(node.place);
    else state.parameters.delete(node.place);
  });
  const gradient = before.grads[node.place];
  const done = rate !== null && moved.has(node.place);
  return [h("label", "", check, node.name), format(before.data[node.place]), format(gradient), done ? format(-rate * gradient) : "", rate === null ? "" : format(state.numbers.data[node.place])];
}
