"use strict";
// Predict: the page asks for a gradient, and traces a wrong answer to the slip that leads to it.

function showPrediction() {
  const node = nodes[state.asked];
  byId("asked").value = state.asked;
  byId("question").textContent = `${gradientName(node)} =`;
}

function judgePrediction() {
  const typed = byId("answer").value.trim().replace(/[−–]/g, "-").replace(",", ".");
  const answer = typed === "" ? NaN : Number(typed);
  if (answer !== answer) return put("judgement", h("p", "wrong-text", "Type a number, such as 0.125 or -2e-3."));
  const verdict = judge(state.asked, answer, state.numbers);
  if (verdict.right) return put("judgement", h("p", "right-text", `Right: ${gradientName(nodes[state.asked])} = ${format(state.numbers.grads[state.asked])}.`));
  put("judgement", h("p", "wrong-text", `Not ${format(answer)}.`), h("p", "", verdict.slip || "This matches no common mistake. Multiply the local derivatives along each path, then add up the products."));
}

function showAnswer() {
  const node = nodes[state.asked];
  put("judgement", formula("", derivative(`${gradientName(node)} = ${format(state.numbers.grads[node.place])}`)), ...aboutGradient(node).slice(1), ...aboutPaths(node));
}


function ask(place) {
  state.asked = place;
  byId("answer").value = "";
  put("judgement");
  refresh();
  reveal(scene.boxOf[place]);
}

// Leaves with several paths come first, because they teach the most.
let questions = [];

whenOpened.push(() => (questions = nodes.filter((node) => node !== output).sort((a, b) => (b.consumers.length > 1) - (a.consumers.length > 1) || !!a.op - !!b.op || a.place - b.place)));

function askAnother() {
  const now = questions.findIndex((node) => node.place === state.asked);
  ask(questions.length ? questions[(now + 1) % questions.length].place : output.place);
}
