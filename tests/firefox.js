// Operates a page in Firefox, over WebDriver BiDi, and prints what a script finds there as JSON.
// node firefox.js FOLDER FIREFOX SCRIPT ARGUMENT..., where npm installed puppeteer-core in FOLDER.
// SCRIPT exports `async function operate(tab, ...arguments)`, which returns an object.
"use strict";
const { createRequire } = require("node:module");

const [folder, executablePath, script, ...given] = process.argv.slice(2);
const puppeteer = createRequire(`${folder}/`)("puppeteer-core");
const { operate } = require(script);

(async () => {
  const browser = await puppeteer.launch({ browser: "firefox", executablePath, headless: true, protocolTimeout: 180_000 });
  try {
    const tab = await browser.newPage();
    const errors = [];
    tab.on("console", (message) => errors.push(message.text()));
    tab.on("pageerror", (error) => errors.push(error.message));
    await tab.setViewport({ width: 1280, height: 800 });
    const found = await operate(tab, ...given);
    console.log(JSON.stringify({ ...found, errors }));
  } finally {
    await browser.close();
  }
})();
