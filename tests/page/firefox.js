// Operates a page in Firefox, over WebDriver BiDi, and prints what it shows as JSON.
// node firefox.js FOLDER FIREFOX PAGE NOTEBOOK, where npm installed puppeteer-core in FOLDER
"use strict";
const { createRequire } = require("node:module");
const { pathToFileURL } = require("node:url");

const [folder, executablePath, page, notebook] = process.argv.slice(2);
const puppeteer = createRequire(`${folder}/`)("puppeteer-core");

async function operate(tab) {
  const text = (selector) => tab.$eval(selector, (element) => element.innerText);
  await tab.goto(pathToFileURL(page).href);
  await tab.keyboard.press("ArrowRight");
  const afterOneStep = await text("#progress");
  await tab.click("#last");
  const atTheEnd = await tab.$$eval(".box", (boxes) => boxes.map((box) => box.getAttribute("aria-label")));
  await tab.click('.box[aria-label^="in, "]');
  const explained = await text("#explanation");
  await tab.waitForFunction(() => location.hash.includes("select=in"));
  await tab.goto(pathToFileURL(notebook).href);
  const dark = await tab.frames()[1].evaluate(() => matchMedia("(prefers-color-scheme: dark)").matches);
  return { afterOneStep, atTheEnd, explained, dark };
}

(async () => {
  const browser = await puppeteer.launch({ browser: "firefox", executablePath, headless: true });
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
