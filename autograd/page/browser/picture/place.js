"use strict";
// Where the boxes stand: rank after rank, from the leaves to the output; from left to right, or from top to bottom.

// Gives each box its centre (x, y), each edge its points, and the picture its place and size. `form` is
// {vertical, along, across}: which way the ranks follow each other, and the room there is along that way and across it.
function place(arranged, form) {
  const { boxes, edges } = arranged;
  arranged.vertical = form.vertical;
  for (const box of boxes) {
    [box.span, box.depth] = form.vertical ? [box.width, box.height] : [box.height, box.width];
    box.entries = null;
  }
  const order = inOrder(boxes);
  const wrapped = form.vertical && boxes.length <= MOST_WRAPPED;
  for (const part of wrapped ? [1, 0.85, 0.7, 0.55] : [Infinity]) {
    rank(order, part * form.across, form);
    const ranks = [];
    for (const box of boxes) (ranks[box.rank] = ranks[box.rank] || []).push(box);
    route(edges, ranks);
    sort(ranks);
    settle(ranks, form, wrapped ? form.across / 2 : Infinity);
    arranged.ease = follow(ranks, edges, form);
    if (extent(boxes, "at", "span")[1] <= form.across) break;
  }
  for (const box of boxes) [box.x, box.y] = form.vertical ? [box.at, box.along] : [box.along, box.at];
  for (const edge of edges) edge.points = points(edge, form.vertical);
  [arranged.left, arranged.width] = extent(boxes, "x", "width");
  [arranged.top, arranged.height] = extent(boxes, "y", "height");
}

const MOST_WRAPPED = 200; // boxes; ranks of larger graphs stay whole, however wide
const BEND = 10; // the room for an edge that passes a rank
const APART = { false: 16, true: 8 }; // between neighbours in a rank, if vertical

function extent(boxes, at, size) {
  const start = boxes.reduce((least, box) => Math.min(least, box[at] - box[size] / 2), Infinity);
  return [start, boxes.reduce((most, box) => Math.max(most, box[at] + box[size] / 2), -Infinity) - start];
}

// The ranks one after another, with room between them for the numbers on their edges; less where all would not fit.
// Returns the part that they have of the room that they may give up.
function follow(ranks, edges, { vertical, along }) {
  const into = ranks.map(() => []);
  for (const edge of edges) into[edge.to.rank].push(edge);
  const depths = ranks.map((items) => Math.max(...items.map((item) => item.depth)));
  const least = into.map((list) => (vertical ? 34 : Math.max(24 + Math.min(50, 0.3 * list.length), ...list.map(roomForLabel))));
  const wished = into.map((list, r) =>
    vertical
      ? least[r] + Math.max(0, Math.min(110, 11 * (list.filter(isLabelled).length - 2)))
      : Math.max(least[r] + 14, ...list.map(easyRoomForLabel)) + Math.min(120, 1.6 * list.length));
  const sum = (list) => list.slice(1).reduce((a, b) => a + b, 0);
  const spare = along - depths.reduce((a, b) => a + b, 0) - sum(least);
  const share = vertical ? 1 : Math.min(1, Math.max(0, spare / (sum(wished) - sum(least) || 1)));
  let at = 0;
  ranks.forEach((items, r) => {
    at += r ? least[r] + share * (wished[r] - least[r]) : 0;
    for (const item of items) Object.assign(item, { along: at + depths[r] / 2, column: depths[r] });
    at += depths[r];
  });
  return share;
}

// --- ranks ---

function inOrder(boxes) {
  const missing = new Map(boxes.map((box) => [box, box.into.length]));
  const order = boxes.filter((box) => !box.into.length);
  for (const box of order) {
    for (const { to } of box.from) {
      missing.set(to, missing.get(to) - 1);
      if (!missing.get(to)) order.push(to);
    }
  }
  return order;
}

// Each box stands just before the first that uses it, so that a leaf is near its use and the steps of a recurrent net
// follow each other. Where a rank has no more room, a box moves to the one before.
function rank(order, limit, { vertical }) {
  const taken = [];
  let most = 0;
  for (const box of [...order].reverse()) {
    let back = box.from.reduce((deepest, { to }) => Math.max(deepest, to.rank + 1), 0); // counted from the output
    while ((taken[back] || 0) + box.span > limit && taken[back]) back++;
    taken[back] = (taken[back] || 0) + box.span + APART[vertical];
    const last = box.from.reduce((least, { to }) => Math.min(least, to.rank), back);
    if (limit < Infinity) for (let passed = last + 1; passed < back; passed++) taken[passed] = (taken[passed] || 0) + BEND;
    box.rank = back;
    most = Math.max(most, back);
  }
  for (const box of order) box.rank = most - box.rank;
}

