"use strict";
// The picture as a file, as it is seen: with its numbers, its lights, its colours of the day or the night.

const KEPT = ["fill", "stroke", "stroke-width", "stroke-dasharray", "opacity", "font-family", "font-size", "font-weight", "paint-order", "display"];

// The picture as the text of an SVG file that needs no styles.
function asSvg() {
  const paper = getComputedStyle(document.body).backgroundColor;
  const [left, top] = [scene.left - MARGIN, scene.top - MARGIN];
  const [width, height] = [scene.width + 2 * MARGIN, scene.height + 2 * MARGIN];
  const copy = svg("svg", { xmlns: "http://www.w3.org/2000/svg", viewBox: `${left} ${top} ${width} ${height}`, width, height },
    svg("title", {}, document.title), picture.querySelector("defs").cloneNode(true),
    svg("rect", { x: left, y: top, width, height, fill: paper }), scene.group.cloneNode(true));
  copy.lastChild.removeAttribute("transform");
  const shown = [...picture.querySelector("defs").querySelectorAll("*"), ...scene.group.querySelectorAll("*")];
  const copies = [...copy.querySelector("defs").querySelectorAll("*"), ...copy.lastChild.querySelectorAll("*")];
  shown.forEach((element, i) => keepStyle(getComputedStyle(element), copies[i]));
  for (const unseen of copy.querySelectorAll('.target, [display="none"]')) unseen.remove();
  return new XMLSerializer().serializeToString(copy);
}

function keepStyle(style, copy) {
  for (const property of KEPT) {
    const value = style.getPropertyValue(property);
    if (value && value !== "normal" && value !== "inline") copy.setAttribute(property, value);
  }
  for (const other of ["style", "tabindex", "role", "aria-label", "aria-pressed", "aria-hidden"]) copy.removeAttribute(other);
}

function saveSvg() {
  download(new Blob([asSvg()], { type: "image/svg+xml" }), "svg");
}

// Twice as large, so that it is sharp on paper; less where a browser could not draw it.
function savePng() {
  const image = new Image();
  image.addEventListener("load", () => {
    const scale = Math.min(2, 16000 / image.width, 16000 / image.height);
    const canvas = h("canvas");
    [canvas.width, canvas.height] = [image.width * scale, image.height * scale];
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => download(blob, "png"));
  });
  image.src = `data:image/svg+xml,${encodeURIComponent(asSvg())}`;
}

function download(blob, suffix) {
  const link = h("a");
  link.download = `${output.name.replace(/[^\p{L}\p{N}_.-]+/gu, "-") || "graph"}.${suffix}`;
  link.href = URL.createObjectURL(blob);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
