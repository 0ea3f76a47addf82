"use strict";
// A small picture of one operation at one point. It shows what a step computes: the value, or the derivative by one input.

const [SKETCH_WIDTH, SKETCH_HEIGHT] = [190, 132];

// `slot` is the input by which to differentiate; null for the value.
function sketch(node, slot, numbers) {
  const { op } = node;
  const constants = node.inputs.every((_, i) => constantDerivative(op, i) !== null);
  if (constants && node.inputs.length > 1) return sumSketch(node, slot, numbers);
  if (node.inputs.length === 2 && otherFactor(op, 0) === 1 && otherFactor(op, 1) === 0) return productSketch(node, slot, numbers);
  return curveSketch(node, slot ?? (node.inputs.length === 1 ? 0 : null), numbers, slot !== null);
}

function sketchFrame(words, top, ...parts) {
  return svg("svg", { class: "sketch", viewBox: `0 ${top} ${SKETCH_WIDTH} ${SKETCH_HEIGHT - top}`, width: SKETCH_WIDTH, height: SKETCH_HEIGHT - top, role: "img", "aria-label": words }, ...parts);
}

const polyline = (points, className) => svg("path", { d: points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)},${y.toFixed(1)}`).join(""), class: className });
const sketchCaption = (words, className = "") => text(SKETCH_WIDTH / 2, SKETCH_HEIGHT - 3, className, shortened(words, SKETCH_WIDTH - 4), "middle");

// --- one input: the curve with its tangent; of several inputs the others are held ---

function curveSketch(node, slot, numbers, withSlope) {
  if (slot === null) return null;
  const xs = node.inputs.map((input) => numbers.data[input]);
  const [x, y, slope] = [xs[slot], numbers.data[node.place], numbers.partials[node.place][slot]];
  if (![x, y].every(Number.isFinite)) return null;
  const points = curvePoints(node, slot, xs);
  const [low, high] = points.length > 1 ? [points[0][0], points[points.length - 1][0]] : [x - 1.5, x + 1.5];
  const heights = [...points.map(([, height]) => height), y, ...(points.length > 1 || !Number.isFinite(slope) ? [] : [y - 1.5 * slope, y + 1.5 * slope])];
  const [bottom, top] = [Math.min(...heights), Math.max(...heights)];
  const margin = (top - bottom || 1) * 0.12;
  const at = (a, b) => [8 + ((a - low) / (high - low)) * (SKETCH_WIDTH - 16), 100 - ((b - bottom + margin) / (top - bottom + 2 * margin)) * 94];
  const [cx, cy] = at(x, y);
  const id = `sketch-${node.place}-${slot}`;
  const tangent = withSlope && Number.isFinite(slope) ? [polyline([at(low, y + slope * (low - x)), at(high, y + slope * (high - x))], "tangent")] : [];
  const guides = withSlope ? [] : [polyline([[cx, 104], [cx, cy], [8, cy]], "guide")];
  const letter = node.inputs.length === 1 ? "x" : "abcd"[slot] ?? "x";
  const words = withSlope ? `slope ${format(slope)} at ${letter} = ${format(x)}` : `${format(y)} at ${letter} = ${format(x)}`;
  return sketchFrame(`${inLetters(node.op)}: ${words}`, 0,
    svg("clipPath", { id }, svg("rect", { x: 0, y: 0, width: SKETCH_WIDTH, height: 104 })),
    polyline([[8, 104], [SKETCH_WIDTH - 8, 104]], "axis"),
    svg("g", { "clip-path": `url(#${id})` }, ...guides, polyline(points.map(([a, b]) => at(a, b)), "curve"), ...tangent, svg("circle", { cx, cy, r: 4 })),
    sketchCaption(words, withSlope ? "tangent-name" : ""));
}

// Points of the operation as one input changes, from its forward program; or as Python sampled them.
function curvePoints(node, slot, xs) {
  if (!node.op.forward) return node.curve ?? [];
  const x = xs[slot];
  const reach = Math.max(1.5, 1.3 * Math.abs(x));
  return Array.from({ length: 61 }, (_, i) => x + reach * (i / 30 - 1))
    .map((a) => [a, run(node.op.forward, xs.map((other, i) => (i === slot ? a : other)))[0]])
    .filter(([, b]) => Number.isFinite(b));
}

// --- a product: the rectangle of its factors, to scale, and the strip that a small change of one adds ---

