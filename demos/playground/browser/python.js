// Python for the page: a worker, and what it needs to start.
"use strict";

// What every worker starts with. The scripts of runtime/ bring it in base64, compressed with gzip, and
// while the browser reads one, those before it are unpacked.
const parts = {}; // promises by name

function bring(name, text) {
  const packed = new Blob([decoded(text)]).stream().pipeThrough(new DecompressionStream("gzip"));
  const type = { program: "application/wasm", worker: "text/javascript" }[name] ?? "";
  const response = new Response(packed, { headers: { "content-type": type } });
  parts[name] = name === "program" ? WebAssembly.compileStreaming(response)
    : name === "worker" ? response.blob().then(URL.createObjectURL)
    : response.arrayBuffer();
}

// The bytes that base64 stands for. Older browsers lack Uint8Array.fromBase64.
function decoded(text) {
  return Uint8Array.fromBase64?.(text) ?? Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

// Starts Python. `receive` gets its messages, the first of which is "ready". The answer has run(code,
// id), and stop(), which ends Python whatever it does; then start another one. Python that ends by
// itself starts anew by itself.
function startPython(receive) {
  let worker, stopped = false, announced = false;
  const wrong = (sentence) => receive({ type: "error", sentence: `Python did not start: ${sentence}`, line: null, trace: "" });
  async function begin() {
    const [address, snapshot, program, libraries, packages, online] = await Promise.all(
      ["worker", "snapshot", "program", "libraries", "packages", "online"].map((name) => parts[name]),
    );
    if (stopped) return;
    if (!address) throw new Error("the folder runtime is missing beside this page. playground.html works alone.");
    worker = new Worker(address);
    worker.onmessage = ({ data }) => hear(data);
    worker.onerror = (event) => wrong(event.message);
    worker.postMessage({ type: "start", snapshot, program, libraries, packages, online });
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
