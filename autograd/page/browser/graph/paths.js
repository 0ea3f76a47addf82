"use strict";
// Paths from a node to the output.

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

// For each node the number of its paths to the output.
function pathCounts() {
  const counts = nodes.map(() => 0);
  counts[output.place] = 1;
  for (let at = output.place - 1; at >= 0; at--) counts[at] = nodes[at].consumers.reduce((sum, [consumer]) => sum + counts[consumer], 0);
  return counts;
}

// The number of paths, and the `most` with the largest products: {product, steps: [[node, slot]...]}.
function paths(place, numbers, most = 8) {
  const best = nodes.map(() => []);
  best[output.place] = [{ product: 1, step: null, rest: null }];
  for (let at = output.place - 1; at >= place; at--) {
    const found = [];
    for (const step of nodes[at].consumers) {
      const [consumer, slot] = step;
      for (const rest of best[consumer]) {
        found.push({ product: numbers.partials[consumer][slot] * rest.product, step, rest });
      }
    }
    best[at] = found.sort((a, b) => (Math.abs(b.product) || 0) - (Math.abs(a.product) || 0)).slice(0, most);
  }
  return { count: pathCounts()[place], best: best[place].map(unrolled) };
}

function unrolled(path) {
  const steps = [];
  for (let at = path; at.step; at = at.rest) steps.push(at.step);
  return { product: path.product, steps };
}
