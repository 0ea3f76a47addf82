"use strict";
// The state of the page, and what people do to it.

const state = {
  numbers: recorded,
  tab: "step",
  view: "scalars",
  modes: [], // of each neuron
  collapsed: new Set(), // layers
  order: "topological",
  at: 0, // how many events are done
  playing: null, // the timer
  box: null, // the key of the selected box
  selected: null, // the place of the selected node
  focus: null, // the key of the box that the keyboard is at
  asked: 0, // the node of the prediction
  nudge: null,
  parameters: new Set(defaultParameters),
  step: null, // the last step of gradient descent
  losses: null,
};

// --- showing the state ---

function shown() {
  const { numbers, tab } = state;
  const all = {
    data: (place) => format(numbers.data[place]),
    grad: (place) => format(numbers.grads[place]),
    partial: (node, slot) => format(numbers.partials[node][slot]),
    active: { nodes: new Set(), edges: new Set() },
    lit: null,
    wrong: new Set(),
  };
  if (tab === "step") return shownStep(all);
  if (tab === "explain" && state.selected !== null) all.lit = onPaths(state.selected);
  if (tab === "predict") {
    all.grad = () => "?";
    all.active.nodes.add(state.asked);
  }
  if (tab === "nudge" && state.nudge) all.lit = onPaths(state.nudge.place);
  return all;
}

function shownStep(all) {
  const list = events();
  const { valued, grads } = stateAfter(list, state.at, state.numbers);
  all.data = (place) => (valued[place] ? format(state.numbers.data[place]) : "");
  all.grad = (place) => format(grads[place]);
  all.partial = (node, slot) => (valued[node] ? format(state.numbers.partials[node][slot]) : "");
  const { kind, node, slot } = current();
  const { inputs } = nodes[node];
  const edgesOf = (place) => nodes[place].inputs.map((_, i) => `${place}.${i}`);
  if (kind === "forward") {
    all.active = { nodes: new Set([node]), edges: new Set(edgesOf(node)) };
  } else if (kind === "seed") all.active.nodes.add(node);
  else {
    const input = inputs[slot];
    all.active = { nodes: new Set(isInner(input) ? [node] : [node, input]), edges: new Set([`${node}.${slot}`]) };
    // What passes within one box passes along the arrow that stands for the product.
    const within = scene.boxOf[node] === boxFor(input, node) ? [node, input] : [];
    for (const place of within.filter((each) => products.has(each))) edgesOf(place).forEach((edge) => all.active.edges.add(edge));
  }
  if (state.order === "naive" && state.at === list.length) all.wrong = new Set(wrongNodes().map((node) => node.place));
  return all;
}

// The event that was the last; before all of them, the one to come.
const current = () => events()[Math.max(state.at, 1) - 1];

// The boxes that all is about just now, the most important last.
function subject() {
  let places = state.selected === null ? [] : [state.selected];
  if (state.tab === "predict") places = [state.asked];
  if (state.tab === "step") {
    const { kind, node, slot } = current();
    const { inputs } = nodes[node];
    const others = kind === "seed" ? [] : kind === "forward" ? inputs : [inputs[slot]];
    return [...others, node].map((place) => boxFor(place, node));
  }
  return places.map((place) => scene.boxOf[place]);
}

const panels = { step: showStep, explain: showExplanation, predict: showPrediction, nudge: showNudge, update: showUpdate };

function refresh() {
  panels[state.tab]();
  update(shown());
  byId("changed").hidden = state.numbers === recorded;
}

// Lays the picture out anew, and keeps the selection where it can.
function rebuild() {
  build(arrange(state.modes, state.collapsed), true);
  if (state.selected !== null) state.box = scene.boxOf[state.selected].key;
  if (!scene.boxes.some((box) => box.key === state.focus)) state.focus = scene.boxOf[state.selected ?? output.place].key;
  scene.boxes.forEach((box) => box.element.setAttribute("tabindex", box.key === state.focus ? "0" : "-1"));
  fit(LEGIBLE);
  refresh();
}

function setNumbers(numbers) {
  state.numbers = numbers;
}

function reset() {
  Object.assign(state, { numbers: recorded, nudge: null, step: null, losses: null });
  byId("descend").textContent = "One step";
  refresh();
}

// --- selecting, views ---

function select(box) {
  state.box = box.key;
  focusOn(box);
  if (box.kind === "layer") state.selected = null;
  else state.selected = box.node;
  if (box.kind !== "layer" && state.tab === "predict") return ask(box.node);
  if (box.kind === "leaf" && state.tab === "nudge" && !unrecomputable) {
    startNudge(box.node);
    return refresh();
  }
  openTab("explain");
}

