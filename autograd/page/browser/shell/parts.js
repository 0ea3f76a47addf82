"use strict";
// What several panels of the page are put together from.

const formula = (className, ...parts) => h("p", `formula ${className}`, ...parts);
const derivative = (text) => h("span", "derivative", text);
const put = (id, ...children) => byId(id).replaceChildren(...children);

function options(id, list, chosen) {
  put(id, ...list.map((node) => {
    const option = h("option", "", node.name);
    option.value = node.place;
    option.selected = node.place === chosen;
    return option;
  }));
}

// A fault in a text: the sentence, and its line with the character marked.
function pointedAt(text, { message, at }) {
  const start = text.lastIndexOf("\n", at - 1) + 1;
  const end = (text + "\n").indexOf("\n", at);
  const [from, to] = [Math.max(start, at - 40), Math.min(end, at + 40)];
  const character = at < end ? String.fromCodePoint(text.codePointAt(at)) : " ";
  const line = h("code", "pointed", text.slice(from, at), h("mark", "", character), text.slice(at + character.length, to));
  return [h("p", "wrong-text", message), ...(text.trim() ? [line] : [])];
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
