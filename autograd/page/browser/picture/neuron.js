"use strict";
// A neuron as it is drawn: its value, the gradient that arrives, and its slope, by which that gradient is multiplied.

// A circle.
function setNeuronSize(box) {
  box.slope = isSum(box) ? null : box.node;
  box.title = shortened(box.name, 1.3 * RADIUS, 12, 600);
  Object.assign(box, { width: 2 * RADIUS, height: 2 * RADIUS });
}

// Two lines, where circles would not fit.
function setSmall(boxes) {
  for (const box of boxes) {
    box.title = shortened(box.name, 40, 12, 600);
    Object.assign(box, { small: true, width: measure(box.title, 12, 600) + 6 + NUMBER + 2 * PAD, height: 2 * ROW + 1 });
  }
}

function drawNeuron(box, group) {
  const [w, h] = [box.width, box.height];
  if (box.small) {
    const y = -3;
    group.append(svg("rect", { x: -w / 2 - 3, y: -h / 2 - 3, width: w + 6, height: h + 6, rx: 15, class: "ring" }));
    group.append(svg("rect", { x: -w / 2, y: -h / 2, width: w, height: h, rx: 12, class: "shape" }));
    box.texts = { data: text(w / 2 - PAD, y, "number", "", "end"), grad: text(w / 2 - PAD, y + ROW, "number grad", "", "end") };
    return group.append(text(PAD - w / 2, y, "name", box.title), box.texts.data, box.texts.grad);
  }
  group.append(svg("circle", { r: RADIUS + 4, class: "ring" }), svg("circle", { r: RADIUS, class: "shape" }));
  const top = box.slope === null ? -13 : -21;
  box.texts = { data: text(0, top + ROW + 1, "number", "", "middle"), grad: text(0, top + 2 * ROW + 2, "number grad", "", "middle") };
  if (box.slope !== null) box.texts.slope = text(0, top + 3 * ROW + 3, "slope", "", "middle");
  group.append(text(0, top, "name", box.title, "middle"), ...Object.values(box.texts));
}

const FLAT = 0.1; // a neuron whose slope is below this part of the largest is saturated

const isSaturated = (box) => box.slope != null && Math.abs(state.numbers.partials[box.slope][0]) < FLAT * largestSlope(nodes[box.slope].op);

// The largest slope of a function that has one, such as 1 of tanh and 0.25 of sigmoid; 0 of any other.
function largestSlope(op) {
  if (op.largestSlope === undefined) {
    const slopes = (reach) => Array.from({ length: 201 }, (_, i) => ((i - 100) / 100) * reach).map((x) => steepness(op, x));
    const [near, far] = [Math.max(...slopes(5)), Math.max(...slopes(100))];
    op.largestSlope = far <= 1.001 * near ? near : 0; // 0 also if it is nan somewhere
  }
  return op.largestSlope;
}

function steepness(op, x) {
  if (op.forward === null) return NaN;
  const [y] = run(op.forward, [x]);
  return Math.abs(run(op.rule, [x, y])[0]);
}
