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

// The areas of the boxes between two ranks, by the second of them.
function areasOfBoxes(boxes) {
  const areas = [];
  for (const { rank, x, y, width, height } of boxes) {
    for (const r of [rank, rank + 1]) (areas[r] = areas[r] || []).push([x - width / 2 - 2, y - height / 2 - 2, x + width / 2 + 2, y + height / 2 + 2]);
  }
  return areas;
}

// Of places [x, y, cost, ...], the one whose area covers least of what is taken.
function freest(places, areaOf, taken) {
  const areas = places.map(areaOf);
  const all = around(areas);
  const there = taken.filter((other) => overlap(all, other));
  const costs = places.map(([, , cost], i) => there.reduce((sum, other) => sum + overlap(areas[i], other), cost));
  return places[costs.indexOf(Math.min(...costs))];
}

// The area around several.
function around(areas) {
  const side = (i, choose) => choose(...areas.map((area) => area[i]));
  return [side(0, Math.min), side(1, Math.min), side(2, Math.max), side(3, Math.max)];
}

const MOST_CROSSED = 300; // arrows of a picture in which a number keeps off the others' arrows

// Chooses the place of each label on its arrow, so that it covers no box and no other label, and if possible no other arrow.
function placeLabels({ edges, boxes, vertical, left, width }) {
  const taken = areasOfBoxes(boxes);
  const ways = edges.length > MOST_CROSSED ? [] : edges.map((edge) => [edge, waypoints(edge.points, vertical)]);
  for (const edge of edges) {
    if (!isLabelled(edge)) continue;
    edge.labelRoom = Math.max(labelWidth(edge), vertical ? 50 : edge.points[edge.points.length - 1][0] - edge.points[0][0]);
    const half = labelWidth(edge) / 2;
    const areaOf = ([x, y]) => [x - half - 3, y - LABEL, x + half + 3, y + 3];
    const beside = ways.filter(([{ from, to }]) => from.rank < edge.to.rank && edge.to.rank <= to.rank);
    beside.sort(([a], [b]) => (b === edge) - (a === edge)); // its own first
    const places = (ways.length ? [0.5, 0.62, 0.38, 0.7, 0.78, 0.3, 0.22, 0.86, 0.94, 0.16] : [0.5, 0.65, 0.35]).flatMap((t) =>
      besideArrow(edge.points, vertical, t, half).map(([x, y, side], i) => {
        const [start, upper, end, lower] = areaOf([x, y]);
        const outside = Math.max(0, left - start) + Math.max(0, end - left - width);
        return [x, y, 20 * Math.abs(t - 0.5) + i + 15 * outside + confusion(edge, [x, y - 4], [start, upper, end, lower], beside), side];
      }));
    const place = freest(places, areaOf, taken[edge.to.rank]);
    edge.label = place.slice(0, 2);
    edge.labelSide = place[3];
    taken[edge.to.rank].push(areaOf(place));
  }
}

// How hard it is to see that a text belongs to an arrow: others cross it, or are nearer.
function confusion(edge, [x, y], [start, upper, end, lower], ways) {
  let [sum, own] = [0, 0];
  for (const [other, way] of ways) {
    let [nearest, crosses] = [Infinity, false];
    for (const [px, py] of way) {
      nearest = Math.min(nearest, (px - x) ** 2 + (py - y) ** 2);
      crosses ||= px > start && px < end && py > upper && py < lower;
    }
    if (other === edge) own = nearest;
    sum += (crosses ? (other === edge ? 10 : 25) : 0) + (nearest < own ? 40 : 0);
  }
  return sum;
}

// Where a text may stand at a point of an arrow: clear of it on either side, on it, or just above.
function besideArrow(points, vertical, t, half) {
  const [[x0, y0], [x, y], [x1, y1]] = [t - 0.03, t, t + 0.03].map((at) => onBow(points, vertical, at));
  const long = Math.hypot(x1 - x0, y1 - y0) || 1;
  const [nx, ny] = [(y1 - y0) / long, (x0 - x1) / long];
  const far = Math.abs(nx) * half + Math.abs(ny) * (LABEL / 2) + 3;
  const either = [1, -1].map((sign) => [x + sign * nx * far, y + sign * ny * far + 4, [sign * nx, sign * ny]]);
  return [...either, vertical ? [x, y + 4, [0, 0]] : [x, y - 5, [0, -1]]];
}

// Points along an edge, close enough to see where it goes.
function waypoints(points, vertical) {
  return points.slice(1).flatMap((point, i) => Array.from({ length: 12 }, (_, k) => onBow([points[i], point], vertical, k / 12)));
}

const overlap = ([a, b, c, d], [e, f, g, h]) => Math.max(0, Math.min(c, g) - Math.max(a, e)) * Math.max(0, Math.min(d, h) - Math.max(b, f));
