"use strict";
// A program on many numbers at once: each place holds one number per lane (a row, a parameter, a point of the map),
// and each instruction is one loop over the lanes. The steps come from Python: operations, rules, an update.

const LANES = 128; // rows at a time: what they need stays in the cache

// The loops in which learning spends its time, written out; all others call the kernel for each lane.
const loops = {
  add: (out, n, a, b) => { for (let i = 0; i < n; i++) out[i] = a[i] + b[i]; },
  sub: (out, n, a, b) => { for (let i = 0; i < n; i++) out[i] = a[i] - b[i]; },
  mul: (out, n, a, b) => { for (let i = 0; i < n; i++) out[i] = a[i] * b[i]; },
  neg: (out, n, a) => { for (let i = 0; i < n; i++) out[i] = -a[i]; },
};
const byInputs = [
  null,
  (out, n, a, _, kernel) => { for (let i = 0; i < n; i++) out[i] = kernel(a[i]); },
  (out, n, a, b, kernel) => { for (let i = 0; i < n; i++) out[i] = kernel(a[i], b[i]); },
];
const severalInputs = (out, n, a, b, kernel, all) => { for (let i = 0; i < n; i++) out[i] = kernel(...all.map((x) => x[i])); };

// Writes a program, no step twice.
class LaneProgram {
  constructor(lanes) {
    this.lanes = lanes;
    this.numbers = []; // by place: a number for each lane
    this.constant = []; // by place: the number that all lanes have, or undefined
    this.code = []; // {out, inputs, run}, in order
    this.known = new Map();
  }

  input() {
    return this.numbers.push(new Float64Array(this.lanes)) - 1;
  }

  number(x) {
    const key = `${Object.is(x, -0) ? "-0" : x}`;
    if (!this.known.has(key)) {
      const place = this.input();
      this.numbers[place].fill(x);
      this.constant[place] = x;
      this.known.set(key, place);
    }
    return this.known.get(key);
  }

  step(name, inputs) {
    const key = `${name} ${inputs}`;
    if (!this.known.has(key)) {
      const out = this.input();
      const [all, kernel] = [inputs.map((place) => this.numbers[place]), kernels[name]];
      const loop = loops[name] || byInputs[inputs.length] || severalInputs;
      this.code.push({ out, inputs, run: (n) => loop(this.numbers[out], n, all[0], all[1], kernel, all) });
      this.known.set(key, out);
    }
    return this.known.get(key);
  }

  // The places of the results of an exported program; see program.py.
  inline(program, given) {
    const places = given.slice();
    for (const step of program.steps) {
      places.push(Array.isArray(step) ? this.step(step[0], step.slice(1).map((place) => places[place])) : this.number(numberOf(step)));
    }
    return program.results.map((place) => places[place]);
  }

  // The instructions that these places need.
  needed(ends) {
    const live = new Set(ends);
    const kept = [...this.code].reverse().filter(({ out, inputs }) => live.has(out) && inputs.forEach((place) => live.add(place)) === undefined);
    return kept.reverse();
  }
}

function runCode(code, n) {
  for (const instruction of code) instruction.run(n);
}

// The graph of one row as a program for many: its value, and the derivatives by some of its leaves, by the chain rule.
class RowProgram extends LaneProgram {
  constructor(exportedGraph, { inputs, targets, outputs, parameters }) {
    super(LANES);
    const entries = exportedGraph.nodes;
    Object.assign(this, { parameters, outputs });
    this.row = [...inputs, ...targets];
    const given = new Set([...parameters, ...this.row]);
    this.at = [];
    entries.forEach((node, i) => {
      if (node.op !== undefined) [this.at[i]] = this.inline(exportedGraph.ops[node.op].forward, node.inputs.map((input) => this.at[input]));
      else this.at[i] = given.has(i) ? this.input() : this.number(numberOf(node.data));
    });
    this.loss = this.at[entries.length - 1];
    this.seed = this.input();
    this.gradients = this.backward(exportedGraph);
    const factors = this.gradients.flatMap(({ adjoint, partial }) => [adjoint, partial]);
    this.codeOfOutputs = this.needed(outputs.map((place) => this.at[place]));
    this.codeOfLoss = this.needed([this.loss]);
    this.codeOfStep = this.needed([this.loss, ...factors]);
  }

