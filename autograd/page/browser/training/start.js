"use strict";
// The Learn tab: playing, its controls, and the graph of a row.

const graphOfPage = graph; // of the loss of one row, with the numbers of Python
const learning = {
  training: JSON.parse(byId("training").textContent),
  learner: null,
  names: null, // of inputs, targets, outputs, parameters and the loss
  row: 0, // the chosen row
  parameter: 0, // the chosen parameter
  playing: null, // the timer
  shownAt: 0,
  showing: 0, // how long it takes to show a step, in milliseconds
  opened: "", // which row and step the graph is of
  scale: null,
  spans: null, // the part of the plane that the map shows
  points: [],
  batchField: null, // the control of how many rows a step takes
  axes: null,
  dragged: null,
  drawn: null, // what the points were drawn from
  surface: null,
  network: false, // whether the graph is shown instead of the map
};

function namesOf({ inputs, targets, outputs, parameters }) {
  const of = (places, letter) => places.map((place, i) => (place < 0 ? `${letter}[${i}]` : nodes[place].name));
  return { inputs: of(inputs, "x"), targets: of(targets, "t"), outputs: of(outputs, "y"), parameters: of(parameters, "p"), loss: output.name };
}

// --- steps ---

// Does something that may take steps; a loss that is not finite ends it, and is said.
function trying(action) {
  sayTrouble("");
  try {
    action();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    stopLearning();
    sayTrouble(error.message);
  }
  showLearning();
}

function stopLearning() {
  clearTimeout(learning.playing);
  learning.playing = null;
}

// At full speed, two thirds of the time are for steps, and one third for showing them.
function playLearning() {
  if (learning.playing) {
    stopLearning();
    return showLearning();
  }
  const perSecond = Number(byId("learn-speed").value);
  const tick = () => {
    learning.playing = setTimeout(tick, perSecond && 1000 / perSecond);
    const start = performance.now();
    trying(() => {
      do learning.learner.advance(1);
      while (!perSecond && performance.now() < start + Math.max(8, 2 * learning.showing));
    });
  };
  learning.shownAt = 0;
  tick();
}

function takeSteps(count) {
  const { learner } = learning;
  stopLearning();
  trying(() => (count > 0 ? learner.advance(count) : learner.goTo(Math.max(0, learner.now.step + count))));
}

// --- the graph of the chosen row ---

// By place: the parameters of now, and the numbers of a row.
function numbersOfLeaves(row) {
  const { now } = learning.learner;
  const { inputs, targets, parameters } = learning.training;
  const leaves = new Map(parameters.map((place, k) => [place, now.theta[k]]));
  [...inputs, ...targets].forEach((place, column) => place >= 0 && leaves.set(place, now.rows[row][column]));
  return leaves;
}

// The exported graph with the numbers of this row and step.
function graphOfRow(row) {
  const leaves = numbersOfLeaves(row);
  const data = [];
  const entries = graphOfPage.nodes.map((entry, place) => {
    const { grad, now: _, ...kept } = entry;
    if (entry.op === undefined) {
      data[place] = leaves.has(place) ? leaves.get(place) : numberOf(entry.data);
      return { ...kept, data: data[place] };
    }
    const { forward, rule } = graphOfPage.ops[entry.op];
    const xs = entry.inputs.map((input) => data[input]);
    [data[place]] = run(forward, xs);
    return { ...kept, data: data[place], partials: run(rule, [...xs, data[place]]) };
  });
  return { ...graphOfPage, nodes: entries };
}

// Before another tab opens, its graph becomes that of the chosen row at this step.
beforeTab.push((name) => {
  if (name === "learn") return shareRoom();
  stopLearning();
  const { learner, row } = learning;
  showMap(false);
  const numbers = [...numbersOfLeaves(row).values()].join();
  if (learning.opened === numbers) {
    if (state.tab !== "learn") return;
    sayWhatIsOpen();
    return shareRoom();
  }
  learning.opened = numbers;
  openGraph(graphOfRow(row));
  sayWhatIsOpen();
});

// The Learn tab stands beside what it shows. Once the tab is open, the picture is laid out anew.
function shareRoom() {
  queueMicrotask(() => rebuild(null));
}

