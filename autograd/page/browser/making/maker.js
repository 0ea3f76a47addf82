"use strict";
// New graph: typed, an example, or random; and back to the page's own.

const EXAMPLES = {
  "Problem 6: the slope of tanh": "x = 1\ny = tanh(x)",
  "Problem 7: input times weight": "i = 0.5\nw = 2\ny = i*w",
  "Problem 8: a neuron": "i = 0.5\nw = 2\nout = tanh(w*i)",
  "Problem 9: two neurons in a row": "i = 0.5\nw1 = 2\nw2 = 0.5\nh = tanh(w1*i)\nout = tanh(w2*h)",
  "Problem 10: a sum": "a = 1\nb = 2\nc = 3\ny = a + b + c",
  "Problem 11: the error": "out = 0.824\ntarget = 0\nE = (out - target)**2 / 2",
  "Problem 12: two paths": "i = 0.5\nE = (tanh(2*tanh(i) + tanh(i/2)) - 0)**2 / 2",
  "XOR: a network for one row": "x1 = 1\nx2 = 0\nw1 = 2\nw2 = 2\nb1 = -1\nw3 = -2\nw4 = -2\nb2 = 3\nw5 = 2\nw6 = 2\nb3 = -2\nh1 = tanh(w1*x1 + w2*x2 + b1)\nh2 = tanh(w3*x1 + w4*x2 + b2)\nout = tanh(w5*h1 + w6*h2 + b3)\nE = (out - 1)**2 / 2",
  "Softmax and cross-entropy": "a = 2\nb = 1\nc = -1\np = exp(a) / (exp(a) + exp(b) + exp(c))\nloss = -log(p)",
  "A recurrent network": "x1 = 1\nx2 = 0.5\nx3 = -1\nu = 0.5\nw = 0.9\nh1 = tanh(u*x1)\nh2 = tanh(u*x2 + w*h1)\nh3 = tanh(u*x3 + w*h2)\nE = (h3 - 0.5)**2 / 2",
  "A convolution": "x1 = 1\nx2 = 0\nx3 = 2\nx4 = -1\nk1 = 0.5\nk2 = -1\ny1 = tanh(k1*x1 + k2*x2)\ny2 = tanh(k1*x2 + k2*x3)\ny3 = tanh(k1*x3 + k2*x4)\ny = y1 + y2 + y3",
};

let ownGraph = null; // the graph that the page was written with
let typed = { exported: null, text: null }; // the last graph that came from a text

// The text of the open graph, or null if it is one that Python exported.
const currentExpression = () => (graph === typed.exported ? typed.text : null);

whenOpened.push(() => (byId("own-graph").hidden = currentExpression() === null));

// Opens the graph of a text. A fault is shown below the text, with the character it is about; then the answer is false.
function openExpression(text) {
  byId("expression").value = text;
  try {
    const { exported, notes } = graphOf(text);
    typed = { exported, text };
    openGraph(exported);
    put("expression-says", ...notes.map((note) => h("p", "quiet", note)));
    return true;
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    put("expression-says", ...pointedAt(text, fault));
    return false;
  }
}

function openOwnGraph() {
  put("expression-says");
  openGraph(ownGraph);
}

function openRandom(step) {
  const seed = byId("seed");
  try {
    if (step) seed.value = Math.min(wholeNumber("seed", 0), 999998) + step;
    openExpression(randomExpression(wholeNumber("seed", 0), byId("difficulty").value));
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    put("expression-says", h("p", "wrong-text", fault.message));
  }
}

function showMaker(isOpen) {
  byId("maker").hidden = !isOpen;
  byId("new-graph").setAttribute("aria-expanded", String(isOpen));
  if (isOpen && !byId("expression").value) byId("expression").value = EXAMPLES["Problem 12: two paths"];
  byId(isOpen ? "expression" : "new-graph").focus();
}

function wireMaker() {
  let typing = null;
  put("example", ...["choose…", ...Object.keys(EXAMPLES)].map((name) => h("option", "", name)));
  byId("example").firstChild.value = "";
  put("functions", `${functionNames().join(", ")}.`);
  on("new-graph", "click", () => showMaker(byId("maker").hidden));
  on("close-maker", "click", () => showMaker(false));
  on("draw-graph", "click", () => {
    clearTimeout(typing); // or it would open the graph again, and undo the reader's first steps
    openExpression(byId("expression").value);
  });
  on("expression", "input", () => {
    clearTimeout(typing);
    if (byId("expression-says").querySelector(".wrong-text")) put("expression-says"); // it was about the old text
    typing = setTimeout(() => openExpression(byId("expression").value), 500);
  });
  on("example", "change", () => byId("example").value && openExpression(EXAMPLES[byId("example").value]));
  on("random-graph", "click", () => openRandom(0));
  on("next-random", "click", () => openRandom(1));
  on("difficulty", "change", () => openRandom(0));
  on("own-graph", "click", openOwnGraph);
  on("maker", "keydown", (event) => event.key === "Escape" && showMaker(false));
}