function productSketch(node, slot, numbers) {
  const [a, b] = node.inputs.map((input) => numbers.data[input]);
  if (![a, b].every(Number.isFinite)) return null;
  const [left, right] = node.inputs.map((input) => nodes[input]);
  const [across, up] = [Math.abs(a), Math.abs(b)];
  const scale = Math.min(92 / Math.max(across, 1e-300), 60 / Math.max(up, 1e-300));
  const [width, height] = [across, up].map((length) => Math.max(1, length * scale));
  const [x, y] = [64, 84 - height];
  // More of a negative factor makes its side shorter.
  const [wide, high] = [a < 0 ? Math.min(9, width) : 9, b < 0 ? Math.min(9, height) : 9];
  const strip = slot === 0 ? { x: x + width - (a < 0 ? wide : 0), y, width: wide, height }
    : slot === 1 ? { x, y: b < 0 ? y : y - high, width, height: high } : null;
  const name = (input, number) => `${isConstant(input) ? "" : `${shortened(symbolOf(input), 60)} = `}${format(number)}`;
  const negative = a < 0 && b < 0 ? "both sides are negative: " : a * b < 0 ? "a side is negative: " : "the area is ";
  const words = slot === null ? `${negative}${format(numbers.data[node.place])}`
    : `strip: ${format(numbers.partials[node.place][slot])} × change`;
  return sketchFrame(`a rectangle of sides ${name(left, a)} and ${name(right, b)}; ${words}`, y - 18,
    svg("rect", { x, y, width, height, class: a * b < 0 ? "area negative" : "area" }),
    ...(strip ? [svg("rect", { ...strip, class: "strip" })] : []),
    text(x + width / 2, 100, slot === 0 ? "changing" : "", name(left, a), "middle"),
    text(x - 6, y + height / 2 + (isConstant(right) ? 4 : -3), slot === 1 ? "changing" : "", isConstant(right) ? name(right, b) : `${shortened(symbolOf(right), 50)} =`, "end"),
    ...(isConstant(right) ? [] : [text(x - 6, y + height / 2 + 12, slot === 1 ? "changing" : "", format(b), "end")]),
    sketchCaption(words, slot === null ? "" : "tangent-name"));
}

// --- a sum: each term as a bar that starts where the one before ends, and the result ---

function sumSketch(node, slot, numbers) {
  const { inputs } = node;
  const terms = inputs.map((input, i) => numbers.data[input] * numbers.partials[node.place][i]);
  const ends = terms.reduce((all, term) => [...all, all[all.length - 1] + term], [0]);
  if (!ends.every(Number.isFinite)) return null;
  const slots = inputs.length <= 4 ? inputs.map((_, i) => i) : [...new Set([0, 1, slot ?? 2, inputs.length - 1])].sort((a, b) => a - b);
  const bars = slots.map((i) => ({ from: ends[i], to: ends[i + 1], className: i === slot ? "strip" : "area", name: called(inputs[i]) }));
  bars.push({ from: 0, to: numbers.data[node.place], className: "total-bar", name: isWrittenOut(node.place) ? "sum" : node.name });
  const [least, most] = [Math.min(...ends), Math.max(...ends)];
  const at = (x) => 66 + ((x - least) / (most - least || 1)) * 70;
  const top = SKETCH_HEIGHT - 22 - 20 * bars.length;
  const rows = bars.flatMap(({ from, to, className, name }, i) => {
    const [y, changing] = [top + 20 * i, className === "strip" ? "changing" : ""];
    return [
      svg("rect", { x: Math.min(at(from), at(to)), y, width: Math.max(1.5, Math.abs(at(to) - at(from))), height: 15, class: className }),
      text(62, y + 12, changing, shortened(name, 60), "end"),
      text(SKETCH_WIDTH - 1, y + 12, changing, format(to - from), "end"),
    ];
  });
  const turned = slot !== null && constantDerivative(node.op, slot) === "-1";
  const words = slot === null ? `together ${format(numbers.data[node.place])}` : `1 more here is 1 ${turned ? "less" : "more"} in all`;
  return sketchFrame(`the terms as bars: ${words}`, top - 4, polyline([[at(0), top - 3], [at(0), SKETCH_HEIGHT - 22]], "axis"), ...rows, sketchCaption(words, slot === null ? "" : "tangent-name"));
}

// --- a fork: what arrives at a node from each of its consumers, and adds up ---

// `arrivals` are {node, slot, amount}, the newest last.
function forkSketch(input, arrivals) {
  const here = input.consumers.map(([node, slot]) => ({ node, slot, arrival: arrivals.find((each) => each.node === node && each.slot === slot) }));
  const shown = here.length <= 5 ? here : [...here.filter(({ arrival }) => arrival).slice(-4), { node: null }];
  const newest = arrivals[arrivals.length - 1];
  const top = SKETCH_HEIGHT - 24 - 22 * shown.length;
  const middle = (top + SKETCH_HEIGHT - 24) / 2;
  const rows = shown.flatMap(({ node, slot, arrival }, i) => {
    const y = top + 22 * i + 11;
    if (node === null) return [text(80, y + 4, "", "…")];
    const className = arrival && node === newest.node && slot === newest.slot ? "newest" : arrival ? "arrived" : "waiting";
    const amount = arrival ? `: ${format(arrival.amount)}` : ": …";
    const from = isFolded(node) ? boxName(scene.boxOf[node]) : called(node);
    return [polyline([[74, y], [44, middle]], className), text(78, y + 4, className, shortened(from, SKETCH_WIDTH - 80 - measure(amount, 12)) + amount)];
  });
  const total = arrivals.reduce((sum, { amount }) => sum + amount, 0);
  const missing = here.length - arrivals.length;
  return sketchFrame(`${many(arrivals.length, "path")} of ${here.length} have arrived at ${input.name}`, top - 6, ...rows,
    svg("circle", { cx: 44, cy: middle, r: 4 }), text(36, middle + 4, "", shortened(called(input.place), 34), "end"),
    sketchCaption(missing ? `${format(total)} so far; ${missing} to come` : `together ${format(total)}`, "tangent-name"));
}
