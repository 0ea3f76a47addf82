"use strict";
// Elements of a page, made and found, here and in the playground. Text is only ever text: nothing
// here reads markup.

const byId = (id) => document.getElementById(id);

function h(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

function button(label, action, className = "") {
  const element = h("button", className, label);
  element.type = "button";
  element.addEventListener("click", action);
  return element;
}

const many = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
