"use strict";
// Paths through the graph: a strand for each along the arrows that it takes, as thick as its product is large.

const PATHS = 8; // that have a colour of their own
const WIDEST_STRAND = 7;
const WIDEST_BUNDLE = 21; // of the strands on one arrow

// The colour of path i, from 0 on, as the page's styles have it. All beyond the eighth share one.
const pathColour = (i) => `var(--path-${i < PATHS ? i + 1 : "rest"})`;

// `paths` is [{colour: i, edges: ["node.slot"...], share: of the largest product, from 0 to 1}...]. Where several
// take the same arrow, their strands run side by side.
function updateStrands(paths) {
  const key = paths.map(({ colour, share, edges }) => `${colour} ${share.toFixed(3)} ${[...edges].join()}`).join("|");
  once(scene, "strandsKey", key, () => {
    scene.strands.replaceChildren();
    const taken = paths.map(({ edges }) => new Set(edges));
    const bundles = scene.edges.map((edge) => {
      const there = paths.filter((_, i) => edge.parts.some(([node, slot]) => taken[i].has(`${node}.${slot}`)));
      return [edge, there, there.reduce((sum, path) => sum + width(path), 0)];
    });
    const scale = Math.min(1, WIDEST_BUNDLE / Math.max(...bundles.map(([, , total]) => total), 1));
    for (const [edge, there, total] of bundles) {
      drawBundle(edge, there, total * scale, scale);
      if (edge.tag) keepBeside(edge, total * scale);
    }
  });

  function width({ share }) {
    return 1.6 + (WIDEST_STRAND - 1.6) * Math.min(1, share || 0);
  }

  function drawBundle(edge, there, total, scale) {
    let across = -total / 2;
    for (const path of there) {
      const thick = width(path) * scale;
      const strand = svg("path", { d: curve(shifted(edge.points, across + thick / 2)), class: `strand path-${path.colour < PATHS ? path.colour + 1 : "rest"}` });
      strand.style.strokeWidth = thick.toFixed(2);
      scene.strands.append(strand);
      across += thick;
    }
  }
}

// A number stands beside its arrow, however wide that is.
function keepBeside({ tag, labelSide: [x, y] }, wide) {
  tag.setAttribute("transform", `translate(${(x * wide) / 2},${(y * wide) / 2})`);
}

// The points of an edge, moved to its side.
const shifted = (points, by) => points.map(([x, y]) => (scene.vertical ? [x + by, y] : [x, y + by]));