  // For each gradient its terms: {which parameter, adjoint, partial}.
  backward({ nodes: entries, ops }) {
    const leads = entries.map((_, i) => this.parameters.includes(i));
    entries.forEach((node, i) => (leads[i] ||= (node.inputs || []).some((input) => leads[input])));
    const which = new Map(this.parameters.map((place, k) => [place, k]));
    const adjoints = [];
    const terms = [];
    adjoints[entries.length - 1] = this.seed;
    for (let i = entries.length - 1; i >= 0; i--) {
      const { op, inputs } = entries[i];
      if (op === undefined || !leads[i] || adjoints[i] === undefined) continue;
      const partials = this.inline(ops[op].rule, [...inputs.map((input) => this.at[input]), this.at[i]]);
      inputs.forEach((input, slot) => {
        if (!leads[input]) return;
        const [adjoint, partial] = [adjoints[i], partials[slot]];
        if (which.has(input)) return terms.push({ parameter: which.get(input), adjoint, partial });
        const part = this.constant[partial] === 1 ? adjoint : this.step("mul", [adjoint, partial]);
        adjoints[input] = adjoints[input] === undefined ? part : this.step("add", [adjoints[input], part]);
      });
    }
    return terms;
  }

  setParameters(theta) {
    this.parameters.forEach((place, k) => this.numbers[this.at[place]].fill(theta[k]));
  }

  // Puts up to LANES rows in; returns how many. `order` lists rows.
  load(rows, order, start) {
    const n = Math.min(LANES, order.length - start);
    this.row.forEach((place, column) => {
      if (place < 0) return;
      const lanes = this.numbers[this.at[place]];
      for (let i = 0; i < n; i++) lanes[i] = rows[order[start + i]][column];
    });
    return n;
  }

  // The mean loss of these rows.
  meanLoss(rows, order) {
    let total = 0;
    for (let start = 0; start < order.length; start += LANES) {
      const n = this.load(rows, order, start);
      runCode(this.codeOfLoss, n);
      total += sumOfFirst(this.numbers[this.loss], n);
    }
    return total / order.length;
  }

  // The mean loss of these rows, whose gradient is put into `gradient`.
  gradient(rows, order, gradient) {
    let total = 0;
    gradient.fill(0);
    this.numbers[this.seed].fill(1 / order.length);
    for (let start = 0; start < order.length; start += LANES) {
      const n = this.load(rows, order, start);
      runCode(this.codeOfStep, n);
      total += sumOfFirst(this.numbers[this.loss], n);
      for (const { parameter, adjoint, partial } of this.gradients) gradient[parameter] += dotOf(this.numbers[adjoint], this.numbers[partial], n);
    }
    return total / order.length;
  }

  // The model's outputs at many points, given by a list for each input.
  outputsAt(columns) {
    const places = this.outputs.map((place) => this.at[place]);
    const found = places.map(() => new Float64Array(columns[0].length));
    this.inParts(columns[0].length, (start, n) => {
      this.fill(this.row, columns, start, n);
      runCode(this.codeOfOutputs, n);
      places.forEach((place, k) => found[k].set(this.numbers[place].subarray(0, n), start));
    });
    return found;
  }

  // The mean loss of these rows for many parameters, given by a list for each.
  lossesAt(columns, rows) {
    const found = new Float64Array(columns[0].length);
    this.inParts(columns[0].length, (start, n) => {
      this.fill(this.parameters, columns, start, n);
      for (const row of rows) {
        this.row.forEach((place, column) => place >= 0 && this.numbers[this.at[place]].fill(row[column]));
        runCode(this.codeOfLoss, n);
        for (let i = 0; i < n; i++) found[start + i] += this.numbers[this.loss][i] / rows.length;
      }
    });
    return found;
  }

  inParts(count, run) {
    for (let start = 0; start < count; start += LANES) run(start, Math.min(LANES, count - start));
  }

  fill(leaves, columns, start, n) {
    columns.forEach((column, k) => leaves[k] >= 0 && this.numbers[this.at[leaves[k]]].set(column.subarray(start, start + n)));
  }

  // For each of these rows the derivative of its own loss by one parameter.
  shares(rows, order, parameter) {
    const found = new Float64Array(order.length);
    this.numbers[this.seed].fill(1);
    for (let start = 0; start < order.length; start += LANES) {
      const n = this.load(rows, order, start);
      runCode(this.codeOfStep, n);
      for (const term of this.gradients) {
        if (term.parameter !== parameter) continue;
        const [adjoint, partial] = [this.numbers[term.adjoint], this.numbers[term.partial]];
        for (let i = 0; i < n; i++) found[start + i] += adjoint[i] * partial[i];
      }
    }
    return found;
  }
}

function sumOfFirst(a, n) {
  let total = 0;
  for (let i = 0; i < n; i++) total += a[i];
  return total;
}

function dotOf(a, b, n) {
  let total = 0;
  for (let i = 0; i < n; i++) total += a[i] * b[i];
  return total;
}
