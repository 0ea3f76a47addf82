"use strict";
// Which boxes there are, and where they stand: layers from left to right.

const ROW = 17; // the height of a line of text in a box
const SMALL_ROW = 13; // of a second line of a name
const PAD = 7;
const RADIUS = 39; // of a neuron
const LONGEST_NAME = 150;

const measure = (() => {
  const context = document.createElement("canvas").getContext("2d");
  const family = getComputedStyle(document.body).fontFamily;
  return (text, size = 12, weight = 400) => {
    context.font = `${weight} ${size}px ${family}`;
    return context.measureText(text).width * 1.03;
  };
})();

function shortened(text, width, size = 12, weight = 400) {
  if (measure(text, size, weight) <= width) return text;
  const letters = [...text];
  let [fits, length] = [0, letters.length];
  while (fits + 1 < length) {
    const middle = (fits + length) >> 1;
    if (measure(letters.slice(0, middle).join("") + "…", size, weight) <= width) fits = middle;
    else length = middle;
  }
  return letters.slice(0, fits).join("") + "…";
}

const NUMBER = measure("-0.08888"); // longer numbers are written smaller
const LONG = 8;

// A long path, such as layers.0.neurons.3.bias, in two lines. A number stays with the word before it.
function titleLines(name) {
  const parts = /^[\w[\]]+(\.[\w[\]]+)+$/.test(name) ? name.split(/\.(?=[^\d])/) : [name];
  const whole = [parts.join(".")];
  if (parts.length < 2 || measure(name, 12, 600) <= NUMBER + 30) return whole;
  const ways = parts.slice(1).map((_, i) => [parts.slice(0, i + 1).join("."), parts.slice(i + 1).join(".")]);
  const widest = (lines) => Math.max(...lines.map((line) => line.length));
  return ways.sort((a, b) => widest(a) - widest(b))[0];
}

// --- from nodes to boxes ---

// The nodes in the order of a formula: each output, then its inputs from first to last.
const readingOrder = (() => {
  const order = new Map();
  const waiting = [output.place];
  while (waiting.length) {
    const place = waiting.pop();
    if (order.has(place)) continue;
    order.set(place, order.size);
    waiting.push(...[...nodes[place].inputs].reverse());
  }
  return nodes.map((node) => order.get(node.place));
})();

// The products and sums within neurons.
const products = new Set(graph.neurons.flatMap(({ connections }) => connections.map(([product]) => product)));
const sums = new Set(graph.neurons.flatMap(({ total, output, partialSums }) => (total === output ? partialSums : [...partialSums, total])));

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
      if (from === to || hidden.has(input)) return;
      const pair = `${from.key} ${to.key}`;
      const whole = from.kind === "layer" || to.kind === "layer";
      if (whole && merged.has(pair)) return void merged.get(pair).parts.push([node.place, slot]);
      const weight = !whole && weightOf.has(node.place) ? weightOf.get(node.place) : null;
      const edge = { from, to, weight, whole, parts: [[node.place, slot]] };
      merged.set(pair, edge);
      edges.push(edge);
      from.from.push(edge);
      to.into.push(edge);
    });
  }
  const first = (box) => box.members.reduce((least, place) => Math.min(least, readingOrder[place]), Infinity);
  const list = [...boxes.values()].sort((a, b) => first(a) - first(b));
  list.forEach(setSize);
  return { boxes: list, edges, boxOf: key.map((name) => boxes.get(name)) };
}

