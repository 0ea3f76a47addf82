"use strict";
// The map beside the Learn tab. With two inputs it shows the model's output everywhere and the rows as points, which
// can be moved, added and deleted; with two parameters, the surface of the loss and the way down it (surface.js).

const CLASS_COLOURS = ["--low", "--high", "--third", "--fourth"];
const CLASS_SHAPES = ["M-6,0A6,6 0 1 1 6,0A6,6 0 1 1 -6,0Z", "M-5.4,-5.4H5.4V5.4H-5.4Z", "M0,-7L6.5,5H-6.5Z", "M0,-7L7,0L0,7L-7,0Z"];

// What the map shows: the rows in the plane of two inputs, the surface over two parameters, or nothing.
function mapKind() {
  const { inputs, outputs, parameters } = learning.training;
  if (learning.network) return null;
  if (inputs.length === 2 && outputs.length) return "border";
  return parameters.length === 2 ? "surface" : null;
}

// --- classes and colours ---

// The targets of one output lie around a middle; several outputs are classes, of which the largest is the answer.
function targetScale() {
  const targets = learning.training.rows.map((row) => numberOf(row[2]));
  const [low, high] = [Math.min(...targets), Math.max(...targets)];
  return { middle: (low + high) / 2, reach: (high - low) / 2 || 1 };
}

const largest = (numbers) => numbers.reduce((best, x, i) => (x > numbers[best] ? i : best), 0);

function classOf(target) {
  if (learning.training.outputs.length === 1) return target[0] > learning.scale.middle ? 1 : 0;
  return target.length === 1 ? target[0] : largest(target);
}

// The colours of the grid for the model's outputs there, and the lines between classes.
function shadeOutputs(outputs) {
  const count = outputs[0].length;
  const colours = new Uint32Array(count);
  const shades = CLASS_COLOURS.map((name) => shadesBetween("--middle", name));
  if (outputs.length === 1) {
    const { middle, reach } = learning.scale;
    for (let i = 0; i < count; i++) {
      const y = (outputs[0][i] - middle) / reach;
      colours[i] = shades[y > 0 ? 1 : 0][Math.round(0.6 * SHADES * Math.min(1, Math.abs(y)))] || shades[0][0];
    }
    return { colours, lines: [{ level: middle, numbers: outputs[0], width: 2 }] };
  }
  const leads = outputs.map(() => new Float64Array(count)); // over the largest of the others
  for (let i = 0; i < count; i++) {
    const answers = outputs.map((numbers) => numbers[i]);
    const best = largest(answers);
    const second = Math.max(...answers.filter((_, k) => k !== best));
    answers.forEach((y, k) => (leads[k][i] = y - (k === best ? second : answers[best])));
    colours[i] = shades[best % shades.length][Math.round(SHADES * (0.15 + 0.4 * (1 - Math.exp(second - answers[best]))))] || shades[0][0];
  }
  return { colours, lines: leads.map((numbers) => ({ level: 0, numbers, width: 2 })) };
}

// --- drawing ---

function mapFrame() {
  const { width, height } = byId("points").getBoundingClientRect();
  return new Frame(...learning.spans, width, height);
}

// Chooses the part of the plane that is shown.
function chooseSpans() {
  const { rows } = learning.learner.now;
  if (mapKind() === "border") learning.spans = [0, 1].map((column) => spanOf(rows.map((row) => row[column])));
  if (mapKind() === "surface") learning.spans = surfaceSpans();
}

function drawMap() {
  const kind = mapKind();
  showMap(kind !== null);
  if (!kind) return drawNetwork();
  const frame = mapFrame();
  if (!frame.width || !frame.height) return;
  if (kind === "border") drawBorder(frame);
  else drawSurface(frame);
}

// The map stands in the place of the graph.
function showMap(shown) {
  byId("map").hidden = !shown;
  document.body.classList.toggle("mapped", shown);
}

