// Differences as bars to the left and right of zero, one row for each pair, with the interval as a whisker.

import { fitted } from "./room.js";
import { scale, svg, ticks } from "./svg.js";
import { whisker } from "./whisker.js";

const NARROW = 620;
const HEAD = 44;
const FOOT = 30;
const BAR = 16;

/**
 * The chart `width` pixels wide. Each row has `label` and `href`, `sub` under it, `difference`, its `low` and `high`
 * (null without an interval), `finding` (improved, declined, unsure, unjudged), `text` and `range`, which are written
 * beside it, and `pairHref`. `sides` are the words over the left and the right half.
 */
export function divergingChart({ rows, width, sides, title }) {
  const plan = width < NARROW ? narrowPlan(width) : widePlan(width);
  const height = HEAD + rows.length * plan.row + FOOT;
  const marks = axisMarks(rows, plan.right - plan.left);
  const x = scale([marks[0], marks.at(-1)], [plan.left, plan.right]);
  return svg(
    "svg",
    { class: "chart diverging", viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": title },
    axis(marks, x, height, sides, plan),
    ...rows.map((row, place) => rowOf(row, HEAD + place * plan.row, x, plan)),
    svg("line", { class: "zero", x1: x(0), x2: x(0), y1: HEAD - 6, y2: height - FOOT }),
  );
}

function widePlan(width) {
  const left = Math.min(340, Math.round(width * 0.34));
  return {
    narrow: false,
    row: 50,
    labels: left - 16,
    subs: left - 16,
    left,
    right: width - 150,
    end: width,
    middle: 25,
  };
}

function narrowPlan(width) {
  return {
    narrow: true,
    row: 76,
    labels: width - 60,
    subs: width - 124,
    left: 4,
    right: width - 4,
    end: width,
    middle: 58,
  };
}

/** Round numbers that hold every bar and whisker, with room on both sides of zero. */
function axisMarks(rows, pixels) {
  const ends = rows.flatMap(({ difference, low, high }) => [difference, low, high]).filter(Number.isFinite);
  const far = Math.max(1, ...ends.map(Math.abs));
  const low = Math.min(-far * 0.3, ...ends);
  const high = Math.max(far * 0.3, ...ends);
  return ticks(low, high, Math.max(3, Math.min(8, Math.floor(pixels / 70))));
}

function axis(marks, x, height, [left, right], plan) {
  const zero = x(0);
  const lines = marks.map((mark) => svg(
    "g",
    {},
    svg("line", { class: "grid", x1: x(mark), x2: x(mark), y1: HEAD - 6, y2: height - FOOT }),
    svg("text", { class: "quiet-text", x: x(mark), y: height - 8, "text-anchor": "middle" }, signedMark(mark)),
  ));
  const leftPlace = plan.narrow ? { x: 0 } : { x: zero - 12, "text-anchor": "end" };
  const rightPlace = plan.narrow ? { x: plan.end, "text-anchor": "end" } : { x: zero + 12 };
  return svg(
    "g",
    { "aria-hidden": "true" },
    ...lines,
    svg("text", { class: "side", ...leftPlace, y: 18 }, `← ${left}`),
    svg("text", { class: "side", ...rightPlace, y: 18 }, `${right} →`),
  );
}

function signedMark(mark) {
  return mark > 0 ? `+${mark}` : String(mark).replace("-", "−");
}

function rowOf(row, top, x, plan) {
  const middle = top + plan.middle;
  const first = top + (plan.narrow ? 18 : 21);
  return svg(
    "g",
    { class: `row ${row.finding}` },
    svg("line", { class: "grid", x1: 0, x2: plan.end, y1: top, y2: top }),
    svg("a", { href: row.href }, words(row.label, { class: "name", x: 0, y: first }, plan.labels, 600)),
    svg("a", { href: row.pairHref }, words(row.sub, { class: "quiet-text", x: 0, y: first + 18 }, plan.subs)),
    bar(row, middle, x),
    ...(row.low === null ? [] : whisker({ low: x(row.low), high: x(row.high), ...span(row, x), middle })),
    ...figures(row, top, plan),
  );
}

function words(text, attributes, pixels, weight = 400) {
  const shown = fitted(text, pixels, 13, weight);
  return svg("text", attributes, shown, shown === text ? null : svg("title", {}, text));
}

function span({ difference }, x) {
  const [from, to] = [x(0), x(difference)].sort((one, other) => one - other);
  return { from, to };
}

function bar(row, middle, x) {
  const { from, to } = span(row, x);
  return svg("rect", { class: "bar", x: from, y: middle - BAR / 2, width: Math.max(to - from, 1), height: BAR, rx: 2 });
}

function figures(row, top, plan) {
  const value = (y) => svg("text", { class: "figure", x: plan.end, y, "text-anchor": "end" }, row.text);
  const range = (y) => svg("text", { class: "quiet-text", x: plan.end, y, "text-anchor": "end" }, row.range);
  if (plan.narrow) return [value(top + 18), range(top + 36)];
  return row.range ? [value(top + 21), range(top + 39)] : [value(top + 30)];
}
