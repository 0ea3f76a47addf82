"use strict";
// Why a number is what it is: symbols, then numbers filled in, then the result.

// Fills in the places of a formula. What is not one word gets parentheses beside an operator.
function filled(parts, of) {
  return parts.map((part, i) => {
    if (typeof part !== "number") return part;
    const words = of(part);
    const alone = /(^|[(,]) *$/.test(parts[i - 1] ?? "") && /^($|[),])/.test(parts[i + 1] ?? "");
    return alone || isWord(words) ? words : `(${words})`;
  }).join("");
}

// As many digits of the given numbers as it takes for `compute` to give the result from what is shown: of an output
// like 0.99996, four digits would claim that 1 - 1² is 0.00008. 0 if no number of digits does.
function digitsFor(given, result, compute) {
  const near = (x) => same(x, result) || Math.abs(x - result) <= 0.003 * Math.abs(result);
  return [4, 6, 9, 12].find((digits) => near(compute(given.map((x) => (Number.isFinite(x) ? Number(format(x, digits)) : x))))) ?? 0;
}

// Joins what is equal, each thing once: symbols = numbers = result.
function sidesEqual(symbols, numbers, result, exact = true) {
  const sides = [...new Set([symbols, numbers].filter((side) => side !== null && side !== result))];
  return sides.length ? `${sides.join(" = ")} ${exact ? "=" : "≈"} ${result}` : result;
}

// The value of a node, in the place of its name: `tanh(z) = tanh(1.169) = 0.824`, without the symbols if `short`.
function valueWritten(node, numbers, name = symbolOf) {
  const xs = node.inputs.map((input) => numbers.data[input]);
  const y = numbers.data[node.place];
  const digits = node.op.forward ? digitsFor(xs, y, (rounded) => run(node.op.forward, rounded)[0]) : 4;
  const numbersIn = fill(node.op.text, (slot) => operand(node.op, slot, format(xs[slot], digits || 4)));
  return sidesEqual(fill(node.op.text, (slot) => operand(node.op, slot, name(nodes[node.inputs[slot]]))), numbersIn, format(y), digits !== 0);
}

// A local derivative: `1 - out² = 1 - 0.824² = 0.321`.
function localWritten(node, slot, numbers, name = symbolOf) {
  const parts = node.op.derivatives[slot];
  const result = format(numbers.partials[node.place][slot]);
  if (!parts) return result;
  const given = [...node.inputs, node.place];
  const xs = given.map((place) => numbers.data[place]);
  const taught = (rounded) => run(node.op.taught, rounded)[slot];
  const digits = node.op.taught ? digitsFor(xs, numbers.partials[node.place][slot], taught) : 4;
  return sidesEqual(filled(parts, (place) => name(nodes[given[place]])), filled(parts, (place) => format(xs[place], digits || 4)), result, digits !== 0);
}

// The operation with a letter for each input: tanh(x), a * b.
function inLetters(op) {
  const count = op.derivatives.length;
  const letters = count === 1 ? ["x"] : count <= 4 ? [..."abcd"] : null;
  return letters ? fill(op.text, (slot) => letters[slot]) : printable(op.name);
}

// The other factor, if a derivative is nothing else: {place among the inputs}.
const otherFactor = (op, slot) => {
  const parts = op.derivatives[slot];
  if (!parts || parts.filter((part) => part !== "").length !== 1) return null;
  const [place] = parts.filter((part) => part !== "");
  return typeof place === "number" && place !== slot && place < op.derivatives.length ? place : null;
};

const constantDerivative = (op, slot) => {
  const parts = op.derivatives[slot];
  return parts?.length === 1 && typeof parts[0] === "string" ? parts[0] : null;
};

// The reason for a local derivative, in words.
function reasonFor(node, slot, numbers) {
  const { op, inputs } = node;
  const input = nodes[inputs[slot]];
  const constant = constantDerivative(op, slot);
  if (constant === "1") return "It passes every change on as it is";
  if (constant === "-1") return "The minus sign turns every change around";
  const other = otherFactor(op, slot);
  if (other !== null) {
    const { name } = nodes[inputs[other]];
    return isConstant(nodes[inputs[other]]) ? `It is always multiplied by ${format(numbers.data[inputs[other]])}` : `In a product, the other factor: ${name}`;
  }
  if (op.name === "div" && slot === 0) {
    const { name } = nodes[inputs[1]];
    return isConstant(nodes[inputs[1]]) ? `It is always divided by ${format(numbers.data[inputs[1]])}` : `It is divided by ${name}`;
  }
  if (inputs.length === 1) return `The slope of ${inLetters(op)} at x = ${format(numbers.data[input.place])}`;
  return `How fast ${inLetters(op)} changes if only ${symbolOf(input)} does`;
}
