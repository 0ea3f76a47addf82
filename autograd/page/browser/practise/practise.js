"use strict";
// Practise: climb the ladder, predict a whole gradient, find the bug, or print a sheet.

// {mode, asked: a node's place, rungs, at: how many are climbed, last: what was said about the last one}
let practice = null;

// Leaves with several paths come first, because they teach the most.
let questions = [];

whenOpened.push(() => {
  questions = nodes.filter(isAsked).sort((a, b) => (b.consumers.length > 1) - (a.consumers.length > 1) || !!a.op - !!b.op || a.place - b.place);
  practice = { mode: "ladder", asked: null };
});

// The first question of a graph: if possible, one whose ladder is short.
const firstQuestion = () => questions.slice(0, 40).find(({ place }) => onPaths(place).edges.size <= 20) || questions[0] || output;

// Starts at the foot of the ladder to a node.
function climbTo(place) {
  const rungs = place === output.place ? [] : rungsTo(place);
  practice = { ...practice, asked: place, rungs, at: 0, grads: new Set([output.place]), partials: new Set(), tooLong: rungs.length > LONGEST_LADDER };
  passGiven();
}

const rungNow = () => practice.rungs[practice.at];

function climb() {
  const rung = rungNow();
  if (rung.kind === "local") practice.partials.add(`${rung.node}.${rung.slot}`);
  const completed = completedBy(rung);
  if (completed !== null) practice.grads.add(completed);
  practice.at++;
}

function passGiven() {
  while (rungNow()?.given) climb();
}

// --- what is shown ---

const PRACTICES = { ladder: showLadder, whole: showWhole, bug: showBug, sheet: showSheet };

function showPractice() {
  if (practice.asked === null) climbTo(firstQuestion().place);
  for (const radio of document.getElementsByName("practice")) radio.checked = radio.value === practice.mode;
  const asks = practice.mode === "ladder" || practice.mode === "whole";
  byId("asking").hidden = !asks;
  byId("bug").hidden = practice.mode !== "bug";
  byId("sheet-form").hidden = practice.mode !== "sheet";
  PRACTICES[practice.mode]();
}

function choosePractice(mode) {
  practice.mode = mode;
  byId("answer").value = "";
  put("judgement");
  refresh();
  subject().forEach(reveal);
}

function showWhole() {
  byId("asked").value = practice.asked;
  byId("question").textContent = `${gradientName(nodes[practice.asked])} =`;
  byId("question").classList.add("derivative");
  byId("another").textContent = "Another";
  byId("rung").hidden = byId("found").hidden = true;
  byId("prediction").hidden = false;
}

function showLadder() {
  const { asked, rungs, at, tooLong } = practice;
  byId("asked").value = asked;
  byId("rung").hidden = false;
  const toAnswer = rungs.filter(({ given }) => !given).length;
  const answered = rungs.slice(0, at).filter(({ given }) => !given).length;
  const done = at >= rungs.length;
  byId("prediction").hidden = done || tooLong;
  byId("found").hidden = tooLong;
  byId("another").textContent = "Start again";
  if (tooLong) return put("rung", h("p", "", `A ladder to ${nodes[asked].name} has ${toAnswer} questions. Choose a node nearer to the output, or a whole gradient.`));
  const progress = h("progress");
  Object.assign(progress, { max: toAnswer || 1, value: answered });
  progress.setAttribute("aria-label", "Questions answered");
  const heading = done ? (toAnswer ? "You are at the top." : "Here is nothing to ask.") : `Question ${answered + 1} of ${toAnswer}`;
  put("rung", h("div", "row", h("b", "", heading), progress), ...(done ? [button("Start again", () => ask(asked))] : rungAsked(rungNow(), state.numbers)));
  if (!done) {
    byId("question").textContent = `${rungName(rungNow())} =`;
    byId("question").classList.toggle("derivative", rungNow().kind !== "local");
  }
  showFound();
}

// What is known so far, the newest first.
function showFound() {
  const known = practice.rungs.slice(0, practice.at).filter((rung) => !(rung.given && rung.kind === "product" && completedBy(rung) === null));
  const lines = known.reverse().map((rung) => formula(rung.given ? "quiet" : "", ...rungAnswered(rung, state.numbers)));
  put("found", h("h2", "minor", "Known so far"), ...lines, formula("quiet", derivative(`${gradientName(output)} = 1`)));
}

// In the picture: gradients and local derivatives that are known.
function shownPractice(all) {
  if (practice.mode === "bug") return shownBug(all);
  const ladder = practice.mode === "ladder";
  const rung = ladder ? rungNow() : null;
  const gradient = all.grad;
  all.grad = (place) => (isConstant(nodes[place]) ? "" : ladder && practice.grads.has(place) ? gradient(place) : "?");
  const isAsking = (node, slot) => rung?.kind === "local" && rung.node === node && rung.slot === slot;
  const local = all.partial;
  if (ladder) all.partial = (node, slot) => (practice.partials.has(`${node}.${slot}`) ? local(node, slot) : isAsking(node, slot) ? "?" : "");
  if (!rung || rung.slot === undefined) all.active.nodes.add(rung ? rung.node : practice.asked);
  else {
    all.active.edges.add(`${rung.node}.${rung.slot}`);
    all.active.nodes.add(rung.node).add(nodes[rung.node].inputs[rung.slot]);
  }
  return all;
}

// The nodes of the question, the most important last.
function practised() {
  if (practice.mode === "bug") return bugAt();
  const rung = practice.mode === "ladder" ? rungNow() : null;
  return rung ? [...(rung.slot === undefined ? [] : [nodes[rung.node].inputs[rung.slot]]), rung.node] : [practice.asked];
}

