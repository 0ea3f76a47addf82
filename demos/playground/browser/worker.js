// The worker that runs Python. In its file, Pyodide's and Viz.js' own scripts stand before it; see
// build.py. Messages are those of session.py; then "ready", "done", and "dead" if Python itself ended.
"use strict";

// Pyodide fetches its files by address. Those that came with the page are answered here, because a
// page from disk can fetch nothing. All others, such as numpy, come from the network.
const brought = new Map();
const fetchFromNetwork = self.fetch;
self.fetch = (address, options) => {
  const file = brought.get(String(address).split("/").pop());
  return file ? Promise.resolve(new Response(file)) : fetchFromNetwork(address, options);
};

const seconds = (began) => (performance.now() - began) / 1000;
let python, session, viz;

// The message brings Python's memory after it started once (snapshot), the compiled program, the zips
// of Python's libraries and of our packages, and what is needed to fetch more (online).
async function start({ snapshot, program, libraries, packages, online }) {
  const began = performance.now();
  brought.set("python_stdlib.zip", libraries).set("pyodide.asm.wasm", new ArrayBuffer());
  WebAssembly.instantiateStreaming = async (_, imports) => ({
    module: program, // compiled by the page, for this worker and for those that follow it
    instance: await WebAssembly.instantiate(program, imports),
  });
  python = await loadPyodide({
    indexURL: online.address,
    packageBaseUrl: online.address,
    lockFileContents: online.lock,
    createPyodideModule: self.createPyodideModule,
    fsInit: async (files) => files.writeFile("/lib/packages.zip", new Uint8Array(packages)),
    _loadSnapshot: snapshot,
  });
  session = python.pyimport("demos.playground.session");
  session.start((source) => viz.renderString(source, { format: "svg" }));
  postMessage({ type: "ready", seconds: seconds(began) });
  viz = await Viz.instance();
}

// numpy is as large as Python itself, so it comes only for programs that may need it. Where it does not
// come, the console says why, and `import numpy` fails if the program gets that far.
async function fetchNumpy() {
  const say = (text) => postMessage({ type: "print", text: `${text}\n`, error: true });
  say("numpy comes from cdn.jsdelivr.net …");
  try {
    await python.loadPackage("numpy", { messageCallback() {}, errorCallback: say });
  } catch (fault) {
    say(fault.message);
  }
}

async function run({ code, id }) {
  await started;
  if (/\b(numpy|jit|compile)\b/.test(code) && !python.loadedPackages.numpy) await fetchNumpy();
  const began = performance.now();
  try {
    session.run(code, (message) => postMessage(message.toJs({ dict_converter: Object.fromEntries })));
  } catch (fault) {
    const sentence = "Python itself ended: the program took more of the browser's stack or memory than there is, for example by a list in a list, a thousand times over. Python starts anew.";
    postMessage({ type: "error", sentence, line: null, trace: String(fault.stack) });
    postMessage({ type: "done", id, seconds: seconds(began) });
    postMessage({ type: "dead" });
    return;
  }
  postMessage({ type: "done", id, seconds: seconds(began) });
}

let started;
self.onmessage = ({ data }) => {
  if (data.type === "run") {
    run(data);
    return;
  }
  started = start(data);
  // The page is told of an error, but not of a rejected promise.
  started.catch((fault) => setTimeout(() => {
    throw fault;
  }));
};
