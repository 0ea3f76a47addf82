"use strict";
// The graph and its arithmetic. Derivatives come from the exported rules, never from here.

const numberOf = (x) => (typeof x === "string" ? { nan: NaN, inf: Infinity, "-inf": -Infinity }[x] : x);

const graph = JSON.parse(document.getElementById("graph").textContent);
const nodes = graph.nodes.map((node, place) => ({
  place,
  label: node.label,
  name: printable(node.name),
  named: !node.anonymous,
  op: node.op === undefined ? null : graph.ops[node.op],
  inputs: node.inputs || [],
  data: numberOf(node.data),
  grad: node.grad === undefined ? null : numberOf(node.grad),
  partials: (node.partials || []).map(numberOf),
  source: node.source || null,
  now: node.now ? node.now.map(numberOf) : null, // of an opaque node: its value and partials, if leaves changed since
  curve: node.curve || null, // of an opaque node of one input: points that Python sampled
  consumers: [], // [consumer, which of its inputs], in order and with repeats
}));
const output = nodes[nodes.length - 1];
const byName = (a, b) => a.name.localeCompare(b.name, "en", { numeric: true }) || a.place - b.place;
const leaves = nodes.filter((node) => !node.op).sort(byName);
for (const node of nodes) node.inputs.forEach((input, slot) => nodes[input].consumers.push([node.place, slot]));

// Characters without a printed form get a visible stand-in.
function printable(text) {
  return text.replace(/[\u0000-\u001f\u007f\u202a-\u202e\u2066-\u2069]/g, (c) =>
    c === "\n" ? " " : c < " " ? String.fromCharCode(0x2400 + c.charCodeAt(0)) : "\ufffd");
}

// --- the operations whose value cannot be traced, by name, as ieee.py has them ---

// The series of erf near 0, and the continued fraction of 1 - erf beyond (Abramowitz and Stegun 7.1.6, 7.1.14).
function erfSeries(x) {
  let [term, sum] = [2 * x, 2 * x];
  for (let n = 1; n < 60; n++) sum += term *= (2 * x * x) / (2 * n + 1);
  return (Math.exp(-x * x) / Math.sqrt(Math.PI)) * sum;
}

function erfcBeyond(x) {
  let fraction = x;
  for (let n = 60; n > 0; n--) fraction = x + n / 2 / fraction;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / fraction;
}

const erf = (x) => (Math.abs(x) > 2.5 ? Math.sign(x) * (1 - erfcBeyond(Math.abs(x))) : erfSeries(x));
const erfc = (x) => (x > 2.5 ? erfcBeyond(x) : 1 - erf(x));

const kernels = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  neg: (x) => -x,
  // C's pow is 1 for 1 ** nan and for (-1) ** inf; JavaScript's is nan.
  pow: (a, b) => (a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : Math.pow(a, b)),
  exp: Math.exp,
  log: Math.log,
  log1p: Math.log1p,
  expm1: Math.expm1,
  exp_mul: (a, b) => Math.exp(a * b),
  sqrt: Math.sqrt,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  atan: Math.atan,
  atan2: Math.atan2,
  hypot: Math.hypot,
  norm: (...xs) => (xs.some(Number.isNaN) ? NaN : Math.hypot(...xs)),
  erf,
  normal_cdf: (x) => erfc(-x * Math.SQRT1_2) / 2,
  tanh: Math.tanh,
  abs: Math.abs,
  sech2: (x) => {
    const t = Math.exp(-2 * Math.abs(x));
    return (4 * t) / (1 + t * (2 + t));
  },
  sigmoid: (x) => Math.exp(Math.min(x, 0)) / (1 + Math.exp(-Math.abs(x))),
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  relu: (x) => (x > 0 ? x : x === x ? 0 : x),
  maximum: (a, b) => (a >= b || a !== a ? a : b),
  minimum: (a, b) => (a <= b || a !== a ? a : b),
  sign: (x) => (x !== x ? x : (x > 0) - (x < 0)),
  step: (x) => (x > 0 ? 1 : x === x ? 0 : x),
  above: (a, b) => (a !== a || b !== b ? NaN : ((a > b) - (a < b) + 1) / 2),
  strong_mul: (a, b) => (a === 0 ? 0 : a * b),
  logsumexp: (...xs) => {
    const largest = xs.reduce((a, b) => Math.max(a, b), -Infinity);
    if (!Number.isFinite(largest)) return largest;
    const first = xs.indexOf(largest); // its 1 is left to log1p
    return largest + Math.log1p(xs.reduce((sum, x, i) => (i === first ? sum : sum + Math.exp(x - largest)), 0));
  },
};

