"use strict";
// A curve with its tangent.

const [PLOT_LEFT, PLOT_RIGHT, PLOT_TOP, PLOT_BOTTOM] = [62, 372, 8, 156];

// A curve from `low` to `high` with its tangent at (x, y); a dot there, or where the numbers are now.
function curvePlot({ id, points, low, high, x, y, slope, title, note, now = { x, y, promised: y } }) {
  const finite = points.filter(([, height]) => Number.isFinite(height));
  const heights = [...finite.map(([, height]) => height), y, now.y, now.promised].filter(Number.isFinite);
  let [bottom, top] = heights.length ? [Math.min(...heights), Math.max(...heights)] : [-1, 1];
  const margin = (top - bottom || Math.abs(top) || 1) * 0.1;
  [bottom, top] = [bottom - margin, top + margin];
  const [width, height] = [PLOT_RIGHT - PLOT_LEFT, PLOT_BOTTOM - PLOT_TOP];
  const at = (a, b) => [PLOT_LEFT + ((a - low) / (high - low)) * width, PLOT_BOTTOM - ((b - bottom) / (top - bottom)) * height];
  const path = (all, className) => polyline(all.filter((point) => point.every(Number.isFinite)), className);
  const [cx, cy] = at(now.x, now.y);
  const inside = svg("g", { "clip-path": `url(#${id})` },
    path([at(low, y + slope * (low - x)), at(high, y + slope * (high - x))], "tangent"),
    path(finite.map(([a, b]) => at(a, b)), "curve"),
    path([[cx, cy], at(now.x, now.promised)], "error"),
    ...([cx, cy].every(Number.isFinite) ? [svg("circle", { cx, cy, r: 4.5 })] : []));
  const levels = [bottom + margin, (bottom + top) / 2, top - margin].map((level) => [level, at(low, level)[1]]);
  return [
    svg("clipPath", { id }, svg("rect", { x: PLOT_LEFT, y: PLOT_TOP, width, height })),
    polyline([[PLOT_LEFT, PLOT_TOP], [PLOT_LEFT, PLOT_BOTTOM], [PLOT_RIGHT, PLOT_BOTTOM]], "axis"),
    ...levels.flatMap(([level, height]) => [polyline([[PLOT_LEFT - 4, height], [PLOT_LEFT, height]], "axis"), text(PLOT_LEFT - 7, height + 4, "", format(level, 3), "end")]),
    inside,
    text(PLOT_LEFT, PLOT_BOTTOM + 16, "", format(low)), text(PLOT_RIGHT, PLOT_BOTTOM + 16, "", format(high), "end"),
    text((PLOT_LEFT + PLOT_RIGHT) / 2, PLOT_BOTTOM + 16, "", shortened(title, 170), "middle"), text((PLOT_LEFT + PLOT_RIGHT) / 2, PLOT_BOTTOM + 33, "tangent-name", note, "middle"),
  ];
}
