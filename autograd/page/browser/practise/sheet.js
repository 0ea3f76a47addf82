"use strict";
// A sheet to print: questions first, answers on pages of their own.

const MOST_ON_SHEET = 20;
const MOST_ON_PAPER = 40; // nodes of a picture of scalars, and rows of a table

function showSheet() {
  const random = byId("sheet-random").checked;
  byId("sheet-options").hidden = !random;
  byId("sheet-own").nextSibling.textContent = `this graph, ${output.name}`;
}

// The graphs that were chosen, each {title, exported, text or null}.
function sheetGraphs() {
  if (byId("sheet-own").checked) return [{ title: output.name, exported: graph, text: currentExpression() }];
  const difficulty = byId("sheet-difficulty").value;
  const [first, count] = [wholeNumber("sheet-seed", 0), wholeNumber("sheet-count", 1, MOST_ON_SHEET)];
  return Array.from({ length: count }, (_, i) => {
    const text = randomExpression(first + i, difficulty);
    return { title: `${difficulty} graph, seed ${first + i}`, exported: graphOf(text).exported, text };
  });
}

function wholeNumber(id, least, most = 999999) {
  const number = Number(byId(id).value);
  if (!Number.isInteger(number) || number < least || number > most) throw new Fault(`${byId(id).labels[0].textContent.trim()}: a whole number from ${least.toLocaleString("en")} to ${most.toLocaleString("en")}, please; got ${byId(id).value || "nothing"}.`, 0);
  return number;
}

// Fills the sheet, which only paper shows. Each graph is opened for a moment, because the picture is drawn of the open one.
function makeSheet() {
  const before = graph;
  const [asked, answered] = [[], []];
  sheetGraphs().forEach(({ title, exported, text }, i, all) => {
    if (exported !== graph) openGraph(exported);
    const view = state.view;
    if (nodes.length <= MOST_ON_PAPER) setView("scalars");
    const heading = `${all.length > 1 ? `${i + 1}. ` : ""}${title}`;
    asked.push(exercise(heading, text, false));
    answered.push(exercise(heading, null, true));
    if (view !== state.view) setView(view);
  });
  if (graph !== before) openGraph(before);
  openTab("practise");
  choosePractice("sheet");
  put("sheet",
    h("section", "", h("h1", "", "The chain rule: questions"), h("p", "", "Name: ______________________   Date: ______________"), h("p", "", "Work forward for the values, then backward for the derivatives. Write the local derivative beside each arrow, and fill in the table. Three digits are enough."), ...asked),
    h("section", "answers", h("h1", "", "The chain rule: answers"), ...answered));
}

function printSheet() {
  try {
    makeSheet();
    put("sheet-fault");
    print();
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    put("sheet-fault", h("p", "wrong-text", fault.message));
  }
}

function exercise(heading, text, isAnswer) {
  const lines = text === null ? [] : [h("pre", "", text)];
  const rows = nodes.filter((node) => !isConstant(node)).slice(-MOST_ON_PAPER);
  return h("article", "", h("h2", "", heading), ...lines, pictureOnPaper(heading, isAnswer), questionTable(rows, isAnswer));
}

function questionTable(rows, isAnswer) {
  const { data, grads } = recorded;
  const blank = (x) => (isAnswer ? format(x) : "");
  const local = (node) => node.inputs.flatMap((input, slot) => (isConstant(nodes[input]) ? [] : [isAnswer ? `${nodes[input].name}: ${format(recorded.partials[node.place][slot])}` : `${nodes[input].name}:`])).join("    ");
  return table(["node", "value", "local derivative by each input", totalOf(output.name, "node")], rows.map((node) => [
    node.op ? `${node.name} = ${inSymbols(node)}` : node.name, node.op ? blank(data[node.place]) : format(data[node.place]), node.op ? local(node) : "", node === output ? "1" : blank(grads[node.place]),
  ]));
}

// The picture of the open graph, with its gradients or with room for them.
function pictureOnPaper(heading, isAnswer) {
  const all = { ...shown(), active: { nodes: new Set(), edges: new Set() }, lit: null, wrong: new Set() };
  const { data, grads, partials } = recorded;
  const number = (list) => (...at) => (isAnswer ? format(at.reduce((x, i) => x[i], list)) : "");
  update({ ...all, data: (place) => (nodes[place].op ? number(data)(place) : format(data[place])), grad: (place) => (place === output.place ? "1" : number(grads)(place)), partial: number(partials) });
  const [left, top, width, height] = [scene.left - MARGIN, scene.top - MARGIN, scene.width + 2 * MARGIN, scene.height + 2 * MARGIN];
  const copy = svg("svg", { viewBox: `${left} ${top} ${width} ${height}`, width, height }, picture.querySelector("defs").cloneNode(true), scene.group.cloneNode(true));
  copy.lastChild.removeAttribute("transform");
  // An arrowhead of its own, because that of the screen is hidden on paper.
  const tip = `tip-${heading}-${isAnswer}`.replace(/[^\w-]/g, "-");
  copy.querySelector("marker").id = tip;
  for (const edge of copy.querySelectorAll("[marker-end]")) edge.setAttribute("marker-end", `url(#${tip})`);
  for (const part of copy.querySelectorAll("[tabindex]")) for (const name of ["tabindex", "role", "aria-pressed", "aria-label"]) part.removeAttribute(name);
  refresh();
  return copy;
}
