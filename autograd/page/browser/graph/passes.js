"use strict";
// The forward and the backward pass, one event at a time.

let topological = [];
let naive = [];

whenOpened.push(() => {
  topological = topologicalEvents();
  naive = naiveEvents();
});

// {kind: "forward", node}, {kind: "seed", node}, or {kind: "backward", node, slot}, in which the node
// passes its gradient on to the input at that slot.
function topologicalEvents() {
  const forward = nodes.filter((node) => node.op).map((node) => ({ kind: "forward", node: node.place }));
  const back = [...nodes].reverse().flatMap((node) => node.inputs.map((_, slot) => ({ kind: "backward", node: node.place, slot })));
  return [...forward, { kind: "seed", node: output.place }, ...back];
}

// Naive recursion: a node passes its gradient on at the first visit, even if consumers have yet to add to it.
function naiveEvents() {
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
}

// The state after the first `count` events: which values are known, and the gradients so far. `before` and `arrivals`
// are about the node that the last event adds to: its gradient before, and all that has been added to it.
function stateAfter(events, count, numbers) {
  const valued = nodes.map((node) => !node.op);
  const grads = nodes.map(() => null);
  let before = null;
  const arrivals = nodes.map(() => null);
  let target = null;
  for (const event of events.slice(0, count)) {
    if (event.kind === "forward") valued[event.node] = true;
    else if (event.kind === "seed") grads[event.node] = 1;
    else {
      target = nodes[event.node].inputs[event.slot];
      before = grads[target] || 0;
      const amount = numbers.partials[event.node][event.slot] * grads[event.node];
      grads[target] = before + amount;
      (arrivals[target] ??= []).push({ node: event.node, slot: event.slot, amount });
    }
  }
  return { valued, grads, before, arrivals: arrivals[target] ?? [] };
}

function naiveGradients(numbers) {
  return stateAfter(naive, naive.length, numbers).grads.map((grad) => grad || 0);
}
