"use strict";
// What was typed, kept in this browser. Each program is a draft with its own key, and each tab has
// drafts of its own, so that no tab and no example ever overwrites what another one holds. Where the
// browser keeps nothing, the page does as long as it is open.

const PREFIX = "overnight-autograd playground ";
const MOST_DRAFTS = 20;
const newId = () => `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 8)}`;

const held = new Map(); // drafts of this page, whether the browser keeps them or not

// All drafts, the newest first: [{id, code, when}]. A browser may forbid even to look.
function drafts() {
  const found = [...held].map(([id, draft]) => ({ id, ...draft }));
  try {
    for (let i = 0; i < localStorage.length; i += 1) {
      const key = localStorage.key(i);
      if (!key.startsWith(PREFIX)) continue;
      const draft = draftOf(localStorage.getItem(key));
      const id = key.slice(PREFIX.length);
      if (draft && !held.has(id)) found.push({ id, ...draft });
    }
  } catch (fault) {
    sayStorage(fault);
  }
  return found.sort((a, b) => b.when - a.when);
}

// Another page of the same origin may have written anything under our name.
function draftOf(text) {
  try {
    const { code, when } = JSON.parse(text);
    return typeof code === "string" && Number.isFinite(when) ? { code, when } : null;
  } catch (fault) {
    if (!(fault instanceof SyntaxError || fault instanceof TypeError)) throw fault;
    return null;
  }
}

function keepDraft(id, code) {
  const draft = { code, when: Date.now() };
  held.set(id, draft);
  try {
    localStorage.setItem(PREFIX + id, JSON.stringify(draft));
    say("trouble", "");
  } catch (fault) {
    sayStorage(fault);
    return;
  }
  for (const old of drafts().slice(MOST_DRAFTS)) localStorage.removeItem(PREFIX + old.id);
}

function sayStorage(fault) {
  if (!(fault instanceof DOMException || fault instanceof TypeError)) throw fault; // null has no length
  say("trouble", fault.name === "QuotaExceededError"
    ? "The storage of this browser is full, so your latest changes are kept only while this page is open: save them as a file, under Share, before you close it."
    : "This browser does not let the page keep anything, so your program is kept only while this page is open: save it as a file, under Share, before you close it.");
}

// --- this tab ---

// A reload goes on with the draft of its tab.
function draftOfThisTab() {
  try {
    return sessionStorage.getItem(PREFIX.trim());
  } catch (fault) {
    sayStorage(fault);
    return null;
  }
}

function rememberDraftOfThisTab(id) {
  try {
    if (id) sessionStorage.setItem(PREFIX.trim(), id);
    else sessionStorage.removeItem(PREFIX.trim());
  } catch (fault) {
    sayStorage(fault);
  }
}
