"use strict";
// Tabs, playing, and what every control does.

// --- tabs ---

const tabs = [...document.querySelectorAll("[role=tab]")];

// What is prepared before a tab opens: each gets the tab's name.
const beforeTab = [];

function openTab(name) {
  for (const prepare of beforeTab) prepare(name);
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
  wirePractice();
  wireMaker();
  on("leaf", "change", () => {
    startNudge(Number(byId("leaf").value));
    refresh();
  });
  on("nudge", "input", () => nudgeBy((state.nudge.reach * Number(byId("nudge").value)) / 100));
  on("delta", "input", typeDelta);
  on("delta", "change", () => (byId("delta").value = format(state.nudge.delta)));
  on("halve", "click", () => nudgeBy(state.nudge.delta / 2));
  on("travel", "click", watchTravel);
  on("descend", "click", () => {
    state.nudge = null;
    descend();
  });
  for (const radio of document.getElementsByName("view")) radio.addEventListener("change", () => setView(radio.value));
  for (const radio of document.getElementsByName("arrows")) {
    radio.addEventListener("change", () => {
      state.arrows = radio.value;
      refresh();
    });
  }
  on("formula", "scroll", fadeFormula);
  on("save-svg", "click", saveSvg);
  on("save-png", "click", savePng);
  for (const radio of document.getElementsByName("order")) {
    radio.addEventListener("change", () => {
      // The orders differ in the backward pass. Its end shows to those only who have been there.
      const hasEnded = state.at === events().length;
      state.order = radio.value;
      go(hasEnded ? events().length : 1 + events().findIndex(({ kind }) => kind === "seed"));
    });
  }
  for (const tab of tabs) {
    tab.addEventListener("click", () => {
      openTab(tab.id.slice(4));
      if (state.tab === "practise") subject().forEach(reveal);
    });
    tab.addEventListener("keydown", onTabKey);
  }
  listenToKeys();
  addEventListener("hashchange", () => {
    openOwnGraph();
    openAddress();
  });
  listenToPointers();
  byId("legend").open = innerWidth > PHONE;
  listenToSize();
}

// What the page says about the graph, and its lists of nodes.
whenOpened.push(() => {
  byId("title").textContent = output.name;
  document.title = `The chain rule of ${output.name}`;
  byId("size").textContent = `${many(nodes.length, "node")}${graph.neurons.length ? `, ${many(graph.neurons.length, "neuron")}` : ""}`;
  byId("stale").hidden = !isStale();
  byId("views").hidden = !graph.neurons.length;
  const view = firstView();
  state.firstView = view;
  for (const radio of document.getElementsByName("view")) {
    radio.checked = radio.value === view;
    // A view too large for a browser, on a page that force=True wrote.
    radio.disabled = !radio.checked && graph.sizes[radio.value] > graph.largest;
  }
  setView(view);
  openTab("step");
  // The lists come last: with a thousand entries each, they make every look at the room slow.
  const blank = h("option", "", "choose…");
  blank.value = "";
  options("node", [...nodes].sort(byName), null);
  byId("node").prepend(blank);
  options("asked", [...questions].sort(byName), null);
  options("leaf", leaves, null);
});

document.body.classList.remove("asleep");
wire();
ownGraph = JSON.parse(byId("graph").textContent);
openGraph(ownGraph);
openAddress();