// The graph of the chosen row, with the numbers of now.
function drawNetwork() {
  const data = nodes.map((node) => node.data);
  for (const [place, x] of numbersOfLeaves(learning.row)) data[place] = x;
  setNumbers(recompute(data));
  update(shown());
}

function drawBorder(frame) {
  const { program, now } = learning.learner;
  program.setParameters(now.theta);
  const [xs, ys] = gridPoints(frame);
  const { colours, lines } = shadeOutputs(program.outputsAt([xs, ys]));
  paint(byId("field"), colours, lines);
  drawAxes(frame, learning.names.inputs);
  const drawn = [now.rows, learning.row, learning.axes];
  if (drawn.every((x, i) => x === learning.drawn?.[i])) return;
  learning.drawn = drawn;
  now.rows.forEach((row, i) => drawPoint(i, frame.at(row[0], row[1]), row.slice(2)));
  learning.points.splice(now.rows.length).forEach((point) => point.remove());
}

// Puts the point of a row where it belongs; it is made if there is none yet.
function drawPoint(i, [x, y], target) {
  const point = (learning.points[i] ??= byId("points").appendChild(svg("path", { role: "button" })));
  const kind = classOf(target);
  const chosen = i === learning.row;
  point.dataset.row = i;
  point.setAttribute("class", `point class-${kind % CLASS_COLOURS.length}${chosen ? " chosen" : ""}`);
  point.setAttribute("d", CLASS_SHAPES[kind % CLASS_SHAPES.length]);
  point.setAttribute("transform", `translate(${x.toFixed(1)},${y.toFixed(1)})${chosen ? " scale(1.35)" : ""}`);
  point.setAttribute("tabindex", chosen ? "0" : "-1");
  point.setAttribute("aria-label", `row ${i + 1}: ${rowInWords(learning.learner.now.rows[i])}`);
}

// Round numbers within an interval, some five of them.
function ticks(low, high) {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough);
  const found = [];
  for (let k = Math.ceil(low / step); k * step <= high; k++) found.push(Number((k * step).toPrecision(12)));
  return found;
}

function drawAxes(frame, [xName, yName]) {
  const key = [frame.width, frame.height, frame.left, frame.right, frame.bottom, frame.top].join();
  if (learning.axes?.key === key) return;
  learning.axes?.group.remove();
  const marks = [];
  for (const x of ticks(frame.left, frame.right)) {
    const [px] = frame.at(x, 0);
    if (px > 24 && px < frame.width - 44) marks.push(svg("path", { d: `M${px.toFixed(1)},${frame.height}v-5`, class: "axis" }), text(px, frame.height - 9, "", format(x), "middle"));
  }
  for (const y of ticks(frame.bottom, frame.top)) {
    const [, py] = frame.at(0, y);
    if (py > 30 && py < frame.height - 24) marks.push(svg("path", { d: `M0,${py.toFixed(1)}h5`, class: "axis" }), text(8, py + 4, "", format(y)));
  }
  marks.push(text(frame.width - 8, frame.height - 9, "", xName, "end"), text(8, 18, "", yName));
  const group = svg("g", {}, ...marks);
  byId("points").prepend(group);
  learning.axes = { key, group };
}

// --- moving, adding, deleting ---

function placeOf(event) {
  const { left, top } = byId("points").getBoundingClientRect();
  return mapFrame().from(event.clientX - left, event.clientY - top);
}

function onMapDown(event) {
  if (event.button > 0) return;
  event.preventDefault();
  byId("points").setPointerCapture(event.pointerId);
  if (mapKind() === "surface") return moveBall(placeOf(event));
  const row = event.target.dataset?.row;
  if (row !== undefined) {
    learning.dragged = Number(row);
    chooseRow(learning.dragged);
    learning.points[learning.row].focus({ preventScroll: true });
  } else addRow([...placeOf(event), ...byId("new-target").value.split(",").map(Number)]);
}

