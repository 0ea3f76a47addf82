"use strict";
// The panel of the Learn tab: the loss, the settings, one row, and how the rows' gradients become a step.

// --- the loss over the steps ---

function drawCurve(loss) {
  const { now, losses } = learning.learner;
  const all = [...losses, ...(now.step === losses.length ? [loss] : [])];
  const finite = all.filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const log = low > 0 && high / low > 30;
  const height = (y) => (log ? Math.log(y) : y);
  const [bottom, top] = [log ? height(low) : Math.min(0, low), height(high)];
  const last = Math.max(1, all.length - 1);
  const at = (step, y) => [56 + (290 * step) / last, 106 - 96 * ((height(y) - bottom) / (top - bottom || 1))];
  const every = Math.max(1, Math.ceil(all.length / 300));
  const shown = all.map((y, step) => [step, y]).filter(([step, y]) => Number.isFinite(y) && (step % every === 0 || step === all.length - 1));
  const line = shown.map(([step, y], i) => (i ? "L" : "M") + at(step, y).map((x) => x.toFixed(1)).join()).join("");
  const [cx, cy] = at(now.step, Number.isFinite(loss) ? loss : low);
  byId("learn-curve").replaceChildren(
    svg("path", { d: "M56,8V106H346", class: "axis" }),
    svg("path", { d: `M${cx.toFixed(1)},8V106`, class: "now" }),
    svg("path", { d: line, class: "curve" }),
    svg("circle", { cx: cx.toFixed(1), cy: cy.toFixed(1), r: 4 }),
    text(52, 16, "", format(high, 2), "end"), text(52, 106, "", format(log ? low : Math.min(0, low), 2), "end"),
    text(56, 122, "", "0"), text(346, 122, "", last.toLocaleString("en"), "end"),
    text(196, 122, "", log ? "step (loss on a log axis)" : "step", "middle"),
  );
  byId("learn-curve").setAttribute("aria-label", `The mean loss over the steps, from ${format(all[0])} to ${format(all[all.length - 1])}`);
}

// --- one row ---

function showRow() {
  const { learner, row, names, training } = learning;
  const { rows } = learner.now;
  const { program } = learner;
  program.load(rows, [row], 0);
  runCode(program.codeOfOutputs, 1);
  runCode(program.codeOfLoss, 1);
  const outputs = training.outputs.map((place, k) => [names.outputs[k], program.numbers[program.at[place]][0]]);
  const given = [...names.inputs, ...names.targets].map((name, i) => [name, rows[row][i]]).filter((_, i) => program.row[i] >= 0);
  const cells = [...given, ...outputs, [names.loss, program.numbers[program.loss][0]]];
  put("learn-numbers", scrolling("The row's numbers", table(cells.map(([name]) => name), [cells.map(([, x]) => format(x))])));
  const list = byId("learn-row");
  if (list.length !== rows.length) put("learn-row", ...rows.map((_, i) => new Option(`Row ${i + 1} of ${rows.length}`, i)));
  list.value = row;
}

function scrolling(label, content) {
  const box = h("div", "scroll", content);
  box.tabIndex = 0;
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", label);
  return box;
}

// --- from rows to a step ---

function showSum() {
  const { learner, parameter, names, training } = learning;
  const { now, program, updater } = learner;
  const rows = learner.batch();
  const shares = program.shares(now.rows, rows, parameter);
  const total = shares.reduce((sum, x) => sum + x, 0);
  drawShares(rows, shares);
  // The step to come, on copies.
  const after = copied(now);
  program.gradient(now.rows, rows, learner.gradient);
  const gradient = learner.gradient[parameter];
  updater.step(after.theta, learner.gradient, after.memories, now.settings);
  const name = names.parameters[parameter];
  const derivativeName = totalOf(names.loss, name);
  byId("learn-shares").toggleAttribute("hidden", rows.length === 1);
  const mean = rows.length === now.rows.length ? "gradient of the mean loss" : `gradient of this step, which takes ${many(rows.length, "row")}`;
  const gathered = rows.length === 1
    ? [formula("", derivative(`${derivativeName} = ${format(gradient)}`))]
    : [h("p", "", `Each bar is one row's ${derivativeName}. Their mean is the ${mean}:`), formula("", `${factor(total)} / ${rows.length} = `, derivative(format(gradient)))];
  const { optimizer } = training;
  const memories = optimizer.memories
    .map((memory, k) => [memory, format(now.memories[k][parameter]), format(after.memories[k][parameter])])
    .filter(([, before, then]) => before !== "0" || then !== "0");
  put("learn-sum",
    ...gathered,
    h("p", "", `${optimizer.name} makes of it, in the next step:`),
    scrolling("The parameter before and after the next step", table(["number", "before", "after"], [[name, format(now.theta[parameter], 6), format(after.theta[parameter], 6)], ...memories])),
  );
}

