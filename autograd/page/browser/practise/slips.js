"use strict";
// The slips that lead to wrong gradients, and how they are recognised. A number never proves a slip, so each is worded
// as a possibility, and two that lead to the same number are both named.

// Whether an answer agrees with a number to three digits, or to as many as an expression of rounded numbers can.
function agrees({ number, slack }, truth) {
  if (truth === 0) return Math.abs(number) < 1e-6;
  if (!Number.isFinite(truth)) return Object.is(number, truth);
  const unit = 10 ** (Math.floor(Math.log10(Math.abs(truth))) - 2);
  return Math.abs(number - truth) <= Math.max(0.6 * unit, Math.min(slack, 0.005 * Math.abs(truth)));
}

// {right, slips}: how the answer may have come about, at most two ways in words that follow "if you". `found` has
// the ways as [the number it leads to, words], the likeliest first; `vague` those to name if there is no other.
function verdictOn(answer, truth, found, vague = []) {
  if (agrees(answer, truth)) return { right: true, slips: [] };
  for (const ways of [found, vague]) {
    const fitting = [...ways].filter(([number]) => !agrees({ number, slack: 0 }, truth) && agrees(answer, number));
    const exactly = fitting.filter(([number]) => Math.abs(number - answer.number) <= 1.2e-4 * Math.abs(number));
    const words = [...new Set((exactly.length ? exactly : fitting).map(([, each]) => each))];
    if (words.length) return { right: false, slips: words.slice(0, 2) };
  }
  return { right: false, slips: [] };
}

const judge = (place, answer, numbers) => verdictOn(answer, numbers.grads[place], slips(place, numbers), vagueSlips(place, numbers));

const explained = (ways) => `That is what you get if you ${ways.join(", or if you ")}.`;

function* slips(place, numbers) {
  const node = nodes[place];
  const way = wayFrom(place, numbers);
  yield* forgottenPaths(node, numbers);
  yield* wrongSlopesOn(way);
  yield* forgottenFactors(way);
  yield* swappedFactors(node, way);
  yield* notMultiplied(node, numbers);
  yield* forgottenEnd(way);
  yield* wrongSums(partsOf(node, numbers).map(([, part]) => part));
  yield [naiveGradients(numbers)[place], "let a node pass its gradient on before all of its consumers have added to it (naive order)"];
  yield [numbers.data[place], `give the value of ${node.name}, not the derivative by it`];
  yield [numbers.data[output.place], `give the value of ${output.name}, not its derivative`];
  yield* pairsForgotten(way);
  yield* severalSlopes(way);
}

function* vagueSlips(place, numbers) {
  const truth = numbers.grads[place];
  yield [-truth, "lose a minus sign, or add one"];
  yield [2 * truth, "count everything twice, or take a factor 2 too many"];
  yield [truth / 2, "miss a factor 2, or one of two equal paths"];
  yield [1 / truth, "turn the derivative upside down"];
  for (const node of nodes) {
    if (node.place !== place && node.named) yield [numbers.grads[node.place], `give the derivative by ${node.name}, not the one by ${nodes[place].name}`];
  }
  yield* misprints(truth);
}

function* misprints(truth) {
  for (const power of [-3, -2, -1, 1, 2, 3]) yield [truth * 10 ** power, "put the decimal point in the wrong place"];
  yield [0, "take the derivative of a constant; this one is not constant"];
}

// Whether it is a right answer but for its rounding.
const isNear = ({ number }, truth) => Math.abs(number - truth) <= 0.02 * Math.abs(truth);

// --- the way from a node to the output ---

// {place, numbers, lit, changed(changes)}: the gradient there if the local derivatives of some nodes were others.
function wayFrom(place, numbers) {
  const lit = onPaths(place).nodes;
  const on = nodes.filter((node) => node.place !== place && lit.has(node.place));
  const changed = (changes) => {
    const partials = numbers.partials.slice();
    for (const [at, values] of changes) partials[at] = values;
    return backward(partials)[place];
  };
  return { place, numbers, lit, on, changed };
}

// What comes back along each arrow: [consumer, number].
const partsOf = (node, numbers) => node.consumers.map(([consumer, slot]) => [consumer, numbers.partials[consumer][slot] * numbers.grads[consumer]]);

function* forgottenPaths(node, numbers) {
  const truth = numbers.grads[node.place];
  const parts = partsOf(node, numbers);
  const forget = (through, part) => `forget the path ${through}, which adds ${format(part)}`;
  const alone = (through) => `take the path ${through} alone, and forget the others`;
  if (parts.length > 1) {
    for (const [consumer, part] of parts) yield [truth - part, forget(`through ${nodes[consumer].name}`, part)];
    if (parts.length > 2) for (const [consumer, part] of parts) yield [part, alone(`through ${nodes[consumer].name}`)];
    for (const [consumer, part] of parts) yield [truth - 2 * part, `take the wrong sign for the path through ${nodes[consumer].name}`];
  }
  const { count, best } = paths(node.place, numbers);
  if (count < 2 || count === parts.length) return;
  for (const { product, steps } of best) {
    const through = [node.name, ...steps.map(([at]) => nodes[at].name)].join(" → ");
    yield [truth - product, forget(through, product)];
    if (count > 2) yield [product, alone(through)];
  }
}

