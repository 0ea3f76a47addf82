"use strict";
// What the program showed: a page, a picture or a text each, in a frame of its own behind a tab. A
// frame is a sandbox: what it shows cannot reach this page, its storage or its address.

const MOST_SHOWN = 12;
const EMPTY = "Nothing to show yet. page(y) shows the graph of a Value y; so does y alone in the last line.";

// Whether a run has shown nothing so far; how much; and whether the reader chose a tab.
const results = { fresh: true, count: 0, chosen: false, titles: new Map() };

// A new run: the former results stay until the first new one, so that nothing flickers.
function expectResults() {
  Object.assign(results, { fresh: true, count: 0, chosen: false, titles: new Map() });
}

function show({ title, html }) {
  if (results.fresh) clearResults();
  results.fresh = false;
  results.count += 1;
  const tabs = byId("shown-tabs"), number = results.count;
  const name = numbered(title);
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "allow-scripts allow-downloads allow-modals");
  frame.title = name;
  frame.srcdoc = html;
  const panel = h("div", "frame", frame);
  Object.assign(panel, { id: `shown-${number}`, role: "tabpanel" });
  const tab = button(name, () => {
    results.chosen = true;
    choose(number);
  });
  Object.assign(tab, { id: `shown-tab-${number}`, role: "tab" });
  tab.dataset.number = number;
  tab.setAttribute("aria-controls", panel.id);
  panel.setAttribute("aria-labelledby", tab.id);
  tabs.append(tab);
  byId("shown").append(panel);
  if (tabs.childElementCount > MOST_SHOWN) {
    tabs.firstElementChild.remove();
    byId("shown").firstElementChild.remove();
  }
  tabs.hidden = tabs.childElementCount < 2;
  say("shown-says", results.count > MOST_SHOWN ? `The last ${MOST_SHOWN} of ${results.count} results.` : "");
  // The newest is in front, until the reader chooses another one.
  const chosen = results.chosen && tabs.querySelector("[aria-selected=true]");
  choose(chosen ? chosen.dataset.number : number);
}

// The second page is "Page 2".
function numbered(title) {
  const count = (results.titles.get(title) || 0) + 1;
  results.titles.set(title, count);
  return count > 1 ? `${title} ${count}` : title;
}

function choose(number) {
  for (const tab of byId("shown-tabs").children) {
    const chosen = tab.dataset.number === String(number);
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    byId(tab.getAttribute("aria-controls")).hidden = !chosen;
  }
}

function clearResults() {
  byId("shown-tabs").replaceChildren();
  byId("shown").replaceChildren();
  byId("shown-tabs").hidden = true;
}

// The run has ended, or `early`, before its last line. Where it showed nothing, a former result would
// be taken for its own.
function endResults(early) {
  if (!results.fresh) return;
  if (early && byId("shown").childElementCount) say("shown-says", "From an earlier run:");
  else {
    clearResults();
    say("shown-says", EMPTY);
  }
}

byId("shown-tabs").addEventListener("keydown", (event) => {
  const tabs = [...byId("shown-tabs").children], at = tabs.indexOf(document.activeElement);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
  if (to === undefined || at < 0) return;
  event.preventDefault();
  const tab = tabs[(to + tabs.length) % tabs.length];
  tab.click();
  tab.focus();
});
