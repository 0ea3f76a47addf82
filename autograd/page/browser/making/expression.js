"use strict";
// The one parser of what a person types: arithmetic, numbers, names, and the functions of the operation table.
// Text is parsed, never evaluated as a program.

// A sentence about a text, and the place of the character that it is about.
class Fault extends Error {
  constructor(sentence, at) {
    super(sentence);
    this.at = at;
  }
}

const LONGEST_TEXT = 50000;
const WORD = String.raw`[\p{L}_][\p{L}\p{Nd}_.'’]*(?:\[[^\][\n]*\])?(?:#\d+)?`;
const NAME = `${WORD}(?:->${WORD})*`;
const TOKEN = new RegExp(String.raw`(?<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?<name>${NAME})|(?<raised>[⁰¹²³⁴-⁹]+)|(?<sign>\*\*|[-−–+*·×/÷^(),√])`, "uy");
const SIGNS = { "−": "-", "–": "-", "·": "*", "×": "*", "÷": "/", "^": "**" };
const OTHER_NAMES = { ln: "log", max: "maximum", min: "minimum", "√": "sqrt", "σ": "sigmoid" };
const OPERATORS = {
  "+": ["add", 1], "-": ["sub", 1], "*": ["mul", 2], "/": ["div", 2], "**": ["pow", 4], negative: ["neg", 3], positive: [null, 3],
};

function tokensOf(text, from, to) {
  const tokens = [];
  for (let at = from; at < to; ) {
    if (/\s/.test(text[at])) {
      at++;
      continue;
    }
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text);
    if (!found || at + found[0].length > to) throw new Fault(`“${String.fromCodePoint(text.codePointAt(at))}” has no meaning here.`, at);
    const { number, name, raised, sign } = found.groups;
    if (number) tokens.push({ kind: "number", value: Number(number), digits: number, at });
    else if (name) tokens.push({ kind: "name", name, at });
    else if (raised) tokens.push({ kind: "raised", value: Number([...raised].map((c) => "⁰¹²³⁴⁵⁶⁷⁸⁹".indexOf(c)).join("")), at });
    else if (sign === "√") tokens.push({ kind: "name", name: sign, at });
    else tokens.push({ kind: SIGNS[sign] || sign, at });
    at += found[0].length;
  }
  return tokens;
}

// The expression in postfix order: {number}, {name}, {call, count}, each with its place `at`. A loop with a stack of
// its own (the shunting yard), so that any number of parentheses is welcome.
function parse(text, from = 0, to = text.length) {
  if (to - from > LONGEST_TEXT) throw new Fault(`This text has ${(to - from).toLocaleString("en")} characters; at most ${LONGEST_TEXT.toLocaleString("en")} can be read.`, from);
  const tokens = tokensOf(text, from, to);
  const done = [];
  const open = []; // operators and parentheses that wait: {operator}, or {call: a function or null, count}
  const close = ({ operator, at }) => {
    const [call] = OPERATORS[operator];
    if (call) done.push({ call, count: operator === "negative" ? 1 : 2, at });
  };
  const closeWhile = (test) => {
    while (open.length && open[open.length - 1].operator && test(OPERATORS[open[open.length - 1].operator][1])) close(open.pop());
  };
  let operandNext = true;
  tokens.forEach((token, i) => {
    const { kind, at } = token;
    const parenthesisNext = tokens[i + 1]?.kind === "(";
    if (operandNext) {
      if (kind === "name" && parenthesisNext) open.push({ call: functionNamed(token), count: 1, at });
      else if (kind === "(") open.push({ ...(tokens[i - 1]?.kind === "name" ? open.pop() : { call: null, count: 1, at }), parenthesis: at });
      else if (kind === "-") open.push({ operator: "negative", at });
      else if (kind === "+") open.push({ operator: "positive", at });
      else if (kind === "number" || kind === "name") {
        done.push(kind === "number" ? { number: token.value, digits: token.digits, at } : { name: token.name, at });
        operandNext = false;
      } else throw new Fault("A number or a name is missing here.", at);
    } else if (kind === ")") {
      closeWhile(() => true);
      const opened = open.pop();
      if (!opened) throw new Fault("This parenthesis closes nothing.", at);
      if (opened.call) done.push(calling(opened));
    } else if (kind === ",") {
      closeWhile(() => true);
      const opened = open[open.length - 1];
      if (!opened?.call) throw new Fault("A comma stands only between the inputs of a function. A decimal number has a point: 0.5.", at);
      opened.count++;
      operandNext = true;
    } else if (kind === "raised") done.push({ number: token.value, at }, { call: "pow", count: 2, at }); // of what stands just before it
    else if (OPERATORS[kind]) {
      const strength = OPERATORS[kind][1];
      closeWhile((other) => other > strength || (other === strength && kind !== "**"));
      open.push({ operator: kind, at });
      operandNext = true;
    } else throw missingOperator(tokens[i - 1], at);
  });
  if (operandNext) throw new Fault("A number or a name is missing here.", tokens.length ? to : from);
  closeWhile(() => true);
  if (open.length) throw new Fault("This parenthesis is never closed.", open[open.length - 1].parenthesis);
  return done;
}

function missingOperator(before, at) {
  const isFunction = before.name && arities(before.name).length;
  return new Fault(isFunction ? `The input of ${before.name} stands in parentheses: ${before.name}(x).` : "An operator is missing here; to multiply, write *.", at);
}

function functionNamed({ name, at }) {
  if (arities(name).length) return OTHER_NAMES[name] || name;
  const near = functionNames().filter((known) => name.length > 2 && (known.startsWith(name) || name.startsWith(known)));
  const known = near.length ? `Did you mean ${near.join(" or ")}?` : "There are tanh, exp, log, sqrt, max and others; New graph has a list.";
  throw new Fault(`There is no function ${name}. ${known} (To multiply, write *.)`, at);
}

function calling({ call, count, at }) {
  const possible = arities(call);
  if (possible.includes(count)) return { call, count, at };
  const last = possible[possible.length - 1];
  const wanted = possible.length > 1 ? `${possible[0]} to ${last} inputs` : many(last, "input");
  throw new Fault(`${call} takes ${wanted}; here it has ${count}.`, at);
}

// --- the operation table, as Python exported it ---

const operations = JSON.parse(document.getElementById("operations").textContent);
const functionNames = () => [...new Set([...operations.filter(({ text }) => text[0] !== "" && text[0] !== "-").map(({ name }) => name), "ln", "max", "min"])].sort();
const arities = (name) => operations.filter((op) => op.name === (OTHER_NAMES[name] || name)).map(({ derivatives }) => derivatives.length).sort((a, b) => a - b);
const operation = (name, count) => operations.find((op) => op.name === name && op.derivatives.length === count);

// The number of an expression; `valueOf(name, at)` gives those of its names.
function evaluated(postfix, valueOf) {
  const stack = [];
  for (const { number, name, call, count, at } of postfix) {
    if (call) stack.push(run(operation(call, count).forward, stack.splice(-count))[0]);
    else stack.push(name ? valueOf(name, at) : number);
  }
  return stack[0];
}
