"use strict";
// Controls: tabs, playing, predicting, the keyboard.

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

// Leaves with several paths come first, because they teach the most.
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
  state.view = firstView();
  for (const radio of document.getElementsByName("view")) {
    radio.checked = radio.value === state.view;
    // A view too large for a browser, on a page that force=True wrote.
    radio.disabled = !radio.checked && graph.sizes[radio.value] > graph.largest;
  }
  wire();
  setView(state.view);
  openTab("step");
}

start();
