"use strict";
// Why a neuron is as active as it is, and why a letter is as likely as it is.

// `choose` shows the explanation of another one.
function explain(now, { layer, neuron }, choose) {
  const isLetter = layer === lastLayer;
  const { sums, outputs } = now.layers[layer];
  const parts = [h("h2", "", isLetter ? `Why ${spoken(neuron)}? ${percent(now.probabilities[neuron])}` : `${neuronName(layer, neuron).replace("n", "N")}: ${written(outputs[neuron])}`)];
  parts.push(h("p", "", leading(layer, isLetter)), reasons(now, layer, neuron, choose));
  parts.push(...activated(layers[layer].activation, sums[neuron], outputs[neuron], isLetter ? "output" : "activation"));
  if (isLetter) parts.push(...shares(now, neuron));
  parts.push(...(layer === 0 ? sought(now, neuron) : []));
  if (!isLetter) parts.push(...pushed(now, layer, neuron, choose));
  byId("why").replaceChildren(...parts);
}

const leading = (layer, isLetter) =>
  `${isLetter ? "Its output" : "Its activation"} comes from a sum. ${layer ? `Each neuron ${lastLayer > 1 ? `of ${layerName(layer - 1)}` : "before it"} adds its activation × its weight` : "Each letter adds its numbers × the weights of its place"}.`;

function reasons(now, layer, neuron, choose) {
  const terms = termsOf(now, layer, neuron).map((term) => ({ value: term.value, words: () => layer ? fromNeuron(layer - 1, term, choose) : [h("b", "letter", shownLetter(term.letter)), ` ${back(term.place)} back`] }));
  return sumTable(terms, layers[layer].bias[neuron], now.layers[layer].sums[neuron], { noun: layer ? "neuron" : "letter", total: "sum" });
}

function fromNeuron(layer, { input, output, weight: w }, choose) {
  return [button(`neuron ${input}`, () => choose({ layer, neuron: input }), "link"), h("span", "quiet factors", ` ${written(output)} × ${w < 0 ? `(${written(w)})` : written(w)}`)];
}

function activated(activation, sum, output, name) {
  const { formula } = activations[activation];
  return formula ? [h("p", "formula", `${name} = ${activation}(sum) = ${formula(written(sum))} = ${written(output)}`)] : [];
}

// --- a letter ---

function shares(now, letter) {
  const { scaled, shift, powers, total, probabilities } = now;
  const t = network.temperature === 1 ? "" : ` / ${format(network.temperature)}`;
  const output = layers[lastLayer].activation === "linear" ? "sum" : "output";
  const exponent = shift ? `${output}${t} − ${written(shift)}` : `${output}${t}`;
  return [
    h("h3", "", "From outputs to probabilities: softmax"),
    h("p", "", `Each letter gets exp of its ${output}${t ? ", divided by the temperature" : ""}${shift ? ", less the largest exponent" : ""}. Its share of the total is its probability.`),
    h("p", "formula", `exp(${exponent}) = exp(${written(scaled[letter] - shift)}) = ${format(powers[letter])}`),
    h("p", "formula", `all ${alphabet.length} letters together: ${format(total)}`),
    h("p", "formula", `${format(powers[letter])} / ${format(total)} = ${format(100 * probabilities[letter])} %`),
  ];
}

// --- what a neuron of the first layer looks for ---

function sought(now, neuron) {
  const places = Array.from({ length: network.context }, (_, place) => place);
  const pulls = places.map((place) => alphabet.map((_, letter) => pull(neuron, place, letter)));
  const all = pulls.flat();
  const name = (at) => h("span", "", h("b", "letter", shownLetter(at % alphabet.length)), ` ${back(Math.floor(at / alphabet.length))} back`);
  const rows = places.slice(firstShown).map((place) => h("div", "map-row", h("span", "far", String(back(place))), ...pulls[place].map((value, letter) => {
    const each = cell(value, largestOf(all));
    each.classList.toggle("read", now.context[place] === letter);
    return each;
  })));
  const map = h("div", "map", ...rows, letterRow());
  map.setAttribute("role", "img");
  map.setAttribute("aria-label", "What each letter at each place adds");
  return [
    h("h3", "", "What it looks for: each letter at each place"), map,
    h("p", "hint", "Blue excites, orange inhibits. Framed: what it reads now. The numbers on the left say how many letters back."),
    sentence("Most excited by", strongest(all, name, 1)), sentence("Most inhibited by", strongest(all, name, -1)),
  ];
}

const letterRow = () => h("div", "map-row", h("span", "far"), ...alphabet.map((_, letter) => h("span", "letter", shownLetter(letter))));

// --- what a hidden neuron does ---

function pushed(now, layer, neuron, choose) {
  const next = layer + 1;
  const weights = Array.from({ length: layers[next].nout }, (_, to) => weight(next, to, neuron));
  const output = now.layers[layer].outputs[neuron];
  const isLast = next === lastLayer;
  const name = (to) => isLast ? button(shownLetter(to), () => choose({ layer: next, neuron: to }), "link letter") : button(`neuron ${to}`, () => choose({ layer: next, neuron: to }), "link");
  const strip = h("div", "map", h("div", "map-row", h("span", "far"), ...weights.map((w) => cell(w, largestOf(weights)))), letterRow());
  strip.setAttribute("role", "img");
  strip.setAttribute("aria-label", "Its weight to each letter that may follow");
  return [
    h("h3", "", isLast ? "What it does: its weight to each next letter" : `What it does: its weights to ${layerName(next)}`),
    ...(isLast ? [strip] : []),
    sentence("Pushes up", strongest(weights, name, 1)), sentence("Pushes down", strongest(weights, name, -1)),
    h("p", "hint", output ? `Each is multiplied by its activation, now ${written(output)}.` : "Its activation is 0 now, so it adds nothing."),
  ];
}
