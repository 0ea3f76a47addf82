"use strict";
// A graph from typed lines, in the form that export.py has: `i = 0.5` is a leaf, `h = tanh(2*i)` an operation with a
// name, and the last line that computes something is the output.

const MOST_TYPED = 1500;
const UNSET = 0.5; // the value of a name without a line

// {exported, notes: sentences on what was assumed}. A number line may stand anywhere, before or after its use.
function graphOf(text) {
  const lines = linesOf(text);
  if (!lines.length) throw new Fault("Type a formula, such as E = (tanh(2*i) - 0)**2 / 2.", 0);
  const recording = { count: 0, named: new Map(), unset: [], later: new Map() };
  const [values, formulas] = [true, false].map((isValue) => lines.filter((line) => line.postfix.every(({ name }) => !name) === isValue));
  for (const { name, at, postfix } of values) define(recording, name, at, madeLeaf(recording, name, evaluated(postfix), at));
  for (const { name, at } of formulas) if (name) recording.later.set(name, at);
  let end = null;
  for (const { name, at, postfix } of formulas) {
    recording.line = name; // the one that is read now
    end = record(recording, postfix);
    recording.later.delete(name);
    if (name) define(recording, name, at, end);
  }
  end ??= [...recording.named.values()].pop();
  if (!end) throw new Fault("A number alone has no graph. Give it a name, such as x = 0.5, and use it.", lines[0].at);
  return { exported: exportedFrom(end), notes: notesOn(recording, end) };
}

// {name or "", at, postfix} of each line. A semicolon ends a line too; a line that begins with # is a remark.
function linesOf(text) {
  const lines = [];
  for (const { 0: line, index } of text.matchAll(/[^\n;]+/g)) {
    if (!line.trim() || line.trim().startsWith("#")) continue;
    const equals = line.indexOf("=");
    const name = equals < 0 ? "" : line.slice(0, equals).trim();
    const at = index + line.search(/\S/);
    if (equals >= 0 && !new RegExp(`^${NAME}$`, "u").test(name)) throw new Fault(`Before = stands one name, such as E${name ? `; got ${name}` : ""}.`, at);
    lines.push({ name, at, postfix: parse(text, index + equals + 1, index + line.length) });
  }
  return lines;
}

function define({ named }, name, at, node) {
  if (!name) return;
  if (named.has(name)) throw new Fault(`${name} has a value already. Choose another name.`, at);
  node.label ||= name;
  named.set(name, node);
}

function made(recording, node, at) {
  if (++recording.count > MOST_TYPED) throw new Fault(`This graph has more than ${MOST_TYPED.toLocaleString("en")} nodes here.`, at);
  return { label: "", op: null, inputs: [], partials: [], depth: 0, ...node };
}

const madeLeaf = (recording, label, data, at) => made(recording, { label, data, role: "leaf" }, at);

// The node of a name: defined above, or a leaf without a line of its own.
function nodeNamed(recording, name, at) {
  const { named, later, unset, line } = recording;
  if (later.has(name) && name === line) throw new Fault(`${name} is used in its own line. Give the result another name.`, at);
  if (later.has(name)) throw new Fault(`${name} is used here, but computed in a later line. Move that line up.`, at);
  if (!named.has(name)) {
    unset.push(name);
    named.set(name, madeLeaf(recording, name, UNSET, at));
  }
  return named.get(name);
}

// Records an expression. As in Python, numbers among themselves give numbers, and a number meets a node as a constant.
function record(recording, postfix) {
  const stack = [];
  for (const { number, name, call, count, at } of postfix) {
    if (!call) {
      stack.push(name ? nodeNamed(recording, name, at) : number);
      continue;
    }
    const operands = stack.splice(-count);
    if (operands.every((x) => typeof x === "number")) stack.push(run(operation(call, count).forward, operands)[0]);
    else if (call === "pow" && typeof operands[1] === "number") stack.push(computed(recording, powerOf(operands[1]), [operands[0]], at));
    else {
      const constant = (x) => (typeof x === "number" ? made(recording, { data: x, role: "constant" }, at) : x);
      stack.push(computed(recording, operation(call, count), operands.map(constant), at));
    }
  }
  return stack[0];
}

