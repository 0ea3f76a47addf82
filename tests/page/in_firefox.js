// What a reader does with a page and with a notebook, for tests/firefox.js.
"use strict";
const { pathToFileURL } = require("node:url");

exports.operate = async (tab, page, notebook) => {
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
};