// Selects a node that may have no box of its own.
function choose(place) {
  state.selected = place;
  state.box = scene.boxOf[place].key;
  reveal(scene.boxOf[place]);
  openTab("explain");
}

function setView(view) {
  state.view = view;
  state.modes = graph.neurons.map(() => view);
  state.collapsed = new Set();
  rebuild();
  document.body.classList.toggle("above", room(scene).above);
  fit(LEGIBLE);
}

// The most detailed view that is not too large, and can be read as a whole if there is one.
function firstView() {
  if (!graph.neurons.length) return "scalars";
  const views = ["scalars", "sums", "neurons"].slice(nodes.length <= 60 ? 0 : nodes.length <= 300 ? 1 : 2);
  const legible = (view) => {
    const arranged = arrange(graph.neurons.map(() => view), new Set());
    place(arranged);
    return room(arranged).zoom >= LEGIBLE;
  };
  return views.find(legible) ?? views[0];
}

const neuronOf = (box) => {
  if (!box || box.kind === "layer") return null;
  if (box.neuron !== null && box.neuron !== undefined) return box.neuron;
  const found = graph.neurons.findIndex((neuron) =>
    [neuron.output, neuron.total, ...neuron.partialSums, ...neuron.biases].includes(box.node) ||
    neuron.connections.some(([product, weight]) => product === box.node || weight === box.node));
  return found < 0 ? null : found;
};

// A layer opens into its neurons, a neuron into its scalars, and scalars close into their neuron.
function toggle(box) {
  if (box.kind === "layer") {
    state.collapsed.delete(box.layer);
    graph.neurons.forEach((neuron, i) => {
      if (neuron.layer === box.layer) state.modes[i] = "neurons";
    });
    state.selected = graph.neurons.find((neuron) => neuron.layer === box.layer).output;
  } else {
    const place = neuronOf(box);
    if (place === null) return;
    state.modes[place] = state.modes[place] !== "scalars" ? "scalars" : state.view === "sums" ? "sums" : "neurons";
    state.selected = graph.neurons[place].output;
  }
  rebuild();
  focusOn(scene.boxOf[state.selected]);
}

function collapseLayer(layer) {
  state.collapsed.add(layer);
  state.box = `L${layer}`;
  state.selected = null;
  rebuild();
  focusOn(scene.boxes.find((box) => box.key === state.box));
}

function focusOn(box) {
  const before = scene.boxes.find((other) => other.key === state.focus);
  before?.element.setAttribute("tabindex", "-1");
  state.focus = box.key;
  box.element.setAttribute("tabindex", "0");
  box.element.focus({ preventScroll: true });
  reveal(box);
}

// --- tabs ---

const tabs = [...document.querySelectorAll("[role=tab]")];

function openTab(name) {
  if (name !== "step") pause();
  state.tab = name;
  for (const tab of tabs) {
    const chosen = tab.id === `tab-${name}`;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    byId(tab.getAttribute("aria-controls")).hidden = !chosen;
  }
  refresh();
}

// --- playing ---

function go(at) {
  state.at = Math.max(0, Math.min(events().length, at));
  refresh();
  subject().forEach(reveal);
}

function play() {
  if (state.playing) return pause();
  if (state.at === events().length) state.at = 0;
  const tick = () => {
    go(state.at + 1);
    if (state.at === events().length) return pause();
    state.playing = setTimeout(tick, 1000 / Number(byId("speed").value));
  };
  state.playing = setTimeout(tick, 0);
  refresh();
}

function pause() {
  clearTimeout(state.playing);
  state.playing = null;
  if (state.tab === "step") refresh();
}

// --- predicting ---

function ask(place) {
  state.asked = place;
  byId("answer").value = "";
  put("judgement");
  refresh();
  reveal(scene.boxOf[place]);
}

// Leaves to which several paths lead are asked first: they teach the most.
const questions = nodes.filter((node) => node !== output).sort((a, b) => (b.consumers.length > 1) - (a.consumers.length > 1) || !!a.op - !!b.op || a.place - b.place);

function askAnother() {
  const now = questions.findIndex((node) => node.place === state.asked);
  ask(questions.length ? questions[(now + 1) % questions.length].place : output.place);
}

// --- the keyboard ---

function nearest(box, key) {
  const sideways = key === "ArrowLeft" || key === "ArrowRight";
  if (sideways) {
    const next = key === "ArrowLeft" ? box.into.map((edge) => edge.from) : box.from.map((edge) => edge.to);
    return next.sort((a, b) => Math.abs(a.y - box.y) - Math.abs(b.y - box.y))[0];
  }
  const column = scene.boxes.filter((other) => other.rank === box.rank).sort((a, b) => a.y - b.y);
  return column[column.indexOf(box) + (key === "ArrowUp" ? -1 : 1)];
}

