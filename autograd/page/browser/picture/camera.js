"use strict";
// What part of the picture is seen. It scrolls as any other part of a page; with Ctrl, the wheel zooms.

const scroller = document.getElementById("scroller");
const camera = { x: 0, y: 0, zoom: 1 }; // where the picture's origin is, in pixels from the corner of what scrolls

// Gives the picture its size at this zoom; in the middle if there is room to spare.
function look() {
  const room = { width: scroller.clientWidth, height: scroller.clientHeight };
  for (const [size, start, at] of [["width", "left", "x"], ["height", "top", "y"]]) {
    const inner = scene[size] * camera.zoom;
    const outer = Math.max(room[size], inner + 2 * MARGIN - (innerWidth <= PHONE && size === "width" ? MARGIN : 0));
    picture.style[size] = `${Math.floor(outer)}px`;
    camera[at] = (outer - inner) / 2 - scene[start] * camera.zoom;
  }
  scene.group.setAttribute("transform", `translate(${camera.x.toFixed(2)},${camera.y.toFixed(2)}) scale(${camera.zoom.toFixed(4)})`);
  fadeSides(scroller);
}

// Fades the sides at which an element that scrolls goes on.
function fadeSides(element) {
  const hidden = element.scrollWidth - element.clientWidth;
  element.classList.toggle("goes-on-before", element.scrollLeft > 1);
  element.classList.toggle("goes-on-after", element.scrollLeft < hidden - 1);
}

// Shows all of the picture. If it would be smaller than `least`, shows as much as there is room for,
// from the leaves on, including the boxes of the current step.
function fit(least = 0) {
  const [wide, high] = [scroller.clientWidth - (innerWidth <= PHONE ? MARGIN : 2 * MARGIN), scroller.clientHeight - 2 * MARGIN];
  camera.zoom = Math.max(least, Math.min(wide / scene.width, high / scene.height, LARGEST));
  look();
  scroller.scrollTo(0, 0);
  if (least) subject().forEach(reveal);
}

// Zooms about a point, given in pixels from the corner of what is seen.
function zoom(by, x = scroller.clientWidth / 2, y = scroller.clientHeight / 2) {
  const before = { ...camera };
  const [left, top] = [scroller.scrollLeft, scroller.scrollTop];
  camera.zoom = Math.min(4, Math.max(0.02, camera.zoom * by));
  look();
  const scale = camera.zoom / before.zoom;
  scroller.scrollTo((left + x - before.x) * scale + camera.x - x, (top + y - before.y) * scale + camera.y - y);
}

// Moves the picture just far enough to show the box.
function reveal(box) {
  const shift = (at, half, size) => Math.min(0, at - half - 14) + Math.max(0, at + half - size + 14);
  const [x, y] = [box.x * camera.zoom + camera.x - scroller.scrollLeft, box.y * camera.zoom + camera.y - scroller.scrollTop];
  scroller.scrollBy(shift(x, (box.width * camera.zoom) / 2, scroller.clientWidth), shift(y, (box.height * camera.zoom) / 2, scroller.clientHeight));
}

function listenToPointers() {
  listenToMouse();
  listenToFingers();
  scroller.addEventListener("scroll", () => fadeSides(scroller), { passive: true });
  scroller.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const { left, top } = scroller.getBoundingClientRect();
    zoom(Math.exp(-event.deltaY * 0.004), event.clientX - left, event.clientY - top);
  }, { passive: false });
}

// A mouse drags the picture. A drag that ends on a box does not select it.
function listenToMouse() {
  let [from, moved] = [null, 0];
  picture.addEventListener("pointerdown", (event) => {
    const drags = event.pointerType !== "touch" && event.button === 0;
    from = drags ? { x: scroller.scrollLeft + event.clientX, y: scroller.scrollTop + event.clientY } : null;
    moved = 0;
  });
  addEventListener("pointermove", (event) => {
    if (!from) return;
    const [x, y] = [from.x - event.clientX, from.y - event.clientY];
    moved += Math.hypot(x - scroller.scrollLeft, y - scroller.scrollTop);
    scroller.scrollTo(x, y);
  });
  for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => (from = null));
  picture.addEventListener("click", (event) => moved > 6 && event.stopPropagation(), true);
}

// One finger scrolls, as everywhere; two zoom.
function listenToFingers() {
  let apart = 0;
  const distance = ([a, b]) => Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) || 1;
  scroller.addEventListener("touchstart", (event) => {
    if (event.touches.length !== 2) return;
    event.preventDefault();
    apart = distance(event.touches);
  }, { passive: false });
  scroller.addEventListener("touchmove", (event) => {
    if (event.touches.length !== 2) return;
    event.preventDefault();
    const { left, top } = scroller.getBoundingClientRect();
    const [a, b] = event.touches;
    zoom(distance(event.touches) / apart, (a.clientX + b.clientX) / 2 - left, (a.clientY + b.clientY) / 2 - top);
    apart = distance(event.touches);
  }, { passive: false });
}
