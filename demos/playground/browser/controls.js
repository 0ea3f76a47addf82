"use strict";
// Places that say something, buttons that may be used or not, and panels.

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
