"use strict";
// Running and stopping, and the state of Python in words. One run at a time; to stop it, its worker
// ends, whatever it does, and a new one starts.

const running = {
  python: null,
  phase: "starting", // then "ready" and "running", in turn; "failed", and "missing" where Python cannot run
  id: 0, // of the latest run; what an earlier one still says is not heard
  wanted: false, // Run was pressed before Python was ready
  failed: false, // it ended before its last line
};

const inSeconds = (seconds) => `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;

function startAnew() {
  running.phase = "starting";
  let heard = true;
  const python = startPython((message) => heard && hear(message));
  running.python = { run: python.run, stop: () => { heard = false; python.stop(); } };
  allow("stop", running.wanted);
}

function run() {
  if (running.phase === "running" || running.phase === "missing") return;
  if (running.phase === "failed") startAnew();
  if (running.phase === "starting") {
    running.wanted = true;
    say("state", "Starting Python… Then your program runs.");
    allow("stop", true);
    return;
  }
  Object.assign(running, { phase: "running", wanted: false, failed: false, id: running.id + 1 });
  keep(); // it may hang, and worse
  clearConsole();
  editor.mark(0);
  expectResults();
  allow("run", false);
  allow("stop", true);
  document.body.classList.add("running");
  say("state", "Running…");
  running.python.run(editor.text(), running.id);
}

function stop() {
  takeBack();
  if (running.phase !== "running") return;
  running.python.stop();
  running.failed = true;
  ended("Stopped. Starting Python anew…");
  startAnew();
}

// A program that waits for Python no longer does.
function takeBack() {
  if (!running.wanted) return;
  running.wanted = false;
  allow("stop", false);
  say("state", "Starting Python…");
}

function ended(words) {
  document.body.classList.remove("running");
  showPrinted(); // a run that has ended shows all that it printed
  endResults(running.failed);
  allow("run", true);
  allow("stop", false);
  say("state", words);
}

// What the worker says.
function hear(message) {
  const { type } = message;
  if (type === "ready") {
    running.phase = "ready";
    say("state", `Ready in ${inSeconds(message.seconds)}`);
    if (running.wanted) run();
  } else if (type === "print") {
    print(message.text, message.error);
  } else if (type === "show") {
    show(message);
  } else if (type === "error") {
    running.failed = true;
    showError(message);
    if (running.phase === "starting") {
      Object.assign(running, { phase: "failed", wanted: false });
      allow("stop", false);
      say("state", "Python did not start. Press Run to try again.");
    }
  } else if (type === "done" && message.id === running.id) {
    running.phase = "ready";
    ended(running.failed ? "Ended with an error" : `Finished in ${inSeconds(message.seconds)}`);
  }
}
