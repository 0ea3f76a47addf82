"use strict";
// The rows that the model learns from: moved, added, deleted, pasted.

const MOST_ROWS = 5000;

function rowInWords(row) {
  const { inputs, targets } = learning.names;
  return [...inputs, ...targets].map((name, i) => `${name} ${format(row[i])}`).join(", ");
}

// Whether the graph holds for a row: it answers as row 0 does what the loss asked of the numbers.
function holdsFor(row) {
  const { program, kinds } = learning.training.checks;
  const numbers = run(program, row);
  const answers = {
    less: (a, b) => a < b,
    less_equal: (a, b) => a <= b,
    equal: (a, b) => a === b || (a !== a && b !== b),
  };
  return kinds.every((kind, i) => {
    const answer = answers[kind.replace("not ", "")](numbers[2 * i], numbers[2 * i + 1]);
    return kind.startsWith("not ") ? !answer : answer;
  });
}

function useRows(rows) {
  learning.learner.change({ rows });
  learning.row = Math.min(learning.row, rows.length - 1);
  showLearning();
}

function addRow(row) {
  const { rows } = learning.learner.now;
  if (!holdsFor(row)) return sayTrouble("The loss takes another path for that row, and this page has one graph for all rows.");
  if (rows.length === MOST_ROWS) return sayTrouble(`A page has at most ${MOST_ROWS.toLocaleString("en")} rows.`);
  learning.row = learning.dragged = rows.length;
  useRows([...rows, row]);
  learning.points[learning.row]?.focus({ preventScroll: true });
}

function moveRow(place, [x, y]) {
  const { rows } = learning.learner.now;
  const moved = [x, y, ...rows[place].slice(2)];
  if (holdsFor(moved)) useRows(rows.map((row, i) => (i === place ? moved : row)));
}

function deleteRow(place) {
  const { rows } = learning.learner.now;
  if (rows.length === 1) return sayTrouble("This is the last row: learning needs one.");
  useRows(rows.filter((_, i) => i !== place));
}

function chooseRow(place) {
  learning.row = place;
  showLearning();
}

// --- CSV ---

const widthOfRows = () => learning.names.inputs.length + learning.names.targets.length;

function csvShape() {
  const { inputs, targets } = learning.names;
  return `Each line is a row: ${[...inputs, ...targets].join(", ")}. Paste rows here, or drop a file on this panel.`;
}

const NUMERAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const NO_NUMBER = /^[+-]?(nan|inf|infinity)$/i;

// The cells of a line, without quotation marks. Blanks part them only where no other sign does.
function cellsOf(line) {
  const cells = /[,;\t]/.test(line) ? line.split(/[,;\t]/) : line.trim().split(/\s+/);
  return cells.map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));
}

// The rows of a text, or a sentence about what is wrong with it.
function rowsFromCsv(content) {
  const lines = content.split(/\r\n|\n|\r/);
  const rows = [];
  const first = lines.findIndex((line) => line.trim());
  for (const [i, line] of lines.entries()) {
    if (!line.trim()) continue;
    const cells = cellsOf(line);
    const numbers = cells.map((cell) => (NUMERAL.test(cell) ? Number(cell) : NaN));
    const wrong = numbers.findIndex((x) => !Number.isFinite(x));
    if (i === first && numbers.every(Number.isNaN) && !cells.some((cell) => NO_NUMBER.test(cell))) continue; // a line of names
    if (wrong >= 0) return `Line ${i + 1}: ${cells[wrong] === "" ? "an empty cell" : `“${printable(cells[wrong]).slice(0, 30)}”`} is not a number.`;
    if (numbers.length !== widthOfRows()) {
      const { inputs, targets } = learning.names;
      return `Line ${i + 1} has ${many(numbers.length, "number")}; a row has ${widthOfRows()}: ${many(inputs.length, "input")} and ${many(targets.length, "target")}.`;
    }
    if (!holdsFor(numbers)) return `Line ${i + 1}: the loss takes another path for this row, and this page has one graph for all rows.`;
    rows.push(numbers);
  }
  if (!rows.length) return "There is no row in this text.";
  if (rows.length > MOST_ROWS) return `This text has ${many(rows.length, "row")}; a page has at most ${MOST_ROWS.toLocaleString("en")}.`;
  return rows;
}

function useCsv() {
  const rows = rowsFromCsv(byId("csv").value);
  byId("csv-trouble").textContent = typeof rows === "string" ? rows : "";
  if (typeof rows === "string") return;
  learning.learner.change({ rows });
  learning.row = 0;
  chooseSpans();
  describeMap();
  showLearning();
}

const asCsv = (rows) => [[...learning.names.inputs, ...learning.names.targets].join(","), ...rows.map((row) => row.join(","))].join("\n");

function listenToDrops() {
  const side = byId("side");
  const over = (event) => {
    if (state.tab !== "learn") return;
    event.preventDefault();
    side.classList.add("dropping");
  };
  side.addEventListener("dragover", over);
  side.addEventListener("dragleave", () => side.classList.remove("dropping"));
  side.addEventListener("drop", async (event) => {
    if (state.tab !== "learn") return;
    event.preventDefault();
    side.classList.remove("dropping");
    const [file] = event.dataTransfer.files;
    byId("csv").value = file ? await file.text() : event.dataTransfer.getData("text");
    byId("learn-csv").open = true;
    useCsv();
  });
}