// What the page is about, above the picture.
function sayWhatIsOpen(tab = "") {
  const { learner, row, names } = learning;
  const { rows, step } = learner.now;
  const learns = tab === "learn";
  const where = `${isRowless() ? "" : `row ${row + 1} of ${rows.length}, `}after ${many(step, "step")}`;
  document.body.classList.toggle("learning", learns);
  byId("heading").textContent = learns ? "Learning:" : "The chain rule of";
  byId("title").textContent = learns ? `${many(names.parameters.length, "parameter")}${isRowless() ? "" : `, ${many(rows.length, "row")}`}` : names.loss;
  byId("size").textContent = learns ? "" : where;
  document.title = learns ? `Learning: ${byId("title").textContent}` : `The chain rule of ${names.loss}, ${where}`;
}

// Whether the loss depends on parameters alone.
const isRowless = () => [...learning.training.inputs, ...learning.training.targets].every((place) => place < 0);

// --- the keyboard ---

function onLearnKey(event) {
  const { key, target } = event;
  if (state.tab !== "learn" || event.ctrlKey || event.metaKey || event.altKey || target.closest("input, select, textarea, summary, [role=tab], .point")) return;
  const action = { " ": playLearning, ArrowRight: () => takeSteps(1), ArrowLeft: () => takeSteps(-1) }[key];
  if (!action || (key === " " && target.closest("button"))) return;
  event.preventDefault();
  action();
}

// --- wiring ---

function wireLearning() {
  on("learn-play", "click", playLearning);
  on("learn-back", "click", () => takeSteps(-1));
  for (const count of [1, 10, 100]) on(`learn-${count}`, "click", () => takeSteps(count));
  on("learn-slider", "input", () => {
    stopLearning();
    trying(() => learning.learner.goTo(Number(byId("learn-slider").value)));
  });
  on("learn-start", "click", () => {
    stopLearning();
    trying(() => learning.learner.backToTheStart());
  });
  on("learn-restart", "submit", (event) => {
    event.preventDefault();
    stopLearning();
    const seed = Number(byId("learn-seed").value.trim());
    if (!/^\d{1,15}$/.test(byId("learn-seed").value.trim())) return sayTrouble("A seed is a whole number, such as 7.");
    trying(() => learning.learner.drawAgain(seed));
  });
  on("learn-row", "change", () => chooseRow(Number(byId("learn-row").value)));
  on("learn-open", "click", () => openTab("step"));
  on("learn-delete", "click", () => deleteRow(learning.row));
  on("learn-parameter", "change", () => {
    learning.parameter = Number(byId("learn-parameter").value);
    showLearning();
  });
  on("learn-network", "change", () => {
    learning.network = byId("learn-network").checked;
    if (learning.network) rebuild(null);
    showLearning();
  });
  document.addEventListener("keydown", onLearnKey);
  on("csv-use", "click", useCsv);
  listenToTheMap();
  listenToDrops();
}

// --- the address ---

const MOST_REPEATED = 2000; // steps that an address may ask for; they are taken while the page opens

// What a page learns follows from the number of steps, unless the reader has changed something.
const learningInAddress = {
  learned: {
    said: () => (learning.learner.altered || !learning.learner.now.step || learning.learner.now.step > MOST_REPEATED ? null : String(learning.learner.now.step)),
    open(text) {
      if (!/^\d{1,4}$/.test(text) || Number(text) > MOST_REPEATED) return false;
      trying(() => learning.learner.goTo(Number(text)));
      return true;
    },
  },
  row: {
    said: () => (learning.learner.altered || !learning.row ? null : String(learning.row + 1)),
    open(text) {
      if (!/^\d{1,6}$/.test(text) || !learning.learner.now.rows[text - 1]) return false;
      chooseRow(text - 1);
      return true;
    },
  },
};

function startLearning() {
  const tab = byId("tab-learn");
  byId("tabs").prepend(tab);
  tabs.unshift(tab);
  tab.addEventListener("click", () => openTab("learn"));
  tab.addEventListener("keydown", onTabKey);
  byId("stage").append(byId("map"));
  byId("side").append(byId("panel-learn"));
  panels.learn = showLearn;
  learning.names = namesOf(learning.training);
  learning.scale = targetScale();
  learning.learner = new Learner(graphOfPage, learning.training);
  put("learn-parameter", ...learning.names.parameters.map((name, i) => new Option(name, i)));
  byId("csv-shape").textContent = csvShape();
  makeSettings();
  wireLearning();
  byId("learn-network-label").hidden = !mapKind();
  for (const id of ["learn-row", "learn-delete", "learn-csv"]) byId(id).hidden = isRowless();
  if (isRowless()) byId("learn-of-row").textContent = "The loss";
  chooseSpans();
  describeMap();
  firstTab = "learn";
  addressParts = { ...learningInAddress, ...addressParts }; // learning comes before a step through its graph
  openAddress();
}

startLearning();
