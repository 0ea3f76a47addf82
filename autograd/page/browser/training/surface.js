"use strict";
// The surface of the loss over two parameters, and the way down it.

// The part of the plane that the first 200 steps need.
function surfaceSpans() {
  const scout = new Learner(graphOfPage, learning.training);
  try {
    scout.advance(200);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // the steps lead up and away: the way so far will do
  }
  return [0, 1].map((i) => spanOf([...scout.trail.map((theta) => theta[i]), scout.now.theta[i]], 0.25));
}

// The mean loss everywhere on the grid. It is computed again when the rows change, or the plane.
function surfaceOf(frame) {
  const { program, now } = learning.learner;
  const key = [frame.left, frame.right, frame.bottom, frame.top].join();
  if (learning.surface?.rows !== now.rows || learning.surface.key !== key) {
    const losses = program.lossesAt(gridPoints(frame), now.rows);
    const finite = [...losses].filter(Number.isFinite);
    const [low, high] = [Math.min(...finite), Math.max(...finite)];
    const part = (y) => (Number.isFinite(y) ? Math.sqrt((y - low) / (high - low || 1)) : 1);
    const shades = shadesBetween("--high", "--middle");
    learning.surface = {
      rows: now.rows, key,
      colours: Uint32Array.from(losses, (y) => shades[Math.round(SHADES * (0.2 + 0.8 * part(y)))]),
      lines: Array.from({ length: 14 }, (_, i) => ({ level: low + ((i + 0.5) / 14) ** 2 * (high - low), numbers: losses, width: 0.6 })),
    };
  }
  return learning.surface;
}

function drawSurface(frame) {
  const { colours, lines } = surfaceOf(frame);
  const { learner } = learning;
  paint(byId("field"), colours, lines);
  drawAxes(frame, learning.names.parameters);
  const way = [...learner.trail.slice(0, learner.now.step), [...learner.now.theta]].map(([x, y]) => frame.at(x, y));
  const line = way.map((point, i) => (i ? "L" : "M") + point.map((x) => x.toFixed(1)).join()).join("");
  const [cx, cy] = way[way.length - 1];
  learning.way?.remove();
  const steps = way.length < 400 ? way.map(([x, y]) => svg("circle", { cx: x.toFixed(1), cy: y.toFixed(1), r: 2.4, class: "trail-step" })) : [];
  learning.way = svg("g", {}, svg("path", { d: line, class: "trail" }), ...steps);
  learning.axes.group.after(learning.way);
  learning.ball ??= byId("points").appendChild(svg("circle", { r: 9, class: "point ball", role: "button", tabindex: "0" }));
  learning.ball.setAttribute("cx", cx.toFixed(1));
  learning.ball.setAttribute("cy", cy.toFixed(1));
  const numbers = learning.names.parameters.map((name, i) => `${name} ${format(learner.now.theta[i])}`);
  learning.ball.setAttribute("aria-label", `the parameters: ${numbers.join(", ")}`);
}

// Learning starts again from there.
function moveBall(theta) {
  const { learner } = learning;
  stopLearning();
  learner.restart({ theta: Float64Array.from(theta), memories: learner.now.memories.map((numbers) => new Float64Array(numbers.length)) });
  showLearning();
}