function onMapMove(event) {
  if (!byId("points").hasPointerCapture(event.pointerId)) return;
  if (mapKind() === "surface") moveBall(placeOf(event));
  else if (learning.dragged !== null) moveRow(learning.dragged, placeOf(event));
}

function onMapKey(event) {
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
  const removes = event.key === "Delete" || event.key === "Backspace";
  if (!step && !removes) return;
  event.preventDefault();
  event.stopPropagation();
  const { theta, rows } = learning.learner.now;
  const moved = ([x, y]) => [x, y].map((at, i) => at + (step[i] * (learning.spans[i][1] - learning.spans[i][0])) / 50);
  if (mapKind() === "surface") {
    if (step) moveBall(moved(theta));
  } else if (removes) {
    deleteRow(learning.row);
    learning.points[learning.row]?.focus();
  } else moveRow(learning.row, moved(rows[learning.row]));
}

function listenToTheMap() {
  const points = byId("points");
  points.addEventListener("pointerdown", onMapDown);
  points.addEventListener("pointermove", onMapMove);
  points.addEventListener("pointerup", () => (learning.dragged = null));
  points.addEventListener("keydown", onMapKey);
  new ResizeObserver(() => state.tab === "learn" && drawMap()).observe(points);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    learning.surface = null;
    drawMap();
  });
}

// What each mark of a row says of its target, and what the line is.
function mapKey() {
  const { names: { targets, outputs }, scale, learner } = learning;
  const one = outputs.length === 1;
  const kinds = (one ? [0, 1] : outputs.map((_, k) => k)).map((k) => {
    const values = new Set(learner.now.rows.map((row) => row.slice(2)).filter((target) => classOf(target) === k).map(([t]) => t));
    const [t] = values;
    if (!one && targets.length > 1) return `${targets[k]} is largest`;
    if (values.size === 1) return `${targets[0]} = ${format(t)}`;
    return one ? `${targets[0]} ${k ? "above" : "up to"} ${format(scale.middle)}` : `${targets[0]} = ${k}`;
  });
  const sign = (k) => svg("svg", { viewBox: "-8 -8 16 16", width: 16, height: 16, "aria-hidden": "true" },
    svg("path", { d: CLASS_SHAPES[k % CLASS_SHAPES.length], class: `class-${k % CLASS_COLOURS.length}` }));
  const line = one ? `output ${format(scale.middle)}` : "two outputs are equal";
  return [...kinds.map((words, k) => h("span", "sign", sign(k), ` ${words}`)), h("span", "sign", h("span", "line border"), ` ${line}`)]
    .flatMap((part) => [part, " "]);
}

// What the map is, and what the reader can do with it.
function describeMap() {
  const kind = mapKind();
  if (!kind) return;
  const [x, y] = kind === "border" ? learning.names.inputs : learning.names.parameters;
  byId("points").setAttribute("aria-label", kind === "border" ? `The model's output over ${x} and ${y}, and the rows as points` : `The mean loss over ${x} and ${y}, and the steps taken`);
  byId("map-help").textContent = kind === "border"
    ? "Drag a point to move it. Click elsewhere to add one. Arrow keys move the chosen point; Delete removes it."
    : "The bluer, the lower the loss. Drag the ball, or move it with the arrow keys, to start elsewhere.";
  byId("new-target-label").hidden = kind !== "border";
  put("map-key", ...(kind === "border" ? mapKey() : []));
  const distinct = [...new Set(learning.learner.now.rows.map((row) => row.slice(2).join()))].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  const chosen = byId("new-target").value;
  put("new-target", ...distinct.slice(0, 12).map((target) => {
    const option = h("option", "", `${learning.names.targets.join(", ")} = ${target.split(",").map((t) => format(Number(t))).join(", ")}`);
    option.value = target;
    option.selected = target === chosen;
    return option;
  }));
}
