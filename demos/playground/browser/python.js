// Python for the page: a worker, and what it needs to start.
"use strict";

// Filled by runtime.js: base64 of files compressed with gzip.
var RUNTIME = {};

// The bytes that base64 stands for. Older browsers lack Uint8Array.fromBase64.
function decoded(text) {
  return Uint8Array.fromBase64?.(text) ?? Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

function unpacked(name) {
  const packed = new Blob([decoded(RUNTIME[name])]);
  return new Response(packed.stream().pipeThrough(new DecompressionStream("gzip")));
}

let parts; // what every worker is started with

async function collect() {
  const bytes = (name) => unpacked(name).arrayBuffer();
  const compile = async () => WebAssembly.compile(await bytes("program"));
  const [worker, module, stdlib, app, snapshot] = await Promise.all([
    unpacked("worker").blob(),
    compile(), bytes("stdlib"), bytes("app"), bytes("snapshot"),
  ]);
  return { address: URL.createObjectURL(worker), message: { type: "start", module, stdlib, app, snapshot, numpy: RUNTIME.numpy } };
}

// Starts Python; receive gets its messages, the first of which is "ready".
// Returns run(code, id), and stop() to end it whatever it does. After that, start another.
function startPython(receive) {
  let worker, stopped = false;
  parts ??= collect();
  parts.then(({ address, message }) => {
    if (stopped) return;
    worker = new Worker(address);
    worker.onmessage = ({ data }) => receive(data);
    worker.onerror = (event) => receive({ type: "error", sentence: event.message, line: null, trace: "" });
    worker.postMessage(message);
  });
  return {
    run: (code, id) => worker.postMessage({ type: "run", code, id }),
    stop: () => { stopped = true; worker?.terminate(); },
  };
}
