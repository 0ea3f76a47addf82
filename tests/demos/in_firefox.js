// What a reader does in the playground, for tests/firefox.js.
"use strict";
const { readFileSync } = require("node:fs");
const { pathToFileURL } = require("node:url");

const PATIENCE = { timeout: 150_000 };

exports.operate = async (tab, playground, program) => {
  const state = (start) => tab.waitForFunction(
    (wanted) => wanted.some((each) => document.getElementById("state").textContent.startsWith(each)), PATIENCE, start,
  );
  const run = (code) => tab.evaluate((text) => {
    editor.replace(text);
    document.getElementById("run").click();
  }, code);
  const printed = () => tab.$eval("#lines", (lines) => lines.innerText.trim());

  const opened = Date.now();
  await tab.goto(pathToFileURL(playground).href);
  await tab.waitForSelector("#shown iframe", PATIENCE);
  const frame = await (await tab.$("#shown iframe")).contentFrame();
  await frame.waitForSelector(".box", PATIENCE);
  const firstGraph = (Date.now() - opened) / 1000;
  await state(["Finished"]);
  const first = await printed();

  await run(readFileSync(program, "utf8")); // says at once that it runs
  await state(["Finished", "Ended"]);
  const survived = await printed();

  await run("while True: pass");
  await state(["Running"]);
  await tab.click("#stop");
  await state(["Ready"]);
  await run("print('after')");
  await state(["Finished"]);
  return { firstGraph, first, survived, after: await printed() };
};
