// Operates the playground in Firefox, over WebDriver BiDi, and prints what it shows as JSON.
// node firefox.js FOLDER FIREFOX PLAYGROUND PROGRAM, where npm installed puppeteer-core in FOLDER
"use strict";
const { createRequire } = require("node:module");
const { readFileSync } = require("node:fs");
const { pathToFileURL } = require("node:url");

const [folder, executablePath, playground, program] = process.argv.slice(2);
const puppeteer = createRequire(`${folder}/`)("puppeteer-core");
const PATIENCE = { timeout: 150_000 };

async function operate(tab) {
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
}

(async () => {
  const browser = await puppeteer.launch({ browser: "firefox", executablePath, headless: true, protocolTimeout: 180_000 });
  try {
    const tab = await browser.newPage();
    const errors = [];
    tab.on("console", (message) => errors.push(message.text()));
    tab.on("pageerror", (error) => errors.push(error.message));
    await tab.setViewport({ width: 1280, height: 800 });
    const found = await operate(tab);
    console.log(JSON.stringify({ ...found, errors }));
  } finally {
    await browser.close();
  }
})();
