"use strict";
// The network: its weights, and what it computes from a text. The numbers are those of Python's Predictor.

const network = JSON.parse(byId("network").textContent);
const alphabet = [...network.alphabet];

function weightsOf(encoded) {
  const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
  return new Float32Array(bytes.buffer);
}

// Each layer is {nin, nout, weights, bias, activation}; neuron j has the weights from j * nin on.
const layers = network.layers.map((layer) => ({ ...layer, weights: weightsOf(layer.weights), bias: weightsOf(layer.bias) }));
const lastLayer = layers.length - 1;

// The numbers that stand for each letter, wherever it is in the context.
const width = network.width;
const embedding = weightsOf(network.embedding);
const embedded = alphabet.map((_, letter) => embedding.subarray(letter * width, (letter + 1) * width));

const activations = {
  linear: { of: (z) => z, formula: null },
  relu: { of: (z) => (z > 0 ? z : 0), formula: (z) => `max(0, ${z})` },
  tanh: { of: Math.tanh, formula: (z) => `tanh(${z})` },
  sigmoid: { of: (z) => 1 / (1 + Math.exp(-z)), formula: (z) => `1 / (1 + exp(${z.startsWith("−") ? z.slice(1) : `−${z}`}))` },
};

// The letters that the network reads, as places in the alphabet. Spaces stand before a short text.
function contextOf(text) {
  const places = [...text].slice(-network.context).map((character) => network.places[character] ?? network.other);
  return [...Array(network.context - places.length).fill(network.filler), ...places];
}

function outputsOf({ nin, nout, weights, bias, activation }, inputs) {
  const sums = Array.from({ length: nout }, (_, neuron) => {
    let sum = 0;
    for (let input = 0, at = neuron * nin; input < nin; input++) sum += weights[at++] * inputs[input];
    return sum + bias[neuron];
  });
  return { sums, outputs: sums.map(activations[activation].of) };
}

// All that the network computes: its context, the sums and outputs of every layer, the probabilities.
function compute(text) {
  const context = contextOf(text);
  const passed = [];
  let inputs = context.flatMap((letter) => [...embedded[letter]]);
  for (const layer of layers) {
    passed.push({ inputs, ...outputsOf(layer, inputs) });
    inputs = passed.at(-1).outputs;
  }
  return { context, layers: passed, ...softmax(inputs) };
}

// e^(output / temperature) of each letter, and its share in their sum. Where that would overflow or
// vanish, all are divided by the largest.
function softmax(outputs) {
  const scaled = outputs.map((output) => output / network.temperature);
  const largest = Math.max(...scaled);
  const shift = Math.abs(largest) > 300 ? largest : 0;
  const powers = scaled.map((each) => Math.exp(each - shift));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return { scaled, shift, powers, total, probabilities: powers.map((power) => power / total) };
}

// --- why ---

// What a letter at a place adds to the sum of a neuron in the first layer.
function pull(neuron, place, letter) {
  const { nin, weights } = layers[0];
  const at = neuron * nin + place * width;
  return embedded[letter].reduce((sum, number, k) => sum + weights[at + k] * number, 0);
}

const weight = (layer, neuron, input) => layers[layer].weights[neuron * layers[layer].nin + input];

// The terms that add up, with the bias, to the sum of a neuron: letters at places in the first layer,
// neurons after it.
function termsOf(now, layer, neuron) {
  if (layer === 0) return now.context.map((letter, place) => ({ place, letter, value: pull(neuron, place, letter) }));
  return now.layers[layer].inputs.map((output, input) => {
    const w = weight(layer, neuron, input);
    return { input, output, weight: w, value: w * output };
  });
}

// The next letter, drawn in proportion to probability^(1 / temperature).
function drawn(probabilities, temperature) {
  const most = Math.max(...probabilities); // prevents underflow at low temperatures
  const shares = probabilities.map((p) => (p / most) ** (1 / temperature));
  let left = Math.random() * shares.reduce((sum, share) => sum + share, 0);
  const found = shares.findIndex((share) => (left -= share) < 0);
  return found < 0 ? shares.indexOf(Math.max(...shares)) : found;
}
