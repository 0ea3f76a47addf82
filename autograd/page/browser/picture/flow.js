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

function flowTag(edge) {
  const [x, y] = edge.middle;
  edge.flow = svg("g", { class: "flow", "aria-hidden": "true" }, text(x, y - 4, "promised", "", "middle"), text(x, y + 11, "true", "", "middle"));
  return edge.flow;
}

function travel(edge, after) {
  const [[x, y], [mx, my]] = [edge.points[0], edge.middle];
  const away = `translate(${x - mx}px,${y - my}px)`;
  edge.flow.animate([{ transform: away, opacity: 0 }, { transform: away, opacity: 1, offset: 0.1 }, { transform: "none", opacity: 1 }],
    { duration: TRAVEL, delay: TRAVEL * after, fill: "backwards", easing: "ease-out" });
}
