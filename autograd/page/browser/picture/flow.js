"use strict";
// Numbers that travel along arrows.

// `flow` is a Map from "node.slot" to texts: what the derivatives promise and, if given, what really arrives. When
// other arrows have numbers than before, the numbers run along them, from the leaves to the output.
function updateFlow(flow) {
  const tags = scene.edges.flatMap((edge) => {
    const part = edge.parts.find(([node, slot]) => flow.has(`${node}.${slot}`));
    return part ? [[edge, flow.get(part.join("."))]] : [];
  });
  once(scene, "flowKey", tags.map(([edge]) => edge.parts[0].join(".")).join(), () => {
    placeFlow(tags.map(([edge]) => edge));
    scene.flow.replaceChildren(...tags.map(([edge]) => flowTag(edge)));
    const first = Math.min(...tags.map(([edge]) => edge.from.rank));
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches) tags.forEach(([edge]) => travel(edge, edge.from.rank - first));
  });
  for (const [edge, texts] of tags) {
    [...edge.flow.children].forEach((line, i) => (line.textContent = texts[i] ?? ""));
  }
  scene.group.classList.toggle("flowing", tags.length > 0);
}

const TRAVEL = 450; // milliseconds along one arrow

// The two numbers of an arrow stand on it where they fit between the boxes; otherwise above or below those.
function placeFlow(edges) {
  const taken = areasOfBoxes(scene.boxes);
  const half = measure("+0.888", LABEL, 600) / 2;
  const areaOf = ([x, y]) => [x - half, y - 15, x + half, y + 14];
  for (const edge of edges) {
    const { from, to, points } = edge;
    const [top, bottom] = [-1, 1].map((side) => side * Math.max(...[from, to].map(({ y, height }) => side * y + height / 2)) + side * 18);
    const places = [0.5, 0.62, 0.38, 0.74, 0.26].flatMap((t) => {
      const [x, y] = onBow(points, scene.vertical, t);
      return [y, top, bottom].map((at, i) => [x, at, 40 * Math.abs(t - 0.5) + Math.min(i, 1) * (20 + Math.abs(at - y) / 4)]);
    });
    const place = freest(places, areaOf, taken[to.rank]);
    edge.flowAt = place.slice(0, 2);
    taken[to.rank].push(areaOf(place));
  }
}

function flowTag(edge) {
  const [x, y] = edge.flowAt;
  edge.flow = svg("g", { class: "flow", "aria-hidden": "true" }, text(x, y - 4, "promised", "", "middle"), text(x, y + 11, "true", "", "middle"));
  return edge.flow;
}

function travel(edge, after) {
  const [[x, y], [mx, my]] = [edge.points[0], edge.flowAt];
  const away = `translate(${x - mx}px,${y - my}px)`;
  edge.flow.animate([{ transform: away, opacity: 0 }, { transform: away, opacity: 1, offset: 0.1 }, { transform: "none", opacity: 1 }],
    { duration: TRAVEL, delay: TRAVEL * after, fill: "backwards", easing: "ease-out" });
}
