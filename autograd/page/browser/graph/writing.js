"use strict";
// Formulas, written.

// A number as a factor or a term; negative ones get parentheses.
const factor = (x) => (x < 0 || Object.is(x, -0) ? `(${format(x)})` : format(x));

// Fills in the places within a text.
const fill = (parts, of) => parts.map((part) => (typeof part === "number" ? of(part) : part)).join("");

// A node within a formula: a plain number as such, any other by its name.
const symbolOf = (node) => (isConstant(node) ? format(node.data) : node.name);

// An operand within a formula: a name or number of more than one word gets parentheses
// if the operation gives any in that slot.
const isWord = (text) => /^[\p{L}\p{N}_.'’#]*(\[[\d,]+\][\p{L}\p{N}_.'’#]*)*$/u.test(text);
const operand = (op, slot, text) => (op.needs[slot] && !isWord(text) ? `(${text})` : text);

const inSymbols = (node) => fill(node.op.text, (slot) => operand(node.op, slot, symbolOf(nodes[node.inputs[slot]])));

// The taught derivative by one input, in symbols; null where it is too long or cannot be written.
function derivativeInSymbols(node, slot) {
  const parts = node.op.derivatives[slot];
  return parts && fill(parts, (place) => (place === node.inputs.length ? node.name : symbolOf(nodes[node.inputs[place]])));
}

// The derivative of one operation has a round ∂; the sum over all paths a straight d, as in explain.
const partialOf = (of, by) => `∂${of}/∂${by}`;
const totalOf = (of, by) => `d${of}/d${by}`;
const partialName = (of, by) => partialOf(of.name, by.name);
const gradientName = (node) => totalOf(output.name, node.name);
