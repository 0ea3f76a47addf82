// Python for the page: a worker, and what it needs to start.
"use strict";

// Filled by runtime.js: base64 of files that gzip compressed.
var RUNTIME = {};

// The bytes that base64 stands for. Older browsers lack Uint8Array.fromBase64.
function decoded(text) {
  return Uint8Array.fromBase64?.(text) ?? Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

function unpacked(name, type) {
  const packed = new Blob([decoded(RUNTIME[name])]);
  return new Response(packed.stream().pipeThrough(new DecompressionStream("gzip")), { headers: { "content-type": type } });
}

async function collected() {
  const bytes = (name) => unpacked(name, "application/octet-stream").arrayBuffer();
  const [worker, module, stdlib, app, snapshot] = await Promise.all([
    unpacked("worker", "text/javascript").blob(),
    WebAssembly.compileStreaming(unpacked("program", "application/wasm")),
    ...["stdlib", "app", "snapshot"].map(bytes),
  ]);
  const message = { type: "start", module, stdlib, app, snapshot, numpy: RUNTIME.numpy };
  return { address: URL.createObjectURL(worker), message };
}

let parts; // what every worker starts with, unpacked once

// Starts Python. `receive` gets its messages, the first of which is "ready". The answer has run(code,
// id), and stop(), which ends Python whatever it does; then start another one. Python that ends by
// itself starts anew by itself.
function startPython(receive) {
  let worker, stopped = false, announced = false;
  const wrong = (sentence) => receive({ type: "error", sentence: `Python did not start: ${sentence}`, line: null, trace: "" });
  async function begin() {
    parts ??= collected();
    const { address, message } = await parts;
    if (stopped) return;
    worker = new Worker(address);
    worker.onmessage = ({ data }) => hear(data);
    worker.onerror = (event) => wrong(event.message);
    worker.postMessage(message);
  }
  function hear(message) {
    if (message.type === "dead") {
      worker.onmessage = null;
      worker.terminate();
      begun = begin();
    } else if (message.type !== "ready" || !announced) {
      announced ||= message.type === "ready";
      receive(message);
    }
  }
  let begun = begin();
  begun.catch((fault) => wrong(fault.message));
  return {
    run: (code, id) => begun.then(() => worker.postMessage({ type: "run", code, id })),
    stop() {
      stopped = true;
      worker?.terminate();
    },
  };
}