function computed(recording, op, inputs, at) {
  const xs = inputs.map(({ data }) => data);
  const [data] = run(op.forward, xs);
  const depth = 1 + inputs.reduce((most, input) => Math.max(most, input.depth), 0);
  return made(recording, { op, inputs, data, partials: run(op.rule, [...xs, data]), depth }, at);
}

// x ** n for a number n: the operation pow of the table with its second input fixed.
const powerOf = (() => {
  const known = new Map();
  return (n) => {
    if (!known.has(n)) known.set(n, powerFrom(operation("pow", 2), n));
    return known.get(n);
  };
})();

function powerFrom(pow, n) {
  // The inputs of its rule are x, n and the result; here x and the result, and the number n is the first step.
  const moved = (place) => [0, 2, 1][place] ?? place;
  const step = (each) => (Array.isArray(each) ? [each[0], ...each.slice(1).map(moved)] : each);
  const rule = ({ steps, results }) => ({ steps: [n, ...steps.map(step)], results: [moved(results[0])] });
  const whole = Number.isInteger(n) && n >= 0;
  const plain = (m) => (Number.isFinite(m) ? String(m) : format(m));
  const raised = (m) => (m === 1 ? "" : Number.isSafeInteger(m) && m >= 0 ? [...String(m)].map((c) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[c]).join("") : m < 0 ? ` ** (${plain(m)})` : ` ** ${plain(m)}`);
  // pow's own derivative, with the number in its place and the exponent worked out.
  const written = fill(pow.derivatives[0], (place) => (place === 1 ? plain(n) : "\u0000")).replace(/ \*\* \((\S+) - 1\)/, () => raised(n - 1));
  return {
    ...pow, name: `power(${Number.isInteger(n) ? n.toFixed(1) : n})`, symbol: `**${plain(n)}`, needs: [pow.needs[0]],
    text: ["", 0, n === 1 ? "¹" : raised(n)],
    derivatives: [written.split("\u0000").flatMap((part, i) => (i ? [0, part] : [part]))],
    forward: { steps: [n, ["pow", 0, 1]], results: [2] }, rule: rule(pow.rule), taught: rule(pow.taught),
  };
}

// --- in the exported form ---

// Depth first from the output; at each operation the deepest input first, equally deep ones from left to right, and a
// leaf just before its first use. As nodes/order.py has it.
function inReadingOrderFrom(end) {
  const order = new Map();
  const opened = new Set();
  const waiting = [end];
  while (waiting.length) {
    const node = waiting[waiting.length - 1];
    if (order.has(node)) waiting.pop();
    else if (opened.has(node) || !node.depth) order.set(waiting.pop(), order.size);
    else {
      opened.add(node);
      waiting.push(...[...node.inputs].reverse().sort((a, b) => a.depth - b.depth));
    }
  }
  return order;
}

function exportedFrom(end) {
  const place = inReadingOrderFrom(end);
  const list = [...place.keys()];
  const ops = [...new Set(list.filter(({ op }) => op).map(({ op }) => op))];
  const taken = new Set(list.map(({ label }) => label));
  const counts = { v: 0, c: 0 };
  const fresh = (letter) => {
    do counts[letter]++;
    while (taken.has(letter + counts[letter]));
    return letter + counts[letter];
  };
  const nameOf = (node) => node.label || (node === end && !taken.has("out") ? "out" : fresh(node.role === "constant" ? "c" : "v"));
  const entry = (node) => ({
    name: nameOf(node), ...(node.label ? {} : { anonymous: true }), data: node.data,
    ...(node.op ? { op: ops.indexOf(node.op), inputs: node.inputs.map((input) => place.get(input)), partials: node.partials } : { role: node.role }),
  });
  const sizes = { scalars: list.length, sums: list.length, neurons: list.length };
  return { nodes: list.map(entry), ops, neurons: [], sizes, largest: MOST_TYPED };
}

function notesOn({ unset, named }, end) {
  const used = inReadingOrderFrom(end);
  const unused = [...named].filter(([, node]) => !used.has(node)).map(([name]) => name);
  const notes = [];
  if (unset.length) notes.push(`${inWords(unset)} ${unset.length > 1 ? "have no lines, so their values are" : "has no line, so its value is"} ${UNSET}. To set it, write ${unset[0]} = 2.`);
  if (unused.length) notes.push(`The last line does not use ${inWords(unused)}.`);
  return notes;
}
