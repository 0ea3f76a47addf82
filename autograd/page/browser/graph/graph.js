"use strict";
// The graph that the page shows. It can be replaced; see openGraph.

let graph = null; // as export.py has it
let nodes = []; // in the order of the steps: each after its inputs
let output = null;
let leaves = []; // that somebody made: plain numbers are not among them

// What depends on the graph is prepared by these, in this order, whenever a graph is opened.
const whenOpened = [];

// Shows another graph, in the form that export.py has.
function openGraph(exported) {
  graph = exported;
  nodes = graph.nodes.map(nodeOf);
  output = nodes[nodes.length - 1];
  leaves = nodes.filter((node) => !node.op && !isConstant(node)).sort(byName);
  for (const node of nodes) node.inputs.forEach((input, slot) => nodes[input].consumers.push([node.place, slot]));
  for (const prepare of whenOpened) prepare();
}

function nodeOf(entry, place) {
  return {
    place,
    name: printable(entry.name), // no other node has it, and Python's drawings and formulas have it too
    pictured: printable(entry.pictured ?? entry.name), // the name in a picture: w¹₂₀ for W1[2,0]
    named: !entry.anonymous,
    op: entry.op === undefined ? null : graph.ops[entry.op],
    role: entry.role ?? null, // of a leaf: "parameter" of a Module, "constant", or "leaf"
    inputs: entry.inputs || [],
    data: numberOf(entry.data),
    grad: entry.grad === undefined ? null : numberOf(entry.grad),
    partials: (entry.partials || []).map(numberOf),
    source: entry.source || null,
    now: entry.now ? entry.now.map(numberOf) : null, // of an opaque node: its value and partials, if leaves changed since
    curve: entry.curve || null, // of an opaque node of one input: points that Python sampled
    consumers: [], // [consumer, which of its inputs], in order and with repeats
  };
}

// A plain number in the code belongs to its operation: nobody learns, nudges or asks for it.
const isConstant = (node) => node.role === "constant";

const numberOf = (x) => (typeof x === "string" ? { nan: NaN, inf: Infinity, "-inf": -Infinity }[x] : x);
const byName = (a, b) => a.name.localeCompare(b.name, "en", { numeric: true }) || a.place - b.place;

// Characters without a printed form get a visible stand-in, as names/written.py gives them.
function printable(text) {
  return text.replace(/[\p{C}\p{Z}]/gu, (c) =>
    c === " " ? c : c < " " ? String.fromCharCode(0x2400 + c.charCodeAt(0)) : c === "\u007f" ? "\u2421" : "\ufffd");
}
