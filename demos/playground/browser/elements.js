"use strict";
// Elements of the page, made and found. Text is only ever text: nothing here reads markup.

const byId = (id) => document.getElementById(id);

function h(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

function button(label, action, className = "") {
  const element = h("button", className, label);
  element.type = "button";
  element.addEventListener("click", action);
  return element;
}

const many = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

// A sentence in its place, with what can be done about it; without a sentence the place is empty.
function say(id, sentence, ...actions) {
  const place = byId(id);
  place.replaceChildren(...(sentence ? [sentence, ...actions.flatMap((each) => [" ", each])] : []));
  place.hidden = !sentence;
}

// A button stays where the keyboard is, so it is not disabled but only says and shows that it is.
function allow(id, allowed) {
  byId(id).setAttribute("aria-disabled", String(!allowed));
}
const isAllowed = (id) => byId(id).getAttribute("aria-disabled") !== "true";

// --- panels ---

// A panel under its button: Escape, another panel and a click elsewhere close it.
function panel(buttonId, panelId, onOpen) {
  const opener = byId(buttonId), place = byId(panelId);
  const set = (open) => {
    if (open) onOpen();
    place.hidden = !open;
    opener.setAttribute("aria-expanded", String(open));
  };
  opener.addEventListener("click", () => set(place.hidden));
  document.addEventListener("pointerdown", ({ target }) => {
    if (!place.hidden && !place.contains(target) && !opener.contains(target)) set(false);
  });
  document.addEventListener("focusin", ({ target }) => {
    if (!place.hidden && !place.contains(target) && target !== opener) set(false);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || place.hidden) return;
    set(false);
    opener.focus();
  });
  return { close: () => set(false) };
}
