"use strict";
// A gradient as a bar: what each path contributes, end to end, negative ones to the left of zero.

// `parts` is [{value, colour, words, choose, arrows}...]; `chosen` is the index of the part that is lit alone, or null.
function stackedBar(parts, chosen) {
  const size = (sign) => parts.reduce((sum, { value }) => sum + Math.max(0, sign * value), 0);
  const [left, right] = [size(-1), size(1)];
  const whole = left + right;
  if (!Number.isFinite(whole) || !whole) return [];
  const bar = h("div", "bar");
  const segment = (part) => {
    const index = parts.indexOf(part);
    const share = Math.abs(part.value) / whole;
    const element = button(share > 0.16 ? format(part.value) : "", part.choose, `segment${chosen !== null && chosen !== index ? " faint" : ""}`);
    element.style.flexGrow = 1000 * share; // those of a side add up to more than 1, so that they fill it
    element.style.background = part.colour;
    element.setAttribute("aria-label", `${part.words}: ${format(part.value)}`);
    element.setAttribute("aria-pressed", String(chosen === index));
    return element;
  };
  const side = (sign, className) => {
    const found = parts.filter(({ value }) => sign * value > 0);
    if (!found.length) return [];
    const half = h("div", className, ...(sign < 0 ? found.reverse() : found).map(segment));
    half.style.flexGrow = (1000 * size(sign)) / whole;
    return [half];
  };
  bar.append(...side(-1, "minus"), ...side(1, "plus"));
  return [bar];
}
