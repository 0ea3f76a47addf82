"use strict";
// The paths from a node to the output, each as a chain of factors with their reasons.

// The links of a path from the output backward: {of, by, steps, value}. A nameless product and the sum after it, which
// passes every change on as it is, are one link: ∂z/∂h = w.
function linksOf(place, steps, numbers) {
  const links = [];
  let by = place;
  for (const [consumer, slot] of steps) {
    const last = links[links.length - 1];
    if (last && steps.length < 100 && passesOn(last, consumer, slot)) {
      last.of = consumer;
      last.steps.push([consumer, slot]);
    } else links.push({ of: consumer, by, steps: [[consumer, slot]], value: numbers.partials[consumer][slot] });
    by = consumer;
  }
  return links.reverse();
}

// Whether a link goes on through a sum: its end has no name and no other term of the sum changes with its start.
function passesOn({ of, by }, consumer, slot) {
  const { op, inputs } = nodes[consumer];
  if (nodes[of].named || nodes[of].consumers.length > 1 || constantDerivative(op, slot) !== "1") return false;
  const changing = onPaths(by).nodes;
  return !inputs.some((input, i) => i !== slot && changing.has(input));
}

const arrowsOf = (steps) => steps.map(([node, slot]) => `${node}.${slot}`);
const keyOf = (link) => arrowsOf(link.steps).join(" ");

// A factor that can be pointed at.
function factorButton(link, ...parts) {
  const element = button("", () => [link.by, link.of].forEach((place) => reveal(scene.boxOf[place])), "factor");
  element.append(...parts);
  return standsFor(element, arrowsOf(link.steps), [link.of]);
}

function factorRow(link, first, numbers) {
  const [consumer, slot] = link.steps[0];
  const written = localWritten(nodes[consumer], slot, numbers, drawnName);
  const cut = written.lastIndexOf(" ");
  return h("li", "", factorButton(link, `${first ? "" : "× "}${partialOf(within(link.of), within(link.by))} = ${written.slice(0, cut + 1)}`, h("b", "", written.slice(cut + 1))),
    h("span", "reason", lowered(reasonFor(nodes[consumer], slot, numbers))));
}

const lowered = (words) => words[0].toLowerCase() + words.slice(1);

// Factors that an earlier path has explained, or too many: only their numbers.
function factorNumbers(links, first, words) {
  const each = links.length > 12 ? [...links.slice(0, 6), null, ...links.slice(-5)] : links;
  const parts = each.flatMap((link, i) => [i || !first ? "× " : "", link ? factorButton(link, format(link.value)) : "…", " "]);
  return h("li", "", h("span", "", ...parts), h("span", "reason", words));
}

const LONGEST_CHAIN = 14; // of the factors that are explained one by one

// One path: its way, its factors from the output backward, their product.
function chainOf(place, path, index, explained, numbers) {
  const links = linksOf(place, path.steps, numbers);
  const way = [output.place, ...links.map(({ by }) => by)].filter((each, i, all) => nodes[each].named || i === 0 || i === all.length - 1);
  const shownWay = way.length > 9 ? [...way.slice(0, 4), null, ...way.slice(-4)] : way;
  const known = links.findIndex((link) => !explained.has(keyOf(link)));
  const rows = [];
  const before = links.slice(0, known < 0 ? links.length : known);
  if (before.length) rows.push(factorNumbers(before, true, "as above"));
  const own = links.slice(before.length);
  const cut = own.length > LONGEST_CHAIN ? LONGEST_CHAIN - 2 : own.length;
  own.slice(0, cut).forEach((link, i) => rows.push(factorRow(link, !before.length && !i, numbers)));
  if (cut < own.length) rows.push(factorNumbers(own.slice(cut), false, `${own.length - cut} more factors`));
  for (const link of links) explained.add(keyOf(link));
  const head = pathButton(index, `Path ${index + 1}: `, shownWay.map((each) => (each === null ? "…" : nodes[each].name)).join(" ← "));
  return h("section", "chain", head, h("ol", "", ...rows), formula("product", "= ", h("b", `ink-${index < PATHS ? index + 1 : "rest"}`, format(path.product))));
}

function pathButton(index, ...parts) {
  const element = button("", () => choosePath(index), "path-name");
  const swatch = h("span", "swatch");
  swatch.style.background = pathColour(index);
  element.append(swatch, ...parts);
  element.setAttribute("aria-pressed", String(state.path === index));
  element.addEventListener("pointerenter", () => showPath(index));
  element.addEventListener("pointerleave", () => showPath(null));
  return element;
}

// --- one path alone ---

function choosePath(index) {
  pathPointedAt = null;
  state.path = state.path === index ? null : index;
  refresh();
}

let pathPointedAt = null; // alone as long as the pointer is there

function showPath(index) {
  pathPointedAt = index;
  update(shown());
}

// What the picture shows of the paths from a node: their strands, and the boxes and arrows on them.
function shownPaths(place) {
  const { best } = paths(place, state.numbers);
  const alone = pathPointedAt ?? state.path;
  const largest = Math.max(...best.map(({ product }) => Math.abs(product)), 1e-300);
  const all = best.map(({ product, steps }, colour) => ({ colour, edges: arrowsOf(steps), share: Math.abs(product) / largest, steps }));
  const chosen = alone === null ? all : all.slice(alone, alone + 1);
  const lit = !chosen.length || alone === null ? onPaths(place) : { nodes: new Set([place, ...chosen[0].steps.map(([node]) => node)]), edges: new Set(chosen[0].edges) };
  return { paths: chosen, lit };
}

// --- all paths of a node, and their sum ---

function aboutPaths(node) {
  if (node === output) return [h("h2", "", node.name)];
  const { numbers } = state;
  const { count, best } = paths(node.place, numbers);
  const total = numbers.grads[node.place];
  const rest = total - best.reduce((sum, { product }) => sum + product, 0);
  const words = count < 1e15 ? many(count, "path") : `${format(count)} paths`;
  const explained = new Set();
  const chains = best.map((path, i) => chainOf(node.place, path, i, explained, numbers));
  if (count > best.length) chains.push(h("section", "chain", formula("", `The other ${count < 1e15 ? (count - best.length).toLocaleString("en") : format(count)} paths together: `, h("b", "ink-rest", format(rest)))));
  const parts = best.map(({ product }, i) => ({ value: product, colour: pathColour(i), words: `path ${i + 1}`, choose: () => choosePath(i) }));
  if (count > best.length) parts.push({ value: rest, colour: pathColour(PATHS), words: "the other paths", choose: () => choosePath(null) });
  return [
    h("div", "headline", h("h2", "", node.name), formula("sum", ...sumOfPaths(node, parts, total)), h("span", "quiet", `${words} to ${output.name}`)),
    ...(parts.length > 1 ? stackedBar(parts, state.path) : []),
    h("div", "chains", ...chains),
  ];
}

// dE/din = 0.4161 + 0.1243 = 0.5404, each term in the colour of its path.
function sumOfPaths(node, parts, total) {
  const result = derivative(h("b", "", format(total)));
  if (!parts.length) return [derivative(gradientName(node)), " = ", result];
  const term = ({ value }, i) => [i ? (value < 0 ? " - " : " + ") : "", h("b", `ink-${i < PATHS ? i + 1 : "rest"}`, format(i ? Math.abs(value) : value))];
  return [derivative(gradientName(node)), " = ", ...(parts.length > 1 ? [...parts.flatMap(term), " = "] : []), result];
}
