"use strict";
// What part of the picture is seen: pan and zoom.

function look() {
  scene.group.setAttribute("transform", `translate(${camera.x.toFixed(2)},${camera.y.toFixed(2)}) scale(${camera.zoom.toFixed(4)})`);
}

// Whether a picture of this size is larger beside the lessons or above them, and its zoom there.
function room({ width, height }) {
  const zoom = (across, down) => Math.min((across - 24) / width, (down - 24) / height, 1.35);
  const [across, down] = [innerWidth, innerHeight - document.querySelector("header").offsetHeight];
  if (innerWidth <= 760) return { above: true, zoom: zoom(across, down - SIDE_ON_A_PHONE * innerHeight) };
  const [beside, above] = [zoom(across - SIDE_WIDTH, down), zoom(across, down - SIDE_HEIGHT)];
  return above > 1.1 * beside ? { above: true, zoom: above } : { above: false, zoom: beside };
}

// Shows all of the picture. If it would be smaller than `least`, shows as much as there is room for,
// from the leaves on, including the boxes of the current step.
function fit(least = 0) {
  const { width, height } = picture.getBoundingClientRect();
  camera.zoom = Math.max(least, Math.min((width - 24) / scene.width, (height - 24) / scene.height, 1.35));
  const [wide, high] = [scene.width * camera.zoom > width - 23, scene.height * camera.zoom > height - 23];
  const boxes = least ? subject() : [];
  const middle = high && boxes.length ? boxes[boxes.length - 1].y : scene.top + scene.height / 2;
  camera.x = wide ? 12 - scene.left * camera.zoom : width / 2 - (scene.left + scene.width / 2) * camera.zoom;
  camera.y = height / 2 - middle * camera.zoom;
  if (high) camera.y = Math.min(12 - scene.top * camera.zoom, Math.max(camera.y, height - 12 - (scene.top + scene.height) * camera.zoom));
  look();
  boxes.forEach(reveal);
}

function zoom(by, x, y) {
  const { width, height } = picture.getBoundingClientRect();
  [x, y] = [x ?? width / 2, y ?? height / 2];
  const next = Math.min(4, Math.max(0.02, camera.zoom * by));
  camera.x = x - ((x - camera.x) * next) / camera.zoom;
  camera.y = y - ((y - camera.y) * next) / camera.zoom;
  camera.zoom = next;
  look();
}

// Moves the picture just far enough to show the box.
function reveal(box) {
  const { width, height } = picture.getBoundingClientRect();
  const shift = (at, half, size) => Math.max(0, 14 - (at - half)) - Math.max(0, at + half - size + 14);
  camera.x += shift(box.x * camera.zoom + camera.x, (box.width * camera.zoom) / 2, width);
  camera.y += shift(box.y * camera.zoom + camera.y, (box.height * camera.zoom) / 2, height);
  look();
}

function listenToPointers() {
  const fingers = new Map();
  let moved = 0;
  const at = (event) => {
    const { left, top } = picture.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  };
  picture.addEventListener("pointerdown", (event) => {
    fingers.set(event.pointerId, at(event));
    moved = 0;
  });
  addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const now = at(event);
    const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      const apart = (p) => Math.hypot(p[0] - other[0], p[1] - other[1]) || 1;
      zoom(apart(now) / apart(before), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
    } else {
      camera.x += now[0] - before[0];
      camera.y += now[1] - before[1];
      look();
    }
    moved += Math.hypot(now[0] - before[0], now[1] - before[1]);
    fingers.set(event.pointerId, now);
  });
  for (const end of ["pointerup", "pointercancel"]) addEventListener(end, (event) => fingers.delete(event.pointerId));
  // A drag that ends on a box does not select it.
  picture.addEventListener("click", (event) => moved > 6 && event.stopPropagation(), true);
  picture.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)), ...at(event));
  }, { passive: false });
}
