"use strict";
// What the reader does: type, choose, let the network write.

// `chosen` is the neuron or letter that is explained; null for the likeliest letter, whichever it is.
const state = { now: compute(""), chosen: null, timer: null };
const text = byId("text");

const mostWritten = 500; // letters, if nobody stops it
const pace = 90; // milliseconds from letter to letter

const isByLikelihood = () => document.querySelector("[name=order]:checked").value === "likely";
const explained = () => state.chosen ?? { layer: lastLayer, neuron: largestFirst(state.now.probabilities, 1)[0] };

function show() {
  const chosen = explained();
  showPlaces(state.now);
  showNeurons(state.now, chosen);
  showLetters(state.now, chosen, isByLikelihood());
  explain(state.now, chosen, choose);
  if (state.chosen) byId("why").append(button("Explain the likeliest letter", () => choose(null), "link"));
}

function read() {
  state.now = compute(text.value);
  show();
}

function choose(which) {
  state.chosen = which;
  const inside = byId("why").contains(document.activeElement);
  show();
  byId("why").scrollTop = 0;
  byId("why").querySelector("table").scrollIntoView({ block: "nearest" }); // on a phone it may be far below
  if (inside) byId("why").focus(); // the link that was clicked is gone
}

function add(letter) {
  text.value += alphabet[letter];
  text.scrollTop = text.scrollHeight;
  read();
}

// --- writing ---

const temperature = () => Number(byId("temperature").value);

function stop() {
  clearInterval(state.timer);
  state.timer = null;
  byId("write").textContent = "Write";
  byId("likeliest").setAttribute("aria-live", "polite");
}

function write() {
  if (state.timer !== null) return stop();
  let left = mostWritten;
  byId("write").textContent = "Stop";
  byId("likeliest").setAttribute("aria-live", "off"); // nobody listens as fast as it writes
  state.timer = setInterval(() => {
    add(drawn(state.now.probabilities, temperature()));
    if (--left === 0) stop();
  }, pace);
}

function showTemperature() {
  const t = temperature();
  byId("temperature-now").textContent = `Temperature ${t.toFixed(1)}: ${t < 1 ? "prefers likely letters" : t > 1 ? "gives unlikely letters a chance" : "writes as it predicts"}`;
}

// --- the start ---

document.body.classList.remove("asleep");
byId("about").textContent = `${many(network.weights, "weight")}${network.source ? `, learned from ${network.source}` : ""}. All of it is in this page.`;
text.value = network.start;
drawPlaces();
drawNeurons(choose);
drawLetters(choose, (letter) => (stop(), add(letter)));
text.addEventListener("input", () => (stop(), read()));
byId("write").addEventListener("click", write);
byId("temperature").addEventListener("input", showTemperature);
byId("orders").addEventListener("change", show);
showTemperature();
read();
