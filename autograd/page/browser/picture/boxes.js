"use strict";
// Which boxes and edges there are.

let products = new Set(); // within neurons
let sums = new Set();

whenOpened.push(() => {
  products = new Set(graph.neurons.flatMap(({ connections }) => connections.map(([product]) => product)));
  sums = new Set(graph.neurons.flatMap(({ total, output, partialSums }) => (total === output ? partialSums : [...partialSums, total])));
});

// The nodes that a neuron hides: with its sum in the mode "neurons", without it in "sums".
function foldedParts(neuron, mode) {
  if (mode === "scalars") return [];
  const parts = [...neuron.connections.map(([product]) => product), ...neuron.partialSums];
  return mode === "sums" ? parts : [...parts, neuron.total];
}

// The weights and biases whose uses are all folded away.
function foldedLeaves(folded) {
  const uses = new Map();
  for (const neuron of folded) {
    for (const leaf of [...neuron.connections.map(([, weight]) => weight), ...neuron.biases]) {
      if (!nodes[leaf].op) uses.set(leaf, (uses.get(leaf) || 0) + 1);
    }
  }
  return [...uses].filter(([leaf, count]) => nodes[leaf].consumers.length === count).map(([leaf]) => leaf);
}

// The boxes and edges to show, given the mode of each neuron and the collapsed layers.
function arrange(modes, collapsed) {
  const modeOf = (neuron, i) => (collapsed.has(neuron.layer) ? "neurons" : modes[i]);
  const folded = graph.neurons.filter((neuron, i) => modeOf(neuron, i) !== "scalars");
  const key = nodes.map((node) => `n${node.place}`);
  const about = new Map();
  const weightOf = new Map();
  graph.neurons.forEach((neuron, i) => {
    const mode = modeOf(neuron, i);
    if (mode === "scalars") return;
    const layer = collapsed.has(neuron.layer);
    const home = layer ? `L${neuron.layer}` : mode === "neurons" ? `N${i}` : `n${neuron.total}`;
    for (const part of foldedParts(neuron, mode)) key[part] = home;
    if (mode === "neurons") key[neuron.output] = home;
    about.set(home, layer ? { kind: "layer", layer: neuron.layer } : mode === "neurons" ? { kind: "neuron", neuron: i, node: neuron.output } : { neuron: i });
    for (const [product, weight] of neuron.connections) weightOf.set(product, weight);
  });
  const hidden = new Set(foldedLeaves(folded));
  for (const leaf of hidden) key[leaf] = key[nodes[leaf].consumers[0][0]];
  return connect(key, about, weightOf, hidden);
}

function connect(key, about, weightOf, hidden) {
  const boxes = new Map();
  for (const node of nodes) {
    if (!boxes.has(key[node.place])) {
      boxes.set(key[node.place], { key: key[node.place], kind: "op", members: [], into: [], from: [], neuron: null });
    }
    boxes.get(key[node.place]).members.push(node.place);
  }
  for (const [name, box] of boxes) {
    box.node = name[0] === "n" ? Number(name.slice(1)) : null;
    if (box.node !== null && !nodes[box.node].op) box.kind = "leaf";
    Object.assign(box, about.get(name));
  }
  const edges = [];
  const merged = new Map();
  for (const node of nodes) {
    node.inputs.forEach((input, slot) => {
      const [from, to] = [boxes.get(key[input]), boxes.get(key[node.place])];
      // The arrow from the input stands for the whole product, even if the weight has a box as well.
      if (from === to || hidden.has(input) || weightOf.get(node.place) === input) return;
      const pair = `${from.key} ${to.key}`;
      const whole = from.kind === "layer" || to.kind === "layer";
      if (whole && merged.has(pair)) return void merged.get(pair).parts.push([node.place, slot]);
      const weight = !whole && weightOf.has(node.place) ? weightOf.get(node.place) : null;
      const parts = weight === null ? [[node.place, slot]] : [[node.place, slot], [node.place, node.inputs.indexOf(weight)]];
      const edge = { from, to, weight, whole, parts };
      merged.set(pair, edge);
      edges.push(edge);
      from.from.push(edge);
      to.into.push(edge);
    });
  }
  const list = [...boxes.values()].sort((a, b) => a.members[0] - b.members[0]);
  list.forEach(setSize);
  for (const edge of edges) edge.among = edges.length;
  return { boxes: list, edges, boxOf: key.map((name) => boxes.get(name)) };
}

function setSize(box) {
  if (box.kind === "layer") {
    const count = graph.neurons.filter((neuron) => neuron.layer === box.layer).length;
    box.title = `layer ${box.layer}`;
    box.line = many(count, "neuron");
    return void Object.assign(box, { width: 108, height: 76 });
  }
  const node = nodes[box.node];
  box.name = node.pictured;
  box.symbol = node.op ? shortened(isSum(box) ? "Σ" : printable(node.op.symbol), 90, 15) : "";
  if (box.kind === "neuron") return void setNeuronSize(box);
  box.titles = titleLines(box.name).map((line) => shortened(line, LONGEST_NAME, 12, 600));
  box.bias = box.neuron !== null ? graph.neurons[box.neuron].biases.filter((leaf) => box.members.includes(leaf)) : [];
  const rows = 2 + box.titles.length + (box.bias.length ? 1 : 0);
  const title = Math.max(...box.titles.map((line) => measure(line, 12, 600)));
  const head = measure(box.symbol, 15) + (box.symbol ? 8 : 0) + title;
  Object.assign(box, { width: Math.max(SIGN + NUMBER, head) + 2 * PAD, height: rows * ROW + 2 * PAD });
}

// A neuron of one input has no sum: its box is its activation.
const isSum = (box) => box.neuron !== null && ["add", "sum"].includes(nodes[box.node].op.name);
