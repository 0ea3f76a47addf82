"use strict";
// A sum as a table that adds up: its largest terms, the rest as one, the bias, the sum.

const mostTerms = 8;

// The number of decimals that gives the largest number four digits. All numbers of a table share it.
const decimalsFor = (numbers) => Math.min(12, Math.max(0, 3 - Math.floor(Math.log10(largestOf(numbers) || 1))));
const written = (x) => format(x).replace("-", "−");
const signed = (x, decimals) => `${Number(x.toFixed(decimals)) < 0 ? "−" : "+"}${Math.abs(x).toFixed(decimals)}`;
const plain = (x, decimals) => x.toFixed(decimals).replace("-", "−");

// `terms` are {value, words}, where words() is what stands before the number; `sum` is what they and
// the bias add up to. The row of the rest is the sum less all other rows, as printed, so a reader who
// adds the column finds the sum. Where that is rounding alone, the row says so.
function sumTable(terms, bias, sum, { noun, total }) {
  const order = largestFirst(terms.map(({ value }) => Math.abs(value)));
  const first = terms.length <= mostTerms + 1 ? order : order.slice(0, mostTerms).filter((at) => terms[at].value);
  const shown = first.map((at) => terms[at]);
  const decimals = decimalsFor([sum, bias, ...shown.map(({ value }) => value)]);
  const printed = (x) => Number(x.toFixed(decimals));
  const rest = printed(sum) - printed(bias) - shown.reduce((all, { value }) => all + printed(value), 0);
  const rows = shown.map(({ words, value }) => ({ words: words(), value }));
  if (shown.length < terms.length) {
    const left = order.slice(shown.length).reduce((all, at) => all + terms[at].value, 0);
    const others = `${shown.length ? "the other " : ""}${many(terms.length - shown.length, noun)}`;
    rows.push({ words: [others + (printed(left) || !printed(rest) ? "" : ", and rounding")], value: rest });
  }
  rows.push({ words: ["bias"], value: bias });
  const largest = largestOf(rows.map(({ value }) => value));
  return h("table", "sum",
    h("tbody", "", ...rows.map(({ words, value }) => h("tr", "", h("td", "", ...words), h("td", "", signedBar(value, largest)), h("td", "", signed(value, decimals))))),
    h("tfoot", "", h("tr", "", h("th", "", total), h("td"), h("td", "", plain(sum, decimals)))));
}

// A bar to the right of the middle for a positive number, to the left for a negative one.
function signedBar(value, largest) {
  const bar = h("span", `signed${value < 0 ? " negative" : ""}`, h("i", ""));
  bar.firstChild.style.width = `${largest ? (50 * Math.abs(value)) / largest : 0}%`;
  return bar;
}

// Such as "e 1 back +1.31, t 2 back +0.98": the largest of some numbers that are above 0, with `name` of each.
function strongest(numbers, name, sign, count = 4) {
  const chosen = largestFirst(numbers.map((x) => sign * x), count).filter((at) => sign * numbers[at] > 0);
  const decimals = decimalsFor(numbers);
  if (!chosen.length) return ["nothing"];
  return chosen.flatMap((at, i) => [...(i ? [", "] : []), h("span", "term", name(at), ` ${signed(numbers[at], decimals)}`)]);
}

const sentence = (start, parts) => h("p", "", h("span", "quiet", start), " ", ...parts);
