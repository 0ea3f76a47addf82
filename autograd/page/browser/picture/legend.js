"use strict";
// What the numbers, arrows and marks of the picture mean.

// Each sign that the picture has, with its meaning.
function showLegend({ boxes, edges }) {
  const neurons = boxes.filter((box) => box.kind === "neuron");
  const weighted = edges.some((edge) => edge.weight !== null);
  const slopes = neurons.filter((box) => box.slope !== null && !box.small);
  const signs = [
    ["", "0.5", "value"],
    ["derivative", "d 0.5", `derivative of ${shortened(output.name, 80)} by it`],
    ...(slopes.length ? [["derivative", "× 0.5", "slope"]] : []),
    ...(edges.some((edge) => isLabelled(edge) && edge.weight === null) ? [["derivative", "0.5 →", "local derivative"]] : []),
    ...(weighted ? [["line positive", "", "positive,"], ["line negative", "", "negative weight"]] : []),
    ...(neurons.some((box) => box.slope !== null) ? [["dots", "", "saturated: small slope", "Its slope is below 1/10 of its largest."]] : []),
  ];
  put("signs", ...signs.flatMap(([className, sign, meaning, title = ""]) => [Object.assign(h("span", "sign", h("span", className, sign), ` ${meaning}`), { title }), " "]));
  byId("arrows").hidden = !edges.some((edge) => isLabelled(edge) && edge.weight !== null);
}