function setSize(box) {
  box.lines = [];
  if (box.kind === "layer") {
    const count = graph.neurons.filter((neuron) => neuron.layer === box.layer).length;
    box.title = `layer ${box.layer}`;
    box.lines = [count === 1 ? "1 neuron" : `${count} neurons`];
    return void Object.assign(box, { width: 108, height: 76 });
  }
  const node = nodes[box.node];
  box.name = node.name;
  if (box.kind === "neuron") {
    box.title = shortened(node.name, 1.45 * RADIUS, 12, 600);
    return void Object.assign(box, { width: 2 * RADIUS, height: 2 * RADIUS });
  }
  // A neuron of one input has no sum: its box is its activation.
  const isSum = box.neuron !== null && ["add", "sum"].includes(node.op.name);
  box.symbol = node.op ? shortened(isSum ? "Σ" : printable(node.op.symbol), 90, 15) : "";
  const lines = titleLines(node.name);
  box.nameSize = lines.length > 1 ? 10 : 12;
  box.titles = lines.map((line) => shortened(line, LONGEST_NAME, box.nameSize, 600));
  box.bias = box.neuron !== null ? graph.neurons[box.neuron].biases.filter((leaf) => box.members.includes(leaf)) : [];
  const rows = 3 + (box.bias.length ? 1 : 0);
  const title = Math.max(...box.titles.map((line) => measure(line, box.nameSize, 600)));
  const head = measure(box.symbol, 15) + (box.symbol ? 14 : 0) + title;
  const height = rows * ROW + (lines.length - 1) * SMALL_ROW + 2 * PAD - 3;
  Object.assign(box, { width: Math.max(measure("data ") + 6 + NUMBER, head) + 2 * PAD, height });
}

// --- where they stand ---

// Gives each box its centre (x, y), each edge its points, and the picture its place and size.
function place(arranged) {
  const { boxes, edges } = arranged;
  rank(boxes);
  const ranks = [];
  for (const box of boxes) (ranks[box.rank] = ranks[box.rank] || []).push(box);
  route(edges, ranks);
  sort(ranks);
  const gaps = ranks.map((_, r) => gap(edges.filter((edge) => edge.to.rank === r)));
  let x = 0;
  ranks.forEach((items, r) => {
    const width = Math.max(...items.map((item) => item.width));
    x += r ? gaps[r] : 0;
    for (const item of items) Object.assign(item, { x: x + width / 2, column: width });
    x += width;
  });
  settle(ranks);
  for (const edge of edges) edge.points = points(edge);
  arranged.left = Math.min(...boxes.map((box) => box.x - box.width / 2));
  arranged.top = Math.min(...boxes.map((box) => box.y - box.height / 2));
  arranged.width = Math.max(...boxes.map((box) => box.x + box.width / 2)) - arranged.left;
  arranged.height = Math.max(...boxes.map((box) => box.y + box.height / 2)) - arranged.top;
}

// Room for the numbers on these edges, and for the edges to part.
function gap(edges) {
  const widths = edges.map(({ weight, parts: [[node, slot]] }) =>
    weight === null ? measure(format(recorded.partials[node][slot]), 11) + 6 : 76);
  return Math.max(40, ...widths) + Math.min(120, 1.6 * edges.length);
}

// The rank of a box is the longest path to it from a box without inputs. Those stand just before the first box that
// uses them.
function rank(boxes) {
  const missing = new Map(boxes.map((box) => [box, box.into.length]));
  const ready = boxes.filter((box) => !box.into.length);
  for (const box of boxes) box.rank = 0;
  for (let box = ready.pop(); box; box = ready.pop()) {
    for (const { to } of box.from) {
      to.rank = Math.max(to.rank, box.rank + 1);
      missing.set(to, missing.get(to) - 1);
      if (!missing.get(to)) ready.push(to);
    }
  }
  for (const box of boxes) {
    if (!box.into.length && box.from.length) box.rank = Math.min(...box.from.map((edge) => edge.to.rank)) - 1;
  }
}

// Makes room for edges that pass over ranks: one chain of bends for all edges of a box.
function route(edges, ranks) {
  const chains = new Map();
  let budget = 8000;
  for (const item of ranks.flat()) Object.assign(item, { left: [], right: [] });
  for (const edge of edges) {
    const { from, to } = edge;
    edge.bends = [];
    if (!chains.has(from)) chains.set(from, [from]);
    const chain = chains.get(from);
    const long = to.rank - from.rank - 1;
    if (long > budget) continue;
    while (chain.length <= long) {
      const bend = { bend: true, width: 0, height: 10, rank: from.rank + chain.length, left: [], right: [] };
      join(chain[chain.length - 1], bend);
      chain.push(bend);
      ranks[bend.rank].push(bend);
      budget--;
    }
    edge.bends = chain.slice(1, long + 1);
    join(chain[long], to);
  }
}

