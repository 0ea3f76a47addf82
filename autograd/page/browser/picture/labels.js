"use strict";
// The numbers on arrows: which arrows have one, and where it stands.

const LABEL = 12; // the size of its letters

// Whether an arrow carries a number. Where there would be too many, none does.
function isLabelled(edge) {
  return !edge.whole && edge.to.into.length <= 6 && edge.among <= (edge.weight === null ? 4000 : 60);
}

// The room that the number asks for.
const labelWidth = ({ weight, parts: [[node, slot]] }) =>
  measure(weight === null ? format(recorded.partials[node][slot]) : `× ${format(recorded.data[weight])}`, LABEL);

// The gradient of a weight, with as many digits as its arrow has room for.
function gradientLabel(edge, gradient) {
  if (!gradient || !Number.isFinite(Number(gradient))) return gradient && `d ${gradient}`;
  const short = (digits) => format(Number(gradient), digits);
  const ways = [`d ${gradient}`, `d ${short(3)}`, `d ${short(2)}`, short(2)];
  return ways.find((way) => measure(way, LABEL) <= edge.labelRoom) ?? short(1);
}

// The room between two ranks that a number needs, and what it takes if there is enough.
const roomForLabel = (edge) => (isLabelled(edge) ? labelWidth(edge) + 9 : 0);
const easyRoomForLabel = (edge) => (isLabelled(edge) && edge.weight !== null ? measure(`d ${format(recorded.grads[edge.weight])}`, LABEL) + 16 : 0);

// A point of the last bow of an edge, at the part t of its way.
function onBow(points, vertical, t) {
  const [[x1, y1], [x2, y2]] = points.slice(-2);
  const [along, across] = [1.5 * t * (1 - t) + t ** 3, t * t * (3 - 2 * t)];
  const [rx, ry] = vertical ? [across, along] : [along, across];
  return [x1 + (x2 - x1) * rx, y1 + (y2 - y1) * ry];
}

// Chooses the place of each label on its arrow, so that it covers neither another label nor a box.
function placeLabels({ edges, boxes, vertical, left, width }) {
  const taken = []; // areas between two ranks, by the second
  for (const { rank, x, y, width, height } of boxes) {
    for (const r of [rank, rank + 1]) (taken[r] = taken[r] || []).push([x - width / 2 - 2, y - height / 2 - 2, x + width / 2 + 2, y + height / 2 + 2]);
  }
  for (const edge of edges) {
    edge.middle = onBow(edge.points, vertical, 0.5);
    if (!isLabelled(edge)) continue;
    edge.labelRoom = Math.max(labelWidth(edge), vertical ? 50 : edge.points[edge.points.length - 1][0] - edge.points[0][0]);
    const half = labelWidth(edge) / 2;
    const area = ([x, y]) => [x - half - 3, y - LABEL, x + half + 3, y + 3];
    const spots = [0.5, 0.62, 0.38, 0.74, 0.26, 0.84, 0.16].flatMap((t) => {
      const [x, y] = onBow(edge.points, vertical, t);
      const near = vertical ? [[x, y + 4], [x + half + 5, y + 4], [x - half - 5, y + 4]] : [[x, y - 5], [x, y + 14]];
      return near.map((at, i) => ({ at, area: area(at), cost: 20 * Math.abs(t - 0.5) + i }));
    });
    const all = around(spots.map((spot) => spot.area));
    const there = taken[edge.to.rank].filter((other) => overlap(all, other));
    for (const spot of spots) {
      const [start, , end] = spot.area;
      const outside = Math.max(0, left - start) + Math.max(0, end - left - width);
      spot.cost = there.reduce((sum, other) => sum + overlap(spot.area, other), spot.cost + 15 * outside);
    }
    const best = spots.reduce((least, spot) => (spot.cost < least.cost ? spot : least));
    edge.label = best.at;
    taken[edge.to.rank].push(best.area);
  }
}

// The area around several.
function around(areas) {
  const side = (i, choose) => choose(...areas.map((area) => area[i]));
  return [side(0, Math.min), side(1, Math.min), side(2, Math.max), side(3, Math.max)];
}

const overlap = ([a, b, c, d], [e, f, g, h]) => Math.max(0, Math.min(c, g) - Math.max(a, e)) * Math.max(0, Math.min(d, h) - Math.max(b, f));
