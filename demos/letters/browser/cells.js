"use strict";
// Cells whose colour is a number: blue for positive ones, orange for negative ones, stronger for larger ones.

const shownLetter = (letter) => (alphabet[letter] === " " ? "␣" : alphabet[letter]);
const spoken = (letter) => ({ " ": "space", _: "another character" })[alphabet[letter]] ?? alphabet[letter];

function tint(element, value, largest) {
  element.style.setProperty("--lit", largest > 0 ? Math.min(1, Math.abs(value) / largest) : 0);
  element.classList.toggle("negative", value < 0);
}

function cell(value, largest) {
  const element = h("i", "cell");
  tint(element, value, largest);
  return element;
}

const largestOf = (numbers) => numbers.reduce((most, x) => Math.max(most, Math.abs(x)), 0);

// The places of the `count` largest, the largest first.
const largestFirst = (numbers, count = numbers.length) => numbers.map((_, at) => at).sort((a, b) => numbers[b] - numbers[a]).slice(0, count);

// One of the elements in a group is reached by Tab, and the others from it by the arrow keys.
function moveByArrows(group, stepOf) {
  group.addEventListener("keydown", (event) => {
    const all = [...group.querySelectorAll("button")];
    const to = all[all.indexOf(event.target) + (stepOf(event.target)[event.key] ?? NaN)];
    if (!to) return;
    event.preventDefault();
    to.focus();
  });
  group.addEventListener("focusin", ({ target }) => {
    for (const other of group.querySelectorAll("button[tabindex='0']")) other.tabIndex = -1;
    target.tabIndex = 0;
  });
}