function join(a, b) {
  a.right.push(b);
  b.left.push(a);
}

// Reduces crossings: sweep after sweep, each item moves towards the middle of its neighbours.
function sort(ranks) {
  const number = () => ranks.forEach((items) => items.forEach((item, i) => (item.order = i)));
  const mean = (items, otherwise) => (items.length ? items.reduce((sum, item) => sum + item.order, 0) / items.length : otherwise);
  number();
  for (let sweep = 0; sweep < 8; sweep++) {
    const [order, side] = sweep % 2 ? [[...ranks].reverse(), "right"] : [ranks, "left"];
    for (const items of order) {
      const wish = new Map(items.map((item) => [item, mean(item[side], item.order)]));
      items.sort((a, b) => wish.get(a) - wish.get(b) || a.order - b.order);
      items.forEach((item, i) => (item.order = i));
    }
  }
}

// Sets the heights, as near to the neighbours as the order and the room allow.
function settle(ranks) {
  for (const items of ranks) spread(items, items.map(() => 0));
  for (let sweep = 0; sweep < 10; sweep++) {
    const sides = sweep > 7 ? ["left", "right"] : [sweep % 2 ? "right" : "left"];
    const order = sweep % 2 ? [...ranks].reverse() : ranks;
    for (const items of order) {
      spread(items, items.map((item) => {
        const near = sides.flatMap((side) => item[side]);
        return near.length ? near.reduce((sum, other) => sum + other.y, 0) / near.length : item.y;
      }));
    }
  }
}

// The places nearest to the wishes, by least squares, that keep the order and the distances. Neighbours
// that want to pass each other share their mean (pool adjacent violators).
function spread(items, wishes) {
  let offset = 0;
  const offsets = items.map((item, i) => {
    if (i) offset += (items[i - 1].height + item.height) / 2 + (items[i - 1].bend && item.bend ? 4 : 18);
    return offset;
  });
  const pools = [];
  items.forEach((_, i) => {
    pools.push([wishes[i] - offsets[i], 1]);
    while (pools.length > 1 && pools[pools.length - 2][0] >= pools[pools.length - 1][0]) {
      const [[a, n], [b, m]] = pools.splice(-2);
      pools.push([(a * n + b * m) / (n + m), n + m]);
    }
  });
  let i = 0;
  for (const [mean, count] of pools) for (let k = 0; k < count; k++, i++) items[i].y = mean + offsets[i];
}

function points(edge) {
  const { from, to } = edge;
  const entry = to.y + entryOffset(edge);
  const bends = edge.bends.flatMap((bend) => [[bend.x - bend.column / 2, bend.y], [bend.x + bend.column / 2, bend.y]]);
  const start = from.x + from.width / 2;
  const end = to.x - to.width / 2;
  // A level line leaves and reaches a box that is narrower than its column.
  const out = from.x + from.column / 2 - start > 30 ? [[from.x + from.column / 2, from.y]] : [];
  const into = end - (to.x - to.column / 2) > 30 ? [[to.x - to.column / 2, entry]] : [];
  return [[start, from.y], ...out, ...bends, ...into, [end, entry]];
}

// Where an edge enters: several edges share the side of the box, in the order in which they arrive.
function entryOffset(edge) {
  const { to } = edge;
  if (to.kind === "neuron" || to.kind === "layer" || to.into.length < 2) return 0;
  const y = (other) => (other.bends.length ? other.bends[other.bends.length - 1].y : other.from.y);
  if (!to.entries) to.entries = [...to.into].sort((a, b) => y(a) - y(b));
  const gap = Math.min(26, (to.height - 12) / (to.into.length - 1));
  return (to.entries.indexOf(edge) - (to.into.length - 1) / 2) * gap;
}
