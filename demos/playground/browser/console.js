"use strict";
// What the program prints, and its error. A program may print faster than a page can show, so lines
// wait for the next frame, and only the last thousand stay.

const MOST_LINES = 1000;
const LONGEST_LINE = 5000; // characters

const printed = { waiting: [], open: null, left: 0 };

function clearConsole() {
  Object.assign(printed, { waiting: [], open: null, left: 0 });
  byId("lines").replaceChildren();
  byId("console").hidden = true;
}

// `isError`: written to standard error.
function print(text, isError) {
  if (!printed.waiting.length) requestAnimationFrame(showPrinted);
  for (const [i, part] of text.split("\n").entries()) {
    if (i) printed.waiting.push({ ends: true });
    if (part) printed.waiting.push({ text: part, isError });
  }
  // Only the end of a flood is ever seen.
  const surplus = printed.waiting.length - 4 * MOST_LINES;
  if (surplus > 0) printed.left += printed.waiting.splice(0, surplus).filter(({ ends }) => ends).length;
}

function showPrinted() {
  const lines = byId("lines"), place = byId("console");
  const follows = place.scrollHeight - place.scrollTop - place.clientHeight < 8;
  for (const { text, isError, ends } of printed.waiting) {
    if (ends) {
      if (!printed.open) lines.append(h("div", "line"));
      printed.open = null;
      continue;
    }
    if (!printed.open) {
      printed.open = h("div", "line");
      lines.append(printed.open);
    }
    addTo(printed.open, text, isError);
  }
  printed.waiting = [];
  while (lines.childElementCount > MOST_LINES) {
    lines.firstElementChild.remove();
    printed.left += 1;
  }
  if (printed.left) sayLeft(lines);
  place.hidden = !lines.childElementCount;
  if (follows) place.scrollTop = place.scrollHeight;
}

// As in a terminal, what follows a carriage return overwrites its line.
function addTo(line, text, isError) {
  const now = (line.textContent + text).replace(/\r+$/, "\r");
  const start = now.lastIndexOf("\r", now.length - 2) + 1;
  line.classList.toggle("to-error", isError);
  line.textContent = now.length - start > LONGEST_LINE ? `${now.slice(start, start + LONGEST_LINE)}…` : now.slice(start);
}

function sayLeft(lines) {
  let first = lines.querySelector(".left-out");
  if (!first) first = h("div", "line left-out");
  first.textContent = `${many(printed.left, "earlier line")} left out`;
  lines.prepend(first);
}

// The sentence first, then its line as a link, then the traceback, folded.
function showError({ sentence, line, trace }) {
  showPrinted();
  const parts = [h("p", "wrong-text", sentence)];
  if (line) {
    parts[0].append(" ", button(`Line ${line}`, () => editor.select(line), "link"));
    editor.mark(line);
  }
  if (trace) parts.push(h("details", "", h("summary", "", "Traceback"), h("pre", "", trace)));
  const error = h("div", "error", ...parts);
  printed.open = null;
  byId("lines").append(error);
  byId("console").hidden = false;
  byId("console").scrollTop = byId("console").scrollHeight;
}
