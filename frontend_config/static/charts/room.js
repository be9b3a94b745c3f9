// How much room a drawing has: text that fits, and a drawing that is made again when its place changes its width.

const pen = document.createElement("canvas").getContext("2d");
const ELLIPSIS = "…";
const FONT = "system-ui, sans-serif";
const LEAST = 240;

/** How many pixels this text takes at this size and weight. */
export function widthOf(text, size = 13, weight = 400) {
  pen.font = `${weight} ${size}px ${FONT}`;
  return pen.measureText(text).width;
}

/** The text, or as much of it as fits into so many pixels, with an ellipsis. */
export function fitted(text, pixels, size = 13, weight = 400) {
  if (text.length < 400 && widthOf(text, size, weight) <= pixels) return text;
  let [fits, breaks] = [0, Math.min(text.length, 400)];
  while (breaks - fits > 1) {
    const middle = Math.floor((fits + breaks) / 2);
    if (widthOf(text.slice(0, middle) + ELLIPSIS, size, weight) <= pixels) fits = middle;
    else breaks = middle;
  }
  return text.slice(0, fits) + ELLIPSIS;
}

/** A box that holds `draw(width)`, drawn anew whenever its width in pixels changes; `redraw()` does so at once. */
export function drawnToWidth(draw) {
  const node = document.createElement("div");
  node.className = "drawn";
  let width = 0;
  const redraw = () => { if (width) node.replaceChildren(draw(width)); };
  new ResizeObserver(() => {
    if (node.clientWidth === 0) return;
    const now = Math.max(LEAST, Math.floor(node.clientWidth));
    if (now === width) return;
    width = now;
    redraw();
  }).observe(node);
  return { node, redraw, drawing: () => node.querySelector("svg") };
}
