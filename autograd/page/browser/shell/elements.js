"use strict";
// Elements of the page, made and found.

const byId = (id) => document.getElementById(id);

function h(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

const formula = (className, ...parts) => h("p", `formula ${className}`, ...parts);
const derivative = (text) => h("span", "derivative", text);
const put = (id, ...children) => byId(id).replaceChildren(...children);
const many = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

function button(label, action, className = "") {
  const element = h("button", className, label);
  element.type = "button";
  element.addEventListener("click", action);
  return element;
}

function options(id, list, chosen) {
  put(id, ...list.map((node) => {
    const option = h("option", "", node.name);
    option.value = node.place;
    option.selected = node.place === chosen;
    return option;
  }));
}

function table(head, rows) {
  const line = (tag) => (cells) => h("tr", "", ...cells.map((cell) => h(tag, "", cell)));
  return h("table", "", h("thead", "", line("th")(head)), h("tbody", "", ...rows.map(line("td"))));
}

function svg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function text(x, y, className, content = "", anchor = "start") {
  return svg("text", { x, y, class: className, "text-anchor": anchor }, content);
}
