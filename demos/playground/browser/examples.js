"use strict";
// The menu: our own programs, and those that the reader wrote in this browser.

const examples = JSON.parse(byId("example-list").textContent); // [{name, group, title, about, code}]

function listExamples() {
  const groups = new Map();
  for (const each of examples) groups.set(each.group, [...(groups.get(each.group) || []), each]);
  const parts = [...groups].map(([group, members]) => list(group, members.map((each) => entry(each.title, each.about, () => openExample(each)))));
  const mine = drafts().filter(({ id }) => id !== program.draft);
  if (mine.length) parts.push(list("Your programs in this browser", mine.map((draft) => entry(firstWords(draft.code), saidTime(draft.when), () => openDraft(draft)))));
  byId("examples").replaceChildren(...parts);
}

const list = (title, entries) => h("section", "", h("h2", "", title), h("ul", "", ...entries));

function entry(title, about, open) {
  const choice = button("", () => {
    menu.close();
    open();
    editor.focus();
  }, "entry");
  choice.append(h("b", "", title), h("span", "quiet", about));
  return h("li", "", choice);
}

// A program is called after its first line that says something.
function firstWords(code) {
  const line = code.split("\n").map((each) => each.replace(/^[\s"'#]+|["']+$/g, "").trim()).find((each) => each);
  return (line || "An empty program").slice(0, 60);
}

const saidTime = (when) => new Date(when).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" });