// --- wrong slopes: local derivatives of operations of one input ---

const exponentOf = (op) => (op.name.startsWith("power(") ? Number(op.name.slice(6, -1)) : null);
const slopeName = (op) => (exponentOf(op) === null ? `the slope of ${op.symbol}` : exponentOf(op) === 2 ? "the slope of the square" : `the slope of the power ${exponentOf(op)}`);

// What a person may take for the slope: [from x, y and the slope, words]. The right ones come from the table.
function wrongSlopes(op) {
  const the = slopeName(op);
  const again = (x, y) => run(op.taught, [x, y])[0];
  const n = exponentOf(op);
  const ways = [[() => 1, op.name === "neg" ? "lose the minus sign" : `forget ${the}`]];
  ways.push(...(OWN_SLIPS[op.name] || []));
  if (n !== null) ways.push([(x, y, slope) => slope / n, `forget the factor ${n} in ${the}`], [(x, y) => n * y, `forget to lower the exponent ${n} by 1`]);
  ways.push([(x, y) => y, `take ${n === null ? op.symbol : "the power"} itself for its slope`]);
  if (op.taught) {
    ways.push([(x) => again(x, x), `put the input where the output belongs in ${the}`], [(x, y) => again(y, y), `put the output where the input belongs in ${the}`]);
  }
  ways.push([(x, y, slope) => 1 / slope, `turn ${the} upside down`]);
  return ways;
}

const OWN_SLIPS = {
  tanh: [[(x, y) => 1 - y, "write 1 - tanh in the place of 1 - tanh²"], [(x, y) => 1 + y * y, "write 1 + tanh² in the place of 1 - tanh²"], [(x, y) => y * y, "write tanh² in the place of 1 - tanh²"]],
  sigmoid: [[(x, y) => 1 - y, "write 1 - sigmoid, without the factor sigmoid"], [(x, y) => 1 - y * y, "take the slope of tanh for that of sigmoid"]],
  exp: [[(x) => x * Math.exp(x - 1), "treat exp like a power: its slope is exp itself"]],
  sqrt: [[(x, y) => 1 / y, "forget the factor 0.5 in the slope of sqrt"], [(x, y) => 0.5 * y, "multiply by the root where you divide by it"]],
};

const hasSlope = (node) => node.inputs.length === 1 && !isOpaque(node);

const slopeAt = (node, { data, partials }) => {
  const symbols = derivativeInSymbols(node, 0);
  const number = format(partials[node.place][0]);
  return symbols && symbols !== number ? `${symbols} = ${number}` : number;
};

const inWords = (list) => (list.length < 2 ? list.join("") : `${list.slice(0, -1).join(", ")} and ${list[list.length - 1]}`);

// The operations of one input on the way.
const slopesOn = (way) => way.on.filter((node) => hasSlope(node) && (node.op.name === "neg" || !derivativeIsPlain(node.op, 0))).slice(-40);

function wrongAt(node, wrong, { numbers: { data, partials } }) {
  return [node.place, [wrong(data[node.inputs[0]], data[node.place], partials[node.place][0])]];
}

// One wrong slope, and the same mistake at each operation of that kind.
function* wrongSlopesOn(way) {
  const slopes = slopesOn(way);
  const kinds = new Map();
  for (const node of slopes) kinds.set(node.op.name, [...(kinds.get(node.op.name) || []), node]);
  const most = Math.max(0, ...slopes.map((node) => wrongSlopes(node.op).length));
  for (let i = 0; i < most; i++) {
    for (const node of slopes) {
      const [wrong, words] = wrongSlopes(node.op)[i] || [];
      if (wrong) yield [way.changed([wrongAt(node, wrong, way)]), `${words} at ${node.name}${i || node.op.name === "neg" ? "" : `, which is ${slopeAt(node, way.numbers)}`}`];
    }
    for (const alike of kinds.values()) {
      const [wrong, words] = wrongSlopes(alike[0].op)[i] || [];
      if (wrong && alike.length > 1) yield [way.changed(alike.map((node) => wrongAt(node, wrong, way))), `${words} everywhere: at ${inWords(alike.map(({ name }) => name))}`];
    }
  }
}

