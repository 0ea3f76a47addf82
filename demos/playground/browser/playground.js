"use strict";
// The program in the editor: where it comes from, what is kept of it, and when it may run by itself:
// only one of our own examples, unchanged. What a person wrote or an address holds waits for Run.

const program = {
  origin: "", // the text as it was opened
  draft: null, // under which it is kept; null as long as nothing was changed
};
let keepingSoon = 0;

const isChanged = () => editor.text() !== program.origin;

// Opens a program. What was in the editor is a draft, and stays one.
function openProgram(code, { draft = null, note = "", actions = [] } = {}) {
  keep();
  stop(); // what runs, or waits for Python, is not what now comes
  const former = program.draft;
  Object.assign(program, { origin: code, draft });
  editor.replace(code);
  clearTimeout(keepingSoon);
  rememberDraftOfThisTab(draft);
  say("note", note, ...actions, ...(former && former !== draft ? [wayBack(former)] : []));
}

function wayBack(id) {
  return button("Back to your program", () => {
    const draft = drafts().find((each) => each.id === id);
    if (draft) openDraft(draft);
  }, "link");
}

function openExample(example) {
  const note = program.draft || isChanged() ? "Your program is kept under Examples." : "";
  openProgram(example.code, { note });
  if (location.hash) history.replaceState(null, "", location.href.split("#")[0]);
  run();
}

function openDraft({ id, code }) {
  openProgram(code, { draft: id });
}

// --- keeping ---

function changed() {
  if (editor.text() === program.origin && !program.draft) return;
  clearTimeout(keepingSoon);
  keepingSoon = setTimeout(keep, 300);
}

function keep() {
  clearTimeout(keepingSoon);
  if (!isChanged()) return;
  if (!program.draft) {
    program.draft = newId();
    rememberDraftOfThisTab(program.draft);
    // The address would bring back the text before the change.
    if (location.hash) history.replaceState(null, "", location.href.split("#")[0]);
  }
  program.origin = editor.text();
  keepDraft(program.draft, program.origin);
}

// --- opening the page ---

// A person pressed Run, and so has read the note.
function pressRun() {
  say("note", "");
  run();
}

// Opens what the address asks for. Where it asks for nothing that is here, `otherwise` comes first.
async function openAddress(otherwise = () => {}) {
  const asked = await askedFor(location.hash);
  const example = asked && examples.find(({ name }) => name === asked.example);
  if (asked && asked.code !== undefined) {
    openProgram(asked.code, { note: "This program came with the address. Read it first; it runs only when you press Run." });
  } else if (example) {
    openExample(example);
  } else {
    otherwise();
    if (asked) say("note", asked.sentence || "The address asks for an example that is not here.");
  }
}

function openFirst() {
  const kept = drafts(), draft = kept.find(({ id }) => id === draftOfThisTab()) || kept[0];
  if (!draft) {
    openProgram(examples[0].code);
    run();
    return;
  }
  // Another tab may be at work on the newest draft, so that this one goes on under a name of its own.
  const mine = draft.id === draftOfThisTab() ? draft.id : null;
  openProgram(draft.code, { draft: mine, note: `Your program of ${saidTime(draft.when)}.` });
}

// A sentence where Python cannot run, else nothing.
function whatIsMissing() {
  const missing = [
    ["WebAssembly", window.WebAssembly], ["workers", window.Worker], ["decompression", window.DecompressionStream],
  ].filter(([, there]) => !there).map(([name]) => name);
  return missing.length ? `This browser has no ${missing.join(" and no ")}, so Python cannot run in it: open the playground in a newer one.` : "";
}

const editor = Editor.open(byId("editor"), {
  text: "", label: "Python program", describedBy: "editor-help", onRun: pressRun, onChange: changed,
});
const menu = panel("open-examples", "examples", listExamples);
panel("open-share", "share", openShare);
byId("run").addEventListener("click", pressRun);
byId("stop").addEventListener("click", stop);
byId("save-file").addEventListener("click", saveFile);
byId("copy-link").addEventListener("click", copyLink);
byId("run-key").textContent = /Mac|iP(hone|ad)/.test(navigator.platform) ? "⌘ Enter" : "Ctrl+Enter";
addEventListener("pagehide", keep);
document.addEventListener("visibilitychange", () => document.hidden && keep());
addEventListener("hashchange", () => openAddress());

async function open() {
  const missing = whatIsMissing();
  if (missing) {
    say("state", missing);
    running.phase = "missing";
    allow("run", false);
  } else {
    say("state", "Starting Python…");
    // Its files come last, so that the page is there to be read and typed into before them.
    addEventListener("load", startAnew);
  }
  await openAddress(openFirst);
}
open();
