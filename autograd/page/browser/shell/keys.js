"use strict";
// The keyboard.

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

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, summary, [role=tab]")) return;
  const playing = { ArrowLeft: () => go(state.at - 1), ArrowRight: () => go(state.at + 1), Home: () => go(0), End: () => go(events().length), " ": play };
  if (event.key === " " && event.target.closest("button")) return;
  const action = zoomKeys[event.key] || (state.tab === "step" && playing[event.key]);
  if (!action) return;
  event.preventDefault();
  action();
}

function onTabKey(event) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!step) return;
  const next = tabs[(tabs.indexOf(event.target) + step + tabs.length) % tabs.length];
  openTab(next.id.slice(4));
  next.focus();
  event.preventDefault();
}
