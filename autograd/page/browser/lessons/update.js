"use strict";
// Update: steps of gradient descent.

// The parameters of a Module. Which other leaves to train is the reader's choice.
function defaultParameters() {
  return new Set(leaves.filter(({ role, place }) => role === "parameter" && !opaqueAfter[place]).map(({ place }) => place));
}

// The leaves that stay as they are, and why.
function staying() {
  const fixed = leaves.filter(({ place }) => opaqueAfter[place]);
  if (!leaves.length) return "There is nothing to update: every leaf is a plain number.";
  if (!fixed.length) return state.parameters.size ? "" : "Nothing is trained yet: tick the leaves that gradient descent may move. (It ticks the parameters itself if names= in Python has the model.)";
  const why = pythonOnly(opaqueAfter[fixed[0].place]);
  if (fixed.length === leaves.length) return `No leaf can be updated, because ${why}.`;
  const [first, ...others] = fixed;
  const also = others.length ? ` and ${others.length === 1 ? others[0].name : `${others.length} other leaves`} stay as they are` : " stays as it is";
  return `${first.name}${also}, because ${why}.`;
}

function descend() {
  const rate = Number(byId("rate").value.trim().replace(",", "."));
  if (!Number.isFinite(rate) || byId("rate").value.trim() === "") return put("descent", h("span", "wrong-text", "The learning rate must be a number, such as 0.1."));
  const before = fresh(state.numbers);
  const data = before.data.slice();
  for (const place of state.parameters) data[place] -= rate * before.grads[place];
  state.step = { before, rate, moved: new Set(state.parameters) };
  state.losses = [...(state.losses || [before.data[output.place]])];
  setNumbers(recompute(data));
  state.losses.push(state.numbers.data[output.place]);
  byId("descend").textContent = "Again";
  refresh();
}

function showUpdate() {
  byId("no-update").textContent = staying();
  byId("no-update").hidden = !staying();
  byId("descend").disabled = state.parameters.size === 0;
  const losses = state.losses || [state.numbers.data[output.place]];
  const shown = losses.length > 7 ? [losses[0], null, ...losses.slice(-5)] : losses;
  put("descent", `${output.name}: ${shown.map((x) => (x === null ? "…" : format(x))).join(" → ")}${losses.length > 1 ? ` after ${many(losses.length - 1, "step")}` : ""}`);
  const { before, rate, moved } = state.step || { before: state.numbers, rate: null, moved: state.parameters };
  const rows = leaves.slice(0, 400).map((node) => leafRow(node, before, rate, moved));
  const parts = table(["leaf", "before", "gradient", rate === null ? "- rate × gradient" : `- ${format(rate)} × gradient`, "after"], rows);
  const focus = document.activeElement?.dataset?.leaf;
  put("steps", ...parts.children);
  if (focus) byId("steps").querySelector(`[data-leaf="${focus}"]`)?.focus();
  if (leaves.length > 400) byId("steps").append(h("caption", "", `and ${many(leaves.length - 400, "more leaf").replace("leafs", "leaves")}, updated too`));
}

function leafRow(node, before, rate, moved) {
  const check = h("input");
  check.type = "checkbox";
  check.checked = state.parameters.has(node.place);
  check.disabled = opaqueAfter[node.place] !== null;
  check.dataset.leaf = node.place;
  check.addEventListener("change", () => {
    if (check.checked) state.parameters.add(node.place);
    else state.parameters.delete(node.place);
    refresh();
  });
  const gradient = before.grads[node.place];
  const done = rate !== null && moved.has(node.place);
  return [h("label", "", check, node.name), format(before.data[node.place]), format(gradient), done ? format(-rate * gradient) : "", rate === null ? "" : format(state.numbers.data[node.place])];
}
