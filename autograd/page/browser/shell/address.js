"use strict";
// The moment in the address, such as #step=29&view=neurons&select=i, so that a link leads to it.
// What an address says is looked up among what there is, or parsed, never evaluated.

let firstTab = "step"; // open where the address says nothing

// In the order in which they are opened. `said` is what the address says, null for nothing to say;
// `open` answers whether there is such a thing.
let addressParts = {
  expression: { said: currentExpression, open: openExpression },
  view: { said: () => (graph.neurons.length ? state.view : null), open: openView },
  order: { said: () => (state.order === "naive" ? "naive" : null), open: openOrder },
  select: { said: () => (state.selected === null ? null : nodes[state.selected].name), open: openNode },
  step: { said: saidStep, open: openStep },
  tab: { said: () => (state.tab === firstTab ? null : state.tab), open: (text) => tabs.some(({ id }) => id === `tab-${text}`) && (openTab(text), true) },
};

function openView(text) {
  const radio = [...document.getElementsByName("view")].find(({ value }) => value === text);
  if (!radio || radio.disabled || !graph.neurons.length) return false;
  radio.checked = true;
  setView(text);
  return true;
}

function openOrder(text) {
  const radio = [...document.getElementsByName("order")].find(({ value }) => value === text);
  if (radio) radio.click();
  return Boolean(radio);
}

function openNode(text) {
  const node = nodes.find(({ name }) => name === text);
  if (node) choose(node.place);
  return Boolean(node);
}

function saidStep() {
  const isChosen = state.tab === "step" && (state.selected !== null || firstTab !== "step");
  return state.at || isChosen ? String(state.at) : null;
}

function openStep(text) {
  if (!/^\d{1,9}$/.test(text) || Number(text) > events().length) return false;
  openTab("step");
  go(Number(text));
  return true;
}

// --- reading ---

// The parts of a text such as a=b&c=d. A person may have typed it, so a stray % is only a character.
function readAddress(text) {
  const decoded = (each) => {
    try {
      return decodeURIComponent(each);
    } catch (fault) {
      if (!(fault instanceof URIError)) throw fault;
      return each;
    }
  };
  return new Map(text.split("&").filter(Boolean).map((part) => {
    const [, key, value] = part.match(/^([^=]*)=?(.*)$/s);
    return [decoded(key), decoded(value)];
  }));
}

function openAddress() {
  knownAddress = location.hash;
  const asked = readAddress(knownAddress.slice(1));
  openTab(firstTab);
  const keys = [...Object.keys(addressParts), ...[...asked.keys()].filter((key) => !Object.hasOwn(addressParts, key))];
  const absent = keys.filter((key) => asked.has(key) && !(Object.hasOwn(addressParts, key) && addressParts[key].open(asked.get(key))));
  const quoted = absent.map((key) => `${key}=${asked.get(key)}`.slice(0, 60));
  byId("absent").hidden = !absent.length;
  byId("absent").textContent = `The address asks for ${quoted.join(" and ")}, which is not here, so that part is ignored.`;
}

// --- writing ---

const readable = (text) => encodeURIComponent(text).replace(/%(5B|5D|2C|2F|2B|3D|3A|5E)/g, decodeURIComponent);

// What the address says now; nothing for the page as it opened.
function address() {
  const said = Object.entries(addressParts).map(([key, { said }]) => [key, said()]).filter(([, value]) => value !== null);
  const isOpening = said.every(([key, value]) => key === "view" && value === state.firstView);
  return isOpening ? "" : said.map(([key, value]) => `${key}=${readable(value)}`).join("&");
}

let addressTimer = null;
let knownAddress = location.hash; // another one comes from a person, and is about to be read

// Soon writes the address, at most three times a second however fast things change: browsers allow no flood.
function followAddress() {
  addressTimer ??= setTimeout(() => {
    addressTimer = null;
    const now = address();
    if (location.protocol === "about:" || location.hash !== knownAddress) return; // about: a frame in a notebook
    if (now === knownAddress.slice(1)) return;
    history.replaceState(history.state, "", now ? `#${now}` : location.href.split("#")[0]);
    knownAddress = location.hash;
  }, 350);
}