function drawShares(rows, shares) {
  const finite = [...shares].filter(Number.isFinite);
  const [low, high] = [Math.min(0, ...finite), Math.max(0, ...finite)];
  const y = (x) => 8 + 80 * ((high - x) / (high - low || 1));
  const width = 290 / shares.length;
  const bars = [...shares].map((x, i) => (Number.isFinite(x) ? svg("rect", {
    x: (56 + i * width).toFixed(2), width: Math.max(0.8, Math.min(24, width * 0.8)).toFixed(2),
    y: y(Math.max(0, x)).toFixed(2), height: Math.max(0.5, y(Math.min(0, x)) - y(Math.max(0, x))).toFixed(2),
    class: rows[i] === learning.row ? "bar chosen" : "bar",
  }) : ""));
  byId("learn-shares").replaceChildren(svg("path", { d: `M56,${y(0)}H346`, class: "axis" }), ...bars,
    text(52, 18, "", format(high, 2), "end"), text(52, 90, "", format(low, 2), "end"));
  byId("learn-shares").setAttribute("aria-label", `The gradient of each of ${rows.length} rows by ${learning.names.parameters[learning.parameter]}`);
}

// --- the settings ---

function makeSettings() {
  const { optimizer, first } = learning.training;
  byId("learn-optimizer").textContent = optimizer.name;
  const fields = optimizer.settings.map(({ name, number }, i) => field(settingInWords(name), String(number), (x) => {
    const settings = learning.learner.now.settings.slice();
    settings[i] = x;
    return { settings };
  }));
  const { rows } = learning.training;
  if (!isRowless()) {
    const batch = (x) => (Math.round(x) < learning.learner.now.rows.length ? Math.max(1, Math.round(x)) : 0);
    learning.batchField = field("rows per step", String(rows.length), (x) => ({ batch: batch(x) }));
    fields.push(learning.batchField);
    fields.push(field("shuffle by seed", "", (shuffle) => ({ shuffle }), "empty: in the order given"));
  }
  const main = ["learning rate", "momentum", "rows per step"];
  const isMain = (each) => main.includes(each.textContent.trim());
  byId("learn-settings").append(...fields.filter(isMain));
  byId("learn-more").append(...fields.filter((each) => !isMain(each)));
  byId("learn-more").hidden = fields.every(isMain);
  byId("learn-seeds").hidden = !first.length;
}

const settingInWords = (setting) => (setting === "lr" ? "learning rate" : setting.replaceAll("_", " "));

// A labelled number; `change` says what it changes in the state of learning. Where `unset` says what no number means,
// there may be none.
function field(name, value, change, unset = "") {
  const input = h("input");
  Object.assign(input, { type: "text", value, size: unset ? 24 : 6, inputMode: "decimal", placeholder: unset });
  input.addEventListener("change", () => {
    const content = input.value.trim().replace(",", ".");
    const x = content === "" && unset ? null : Number(content);
    if (x !== null && (content === "" || !Number.isFinite(x) || x < 0)) return sayTrouble(`${name} is a number of at least 0, such as ${value || 1}.`);
    sayTrouble("");
    learning.learner.change(change(x));
    showLearning();
  });
  return h("label", "", `${name} `, input);
}

function sayTrouble(sentence) {
  byId("learn-trouble").textContent = sentence;
}

// --- all of it ---

function showLearning() {
  if (state.tab === "learn") showLearn();
  followAddress();
}

function showLearn() {
  const { learner } = learning;
  const { now, last } = learner;
  const start = performance.now();
  const loss = learner.loss();
  byId("learn-slider").max = last;
  byId("learn-slider").value = now.step;
  byId("learn-at").textContent = now.step < last ? `Step ${now.step.toLocaleString("en")} of ${last.toLocaleString("en")}` : `Step ${now.step.toLocaleString("en")}`;
  byId("learn-slider").setAttribute("aria-valuetext", byId("learn-at").textContent);
  byId("learn-loss").textContent = now.rows.length === 1 ? `Loss: ${format(loss, 6)}` : `Mean loss of ${many(now.rows.length, "row")}: ${format(loss, 6)}`;
  sayWhatIsOpen("learn");
  byId("learn-play").textContent = learning.playing ? "Pause" : "Play";
  byId("learn-back").disabled = now.step === 0;
  if (!now.batch && learning.batchField) learning.batchField.querySelector("input").value = now.rows.length;
  drawCurve(loss);
  drawMap();
  learning.showing = performance.now() - start;
  // While it learns at full speed, the rest is shown four times a second.
  if (learning.playing && performance.now() - learning.shownAt < 250) return;
  learning.shownAt = performance.now();
  showRow();
  showSum();
  if (learning.csvOf === now.rows) return;
  learning.csvOf = now.rows;
  byId("csv").value = asCsv(now.rows);
}