function* pairsForgotten(way) {
  const slopes = slopesOn(way);
  const forget = (list) => way.changed(list.map((node) => [node.place, [1]]));
  const near = slopes.slice(-9);
  for (const a of near) for (const b of near) {
    if (a.place < b.place) yield [forget([a, b]), `forget the slopes at ${a.name} and ${b.name}`];
  }
  if (slopes.length > 2) {
    yield [forget(slopes), "forget every slope on the way"];
    yield [forget(slopes.slice(0, -1)), `forget every slope but the one at ${slopes[slopes.length - 1].name}`];
  }
}

// The same other mistake at all but the last operation of that kind.
function* severalSlopes(way) {
  const last = slopesOn(way).pop();
  if (!last) return;
  const hidden = slopesOn(way).filter((node) => node.op.name === last.op.name && node !== last);
  if (hidden.length < 2) return;
  for (const [wrong, words] of wrongSlopes(last.op)) {
    yield [way.changed(hidden.map((node) => wrongAt(node, wrong, way))), `${words} at ${inWords(hidden.map(({ name }) => name))}`];
  }
}

// --- factors and ends ---

const nameAndNumber = (node, numbers) => (isConstant(node) ? format(numbers.data[node.place]) : `${node.name} = ${format(numbers.data[node.place])}`);

function* forgottenFactors(way) {
  for (const node of way.on.slice(-60)) {
    if (node.inputs.length < 2 || ["add", "sub", "sum"].includes(node.op.name)) continue;
    for (const [slot, input] of node.inputs.entries()) {
      if (!way.lit.has(input)) continue;
      const values = way.numbers.partials[node.place].slice();
      values[slot] = 1;
      const what = node.op.name === "mul" ? `the factor ${nameAndNumber(nodes[node.inputs[1 - slot]], way.numbers)}` : `the local derivative ${partialName(node, nodes[input])} = ${format(way.numbers.partials[node.place][slot])}`;
      yield [way.changed([[node.place, values]]), `leave out ${what} at ${node.name}`];
    }
  }
}

// The last part of every path left out: the derivative of a node through which all paths go.
function* forgottenEnd({ place, numbers: { grads }, lit }) {
  const narrow = [];
  let reached = 0;
  for (const node of nodes) {
    if (!lit.has(node.place)) continue;
    if (node.place !== place && node !== output && reached <= node.place) narrow.push(node);
    reached = Math.max(reached, ...node.consumers.map(([consumer]) => consumer));
  }
  const told = [];
  for (const node of narrow.reverse().sort((a, b) => b.named - a.named)) {
    if (told.some((grad) => same(grad, grads[node.place]))) continue;
    told.push(grads[node.place]);
    yield [grads[place] / grads[node.place], `start at ${node.name} and leave out ${gradientName(node)} = ${format(grads[node.place])}`];
  }
}

// In a product, the factor itself instead of the other one; in a quotient, no minus sign.
function* swappedFactors(node, way) {
  for (const [consumer, slot] of node.consumers.slice(0, 40)) {
    const { op, inputs, name } = nodes[consumer];
    if (op.name !== "mul" || inputs[0] === inputs[1]) continue;
    const values = way.numbers.partials[consumer].slice();
    values[slot] = way.numbers.data[node.place];
    yield [way.changed([[consumer, values]]), `multiply by ${node.name} itself at ${name}: the derivative of a product is the other factor, ${nameAndNumber(nodes[inputs[1 - slot]], way.numbers)}`];
  }
}

function* notMultiplied(node, { partials, grads }) {
  const next = inWords([...new Set(node.consumers.map(([consumer]) => nodes[consumer].name))]);
  const total = (of) => node.consumers.reduce((sum, [consumer, slot]) => sum + of(consumer, slot), 0);
  yield [total((consumer, slot) => partials[consumer][slot]), `stop at the local derivative of ${next}, and do not multiply it by the gradient that arrives there`];
  yield [total((consumer) => grads[consumer]), `give the gradient that arrives at ${next}, and do not multiply it by the local derivative`];
  yield [total((consumer, slot) => partials[consumer][slot] + grads[consumer]), "add the local derivative to the gradient that arrives, where you multiply"];
  yield [total((consumer, slot) => grads[consumer] / partials[consumer][slot]), "divide by the local derivative, where you multiply"];
}

// Wrong ways to put together what comes along several arrows.
function* wrongSums(parts) {
  if (parts.length < 2) return;
  const sum = parts.reduce((a, b) => a + b, 0);
  yield [parts.reduce((a, b) => a * b, 1), "multiply the paths with each other; paths add up"];
  yield [parts.reduce((a, b) => a - b), "subtract the paths from each other; paths add up"];
  yield [parts.slice().reverse().reduce((a, b) => a - b), "subtract the paths from each other; paths add up"];
  yield [sum / parts.length, "take the average of the paths; paths add up"];
  if (parts.length > 2) for (const part of parts) yield [part, "take one of the paths and forget the others"];
}
