"use strict";
// Random graphs, as text: the same seed gives the same one in every browser.

// Numbers from 0 to 1, in whole-number arithmetic alone (mulberry32).
function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

// Forms of one line each: x and y stand for nodes above.
const DIFFICULTIES = {
  easy: { leaves: 2, lines: 1, forks: 0, forms: ["x + y", "x - y", "x*y", "x**2", "2*x", "x*y + x"] },
  medium: { leaves: 2, lines: 2, forks: 1, forms: ["x + y", "x*y", "x - y", "tanh(x)", "x**2", "sigmoid(x)", "tanh(x*y)", "relu(x + y)", "x*y + y"] },
  hard: { leaves: 3, lines: 3, forks: 2, forms: ["x*y", "x - y", "tanh(x + y)", "x/y", "exp(x)", "log(x**2 + 1)", "sin(x)", "x*sigmoid(y)", "sqrt(x**2 + y**2)", "x**3", "maximum(x, y)"] },
};
const NICE = [-3, -2, -1, -0.5, 0.5, 1, 2, 3];

// The lines of a graph, and its numbers such that they can be worked out by hand.
function randomExpression(seed, difficulty) {
  const random = randomFrom(seed * 3 + Object.keys(DIFFICULTIES).indexOf(difficulty));
  for (let attempt = 0; attempt < 500; attempt++) {
    const text = attemptedExpression(random, DIFFICULTIES[difficulty]);
    if (isNice(graphOf(text).exported, difficulty)) return text;
  }
  throw new Error("no graph was nice enough"); // the tests try a thousand seeds
}

function attemptedExpression(random, { leaves: count, lines, forms }) {
  const from = (list) => list[Math.floor(random() * list.length)];
  const unused = ["a", "b", "c"].slice(0, count);
  const text = unused.map((name) => `${name} = ${from(NICE)}`);
  const pool = unused.slice();
  // Prefers what no line has used, so that nothing is left over; then takes anything, which makes forks.
  const take = () => from(unused.length && random() < 0.7 ? unused : pool);
  for (let i = 1; i <= lines; i++) {
    const form = from(forms);
    const x = take();
    const y = form.includes("y") ? from(pool.filter((name) => name !== x)) : "";
    for (const name of [x, y]) if (unused.includes(name)) unused.splice(unused.indexOf(name), 1);
    text.push(`h${i} = ${form.replace(/\b[xy]\b/g, (which) => (which === "x" ? x : y))}`);
    pool.push(`h${i}`);
    unused.push(`h${i}`);
  }
  const end = unused.length > 1 ? unused.join(from([" + ", "*", " - "])) : `${unused[0]}*${from(pool.filter((name) => name !== unused[0]))}`;
  return [...text, `E = ${random() < 0.4 ? `(${end})**2` : end}`].join("\n");
}

function isNice({ nodes: list }, difficulty) {
  const grads = list.map(() => 0);
  grads[list.length - 1] = 1;
  const consumers = list.map(() => 0);
  for (let place = list.length - 1; place >= 0; place--) {
    (list[place].inputs || []).forEach((input, slot) => {
      grads[input] += list[place].partials[slot] * grads[place];
      consumers[input]++;
    });
  }
  const of = list.map(({ role }, place) => place).filter((place) => list[place].role !== "constant");
  const fits = (x, least, most) => Math.abs(x) >= least && Math.abs(x) <= most;
  const isShort = (x) => difficulty !== "easy" || Number.isInteger(4 * x);
  return of.every((place) => fits(list[place].data, 0.1, 30) && fits(grads[place], 0.02, 60) && isShort(list[place].data) && isShort(grads[place]))
    && of.filter((place) => consumers[place] > 1).length >= DIFFICULTIES[difficulty].forks;
}
