"use strict";
// The network from left to right: the letters that it reads, its neurons, the letters that it expects.

const mostShown = 1024; // neurons of a layer; more would be a picture of nothing
const nearest = 48; // letters of a long context
const firstShown = Math.max(0, network.context - nearest);
const back = (place) => network.context - place; // how far before the next letter

function percent(p) {
  if (p < 0.0005 || p >= 0.9995) return p < 0.5 ? "<0.1 %" : ">99.9 %";
  return `${(100 * p).toFixed(p < 0.0995 || p > 0.9945 ? 1 : 0)} %`;
}

const layerName = (layer) => (lastLayer > 1 ? `layer ${layer + 1}` : "");
const neuronName = (layer, neuron) => `neuron ${neuron}${lastLayer > 1 ? ` of ${layerName(layer)}` : ""}`;

const picture = { places: [], neurons: [], rows: [] };

// --- what it reads ---

function drawPlaces() {
  const kind = network.embedded ? `Each letter is ${many(width, "learned number")}.` : `Each letter is ${width} numbers: ${Math.max(...embedding)} at its place, 0 elsewhere.`;
  byId("reads-title").textContent = network.context === 1 ? "Reads 1 letter" : `Reads ${network.context} letters`;
  byId("reads-hint").textContent = firstShown ? `${kind} The nearest ${nearest} are shown.` : kind;
  for (let place = firstShown; place < network.context; place++) {
    const letter = h("b", "letter");
    const strip = h("span", "strip", ...Array.from({ length: width }, () => h("i", "cell")));
    strip.setAttribute("aria-hidden", "true");
    picture.places.push({ place, letter, cells: [...strip.children] });
    byId("places").append(h("div", "place", letter, strip));
  }
}

const largestEmbedded = largestOf([...embedding]);

function showPlaces({ context }) {
  for (const { place, letter, cells } of picture.places) {
    letter.textContent = shownLetter(context[place]);
    letter.title = `${spoken(context[place])}, ${back(place)} back`;
    cells.forEach((each, k) => tint(each, embedded[context[place]][k], largestEmbedded));
  }
}

// --- its neurons ---

function drawNeurons(choose) {
  byId("thinks").hidden = lastLayer === 0;
  for (let layer = 0; layer < lastLayer; layer++) {
    const { nout, activation } = layers[layer];
    const count = Math.min(nout, mostShown);
    const grid = h("div", "neurons");
    const columns = Math.min(32, Math.ceil(Math.sqrt(count)));
    grid.style.setProperty("--columns", columns);
    grid.setAttribute("role", "group");
    grid.setAttribute("aria-label", `Neurons${lastLayer > 1 ? ` of ${layerName(layer)}` : ""}`);
    const neurons = Array.from({ length: count }, (_, neuron) => {
      const element = button("", () => choose({ layer, neuron }), "cell neuron");
      element.addEventListener("focus", () => element.matches(":focus-visible") && choose({ layer, neuron }));
      element.tabIndex = neuron ? -1 : 0;
      return element;
    });
    grid.append(...neurons);
    moveByArrows(grid, () => ({ ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }));
    picture.neurons.push(neurons);
    const title = `${many(nout, "neuron")}, ${activation}${lastLayer > 1 ? `, ${layerName(layer)}` : ""}`;
    const hint = h("p", "hint", count < nout ? `The first ${count.toLocaleString("en")} are shown. Click one to see why.` : "The stronger the colour, the more active. Click one to see why.");
    byId("layers").append(h("h2", "", title), hint, grid);
  }
}

function showNeurons(now, chosen) {
  picture.neurons.forEach((neurons, layer) => {
    const { outputs } = now.layers[layer];
    const largest = largestOf(outputs);
    neurons.forEach((element, neuron) => {
      tint(element, outputs[neuron], largest);
      element.setAttribute("aria-label", `${neuronName(layer, neuron)}: ${format(outputs[neuron])}`);
      element.setAttribute("aria-pressed", String(chosen.layer === layer && chosen.neuron === neuron));
    });
  });
}

// --- what it expects ---

// A row for each rank, filled anew as the letters change places: so the likeliest stays under the
// pointer, and under the keyboard's focus.
function drawLetters(choose, add) {
  const rows = alphabet.map((_, rank) => {
    const row = { name: button("", () => choose({ layer: lastLayer, neuron: row.letter }), "name"), bar: h("i", "share"), share: h("span", "percent") };
    row.write = button("", () => add(row.letter), "write");
    row.write.append(row.bar, row.share);
    row.name.tabIndex = rank ? -1 : 0;
    row.write.tabIndex = -1;
    byId("letters").append(row.name, row.write);
    return row;
  });
  picture.rows = rows;
  moveByArrows(byId("letters"), (at) => ({ ArrowUp: -2, ArrowDown: 2, ...(at.className === "name" ? { ArrowRight: 1 } : { ArrowLeft: -1 }) }));
}

function showLetters({ probabilities }, chosen, byLikelihood) {
  const order = byLikelihood ? largestFirst(probabilities) : alphabet.map((_, letter) => letter);
  const most = Math.max(...probabilities);
  order.forEach((letter, rank) => {
    const row = picture.rows[rank];
    row.letter = letter;
    row.name.textContent = shownLetter(letter);
    row.name.setAttribute("aria-label", `Why ${spoken(letter)}?`);
    row.name.setAttribute("aria-pressed", String(chosen.layer === lastLayer && chosen.neuron === letter));
    row.write.setAttribute("aria-label", `Write ${spoken(letter)}, ${percent(probabilities[letter])}`);
    row.bar.style.width = `${(100 * probabilities[letter]) / most}%`;
    row.share.textContent = percent(probabilities[letter]);
  });
  const best = largestFirst(probabilities, 3).map((letter) => `${spoken(letter)} ${percent(probabilities[letter])}`);
  byId("likeliest").textContent = `Likeliest: ${best.join(", ")}.`;
}
