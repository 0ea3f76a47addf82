"use strict";
// A curve with its tangent.

// A curve from `low` to `high` with its tangent at (x, y); a dot there, or where the numbers are now.
function curvePlot({ id, points, low, high, x, y, slope, title, note, now = { x, y, promised: y } }) {
  const finite = points.filter(([, height]) => Number.isFinite(height));
  const heights = [...finite.map(([, height]) => height), y].filter(Number.isFinite);
  let [bottom, top] = heights.length ? [Math.min(...heights), Math.max(...heights)] : [-1, 1];
  const margin = (top - bottom || Math.abs(top) || 1) * 0.15;
  [bottom, top] = [bottom - margin, top + margin];
  const at = (a, b) => [(20 + ((a - low) / (high - low)) * 280).toFixed(1), Math.max(-999, Math.min(999, 135 - ((b - bottom) / (top - bottom)) * 120)).toFixed(1)];
  const drawn = (line) => line.filter((point) => !point.includes("NaN"));
  const line = (points, className) => svg("path", { d: drawn(points).map((p, i) => (i ? "L" : "M") + p.join(",")).join(""), class: className });
  const [cx, cy] = at(now.x, now.y);
  const inside = svg("g", { "clip-path": `url(#${id})` },
    line([at(low, y + slope * (low - x)), at(high, y + slope * (high - x))], "tangent"),
    line(finite.map(([a, b]) => at(a, b)), "curve"),
    line([[cx, cy], at(now.x, now.promised)], "error"),
    ...([cx, cy].includes("NaN") ? [] : [svg("circle", { cx, cy, r: 4.5 })]));
  return [
    svg("clipPath", { id }, svg("rect", { x: 20, y: 8, width: 280, height: 130 })),
    svg("path", { d: "M20,8V138H300", class: "axis" }), inside,
    text(20, 154, "", format(low)), text(300, 154, "", format(high), "end"),
    text(160, 154, "", shortened(title, 150, 11), "middle"), text(160, 168, "tangent-name", note, "middle"),
  ];
}
