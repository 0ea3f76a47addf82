"use strict";
const at = (id) => document.getElementById(id);
let python, id = 0;

function receive(message) {
  if (message.type === "ready") {
    at("state").textContent = `Python is ready after ${message.seconds.toFixed(1)} s.`;
    at("run").disabled = false;
  } else if (message.type === "print") at("console").append(message.text);
  else if (message.type === "error") at("console").append(`Line ${message.line}: ${message.sentence}\n`);
  else if (message.type === "show") at("shown").srcdoc = message.html;
  else if (message.type === "done") {
    at("state").textContent = `Done after ${message.seconds.toFixed(2)} s.`;
    at("run").disabled = false;
  }
}

at("run").onclick = () => {
  at("run").disabled = true;
  at("console").textContent = "";
  python.run(at("code").value, ++id);
};
at("stop").onclick = () => {
  python.stop();
  at("run").disabled = true;
  python = startPython(receive);
};
python = startPython(receive);
