"use strict";
// How the window is shared: the picture beside the lessons or above them, and the room that each has.

const LEGIBLE = 1; // the zoom at which text is 12 pixels high
const [LARGE, LARGEST] = [1.15, 1.6]; // the zoom that is enough, and the one beyond which more room is of no use
const MARGIN = 10;
const SIDE_WIDTH = 400; // as in page.css
const [LEAST_SIDE, MOST_SIDE] = [0.4, 0.5]; // the part of the height that lessons below a picture take
const PHONE = 760; // windows up to this width, as in page.css

// Places the boxes for the best way to share the window, which is kept if `above` is given, and shares it so.
function layOut(arranged, above = null) {
  const best = bestWay(arranged, above);
  const { height } = mainRoom(best.above);
  const needed = arranged.height * Math.max(best.zoom, LEGIBLE) + 2 * MARGIN;
  const side = Math.min(MOST_SIDE * height, Math.max(LEAST_SIDE * height, height - needed));
  document.body.style.setProperty("--side-height", `${Math.round(side)}px`);
}

// The room for picture and lessons together, without the legend, which may need more than one line.
function mainRoom(above) {
  document.body.classList.toggle("above", above);
  const { clientWidth, clientHeight } = document.querySelector("main");
  return { width: clientWidth, height: clientHeight - byId("key").offsetHeight };
}

// {above, zoom} of the way in which the picture is largest and its arrows have room; beside the lessons if it is large enough there.
function bestWay(arranged, above = null) {
  showLegend(arranged);
  const all = waysToShare();
  const ways = all.length === 1 || above === null ? all : all.filter((way) => way.above === above);
  const tried = ways.map((way) => {
    const zoom = zoomOf(arranged, way);
    return { ...way, zoom, merit: zoom * (0.8 + 0.2 * arranged.ease) };
  });
  const best = tried.reduce((a, b) => (a.merit < LARGE && b.merit > 1.1 * a.merit ? b : a));
  if (best.zoom < LEGIBLE && !best.vertical && makeSmaller(arranged)) return bestWay(arranged, above);
  if (best !== tried[tried.length - 1]) zoomOf(arranged, best);
  return best;
}

// Neurons become small where circles would not fit; then arrows lose their numbers.
function makeSmaller({ boxes, edges }) {
  const circles = boxes.filter((box) => box.kind === "neuron" && !box.small);
  if (!circles.length && (!boxes.some((box) => box.small) || edges[0].among === Infinity)) return false;
  if (circles.length) setSmall(circles);
  else for (const edge of edges) edge.among = Infinity;
  return true;
}

function waysToShare() {
  if (innerWidth <= PHONE) return [{ above: true, vertical: true, across: scroller.clientWidth - MARGIN, along: Infinity }];
  const [besides, below] = [mainRoom(false), mainRoom(true)];
  const beside = { above: false, vertical: false, along: besides.width - SIDE_WIDTH - 2 * MARGIN, across: besides.height - 2 * MARGIN };
  if (state.tab === "learn") return [beside];
  return [beside, { above: true, vertical: false, along: below.width - 2 * MARGIN, across: (1 - LEAST_SIDE) * below.height - 2 * MARGIN }];
}

function zoomOf(arranged, way) {
  place(arranged, way);
  const [wide, high] = way.vertical ? [way.across, way.along] : [way.along, way.across];
  return Math.round(1000 * Math.min(wide / arranged.width, high / arranged.height, LARGEST)) / 1000;
}

// Whether all of a picture can be read at once; on a phone, in three screens.
function isLegible(arranged) {
  const { vertical, zoom } = bestWay(arranged);
  return zoom >= LEGIBLE && (!vertical || arranged.height * zoom <= 3 * scroller.clientHeight);
}

// Lays the picture out anew when the window has another size. A little less height, where a line of text wraps, is
// no reason to.
function listenToSize() {
  const main = document.querySelector("main");
  const size = () => ({ width: main.clientWidth, height: main.clientHeight, phone: innerWidth <= PHONE });
  // Of now: a frame may get its size after the first picture was laid out, and before the observer looks.
  let [before, waiting] = [size(), 0];
  new ResizeObserver(() => {
    const now = size();
    if (now.phone !== before.phone) byId("legend").open = !now.phone;
    else if (now.width === before.width && Math.abs(now.height - before.height) < 60) return look();
    before = now;
    clearTimeout(waiting);
    waiting = setTimeout(() => rebuild(null), 100);
  }).observe(main);
}
