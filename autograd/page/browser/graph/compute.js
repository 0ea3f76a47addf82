"use strict";
// The arithmetic of the graph. Derivatives come from the exported rules, never from here.

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

let opaqueAfter = []; // for each place an opaque node that is computed from it, or null
let recorded = null; // the numbers that Python recorded

whenOpened.push(() => {
  opaqueAfter = nodes.map(() => null);
  for (const node of [...nodes].reverse()) {
    for (const input of node.inputs) opaqueAfter[input] ??= isOpaque(node) ? node : opaqueAfter[node.place];
  }
  recorded = withGradients({ data: nodes.map((node) => node.data), partials: nodes.map((node) => node.partials) });
});

function withGradients(numbers) {
  numbers.grads = backward(numbers.partials);
  return numbers;
}

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
