"use strict";
// The state of the page: showing it, selecting boxes, choosing views.

const state = {};

// As it is when a graph is opened.
function freshState() {
  return {
    numbers: recorded,
    tab: "step",
    view: "scalars",
    arrows: "weights", // what the arrows of neurons carry, or "gradients"
    modes: [], // of each neuron
    collapsed: new Set(), // layers
    order: "topological",
    at: 0, // how many events are done
    playing: null, // the timer
    box: null, // the key of the selected box
    selected: null, // the place of the selected node
    path: null, // which of its paths is lit alone
    focus: null, // the key of the box that the keyboard is at
    nudge: null,
    parameters: defaultParameters(),
    step: null, // the last step of gradient descent
    losses: null,
  };
}

whenOpened.push(() => {
  clearTimeout(state.playing);
  Object.assign(state, freshState());
});

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
  if (tab === "explain" && state.selected !== null) Object.assign(all, shownPaths(state.selected));
  if (tab === "practise") return shownPractice(all);
  if (tab === "nudge" && state.nudge) Object.assign(all, { lit: onPaths(state.nudge.place), flow: flowOfNudge() });
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
    // A gradient that stays within one box passes along the arrow that stands for the product.
    const within = scene.boxOf[node] === boxFor(input, node) ? [node, input] : [];
    for (const place of within.filter((each) => products.has(each))) edgesOf(place).forEach((edge) => all.active.edges.add(edge));
  }
  if (state.order === "naive" && state.at === list.length) all.wrong = new Set(wrongNodes().map((node) => node.place));
  return all;
}

// The last event; before the first step, the event to come.
const current = () => events()[Math.max(state.at, 1) - 1];

// The boxes of the current step or question, the most important last.
function subject() {
  let places = state.selected === null ? [] : [state.selected];
  if (state.tab === "practise") places = practised();
  if (state.tab === "nudge" && state.nudge) places = [output.place, state.nudge.place];
  if (state.tab === "step") {
    const { kind, node, slot } = current();
    const { inputs } = nodes[node];
    const others = kind === "seed" ? [] : kind === "forward" ? inputs : [inputs[slot]];
    return [...others, node].map((place) => boxFor(place, node));
  }
  return places.map((place) => scene.boxOf[place]);
}

const panels = { step: showStep, explain: showExplanation, practise: showPractice, nudge: showNudge, update: showUpdate };

function refresh() {
  panels[state.tab]();
  update(shown());
  showFormula(placesOfLesson());
  put("chosen", ...chosen());
  byId("changed").hidden = state.numbers === recorded;
  followAddress();
}

const isStepping = () => state.tab === "step" && state.at > 0 && state.at < events().length;

// What Step says about the selected node: only what the steps so far have shown.
function chosen() {
  if (!isStepping() || state.selected === null) return [];
  const node = nodes[state.selected];
  const { valued, grads } = stateAfter(events(), state.at, state.numbers);
  const known = valued[node.place] ? `${node.name} = ${format(state.numbers.data[node.place])}` : `${node.name} has no value yet`;
  const gradient = grads[node.place] ? [", ", derivative(`${gradientName(node)} = ${format(grads[node.place])}`), " so far"] : [];
  return [h("p", "", known, ...gradient, ". ", button(`Explain ${node.name} now`, () => openTab("explain"), "link"))];
}

// Opens the explanation of what was selected, but not in the middle of the steps, because it would
// give away those to come.
const showSelected = () => openTab(isStepping() ? "step" : "explain");

// Lays the picture out anew, and keeps the selection if possible; and the place of the lessons, if told to.
function rebuild(above = document.body.classList.contains("above")) {
  build(arrange(state.modes, state.collapsed), above);
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
  else if (state.selected !== box.node) Object.assign(state, { selected: box.node, path: null });
  if (box.kind !== "layer" && state.tab === "practise" && isAsked(nodes[box.node])) return ask(box.node);
  if (state.tab === "nudge" && leaves.includes(nodes[box.node])) {
    startNudge(box.node);
    return refresh();
  }
  showSelected();
}

// Selects a node, even if it is inside the box of another.
function choose(place) {
  Object.assign(state, { selected: place, path: null });
  state.box = scene.boxOf[place].key;
  reveal(scene.boxOf[place]);
  showSelected();
}

function setView(view) {
  state.view = view;
  state.modes = graph.neurons.map(() => view);
  state.collapsed = new Set();
  rebuild(null);
}

// The most detailed view that is not too large; if possible, one that can be read as a whole.
function firstView() {
  if (!graph.neurons.length) return "scalars";
  const views = ["scalars", "sums", "neurons"].slice(nodes.length <= 60 ? 0 : nodes.length <= 300 ? 1 : 2);
  const legible = (view) => isLegible(arrange(graph.neurons.map(() => view), new Set()));
  return views.find(legible) ?? views[views.length - 1];
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
