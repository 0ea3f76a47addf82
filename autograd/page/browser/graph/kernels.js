"use strict";
// The operations whose value cannot be traced, by name, as ieee.py has them.

// The series of erf near 0, and the continued fraction of 1 - erf beyond (Abramowitz and Stegun 7.1.6, 7.1.14).
function erfSeries(x) {
  let [term, sum] = [2 * x, 2 * x];
  for (let n = 1; n < 60; n++) sum += term *= (2 * x * x) / (2 * n + 1);
  return (Math.exp(-x * x) / Math.sqrt(Math.PI)) * sum;
}

function erfcBeyond(x) {
  let fraction = x;
  for (let n = 60; n > 0; n--) fraction = x + n / 2 / fraction;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / fraction;
}

const erf = (x) => (Math.abs(x) > 2.5 ? Math.sign(x) * (1 - erfcBeyond(Math.abs(x))) : erfSeries(x));
const erfc = (x) => (x > 2.5 ? erfcBeyond(x) : 1 - erf(x));

const kernels = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  neg: (x) => -x,
  // C's pow is 1 for 1 ** nan and for (-1) ** inf; JavaScript's is nan.
  pow: (a, b) => (a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : Math.pow(a, b)),
  exp: Math.exp,
  log: Math.log,
  log1p: Math.log1p,
  expm1: Math.expm1,
  exp_mul: (a, b) => Math.exp(a * b),
  sqrt: Math.sqrt,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  atan: Math.atan,
  atan2: Math.atan2,
  hypot: Math.hypot,
  norm: (...xs) => (xs.some(Number.isNaN) ? NaN : Math.hypot(...xs)),
  erf,
  normal_cdf: (x) => erfc(-x * Math.SQRT1_2) / 2,
  tanh: Math.tanh,
  abs: Math.abs,
  sech2: (x) => {
    const t = Math.exp(-2 * Math.abs(x));
    return (4 * t) / (1 + t * (2 + t));
  },
  sigmoid: (x) => Math.exp(Math.min(x, 0)) / (1 + Math.exp(-Math.abs(x))),
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  relu: (x) => (x > 0 ? x : x === x ? 0 : x),
  maximum: (a, b) => (a >= b || a !== a ? a : b),
  minimum: (a, b) => (a <= b || a !== a ? a : b),
  sign: (x) => (x !== x ? x : (x > 0) - (x < 0)),
  step: (x) => (x > 0 ? 1 : x === x ? 0 : x),
  above: (a, b) => (a !== a || b !== b ? NaN : ((a > b) - (a < b) + 1) / 2),
  strong_mul: (a, b) => (a === 0 ? 0 : a * b),
  logsumexp: (...xs) => {
    const largest = xs.reduce((a, b) => Math.max(a, b), -Infinity);
    if (!Number.isFinite(largest)) return largest;
    const first = xs.indexOf(largest); // its 1 is left to log1p
    return largest + Math.log1p(xs.reduce((sum, x, i) => (i === first ? sum : sum + Math.exp(x - largest)), 0));
  },
};
