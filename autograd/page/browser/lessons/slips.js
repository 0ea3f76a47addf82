"use strict";
// The slips that lead to wrong answers, and how they are recognised.

// Whether the two agree to three digits.
function agrees(answer, truth) {
  if (truth === 0) return Math.abs(answer) < 1e-6;
  if (!Number.isFinite(truth)) return Object.is(answer, truth);
  const unit = 10 ** (Math.floor(Math.log10(Math.abs(truth))) - 2);
  return Math.abs(answer - truth) <= 0.6 * unit;
}

// {right: true}, or {right: false, slip}: the first slip that leads to this answer, in words.
function judge(place, answer, numbers) {
  const truth = numbers.grads[place];
  if (agrees(answer, truth)) return { right: true };
  for (const [number, words] of slips(place, numbers)) {
    if (!agrees(number, truth) && agrees(answer, number)) return { right: false, slip: words };
  }
  return { right: false, slip: null };
}

// Every slip as [the answer it leads to, words], the likeliest first. They are computed one by one.
function* slips(place, numbers) {
  const node = nodes[place];
  const truth = numbers.grads[place];
  yield [-truth, "The size is right, but the sign is not. Follow the minus signs along each path."];
  yield* forgottenPaths(node, numbers);
  yield* forgottenSlopes(place, numbers);
  yield* swappedNumbers(place, numbers);
  const local = node.consumers.reduce((sum, [consumer, slot]) => sum + numbers.partials[consumer][slot], 0);
  const next = node.consumers.map(([consumer]) => nodes[consumer].name).join(", ");
  yield [local, `That is only the local derivative of ${next}. Multiply it by the gradient that arrives there: the chain rule is local × upstream.`];
  const arriving = node.consumers.reduce((sum, [consumer]) => sum + numbers.grads[consumer], 0);
  yield [arriving, `That is the gradient that arrives at ${next}. Multiply it by the local derivative.`];
  yield [2 * truth, "That is twice the right answer. Did you count a path twice?"];
  yield [truth / 2, "That is half the right answer. Did you miss a factor of 2, or one of two equal paths?"];
  yield [naiveGradients(numbers)[place], "That is what naive recursion gives: a node passed its gradient on before all of its consumers had added to it."];
  yield [numbers.data[place], `That is the value of ${node.name}, not the derivative with respect to it.`];
  yield [1 / truth, "That is 1 divided by the right answer."];
}

function* forgottenPaths(node, numbers) {
  const truth = numbers.grads[node.place];
  const parts = node.consumers.map(([consumer, slot]) => [consumer, numbers.partials[consumer][slot] * numbers.grads[consumer]]);
  if (parts.length > 1) {
    for (const [consumer, part] of parts) {
      yield [truth - part, `You forgot a path: ${node.name} also acts through ${nodes[consumer].name}, which adds ${format(part)}.`];
    }
    for (const [consumer, part] of parts) {
      yield [part, `You forgot a path: that is what comes through ${nodes[consumer].name} alone. The gradients of all paths add up.`];
    }
  }
  const { count, best } = paths(node.place, numbers);
  if (count < 2) return;
  for (const { product, steps } of best) {
    const way = [node.name, ...steps.map(([at]) => nodes[at].name)].join(" → ");
    yield [truth - product, `You forgot a path: ${way} adds ${format(product)}.`];
    yield [product, `You forgot a path: that is the product along ${way} alone. The products of all paths add up.`];
  }
}

// The operations of one input on the way, whose local derivatives may be forgotten.
function slopesOnTheWay(place) {
  const lit = onPaths(place).nodes;
  return nodes.filter((node) => node.place !== place && lit.has(node.place) && node.inputs.length === 1);
}

function changed(place, numbers, changes) {
  const partials = numbers.partials.slice();
  for (const [at, values] of changes) partials[at] = values;
  return backward(partials)[place];
}

function* forgottenSlopes(place, numbers) {
  const slopes = slopesOnTheWay(place);
  const symbols = (node) => derivativeInSymbols(node, 0) || partialName(node, nodes[node.inputs[0]]);
  const words = (node) =>
    node.op.name === "tanh"
      ? `You forgot 1 - tanh², the slope of tanh, at ${node.name}: it is ${format(numbers.partials[node.place][0])} there.`
      : `You forgot the local derivative of ${node.op.symbol} at ${node.name}, which is ${symbols(node)} = ${format(numbers.partials[node.place][0])}.`;
  for (const node of slopes.slice(0, 40)) {
    yield [changed(place, numbers, [[node.place, [1]]]), words(node)];
  }
  for (const name of new Set(slopes.map((node) => node.op.name))) {
    const alike = slopes.filter((node) => node.op.name === name);
    const forgotten = name === "tanh" ? "1 - tanh², the slope of tanh" : `the local derivative of ${alike[0].op.symbol}`;
    yield [changed(place, numbers, alike.map((node) => [node.place, [1]])), `You forgot ${forgotten}, at each of ${alike.map((node) => node.name).join(", ")}.`];
  }
}

// The taught rule with the input and the output exchanged; in a product, the factor itself instead
// of the other one.
function* swappedNumbers(place, numbers) {
  for (const node of slopesOnTheWay(place).slice(0, 40)) {
    if (!node.op.taught) continue;
    const [x, y] = [numbers.data[node.inputs[0]], numbers.data[node.place]];
    const at = `in the slope of ${node.op.symbol} at ${node.name}`;
    yield [changed(place, numbers, [[node.place, run(node.op.taught, [x, x])]]), `You used the input ${format(x)} where the output ${format(y)} belongs, ${at}.`];
    yield [changed(place, numbers, [[node.place, run(node.op.taught, [y, y])]]), `You used the output ${format(y)} where the input ${format(x)} belongs, ${at}.`];
  }
  for (const [consumer, slot] of nodes[place].consumers.slice(0, 40)) {
    const own = numbers.data[place];
    const { op, inputs, name } = nodes[consumer];
    if (op.name !== "mul") continue;
    const values = numbers.partials[consumer].slice();
    values[slot] = own;
    yield [changed(place, numbers, [[consumer, values]]), `You multiplied by ${nodes[place].name} itself: the derivative of the product ${name} is the other factor, ${nodes[inputs[1 - slot]].name} = ${format(numbers.partials[consumer][slot])}.`];
  }
}
