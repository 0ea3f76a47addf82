"use strict";
// Pointing at a factor lights its arrow and node in the picture; pointing at an arrow lights its factor.

// Notes what an element stands for: arrows, each as "node.slot", and nodes.
function standsFor(element, arrows, places) {
  element.dataset.arrows = arrows.join(" ");
  element.dataset.places = places.join(" ");
  return element;
}

const listed = (words) => (words ? words.split(" ") : []);

function lightUp(arrows, places) {
  const [lit, there] = [new Set(arrows), new Set(places.map(String))];
  for (const { element, parts } of scene.edges) element.classList.toggle("touched", parts.some(([node, slot]) => lit.has(`${node}.${slot}`)));
  for (const { element, members } of scene.boxes) element.classList.toggle("touched", members.some((place) => there.has(String(place))));
  for (const each of document.querySelectorAll("[data-arrows]")) {
    const own = listed(each.dataset.arrows);
    each.classList.toggle("touched", own.length ? own.some((arrow) => lit.has(arrow)) : listed(each.dataset.places).some((place) => there.has(place)));
  }
}

function pointAt(target) {
  const element = target.closest?.("[data-arrows], .box, .target");
  if (!element) return lightUp([], []);
  if (element.dataset.arrows !== undefined) return lightUp(listed(element.dataset.arrows), listed(element.dataset.places));
  const box = scene.boxes.find((each) => each.element === element);
  if (box) return lightUp([], box.node === null ? box.members : [box.node]);
  const { parts } = scene.edges.find((edge) => edge.target === element);
  lightUp(parts.map(([node, slot]) => `${node}.${slot}`), parts.map(([node]) => node));
}

for (const kind of ["pointerover", "focusin", "click"]) document.addEventListener(kind, (event) => pointAt(event.target));
