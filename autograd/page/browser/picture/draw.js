"use strict";
// The drawing: SVG elements, made once per layout and updated at each change.

const picture = document.getElementById("picture");
let scene = null; // {boxes, edges, boxOf, group, width, height, left, top}

// Draws the boxes of `arranged`. `above` keeps the lessons below the picture (true) or beside it (false).
function build(arranged, above = null) {
  layOut(arranged, above);
  placeLabels(arranged);
  scene = arranged;
  const largest = Math.max(...scene.edges.map((edge) => (edge.weight === null ? 0 : Math.abs(state.numbers.data[edge.weight]) || 0)), 1e-9);
  const group = svg("g", {});
  const [lines, strands, tags, boxes, flow] = [svg("g", {}), svg("g", {}), svg("g", { "aria-hidden": "true" }), svg("g", {}), svg("g", {})];
  for (const edge of scene.edges) drawEdge(edge, lines, tags, largest);
  for (const box of scene.boxes) boxes.append(drawBox(box));
  group.append(lines, strands, boxes, tags, flow);
  picture.querySelector("g")?.remove();
  picture.append(group);
  Object.assign(scene, { group, strands, flow });
}

// Bows from point to point, level where they begin and end.
function curve(points) {
  const at = ([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`;
  return points.slice(1).reduce((path, [x, y], i) => {
    const [x0, y0] = points[i];
    if (x === x0 || y === y0) return `${path}L${at([x, y])}`;
    const bow = scene.vertical ? [[x0, (y0 + y) / 2], [x, (y0 + y) / 2]] : [[(x0 + x) / 2, y0], [(x0 + x) / 2, y]];
    return `${path}C${bow.map(at).join(" ")} ${at([x, y])}`;
  }, `M${at(points[0])}`);
}

function drawEdge(edge, lines, tags, largest) {
  const tip = edge.whole ? {} : { "marker-end": "url(#arrow)" };
  edge.element = svg("path", { d: curve(edge.points), class: "edge", ...tip });
  lines.append(edge.element);
  edge.target = svg("path", { d: curve(edge.points), class: edge.weight !== null ? "target weight" : "target" }); // wide enough to hit
  if (edge.weight !== null) edge.target.addEventListener("click", () => choose(edge.weight));
  lines.append(edge.target);
  edge.largest = largest;
  edge.tag = edge.label ? text(...edge.label, "tag", "", "middle") : null;
  if (edge.tag) tags.append(edge.tag);
}

function drawBox(box) {
  const group = svg("g", { class: `box ${box.kind}`, role: "button", tabindex: "-1", transform: `translate(${box.x.toFixed(1)},${box.y.toFixed(1)})` });
  const [w, h] = [box.width, box.height];
  box.element = group;
  box.shown = {};
  if (box.node !== null && nodes[box.node].name !== (box.title ?? box.titles[0])) group.append(svg("title", {}, nodes[box.node].name));
  if (box.kind === "neuron") drawNeuron(box, group);
  else if (box.kind === "layer") {
    group.append(svg("rect", { x: 5 - w / 2, y: 5 - h / 2, width: w, height: h, rx: 14, class: "shape" }));
    group.append(svg("rect", { x: -w / 2, y: -h / 2, width: w, height: h, rx: 14, class: "shape" }));
    group.append(text(0, -4, "name", box.title, "middle"), text(0, 15, "quiet", box.line, "middle"));
    box.texts = {};
  } else drawRows(box, group, w, h);
  // Spaces, so that what is read aloud or copied is words.
  for (const part of group.querySelectorAll("text")) part.after(" ");
  group.addEventListener("click", () => select(box));
  group.addEventListener("dblclick", () => toggle(box));
  return group;
}

function drawRows(box, group, w, h) {
  group.append(svg("rect", { x: -w / 2, y: -h / 2, width: w, height: h, rx: box.kind === "leaf" ? 2 : 9, class: "shape" }));
  const [left, right] = [PAD - w / 2, w / 2 - PAD];
  let y = PAD - h / 2 + 12;
  const row = (title, className) => {
    const number = text(right, y, `number ${className}`, "", "end");
    group.append(...(title ? [text(left, y, "quiet", title)] : []), number);
    y += ROW;
    return number;
  };
  const name = `name${nodes[box.node].named ? "" : " made-up"}`;
  const symbol = text(left, y, "symbol", box.symbol);
  for (const line of box.titles) {
    group.append(text(right, y, name, line, "end"));
    y += ROW;
  }
  if (box.symbol) group.append(symbol);
  box.texts = {};
  if (box.bias.length) box.texts.bias = row("b", "");
  box.texts.data = row("", "");
  box.texts.grad = row("d", "grad");
}

// --- updating ---

// `shown` is {data(place), grad(place), partial(node, slot): texts, lit: null or {nodes, edges},
// active: {nodes, edges: Sets}, wrong: Set, paths: see strands.js, flow: see flow.js}.
function update(shown) {
  for (const box of scene.boxes) updateBox(box, shown);
  for (const edge of scene.edges) updateEdge(edge, shown);
  updateStrands(shown.paths || []);
  updateFlow(shown.flow || new Map());
}

function once(target, key, value, apply) {
  if (target[key] === value) return;
  target[key] = value;
  apply(value);
}

function updateBox(box, shown) {
  const { texts, shown: old, element } = box;
  const write = (key, value) => texts[key] && once(old, key, value, () => (texts[key].textContent = value));
  if (box.node !== null && box.node !== undefined) {
    write("data", narrow(shown.data(box.node)));
    const gradient = narrow(shown.grad(box.node));
    write("grad", box.kind === "neuron" && gradient ? `d ${gradient}` : gradient);
    if (texts.bias) write("bias", narrow(format(box.bias.reduce((sum, leaf) => sum + state.numbers.data[leaf], 0))));
    if (texts.slope) write("slope", shown.partial(box.slope, 0) && `× ${narrow(shown.partial(box.slope, 0))}`);
  }
  const any = (set) => set && box.members.some((place) => set.has(place));
  const classes = ["box", box.kind];
  if (box.node != null && isOpaque(nodes[box.node])) classes.push("opaque");
  if (isSaturated(box) && shown.partial(box.slope, 0)) classes.push("saturated");
  if (any(shown.active.nodes)) classes.push("active");
  if (shown.lit) classes.push(any(shown.lit.nodes) ? "lit" : "dim");
  if (any(shown.wrong)) classes.push("wrong");
  if (state.box === box.key) classes.push("selected");
  once(old, "class", classes.join(" "), (value) => element.setAttribute("class", value));
  once(old, "pressed", String(state.box === box.key), (value) => element.setAttribute("aria-pressed", value));
  once(old, "label", spoken(box, shown), (value) => element.setAttribute("aria-label", value));
}

function spoken(box, shown) {
  if (box.kind === "layer") return `${box.title}, ${box.line}, collapsed`;
  // What is visible comes first, in its order, so that people who control a browser by speech can say it.
  const [data, gradient] = [shown.data(box.node), shown.grad(box.node)];
  const seen = box.shown;
  const numbers = box.kind === "neuron" ? [seen.data, seen.grad, seen.slope] : [seen.bias && `b ${seen.bias}`, seen.data, `d ${seen.grad}`];
  const word = box.kind === "op" ? nodes[box.node].op.name : box.kind;
  const kind = word === box.symbol ? "" : word;
  const state = gradient === "?" ? "gradient hidden" : !data ? "not computed yet" : gradient ? "" : "gradient not computed yet";
  const full = nodes[box.node].name === box.name ? "" : nodes[box.node].name;
  return [box.name, ...(box.kind === "neuron" ? [...numbers, box.symbol] : [box.symbol, ...numbers]), full, kind, state].filter(Boolean).join(", ");
}

function updateEdge(edge, shown) {
  const is = (set) => set && edge.parts.some(([node, slot]) => set.has(`${node}.${slot}`));
  const classes = ["edge"];
  if (edge.weight !== null) {
    const weight = state.numbers.data[edge.weight];
    classes.push(weight < 0 ? "negative" : "positive");
    const width = 0.8 + 3.6 * Math.min(1, Math.abs(weight) / edge.largest || 0);
    once(edge, "width", width.toFixed(2), (value) => (edge.element.style.strokeWidth = value));
  }
  if (is(shown.active.edges)) classes.push("active");
  if (shown.lit) classes.push(is(shown.lit.edges) ? "lit" : "dim");
  once(edge, "class", classes.join(" "), (value) => edge.element.setAttribute("class", value));
  if (!edge.tag) return;
  const [[node, slot]] = edge.parts;
  const weight = edge.weight !== null && state.arrows === "weights";
  const gradient = edge.weight !== null && shown.grad(edge.weight);
  const label = weight ? `× ${format(state.numbers.data[edge.weight])}` : edge.weight === null ? shown.partial(node, slot) : gradientLabel(edge, gradient);
  once(edge, "written", label, (value) => (edge.tag.textContent = value));
  once(edge, "tagClass", weight ? `tag weight ${classes[1]}` : "tag", (value) => edge.tag.setAttribute("class", value));
}
