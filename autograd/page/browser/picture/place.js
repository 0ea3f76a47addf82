"use strict";
// Where the boxes stand: layers from left to right.

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
