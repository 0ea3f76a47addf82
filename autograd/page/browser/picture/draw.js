"use strict";
// The drawing: SVG elements, made once per layout and updated at each change.

const picture = document.getElementById("picture");
let scene = null; // {boxes, edges, boxOf, group, width, height, left, top}
const camera = { x: 0, y: 0, zoom: 1 };
const LEGIBLE = 11 / 12; // the zoom at which text is 11 pixels high
const [SIDE_WIDTH, SIDE_HEIGHT, SIDE_ON_A_PHONE] = [400, 350, 0.5]; // as in page.css

// Draws the boxes of `arranged`; `labels` says whether edges carry numbers.
function build(arranged, labels) {
  place(arranged);
  scene = arranged;
  const largest = Math.max(...scene.edges.map((edge) => (edge.weight === null ? 0 : Math.abs(state.numbers.data[edge.weight]) || 0)), 1e-9);
  const group = svg("g", {});
  const [lines, strands, tags, boxes, flow] = [svg("g", {}), svg("g", {}), svg("g", { "aria-hidden": "true" }), svg("g", {}), svg("g", {})];
  for (const edge of scene.edges) drawEdge(edge, lines, tags, labels, largest);
  for (const box of scene.boxes) boxes.append(drawBox(box));
  group.append(lines, strands, boxes, tags, flow);
  picture.querySelector("g")?.remove();
  picture.append(group);
  Object.assign(scene, { group, strands, flow });
}

