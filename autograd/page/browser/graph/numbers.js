"use strict";
// Numbers, written.

// Four significant digits, as in the drawings. A step writes thousands of numbers, nearly all as before.
const formats = new Map();

function format(x, digits = 4) {
  if (digits !== 4) return formatAnew(x, digits);
  if (formats.size > 20_000) formats.clear();
  if (!formats.has(x)) formats.set(x, formatAnew(x, 4));
  return formats.get(x);
}

function formatAnew(x, digits) {
  if (x === null || x === undefined) return "";
  if (x !== x) return "nan";
  if (Math.abs(x) === Infinity) return x > 0 ? "inf" : "-inf";
  if (x === 0) return "0";
  const size = Math.abs(Number(x.toPrecision(digits)));
  if (size >= 1e-4 && size < 10 ** digits) return String(Number(x.toPrecision(digits)));
  if (size >= 10 ** digits && Math.abs(x) < 999999.5) return x.toFixed(0);
  const [mantissa, exponent] = x.toPrecision(digits).includes("e")
    ? x.toPrecision(digits).split("e")
    : x.toExponential(digits - 1).split("e");
  const power = Math.abs(Number(exponent));
  return `${Number(mantissa)}e${exponent.startsWith("-") ? "-" : "+"}${power < 10 ? "0" : ""}${power}`;
}
