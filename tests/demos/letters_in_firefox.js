// What a reader of the page of the letters sees in Firefox. firefox.js calls it.
"use strict";
const { pathToFileURL } = require("node:url");

exports.operate = async (tab, page) => {
  const value = (code) => tab.evaluate(code);
  await tab.goto(pathToFileURL(page).href);
  await tab.type("#text", " The");
  const probabilities = await value("state.now.probabilities");
  const lit = await value("getComputedStyle(document.querySelector('.strip .cell')).backgroundColor");
  await tab.click(".neuron");
  const explained = await value("document.querySelector('#why h2').innerText");
  const width = await value("document.documentElement.scrollWidth");
  await tab.click(".write");
  const text = await value("document.querySelector('#text').value");
  return { probabilities, lit, explained, width, text };
};