// A program: each step appends a constant or what a kernel computes from [kernel, places...]; see program.py.
function run(program, given) {
  const numbers = given.slice();
  for (const step of program.steps) {
    if (Array.isArray(step)) {
      const [name, ...places] = step;
      numbers.push(kernels[name](...places.map((place) => numbers[place])));
    } else numbers.push(numberOf(step));
  }
  return program.results.map((place) => numbers[place]);
}

// --- the numbers of the graph: {data, partials, grads}, each by a node's place ---

// An opaque node is the result of Python code that cannot be traced: its numbers are known, and no others.
const isOpaque = (node) => node.op !== null && node.op.forward === null;

// For each place an opaque node that is computed from it, or null.
const opaqueAfter = nodes.map(() => null);
for (const node of [...nodes].reverse()) {
  for (const input of node.inputs) opaqueAfter[input] ??= isOpaque(node) ? node : opaqueAfter[node.place];
}

function withGradients(numbers) {
  numbers.grads = backward(numbers.partials);
  return numbers;
}

const recorded = withGradients({
  data: nodes.map((node) => node.data),
  partials: nodes.map((node) => node.partials),
});

// The graph computed anew from the numbers at its leaves. Where a leaf below an opaque node has another number than
// in Python, that node is nan.
function recompute(leafData) {
  const data = nodes.map((node) => (node.op ? NaN : leafData[node.place]));
  const partials = nodes.map(() => []);
  const moved = nodes.map((node) => !node.op && !Object.is(leafData[node.place], node.data));
  for (const node of nodes) {
    if (!node.op) continue;
    const xs = node.inputs.map((input) => data[input]);
    moved[node.place] = node.inputs.some((input) => moved[input]);
    if (isOpaque(node)) {
      const known = moved[node.place] ? [NaN, ...xs.map(() => NaN)] : node.now ?? [node.data, ...node.partials];
      [data[node.place], ...partials[node.place]] = known;
    } else {
      [data[node.place]] = run(node.op.forward, xs);
      partials[node.place] = run(node.op.rule, [...xs, data[node.place]]);
    }
  }
  return withGradients({ data, partials });
}

// The same numbers, recomputed here. Recorded results are old where a leaf was assigned since, as
// `p.data -= rate * p.grad` does.
const fresh = (numbers) => recompute(numbers.data);
const isStale = () => fresh(recorded).data.some((x, place) => !same(x, recorded.data[place]));

// The value at the output after one leaf changed, which has no opaque node after it.
function evaluate(data) {
  const next = data.slice();
  for (const node of nodes) {
    if (node.op && !isOpaque(node)) [next[node.place]] = run(node.op.forward, node.inputs.map((input) => next[input]));
  }
  return next[output.place];
}

function backward(partials) {
  const grads = nodes.map(() => 0);
  grads[output.place] = 1;
  for (let place = output.place; place >= 0; place--) {
    nodes[place].inputs.forEach((input, slot) => (grads[input] += partials[place][slot] * grads[place]));
  }
  return grads;
}

// --- the passes, one event at a time ---

// {kind: "forward", node}, {kind: "seed", node}, or {kind: "backward", node, slot}, in which the node
// passes its gradient on to the input at that slot.
const topological = (() => {
  const order = [];
  const visited = new Set();
  const waiting = [[output.place, false]];
  while (waiting.length) {
    const [place, ready] = waiting.pop();
    if (ready) order.push(nodes[place]);
    else if (!visited.has(place)) {
      visited.add(place);
      waiting.push([place, true]);
      // From the first input to the last, as a person would compute, and as the picture has them from top to bottom.
      for (const input of [...nodes[place].inputs].reverse()) waiting.push([input, false]);
    }
  }
  const forward = order.filter((node) => node.op).map((node) => ({ kind: "forward", node: node.place }));
  const back = [...order].reverse().flatMap((node) => node.inputs.map((_, slot) => ({ kind: "backward", node: node.place, slot })));
  return [...forward, { kind: "seed", node: output.place }, ...back];
})();

// Naive recursion: a node passes its gradient on at the first visit, even if consumers have yet to add to it.
const naive = (() => {
  const events = topological.slice(0, topological.findIndex((event) => event.kind === "seed") + 1);
  const visited = new Set([output.place]);
  const stack = [[output.place, 0]];
  while (stack.length) {
    const [place, slot] = stack[stack.length - 1];
    if (slot === nodes[place].inputs.length) {
      stack.pop();
      continue;
    }
    stack[stack.length - 1][1]++;
    events.push({ kind: "backward", node: place, slot });
    const input = nodes[place].inputs[slot];
    if (!visited.has(input)) {
      visited.add(input);
      stack.push([input, 0]);
    }
  }
  return events;
})();

