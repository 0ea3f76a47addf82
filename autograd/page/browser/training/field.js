"use strict";
// A field of numbers over a plane: its colours, and its lines of equal height.

const GRID = 48; // numbers along each side of a map

// A rectangle of the plane within a rectangle of the screen.
class Frame {
  constructor([left, right], [bottom, top], width, height) {
    Object.assign(this, { left, right, bottom, top, width, height });
  }

  // From the plane to the screen, and back.
  at(x, y) {
    return [((x - this.left) / (this.right - this.left)) * this.width, ((this.top - y) / (this.top - this.bottom)) * this.height];
  }

  from(px, py) {
    return [this.left + (px / this.width) * (this.right - this.left), this.top - (py / this.height) * (this.top - this.bottom)];
  }
}

// The interval that holds these numbers, and room around them.
function spanOf(numbers, room = 0.2) {
  const finite = numbers.filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  if (!(high > low)) return [(finite.length ? low : 0) - 1, (finite.length ? high : 0) + 1];
  return [low - room * (high - low), high + room * (high - low)];
}

// The coordinates of the grid's points, the first row at the top.
function gridPoints(frame) {
  const [xs, ys] = [new Float64Array(GRID * GRID), new Float64Array(GRID * GRID)];
  for (let i = 0; i < GRID * GRID; i++) [xs[i], ys[i]] = frame.from(((i % GRID) / (GRID - 1)) * frame.width, (Math.floor(i / GRID) / (GRID - 1)) * frame.height);
  return [xs, ys];
}

// The pieces of the line on which the grid's numbers are `level`, in steps of the grid: marching squares.
function contour(numbers, level) {
  const pieces = [];
  const cut = (ax, ay, a, bx, by, b) => {
    const part = (level - a) / (b - a);
    return [ax + part * (bx - ax), ay + part * (by - ay)];
  };
  for (let y = 0; y + 1 < GRID; y++) {
    for (let x = 0; x + 1 < GRID; x++) {
      const at = y * GRID + x;
      const [a, b, c, d] = [numbers[at], numbers[at + 1], numbers[at + GRID + 1], numbers[at + GRID]];
      const cuts = [];
      if (a > level !== b > level) cuts.push(cut(x, y, a, x + 1, y, b));
      if (b > level !== c > level) cuts.push(cut(x + 1, y, b, x + 1, y + 1, c));
      if (d > level !== c > level) cuts.push(cut(x, y + 1, d, x + 1, y + 1, c));
      if (a > level !== d > level) cuts.push(cut(x, y, a, x, y + 1, d));
      for (let i = 0; i + 1 < cuts.length; i += 2) pieces.push([cuts[i], cuts[i + 1]]);
    }
  }
  return pieces;
}

// A colour of the style sheet as [red, green, blue].
function colour(name) {
  const text = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  return [1, 3, 5].map((i) => parseInt(text.slice(i, i + 2), 16));
}

const SHADES = 64;

// Shades from one colour to another, as a picture's memory has them.
function shadesBetween(from, to) {
  const [a, b] = [colour(from), colour(to)];
  const packed = (part) => a.reduce((word, x, i) => word + Math.round(x + part * (b[i] - x)) * 256 ** i, 255 * 256 ** 3);
  return Uint32Array.from({ length: SHADES + 1 }, (_, i) => packed(i / SHADES));
}

// Paints the grid, whose colours are shades, and lines over it: {level, numbers, width}.
function paint(canvas, colours, lines) {
  const scale = window.devicePixelRatio || 1;
  const { clientWidth, clientHeight } = canvas;
  if (canvas.width !== Math.round(clientWidth * scale) || canvas.height !== Math.round(clientHeight * scale)) {
    [canvas.width, canvas.height] = [Math.round(clientWidth * scale), Math.round(clientHeight * scale)];
  }
  const context = canvas.getContext("2d");
  const small = (canvas.small ??= new OffscreenCanvas(GRID, GRID));
  small.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(colours.buffer), GRID, GRID), 0, 0);
  // The centre of a pixel of the small picture is a point of the grid.
  const [dx, dy] = [canvas.width / (GRID - 1), canvas.height / (GRID - 1)];
  context.imageSmoothingEnabled = true;
  context.drawImage(small, -dx / 2, -dy / 2, GRID * dx, GRID * dy);
  context.strokeStyle = `rgb(${colour("--line-of-map")})`;
  for (const { level, numbers, width } of lines) {
    context.lineWidth = width * scale;
    context.beginPath();
    for (const [[ax, ay], [bx, by]] of contour(numbers, level)) {
      context.moveTo(ax * dx, ay * dy);
      context.lineTo(bx * dx, by * dy);
    }
    context.stroke();
  }
}
