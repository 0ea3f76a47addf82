"use strict";
// How wide a text is, and how a long one is shortened.

const ROW = 16; // the height of a line of text in a box
const PAD = 6;
const RADIUS = 42; // of a neuron
const LONGEST_NAME = 150;

const measure = (() => {
  const context = document.createElement("canvas").getContext("2d");
  const family = getComputedStyle(document.body).fontFamily;
  return (text, size = 12, weight = 400) => {
    context.font = `${weight} ${size}px ${family}`;
    return context.measureText(text).width * 1.03;
  };
})();

function shortened(text, width, size = 12, weight = 400) {
  if (measure(text, size, weight) <= width) return text;
  const letters = [...text];
  let [fits, length] = [0, letters.length];
  while (fits + 1 < length) {
    const middle = (fits + length) >> 1;
    if (measure(letters.slice(0, middle).join("") + "…", size, weight) <= width) fits = middle;
    else length = middle;
  }
  return letters.slice(0, fits).join("") + "…";
}

const NUMBER = measure("-0.08888");
const SIGN = measure("d ");

// A number as text, with fewer digits where all of them would not fit into a box.
function narrow(text) {
  if (!text || text.length <= 8) return text;
  return [3, 2, 1].map((digits) => format(Number(text), digits)).find((short) => short.length <= 8) ?? format(Number(text), 1);
}

// A long path, such as layers.0.neurons.3.bias, in two lines. A number stays with the word before it.
function titleLines(name) {
  const parts = /^[\w[\]]+(\.[\w[\]]+)+$/.test(name) ? name.split(/\.(?=[^\d])/) : [name];
  const whole = [parts.join(".")];
  if (parts.length < 2 || measure(name, 12, 600) <= NUMBER + 30) return whole;
  const ways = parts.slice(1).map((_, i) => [parts.slice(0, i + 1).join("."), parts.slice(i + 1).join(".")]);
  const widest = (lines) => Math.max(...lines.map((line) => line.length));
  return ways.sort((a, b) => widest(a) - widest(b))[0];
}
