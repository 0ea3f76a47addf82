"use strict";
// Explain: a value, its local derivatives, its gradient, and the paths to the output.

function showExplanation() {
  byId("node").value = state.selected === null ? "" : state.selected;
  const box = scene.boxes.find((other) => other.key === state.box);
  if (box?.kind === "layer") return put("explanation", ...aboutLayer(box));
  if (state.selected === null) return put("explanation", ...beforeChoice());
  const node = nodes[state.selected];
  put("explanation", ...aboutPaths(node), ...aboutValue(node), ...aboutGradient(node), ...aboutConnections(box), ...folding(box), aboutSource(node));
}

// What Explain does, and where to begin: the leaves with the most paths. No numbers, because steps may yet show them.
function beforeChoice() {
  const counts = pathCounts();
  const first = [...leaves].sort((a, b) => counts[b.place] - counts[a.place]).slice(0, 6);
  const ways = (count) => (count < 1e15 ? many(count, "path") : `${format(count)} paths`);
  return [
    h("p", "", "Select a box in the picture or a node above."),
    h("p", "quiet", `Its derivative is then explained path by path. Along a path to ${output.name}, the local derivatives multiply; the products of all paths add up.`),
    ...(first.length ? [h("p", "", "Begin with"), h("ul", "locals", ...first.map((leaf) => h("li", "", chooser(leaf), h("span", "quiet", `${ways(counts[leaf.place])} to ${output.name}`))))] : []),
  ];
}

const chooser = (node, label = node.name) => button(label, () => choose(node.place), "link");

function aboutLayer(box) {
  const neurons = graph.neurons.filter((neuron) => neuron.layer === box.layer);
  const { data, grads } = state.numbers;
  const rows = neurons.map(({ output }) => [chooser(nodes[output]), format(data[output]), format(grads[output])]);
  return [
    h("h2", "", `${box.title}: ${box.line}`),
    button("Expand the layer", () => toggle(box)),
    table(["neuron", "data", "gradient"], rows),
  ];
}

// Buttons that open or close the neuron of a node, and its whole layer.
function folding(box) {
  const place = neuronOf(box);
  if (place === null) return [];
  const { layer } = graph.neurons[place];
  return [h("div", "row",
    button(state.modes[place] === "scalars" ? "Collapse the neuron" : "Expand the neuron", () => toggle(box)),
    button(`Collapse layer ${layer}`, () => collapseLayer(layer)))];
}

function aboutValue(node) {
  if (!node.op) return [formula("", `${node.name} = ${format(state.numbers.data[node.place])}`), h("p", "quiet", "This is a leaf: a number that was given, not one that is computed.")];
  const lines = [h("h3", "", "Its value"), formula("", `${node.name} = ${valueWritten(node, state.numbers)}`), ...aboutOpaque(node)];
  if (node.inputs.length > 8) return lines;
  const rows = node.inputs.map((input, slot) => {
    const link = { of: node.place, by: input, steps: [[node.place, slot]], value: state.numbers.partials[node.place][slot] };
    return h("li", "", factorButton(link, `${partialName(node, nodes[input])} = ${localWritten(node, slot, state.numbers)}`), h("span", "reason", lowered(reasonFor(node, slot, state.numbers))));
  });
  return [...lines, h("h3", "", `Its local derivatives: how fast ${node.name} changes with each input`), h("ul", "locals", ...rows)];
}

// Why the page knows an operation at one point only; and its curve, where Python sampled one.
function aboutOpaque(node) {
  if (!isOpaque(node)) return [];
  const curve = node.curve?.length > 1 ? node.curve : null;
  const more = curve ? ", and a curve that Python sampled when it wrote the page" : "";
  const lines = [h("p", "", `${pythonOnly(node)}, so it shows the numbers that Python recorded${more}.`)];
  if (!curve) return lines;
  const { data, partials } = state.numbers;
  const [input] = node.inputs;
  const plot = svg("svg", { class: "plot", viewBox: "0 0 380 192", role: "img", "aria-label": `${node.op.name} as a curve, with its tangent at ${format(data[input])}` });
  plot.append(...curvePlot({
    id: "opaque", points: curve, low: curve[0][0], high: curve[curve.length - 1][0],
    x: data[input], y: data[node.place], slope: partials[node.place][0],
    title: `${node.name} over ${nodes[input].name}`, note: "dashed: the tangent, whose slope is the local derivative",
  }));
  return [...lines, plot];
}

function aboutGradient(node) {
  const { partials, grads } = state.numbers;
  const total = format(grads[node.place]);
  if (node === output) return [h("h3", "", "Its gradient"), formula("", derivative(`${gradientName(node)} = 1`))];
  const terms = node.consumers.slice(0, 8);
  const rest = node.consumers.length > 8 ? " + …" : "";
  const symbols = terms.map(([consumer]) => `${partialName(nodes[consumer], node)} × ${gradientName(nodes[consumer])}`).join(" + ");
  const numbers = terms.map(([consumer, slot]) => `${factor(partials[consumer][slot])} × ${factor(grads[consumer])}`).join(" + ");
  const lines = [h("h3", "", "Its gradient: each local derivative times the gradient that arrives, added up"), formula("", derivative(gradientName(node)), ` = ${symbols}${rest}`), formula("", `= ${numbers}${rest}`), formula("", "= ", derivative(total))];
  if (state.numbers === recorded && node.grad !== null && !same(node.grad, grads[node.place])) {
    lines.push(h("p", "quiet", `In Python, .grad was ${format(node.grad)}: gradients add up over calls of backward, or another output set this one.`));
  }
  return lines;
}

// The weights of a neuron, which are not shown in its box.
function aboutConnections(box) {
  if (!box || box.neuron === null || box.neuron === undefined || box.kind === "layer") return [];
  const { data, grads } = state.numbers;
  const { connections, biases } = graph.neurons[box.neuron];
  const row = (place, from) => [chooser(nodes[place]), from, format(data[place]), format(grads[place])];
  const rows = [...connections.map(([, weight, input]) => row(weight, nodes[input].name)), ...biases.map((bias) => row(bias, "bias"))];
  const made = table(["weight", "input", "value", "gradient"], rows);
  made.className = "of-names";
  return [h("h3", "", "Its weights"), made];
}

function aboutSource(node) {
  const line = node.source ? h("code", "", printable(node.source)) : h("p", "quiet", node.op ? "Unknown: only Values recorded within autograd.detect_anomaly() remember their line." : "Leaves do not remember their line.");
  const details = h("details", "", h("summary", "", "The line of code that recorded it"), line);
  details.id = "source";
  return details;
}
