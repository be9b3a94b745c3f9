// Scores as bars from zero with their intervals, in groups: one group for each cell, one bar for each model.

import { fitted } from "./room.js";
import { scale, svg, ticks } from "./svg.js";
import { whisker } from "./whisker.js";

const NARROW = 620;
const BAR = 14;
const STEP = 22;
const GAP = 18;
const FOOT = 26;

/**
 * The chart `width` pixels wide. Each group has a `title` and `bars`: `value`, `low`, `high` (null when missing),
 * `text`, `series` (from 0) and `mark`, the letter that names its model.
 */
export function barChart({ groups, width, title }) {
  const narrow = width < NARROW;
  const plan = { narrow, left: narrow ? 24 : 190, right: width - 108, end: width, head: narrow ? 24 : 0 };
  const sizes = groups.map((group) => plan.head + group.bars.length * STEP + GAP);
  const height = sizes.reduce((sum, size) => sum + size, 0) + FOOT;
  const marks = marksOf(groups);
  const x = scale([0, marks.at(-1)], [plan.left, plan.right]);
  let top = GAP / 2;
  const drawn = groups.map((group, place) => {
    const node = groupOf(group, top, x, plan);
    top += sizes[place];
    return node;
  });
  return svg(
    "svg",
    { class: "chart bars", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title },
    ...marks.map((mark) => svg("line", { class: "grid", x1: x(mark), x2: x(mark), y1: 0, y2: height - FOOT })),
    ...marks.map((mark) => svg(
      "text", { class: "quiet-text", x: x(mark), y: height - 6, "text-anchor": "middle" }, String(mark),
    )),
    svg("line", { class: "zero", x1: x(0), x2: x(0), y1: 0, y2: height - FOOT }),
    ...drawn,
  );
}

function marksOf(groups) {
  const ends = groups.flatMap(({ bars }) => bars.flatMap(({ value, high }) => [value, high])).filter(Number.isFinite);
  return ticks(0, Math.max(1, ...ends), 5);
}

function groupOf(group, top, x, plan) {
  const first = top + plan.head;
  const label = plan.narrow
    ? svg(
        "text",
        { class: "name", x: 0, y: top + 14, style: "paint-order:stroke" },
        fitted(group.title, plan.end, 13, 600),
      )
    : svg(
        "text",
        { class: "name", x: 0, y: first + (group.bars.length * STEP) / 2 + 3 },
        fitted(group.title, 150, 13, 600),
      );
  const middleOf = (place) => first + place * STEP + STEP / 2;
  return svg("g", {}, label, ...group.bars.flatMap((bar, place) => barOf(bar, middleOf(place), x, plan)));
}

function barOf(bar, middle, x, plan) {
  const named = svg("text", { class: "quiet-text", x: plan.left - 8, y: middle + 4, "text-anchor": "end" }, bar.mark);
  const kind = bar.value === null ? "quiet-text" : "figure";
  const figure = (at) => svg("text", { class: kind, x: at, y: middle + 4 }, bar.text);
  if (bar.value === null) return [named, figure(plan.left + 8)];
  const end = x(bar.value);
  const body = svg("rect", {
    class: `series s${bar.series}`, x: x(0), y: middle - BAR / 2, width: Math.max(end - x(0), 1), height: BAR, rx: 2,
  });
  return [named, body, ...rangeOf(bar, middle, x), figure((bar.high === null ? end : x(bar.high)) + 8)];
}

function rangeOf({ value, low, high }, middle, x) {
  if (low === null || high === null) return [];
  return whisker({ low: x(low), high: x(high), from: x(0), to: x(value), middle, cap: 4 });
}
