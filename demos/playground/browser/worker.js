// The worker that runs Python. It stands behind Pyodide's own scripts in one file, see build.py.
"use strict";

// Pyodide fetches its files by their address. Those that came with the page are answered here, because
// a page from disk may fetch nothing; all others, such as numpy, come from the network.
const brought = new Map();
const fetchFromNetwork = self.fetch;
self.fetch = (address, options) => {
  const file = brought.get(String(address).split("/").pop());
  return file ? Promise.resolve(new Response(file)) : fetchFromNetwork(address, options);
};

// The page compiles the program once, for this worker and for all that follow it.
let program;
WebAssembly.instantiateStreaming = async (_, imports) => ({
  module: program,
  instance: await WebAssembly.instantiate(program, imports),
});

let pyodide, session;

async function start({ module, stdlib, app, snapshot, numpy }) {
  const began = performance.now();
  program = module;
  brought.set("python_stdlib.zip", stdlib);
  brought.set("pyodide.asm.wasm", new Uint8Array());
  pyodide = await loadPyodide({
    indexURL: `https://cdn.jsdelivr.net/pyodide/v${numpy.version}/full/`,
    createPyodideModule: self.createPyodideModule,
    lockFileContents: numpy.lock,
    fsInit: async (files) => files.writeFile("/lib/app.zip", new Uint8Array(app)),
    _loadSnapshot: snapshot,
  });
  session = pyodide.pyimport("demos.playground.session");
  session.start();
  postMessage({ type: "ready", seconds: (performance.now() - began) / 1000 });
}

function run({ code, id }) {
  const began = performance.now();
  session.run(code, (message) => postMessage(message.toJs({ dict_converter: Object.fromEntries })));
  postMessage({ type: "done", id, seconds: (performance.now() - began) / 1000 });
}

self.onmessage = async ({ data }) => (data.type === "start" ? start(data) : run(data));