// Makes room for edges that pass over ranks: one chain of bends for all edges of a box.
function route(edges, ranks) {
  const chains = new Map();
  let budget = 8000;
  for (const item of ranks.flat()) Object.assign(item, { before: [], after: [] });
  for (const edge of edges) {
    const { from, to } = edge;
    edge.bends = [];
    if (!chains.has(from)) chains.set(from, [from]);
    const chain = chains.get(from);
    const long = to.rank - from.rank - 1;
    if (long > budget) continue;
    while (chain.length <= long) {
      const bend = { bend: true, depth: 0, span: 4, rank: from.rank + chain.length, before: [], after: [] };
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
  a.after.push(b);
  b.before.push(a);
}

// --- the order within a rank, and the places across ---

// Reduces crossings: sweep after sweep, each item moves towards the middle of its neighbours. The neurons of a layer
// keep their order.
function sort(ranks) {
  const mean = (items, otherwise) => (items.length ? items.reduce((sum, item) => sum + item.order, 0) / items.length : otherwise);
  const number = (items) => items.forEach((item, i) => (item.order = i));
  ranks.forEach(number);
  for (let sweep = 0; sweep < 8; sweep++) {
    const [order, side] = sweep % 2 ? [[...ranks].reverse(), "after"] : [ranks, "before"];
    for (const items of order) {
      const wish = new Map(items.map((item) => [item, mean(item[side], item.order)]));
      items.sort((a, b) => wish.get(a) - wish.get(b) || a.order - b.order);
      keepNeuronsInOrder(items);
      number(items);
    }
  }
}

function keepNeuronsInOrder(items) {
  const places = items.flatMap((item, i) => (item.neuron === null || item.neuron === undefined ? [] : [i]));
  const inTheirOrder = places.map((i) => items[i]).sort((a, b) => a.node - b.node);
  places.forEach((i, k) => (items[i] = inTheirOrder[k]));
}

// Sets the places across, as near to the neighbours as the order and the room allow; none further out than `most`.
function settle(ranks, { vertical }, most) {
  for (const items of ranks) spread(items, items.map(() => 0), APART[vertical]);
  for (let sweep = 0; sweep < 10; sweep++) {
    const sides = sweep > 7 ? ["before", "after"] : [sweep % 2 ? "after" : "before"];
    const order = sweep % 2 ? [...ranks].reverse() : ranks;
    for (const items of order) {
      spread(items, items.map((item) => {
        const all = sides.flatMap((side) => item[side]);
        // A chain runs straight, with its leaves beside it.
        const inner = all.filter(({ kind }) => kind && kind !== "leaf");
        const near = item.kind !== "leaf" && inner.length ? inner : all;
        return near.length ? near.reduce((sum, other) => sum + other.at, 0) / near.length : item.at;
      }), APART[vertical]);
      if (most < Infinity) pushInside(items, most, APART[vertical]);
    }
  }
}

function pushInside(items, most, apart) {
  const pushed = (list, sign) => {
    let edge = -most;
    list.forEach((item, i) => {
      const least = i ? edge + apartFrom(list[i - 1], item, apart) : edge;
      item.at = sign * Math.max(sign * item.at, least + item.span / 2);
      edge = sign * item.at + item.span / 2;
    });
  };
  pushed(items, 1);
  pushed([...items].reverse(), -1);
}

const isNeuron = (item) => item.kind === "neuron";
const apartFrom = (a, b, apart) => (a.bend && b.bend ? 6 : isNeuron(a) && isNeuron(b) ? (a.small ? 7 : 10) : apart);

// The places nearest to the wishes, by least squares, that keep the order and the distances. Neighbours
// that want to pass each other share their mean (pool adjacent violators).
function spread(items, wishes, apart) {
  let offset = 0;
  const offsets = items.map((item, i) => {
    if (i) offset += (items[i - 1].span + item.span) / 2 + apartFrom(items[i - 1], item, apart);
    return offset;
  });
  const pools = [];
  items.forEach(({ kind }, i) => {
    pools.push([wishes[i] - offsets[i], kind === "leaf" ? 0.05 : 1, 1]); // a leaf makes room for a chain
    while (pools.length > 1 && pools[pools.length - 2][0] >= pools[pools.length - 1][0]) {
      const [[a, v, n], [b, w, m]] = pools.splice(-2);
      pools.push([(a * v + b * w) / (v + w), v + w, n + m]);
    }
  });
  let i = 0;
  for (const [mean, , count] of pools) for (let k = 0; k < count; k++, i++) items[i].at = mean + offsets[i];
}

// --- edges ---

const [OUT, IN] = [2, 11]; // how far from the boxes an edge begins, and ends in an arrowhead

function points(edge, vertical) {
  const { from, to } = edge;
  const entry = to.at + entryOffset(edge);
  const bends = edge.bends.flatMap((bend) => [[bend.along - bend.column / 2, bend.at], [bend.along + bend.column / 2, bend.at]]);
  const start = from.along + from.depth / 2 + OUT;
  const end = to.along - to.depth / 2 - IN;
  // A level line leaves and reaches a box that is less deep than its rank.
  const out = from.along + from.column / 2 - start > 30 ? [[from.along + from.column / 2, from.at]] : [];
  const into = end - (to.along - to.column / 2) > 30 ? [[to.along - to.column / 2, entry]] : [];
  const all = [[start, from.at], ...out, ...bends, ...into, [end, entry]];
  return vertical ? all.map(([along, at]) => [at, along]) : all;
}

// Where an edge enters: several edges share the side of the box, in the order in which they arrive.
function entryOffset(edge) {
  const { to } = edge;
  if (to.kind === "layer" || to.into.length < 2) return 0;
  const at = (other) => (other.bends.length ? other.bends[other.bends.length - 1].at : other.from.at);
  if (!to.entries) to.entries = [...to.into].sort((a, b) => at(a) - at(b));
  const side = to.kind === "neuron" ? to.span / 2 : to.span - 14;
  const gap = Math.min(26, side / (to.into.length - 1));
  return (to.entries.indexOf(edge) - (to.into.length - 1) / 2) * gap;
}
