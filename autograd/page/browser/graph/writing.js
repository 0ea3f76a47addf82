"use strict";
// Numbers and formulas, written.

// Four significant digits, as in the drawings. A step writes thousands of numbers, nearly all as before.
const formats = new Map();

function format(x, digits = 4) {
  if (digits !== 4) return formatAnew(x, digits);
  if (formats.size > 20_000) formats.clear();
  if (!formats.has(x)) formats.set(x, formatAnew(x, 4));
  return formats.get(x);
}

function formatAnew(x, digits) {
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
