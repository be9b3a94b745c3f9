// The frame of a plot over two axes: its size and scales, its grid, and the title and legend of a saved file.

import { lines, logarithmicTicks, scale, svg, textWidth, ticks } from "./svg.js";

const TALLEST = 620;
const LOWEST = 340;
const LINE = 18;

/** Size, edges, ticks and scales (`x`, `y`) of a drawing as wide as `width` pixels, into which all points fit. */
export function frameOf(points, x, y, width, intervals) {
  const narrow = width < 560;
  const height = Math.round(Math.min(TALLEST, Math.max(LOWEST, width * (narrow ? 1.05 : 0.56))));
  const [across, up] = [extent(points, "x", x, intervals), extent(points, "y", y, intervals)];
  const yTicks = ticksOf(up, y, Math.round(height / 80));
  const xTicks = ticksOf(across, x, Math.round(width / 110));
  const left = Math.ceil(Math.max(...yTicks.map((value) => textWidth(y.text(value))))) + 14;
  const edges = { left, right: width - 16, top: 34, bottom: height - 52 };
  return {
    width, height, ...edges, xTicks, yTicks,
    x: scale(reach(across, xTicks, x), [left, edges.right], x),
    y: scale(reach(up, yTicks, y), [edges.bottom, edges.top], y),
  };
}

/** The grid with its numbers and the titles of both axes; the words around a drawing say the same. */
export function grid(frame, x, y) {
  const { left, right, top, bottom } = frame;
  return svg(
    "g",
    { "aria-hidden": "true" },
    ...frame.yTicks.map((value) => svg("path", { class: "grid", d: `M${left} ${frame.y(value)}H${right}` })),
    ...frame.xTicks.map((value) => svg("path", { class: "grid", d: `M${frame.x(value)} ${top}V${bottom}` })),
    svg("path", { class: "axis", d: `M${left} ${top}V${bottom}H${right}` }),
    ...frame.yTicks.map((value) =>
      svg("text", { class: "quiet-text", x: left - 9, y: frame.y(value) + 4, "text-anchor": "end" }, y.text(value)),
    ),
    ...frame.xTicks.map((value) =>
      svg("text", { class: "quiet-text", x: frame.x(value), y: bottom + 20, "text-anchor": "middle" }, x.text(value)),
    ),
    svg("text", { class: "axis-title", x: 0, y: 16 }, y.label ?? y.title),
    svg("text", { class: "axis-title", x: right, y: bottom + 44, "text-anchor": "end" }, x.label ?? x.title),
  );
}

/** What only a saved file shows: a title above, legend (drawn by `mark`) and source below; tells `drawing` its room. */
export function legendRows(drawing, frame, kept, mark) {
  const title = lines(kept.title, frame.width - 40, 17);
  const top = 24 + title.length * 24;
  const entries = inRows(kept.legend, frame.width);
  const from = frame.height + 14;
  const source = lines(kept.source, frame.width - 40);
  const low = from + (entries.at(-1)?.row ?? -1) * LINE * 1.4 + LINE * 2.4;
  const [wide, high] = [frame.width + 40, top + low + source.length * LINE + 6];
  drawing.dataset.kept = `-20 ${-top} ${wide} ${Math.ceil(high)}`;
  return svg(
    "g",
    { class: "kept", "aria-hidden": "true" },
    ...title.map((text, place) => svg("text", { class: "kept-title", x: 0, y: 34 - top + place * 24 }, text)),
    ...entries.flatMap(({ entry, x, row }) => {
      const base = from + row * LINE * 1.4;
      return [mark(entry, x + 7, base - 4), svg("text", { x: x + 20, y: base }, entry.title)];
    }),
    ...source.map((text, place) => svg("text", { class: "quiet-text", x: 0, y: low + place * LINE }, text)),
  );
}

function inRows(entries, width) {
  let [x, row] = [0, 0];
  return entries.map((entry) => {
    const own = 20 + textWidth(entry.title) + 22;
    if (x > 0 && x + own > width) [x, row] = [0, row + 1];
    const found = { entry, x, row };
    x += own;
    return found;
  });
}

function extent(points, name, axis, intervals) {
  let [low, high] = [Infinity, -Infinity];
  for (const point of points) {
    low = Math.min(low, point[name], intervals ? point[`${name}Low`] ?? Infinity : Infinity);
    high = Math.max(high, point[name], intervals ? point[`${name}High`] ?? -Infinity : -Infinity);
  }
  return axis.logarithmic ? [low / 1.3, high * 1.3] : [low, high];
}

function ticksOf([low, high], axis, count) {
  return axis.logarithmic ? logarithmicTicks(low, high, Math.max(count, 3)) : ticks(low, high, Math.max(count, 3));
}

function reach([low, high], marks, axis) {
  return axis.logarithmic ? [low, high] : [Math.min(low, marks[0]), Math.max(high, marks.at(-1))];
}