// --- answers ---

// {number, slack} of an answer, which may be an expression with names of nodes. The slack is what the rounding of the
// numbers in it may have done.
function readAnswer(text) {
  const postfix = parse(/^\s*[-−+]?\d+,\d+\s*$/.test(text) ? text.replace(",", ".") : text);
  const valueOf = (name, at) => {
    const node = nodes.find((other) => other.name === name);
    if (node) return state.numbers.data[node.place];
    if (name === "inf" || name === "nan") return numberOf(name);
    throw new Fault(`No node is called ${name}. An answer is a number or an expression, such as 0.125 or 0.8*0.3.`, at);
  };
  const number = evaluated(postfix, valueOf);
  const rounded = postfix.some(({ call }) => call && call !== "neg") ? postfix.filter(({ digits }) => digits?.includes(".")) : [];
  const slack = rounded.reduce((total, item) => {
    const [mantissa, exponent] = item.digits.toLowerCase().split("e");
    const half = 0.5 * 10 ** (Number(exponent || 0) - mantissa.split(".")[1].length);
    const moved = postfix.map((other) => (other === item ? { ...item, number: item.number + half } : other));
    return total + Math.abs(evaluated(moved, valueOf) - number);
  }, 0);
  return { number, slack };
}

function judgePrediction() {
  const typed = byId("answer").value;
  try {
    if (!typed.trim()) throw new Fault("Type a number or an expression, such as 0.125 or 0.8*0.3.", 0);
    judgeAnswer(readAnswer(typed));
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    put("judgement", ...pointedAt(typed, fault));
  }
}

function judgeAnswer(answer) {
  const rung = practice.mode === "ladder" ? rungNow() : { kind: "whole", node: practice.asked };
  const truth = rungNumber(rung, state.numbers);
  const { right, slips: ways } = judgeRung(rung, answer, state.numbers);
  if (right) return said(rung, h("p", "right-text", "Right: ", ...rungAnswered(rung, state.numbers), "."));
  const advice = { local: "Look at this one operation alone.", product: "Multiply the local derivative by the gradient that arrives.", sum: "Add what comes along each arrow.", whole: "Multiply the local derivatives along each path, then add up the products." };
  const near = isNear(answer, truth) ? "That is close. Round less on the way: the answer must agree to three digits." : `This matches no common mistake. ${advice[rung.kind]}`;
  put("judgement", h("p", "wrong-text", `Not ${format(answer.number)}.`), h("p", "", ways.length ? explained(ways) : near));
}

// Says how a question ended, and goes on to the next.
function said(rung, ...lines) {
  if (practice.mode === "ladder") {
    climb();
    passGiven();
    byId("answer").value = "";
    refresh();
    subject().forEach(reveal);
  }
  put("judgement", ...lines);
}

function giveHint() {
  const rung = practice.mode === "ladder" ? rungNow() : { kind: "whole", node: practice.asked };
  const several = rung.kind === "whole" && paths(rung.node, state.numbers, 1).count !== 1;
  put("judgement", h("p", "", several ? sumHint(nodes[rung.node]) : rungHint(rung, state.numbers)));
}

// For a gradient that comes along several paths: where they start.
const sumHint = (node) => `${gradientName(node)} = ${node.consumers.slice(0, 6).map(([consumer]) => `${partialName(nodes[consumer], node)} × ${gradientName(nodes[consumer])}`).join(" + ")}${node.consumers.length > 6 ? " + …" : ""}.`;

function showAnswer() {
  const rung = rungNow();
  if (practice.mode === "ladder") return said(rung, h("p", "", ...rungAnswered(rung, state.numbers)));
  const node = nodes[practice.asked];
  put("judgement", formula("", derivative(`${gradientName(node)} = ${format(state.numbers.grads[node.place])}`)), ...aboutGradient(node).slice(1), ...aboutPaths(node));
}

function ask(place) {
  climbTo(place);
  byId("answer").value = "";
  put("judgement");
  refresh();
  reveal(scene.boxOf[place]);
}

function askAnother() {
  if (practice.mode === "ladder") return ask(practice.asked);
  const now = questions.findIndex((node) => node.place === practice.asked);
  ask(questions.length ? questions[(now + 1) % questions.length].place : output.place);
}

function wirePractice() {
  for (const radio of document.getElementsByName("practice")) radio.addEventListener("change", () => choosePractice(radio.value));
  for (const radio of document.getElementsByName("sheet-of")) radio.addEventListener("change", refresh);
  byId("bug-kinds").append(...Object.entries(BUGS).map(([kind, words]) => {
    const radio = h("input");
    Object.assign(radio, { type: "radio", name: "bug-kind", value: kind });
    return h("label", "", radio, words);
  }));
  on("asked", "change", () => ask(Number(byId("asked").value)));
  on("another", "click", askAnother);
  on("hint", "click", giveHint);
  on("show-answer", "click", showAnswer);
  on("prediction", "submit", (event) => {
    event.preventDefault();
    judgePrediction();
  });
  const seeMore = (count) => () => {
    bug.seen = Math.min(bug.steps.length, count());
    refresh();
    subject().forEach(reveal);
  };
  on("bug-next", "click", seeMore(() => bug.seen + 1));
  on("bug-all", "click", seeMore(() => bug.steps.length));
  on("bug-another", "click", () => {
    plantBug();
    refresh();
  });
  on("bug-check", "click", judgeBug);
  on("bug-reveal", "click", revealBug);
  on("print-sheet", "click", printSheet);
}
