"use strict";
// The keyboard. After a click the arrows step, whatever was clicked; after Tab they do what the control
// that they stand on does.

let clicked = false;

function nearest(box, key) {
  const sideways = key === "ArrowLeft" || key === "ArrowRight";
  if (sideways) {
    const next = key === "ArrowLeft" ? box.into.map((edge) => edge.from) : box.from.map((edge) => edge.to);
    return next.sort((a, b) => Math.abs(a.y - box.y) - Math.abs(b.y - box.y))[0];
  }
  const column = scene.boxes.filter((other) => other.rank === box.rank).sort((a, b) => a.y - b.y);
  return column[column.indexOf(box) + (key === "ArrowUp" ? -1 : 1)];
}

function onGraphKey(event) {
  const box = scene.boxes.find((other) => other.key === state.focus);
  if (stepKeys[event.key] && clicked) return;
  if (event.key.startsWith("Arrow")) {
    const next = nearest(box, event.key);
    if (next) focusOn(next);
  } else if (event.key === "Enter" || event.key === " ") select(box);
  else if (event.key === "e" || event.key === "E") toggle(box);
  else return;
  event.preventDefault();
  event.stopPropagation();
}

const zoomKeys = { "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), 0: () => fit() };

const stepKeys = { ArrowLeft: -1, ArrowRight: 1 };

// A step from another lesson; but an exercise is not left by accident, and steps of learning are others.
function stepBy(by) {
  if (state.tab === "practise" || state.tab === "learn") return;
  if (state.tab !== "step") openTab("step");
  go(state.at + by);
}

function onKey(event) {
  const { key, target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || target.closest("select, textarea, input:not([type=radio], [type=checkbox])")) return;
  const own = target.closest("input, summary, [role=tab]");
  const playing = { Home: () => go(0), End: () => go(events().length), " ": play };
  if (key === " " && (own || (!clicked && target.closest("button")))) return;
  const action = stepKeys[key] && !(own && !clicked) ? () => stepBy(stepKeys[key]) : !own && (zoomKeys[key] || (state.tab === "step" && playing[key]));
  if (!action) return;
  event.preventDefault();
  action();
}

function onTabKey(event) {
  const step = stepKeys[event.key];
  if (!step || clicked) return;
  const next = tabs[(tabs.indexOf(event.target) + step + tabs.length) % tabs.length];
  openTab(next.id.slice(4));
  next.focus();
  event.preventDefault();
}

function listenToKeys() {
  addEventListener("pointerdown", () => (clicked = true), true);
  addEventListener("keydown", ({ key }) => (clicked &&= key !== "Tab"), true);
  // A list that was opened by a click gives the keys back when something was chosen.
  document.addEventListener("change", ({ target }) => clicked && target.matches("select") && target.blur());
  picture.addEventListener("keydown", onGraphKey);
  document.addEventListener("keydown", onKey);
}