function onGraphKey(event) {
  const box = scene.boxes.find((other) => other.key === state.focus);
  if (event.key.startsWith("Arrow")) {
    const next = nearest(box, event.key);
    if (next) focusOn(next);
  } else if (event.key === "Enter" || event.key === " ") select(box);
  else if (event.key === "e" || event.key === "E") toggle(box);
  else return;
  event.preventDefault();
  event.stopPropagation();
}

const zoomKeys = { "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), 0: () => fit() };

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, summary, [role=tab]")) return;
  const playing = { ArrowLeft: () => go(state.at - 1), ArrowRight: () => go(state.at + 1), Home: () => go(0), End: () => go(events().length), " ": play };
  if (event.key === " " && event.target.closest("button")) return;
  const action = zoomKeys[event.key] || (state.tab === "step" && playing[event.key]);
  if (!action) return;
  event.preventDefault();
  action();
}

function onTabKey(event) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!step) return;
  const next = tabs[(tabs.indexOf(event.target) + step + tabs.length) % tabs.length];
  openTab(next.id.slice(4));
  next.focus();
  event.preventDefault();
}

// --- wiring ---

function on(id, event, action) {
  byId(id).addEventListener(event, action);
}

function wire() {
  on("first", "click", () => go(0));
  on("back", "click", () => go(state.at - 1));
  on("next", "click", () => go(state.at + 1));
  on("last", "click", () => go(events().length));
  on("play", "click", play);
  on("slider", "input", () => go(Number(byId("slider").value)));
  on("zoom-in", "click", () => zoom(1.25));
  on("zoom-out", "click", () => zoom(0.8));
  on("zoom-fit", "click", () => fit());
  on("reset", "click", reset);
  on("node", "change", () => choose(Number(byId("node").value)));
  on("asked", "change", () => ask(Number(byId("asked").value)));
  on("another", "click", askAnother);
  on("show-answer", "click", showAnswer);
  on("prediction", "submit", (event) => {
    event.preventDefault();
    judgePrediction();
  });
  on("leaf", "change", () => {
    startNudge(Number(byId("leaf").value));
    refresh();
  });
  on("nudge", "input", () => {
    const { place, start, reach } = state.nudge;
    const data = start.data.slice();
    data[place] += (reach * Number(byId("nudge").value)) / 100;
    Object.assign(state, { step: null, losses: null });
    setNumbers(recompute(data));
    refresh();
  });
  on("descend", "click", () => {
    state.nudge = null;
    descend();
  });
  for (const radio of document.getElementsByName("view")) radio.addEventListener("change", () => setView(radio.value));
  for (const radio of document.getElementsByName("order")) {
    radio.addEventListener("change", () => {
      state.order = radio.value;
      go(events().length);
    });
  }
  for (const tab of tabs) {
    tab.addEventListener("click", () => openTab(tab.id.slice(4)));
    tab.addEventListener("keydown", onTabKey);
  }
  picture.addEventListener("keydown", onGraphKey);
  document.addEventListener("keydown", onKey);
  listenToPointers();
  let size = "";
  new ResizeObserver(() => {
    const { width, height } = picture.getBoundingClientRect();
    if (size && size !== `${width} ${height}`) fit(LEGIBLE);
    size = `${width} ${height}`;
  }).observe(picture);
}

function start() {
  byId("title").textContent = output.name;
  document.title = `The chain rule of ${output.name}`;
  byId("size").textContent = `${many(nodes.length, "node")}${graph.neurons.length ? `, ${many(graph.neurons.length, "neuron")}` : ""}`;
  byId("stale").hidden = !isStale();
  byId("views").hidden = !graph.neurons.length;
  const blank = h("option", "", "choose…");
  blank.value = "";
  options("node", [...nodes].sort(byName), null);
  byId("node").prepend(blank);
  options("asked", [...nodes].sort(byName), null);
  options("leaf", leaves, null);
  state.asked = questions.length ? questions[0].place : output.place;
  if (unrecomputable) {
    for (const part of document.querySelectorAll(".works")) part.hidden = true;
    for (const part of document.querySelectorAll(".cannot")) {
      part.hidden = false;
      part.textContent = `The page cannot recompute ${unrecomputable.name}: the operation ${printable(unrecomputable.op.name)} does something that cannot be written down, such as a call of Python's math or an if. Everything else works.`;
    }
  }
  state.view = firstView();
  for (const radio of document.getElementsByName("view")) {
    radio.checked = radio.value === state.view;
    // A view that a browser would choke on; force=True may have written such a page.
    radio.disabled = !radio.checked && graph.sizes[radio.value] > graph.largest;
  }
  wire();
  setView(state.view);
  openTab("step");
}

start();