// The state after the first `count` events: which values are known, and the gradients so far.
function stateAfter(events, count, numbers) {
  const valued = nodes.map((node) => !node.op);
  const grads = nodes.map(() => null);
  let before = null;
  for (const event of events.slice(0, count)) {
    if (event.kind === "forward") valued[event.node] = true;
    else if (event.kind === "seed") grads[event.node] = 1;
    else {
      const input = nodes[event.node].inputs[event.slot];
      before = grads[input] || 0;
      grads[input] = before + numbers.partials[event.node][event.slot] * grads[event.node];
    }
  }
  return { valued, grads, before };
}

function naiveGradients(numbers) {
  return stateAfter(naive, naive.length, numbers).grads.map((grad) => grad || 0);
}

// --- paths from a node to the output ---

const same = (a, b) => a === b || (a !== a && b !== b) || Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));

// Every node and edge on a path from `place` to the output. An edge is "consumer.slot".
function onPaths(place) {
  const lit = new Set([place]);
  const edges = new Set();
  for (const node of nodes.slice(place + 1)) {
    node.inputs.forEach((input, slot) => {
      if (!lit.has(input)) return;
      lit.add(node.place);
      edges.add(`${node.place}.${slot}`);
    });
  }
  return { nodes: lit, edges };
}

// The number of paths, and the `most` with the largest products: {product, steps: [[node, slot]...]}.
function paths(place, numbers, most = 8) {
  const count = nodes.map(() => 0);
  const best = nodes.map(() => []);
  count[output.place] = 1;
  best[output.place] = [{ product: 1, step: null, rest: null }];
  for (let at = output.place - 1; at >= place; at--) {
    const found = [];
    for (const step of nodes[at].consumers) {
      const [consumer, slot] = step;
      count[at] += count[consumer];
      for (const rest of best[consumer]) {
        found.push({ product: numbers.partials[consumer][slot] * rest.product, step, rest });
      }
    }
    best[at] = found.sort((a, b) => (Math.abs(b.product) || 0) - (Math.abs(a.product) || 0)).slice(0, most);
  }
  return { count: count[place], best: best[place].map(unrolled) };
}

function unrolled(path) {
  const steps = [];
  for (let at = path; at.step; at = at.rest) steps.push(at.step);
  return { product: path.product, steps };
}

// --- numbers and formulas, written ---

// Four significant digits, as in the drawings.
function format(x, digits = 4) {
  if (x === null || x === undefined) return "";
  if (x !== x) return "nan";
  if (Math.abs(x) === Infinity) return x > 0 ? "inf" : "-inf";
  if (x === 0) return "0";
  const size = Math.abs(Number(x.toPrecision(digits)));
  if (size >= 1e-4 && size < 10 ** digits) return String(Number(x.toPrecision(digits)));
  if (size >= 10 ** digits && Math.abs(x) < 999999.5) return x.toFixed(0);
  const [mantissa, exponent] = x.toPrecision(digits).includes("e")
    ? x.toPrecision(digits).split("e")
    : x.toExponential(digits - 1).split("e");
  const power = Math.abs(Number(exponent));
  return `${Number(mantissa)}e${exponent.startsWith("-") ? "-" : "+"}${power < 10 ? "0" : ""}${power}`;
}

// A number as a factor or a term; negative ones get parentheses.
const factor = (x) => (x < 0 || Object.is(x, -0) ? `(${format(x)})` : format(x));

// Fills in the places within a text.
const fill = (parts, of) => parts.map((part) => (typeof part === "number" ? of(part) : part)).join("");

// An operand within a formula: a name or number of more than one word gets parentheses
// if the operation gives any in that slot.
const operand = (op, slot, text) => (op.loose[Math.min(slot, op.loose.length - 1)] && /^-|[^\p{L}\p{N}_.'’]/u.test(text) ? `(${text})` : text);

const inSymbols = (node) => fill(node.op.text, (slot) => operand(node.op, slot, nodes[node.inputs[slot]].name));
const inNumbers = (node, numbers) =>
  fill(node.op.text, (slot) => operand(node.op, slot, format(numbers.data[node.inputs[slot]])));

// The taught derivative by one input, in symbols; null where it is too long or cannot be written.
function derivativeInSymbols(node, slot) {
  const parts = node.op.derivatives[slot];
  const name = (place) => (place === node.inputs.length ? node.name : nodes[node.inputs[place]].name);
  return parts && fill(parts, name);
}

const partialName = (of, by) => `∂${of.name}/∂${by.name}`;
const gradientName = (node) => partialName(output, node);