function curve(points) {
  const at = ([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`;
  return points.slice(1).reduce((path, [x, y], i) => {
    const [before, height] = points[i];
    const middle = (before + x) / 2;
    return height === y ? `${path}L${at([x, y])}` : `${path}C${at([middle, height])} ${at([middle, y])} ${at([x, y])}`;
  }, `M${at(points[0])}`);
}

function drawEdge(edge, lines, tags, labels, largest) {
  const weighted = edge.weight !== null;
  const plain = edge.to.kind === "neuron" || edge.whole;
  edge.element = svg("path", { d: curve(edge.points), class: "edge", ...(plain ? {} : { "marker-end": "url(#arrow)" }) });
  lines.append(edge.element);
  edge.target = svg("path", { d: curve(edge.points), class: weighted ? "target weight" : "target" }); // wide enough to hit
  if (weighted) edge.target.addEventListener("click", () => choose(edge.weight));
  lines.append(edge.target);
  edge.largest = largest;
  edge.tag = null;
  const [[x1, y1], [x2, y2]] = edge.points.slice(-2);
  edge.middle = [(x1 + x2) / 2, (y1 + y2) / 2];
  const crowded = edge.to.into.length > 6 || (weighted && scene.edges.length > 60);
  if (!labels || edge.whole || crowded) return;
  // A little beyond the middle, where edges that fan out from one box are apart.
  const [t, s] = edge.from.from.length > 1 && edge.points.length === 2 ? [0.66, 0.73] : [0.5, 0.5];
  edge.tag = text(x1 + (x2 - x1) * t, y1 + (y2 - y1) * s - (weighted ? 8 : 4), "tag", "", "middle");
  tags.append(edge.tag);
}

function drawBox(box) {
  const group = svg("g", { class: `box ${box.kind}`, role: "button", tabindex: "-1", transform: `translate(${box.x.toFixed(1)},${box.y.toFixed(1)})` });
  const [w, h] = [box.width, box.height];
  box.element = group;
  box.shown = {};
  if (box.name && box.name !== (box.title ?? box.titles[0])) group.append(svg("title", {}, box.name));
  if (box.kind === "neuron") {
    group.append(svg("circle", { r: RADIUS, class: "shape" }));
    box.texts = { data: text(0, 3, "number", "", "middle"), grad: text(0, 19, "number grad", "", "middle") };
    group.append(text(0, -15, "name", box.title, "middle"), box.texts.data, box.texts.grad);
  } else if (box.kind === "layer") {
    group.append(svg("rect", { x: 5 - w / 2, y: 5 - h / 2, width: w, height: h, rx: 14, class: "shape" }));
    group.append(svg("rect", { x: -w / 2, y: -h / 2, width: w, height: h, rx: 14, class: "shape" }));
    group.append(text(0, -4, "name", box.title, "middle"), text(0, 15, "quiet", box.lines[0], "middle"));
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
  const left = -w / 2 + PAD;
  const right = w / 2 - PAD;
  let y = -h / 2 + PAD + 9;
  const row = (title, className) => {
    const number = text(right, y, `number ${className}`, "", "end");
    group.append(text(left, y, "quiet", title), number);
    y += ROW;
    return number;
  };
  const name = `name${nodes[box.node].named ? "" : " made-up"}${box.titles.length > 1 ? " long" : ""}`;
  box.titles.forEach((line, i) => group.append(text(right, y + i * SMALL_ROW, name, line, "end")));
  if (box.symbol) group.append(text(left, y, "symbol", box.symbol));
  y += ROW + (box.titles.length - 1) * SMALL_ROW;
  box.texts = {};
  if (box.bias.length) box.texts.bias = row("bias", "");
  box.texts.data = row("data", "");
  box.texts.grad = row("grad", "grad");
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
    write("data", shown.data(box.node));
    const gradient = shown.grad(box.node);
    write("grad", box.kind === "neuron" && gradient && gradient.length < 9 ? `∂ ${gradient}` : gradient);
    if (texts.bias) write("bias", format(box.bias.reduce((sum, leaf) => sum + state.numbers.data[leaf], 0)));
    for (const key of Object.keys(texts)) {
      const long = (old[key] || "").length > (box.kind === "neuron" ? 9 : LONG);
      once(old, `${key} length`, long, () => texts[key].classList.toggle("long", long));
    }
  }
  const any = (set) => set && box.members.some((place) => set.has(place));
  const classes = ["box", box.kind];
  if (box.node != null && isOpaque(nodes[box.node])) classes.push("opaque");
  if (any(shown.active.nodes)) classes.push("active");
  if (shown.lit) classes.push(any(shown.lit.nodes) ? "lit" : "dim");
  if (any(shown.wrong)) classes.push("wrong");
  if (state.box === box.key) classes.push("selected");
  once(old, "class", classes.join(" "), (value) => element.setAttribute("class", value));
  once(old, "pressed", String(state.box === box.key), (value) => element.setAttribute("aria-pressed", value));
  once(old, "label", spoken(box, shown), (value) => element.setAttribute("aria-label", value));
}

function spoken(box, shown) {
  if (box.kind === "layer") return `${box.title}, ${box.lines[0]}, collapsed`;
  // What is visible comes first, in its order, so that people who control a browser by speech can say it.
  const [data, gradient] = [shown.data(box.node), shown.grad(box.node)];
  const numbers = box.kind === "neuron" ? [data, box.shown.grad] : [`data ${data}`, `grad ${gradient}`];
  if (box.bias?.length) numbers.unshift(`bias ${box.texts.bias.textContent}`);
  const word = box.kind === "op" ? nodes[box.node].op.name : box.kind;
  const kind = word === box.symbol ? "" : word;
  const state = gradient === "?" ? "gradient hidden" : !data ? "not computed yet" : gradient ? "" : "gradient not computed yet";
  return [nodes[box.node].name, box.symbol, ...numbers, kind, state].filter(Boolean).join(", ");
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
  const label = edge.weight !== null ? `× ${format(state.numbers.data[edge.weight])}` : shown.partial(node, slot);
  once(edge, "label", label, (value) => (edge.tag.textContent = value));
  once(edge, "tagClass", edge.weight !== null ? "tag weight" : "tag", (value) => edge.tag.setAttribute("class", value));
}
