"use strict";
// Learning: parameters, rows, the optimiser's steps, and a history from which any step can be computed again.

const CHECKPOINTS = 400; // about this many at most; the steps between them are computed again

// What the optimiser does to every parameter at once: its update, traced in Python.
class Updater {
  constructor({ update, memories, settings }, count) {
    Object.assign(this, { update, memories, settings, count });
    this.programs = new Map();
  }

  // The update that these settings ask for: some updates leave terms out where a setting is 0.
  chosen(settings) {
    let update = this.update;
    while ("setting" in update) update = settings[update.setting] === 0 ? update.zero : update.other;
    if (!this.programs.has(update)) {
      const program = new LaneProgram(this.count);
      const given = Array.from({ length: 2 + this.memories.length + this.settings.length }, () => program.input());
      const results = program.inline(update, given);
      this.programs.set(update, { program, results, code: program.needed(results) });
    }
    return this.programs.get(update);
  }

  step(theta, gradient, memories, settings) {
    const { program, results, code } = this.chosen(settings);
    [theta, gradient, ...memories].forEach((numbers, place) => program.numbers[place].set(numbers));
    settings.forEach((x, i) => program.numbers[2 + memories.length + i].fill(x));
    runCode(code, this.count);
    const now = results.map((place) => program.numbers[place].slice());
    [theta, ...memories].forEach((numbers, i) => numbers.set(now[i]));
  }
}

class Learner {
  constructor(exportedGraph, training) {
    this.training = training;
    this.program = new RowProgram(exportedGraph, training);
    const { optimizer, parameters } = training;
    this.updater = new Updater(optimizer, parameters.length);
    this.gradient = new Float64Array(parameters.length);
    this.first = {
      theta: Float64Array.from(parameters, (place) => numberOf(exportedGraph.nodes[place].data)),
      memories: optimizer.numbers.map((numbers) => (numbers.length ? Float64Array.from(numbers, numberOf) : new Float64Array(parameters.length))),
    };
    this.now = {
      settings: optimizer.settings.map(({ number }) => number),
      rows: training.rows.map((row) => row.map(numberOf)),
      batch: 0, // rows per step; 0 for all
      shuffle: null, // the seed of the order of rows; null for the order given
    };
    this.altered = false; // whether the reader changed anything, so that a count of steps does not say all
    this.restart(this.first);
  }

  // --- where learning starts ---

  restart(from) {
    const { theta, memories } = from;
    this.altered ||= from !== this.first;
    Object.assign(this.now, { step: 0, theta: theta.slice(), memories: memories.map((numbers) => numbers.slice()) });
    this.startEpochs();
    this.losses = []; // by step: the mean loss of the rows of that step, before it
    this.trail = theta.length === 2 ? [] : null; // by step: where two parameters were
    this.checkpoints = [];
    this.mark();
  }

  backToTheStart() {
    this.restart(this.first);
  }

  // The weights that nn has with this seed.
  drawAgain(seed) {
    const random = new PythonRandom(seed);
    const theta = this.first.theta.slice();
    const set = (place, x) => place >= 0 && (theta[place] = x);
    for (const { weights, reach, bias } of this.training.first) {
      for (const place of weights) set(place, random.uniform(-reach, reach));
      set(bias, 0);
    }
    this.restart({ theta, memories: this.first.memories.map((numbers) => new Float64Array(numbers.length)) });
  }

  // --- what the reader changes: from here on, learning goes another way ---

  change(what) {
    this.altered = true;
    this.losses.length = this.now.step;
    this.checkpoints = this.checkpoints.filter(({ step }) => step <= this.now.step);
    Object.assign(this.now, what);
    if (what.rows || "batch" in what || "shuffle" in what) this.startEpochs();
    this.mark();
  }

  startEpochs() {
    const { rows, shuffle } = this.now;
    this.now.order = rows.map((_, i) => i);
    this.now.at = 0; // how many rows of the epoch are done
    this.now.stream = shuffle === null ? null : new PythonRandom(shuffle);
  }

  // --- steps ---

  // The rows of the next step.
  batch() {
    const { order, at, batch } = this.now;
    return batch ? order.slice(at, at + batch) : order;
  }

  step() {
    const { now, program } = this;
    if (now.stream && now.at === 0) {
      now.stream.shuffle(now.order);
    }
    const rows = this.batch();
    program.setParameters(now.theta);
    const loss = program.gradient(now.rows, rows, this.gradient);
    if (!Number.isFinite(loss)) throw new RangeError(`The loss became ${loss} after step ${now.step}: go back, and lower the learning rate.`);
    if (!this.gradient.every(Number.isFinite)) throw new RangeError(`A gradient is not finite after step ${now.step}: go back, and lower the learning rate.`);
    this.losses[now.step] = loss;
    if (this.trail) this.trail[now.step] = [...now.theta];
    this.updater.step(now.theta, this.gradient, now.memories, now.settings);
    now.step++;
    now.at += rows.length;
    if (now.at >= now.order.length) now.at = 0;
    if (now.step % this.every === 0) this.mark();
  }

  // Takes this many steps; those that were taken before are repeated as they were.
  advance(count) {
    const until = this.now.step + count;
    this.goTo(Math.min(until, this.last));
    while (this.now.step < until) this.step();
  }

  // The mean loss of all rows.
  loss() {
    this.program.setParameters(this.now.theta);
    return this.program.meanLoss(this.now.rows, this.now.rows.map((_, i) => i));
  }

  // --- history ---

  get last() {
    return this.losses.length;
  }

  get every() {
    return Math.max(10, 2 ** Math.floor(Math.log2(1 + this.now.step / CHECKPOINTS)) * 10);
  }

  mark() {
    const kept = copied(this.now);
    this.checkpoints = this.checkpoints.filter(({ step }) => step !== kept.step);
    this.checkpoints.push(kept);
  }

  // Back or forward to a step that was taken, computed again from the nearest checkpoint before it.
  goTo(step) {
    const kept = [...this.checkpoints].reverse().find((each) => each.step <= step);
    if (this.now.step > step || this.now.step < kept.step) this.now = copied(kept);
    while (this.now.step < step) this.step();
  }
}

// The same numbers, in lists of their own. Rows and settings are replaced, never changed in place.
function copied(state) {
  const { theta, memories, order, stream } = state;
  return { ...state, theta: theta.slice(), memories: memories.map((numbers) => numbers.slice()), order: order.slice(), stream: stream && stream.copy() };
}
