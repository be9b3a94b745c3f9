// Several models on several axes at once; where a value is missing the line has a gap, and nothing is drawn at zero.

import { fitted, widthOf } from "./room.js";
import { scale, svg, ticks } from "./svg.js";

const WIDEST = 520;
const NARROW = 420;
const LARGEST = 150;
const MARK = 4.5;
const SLANT = Math.sin(Math.PI / 3);

/**
 * The chart, at most `width` pixels wide, of `axes` (titles) and `series`: `values` for each axis, null when missing,
 * and `place`, its number.
 */
export function radarChart({ axes, series, title, width }) {
  const plan = planOf(width);
  const known = series.flatMap(({ values }) => values).filter(Number.isFinite);
  const marks = ticks(0, Math.max(1, ...known), 4);
  const reach = scale([0, marks.at(-1)], [0, plan.radius]);
  const at = (axis, value) => point(plan, axis / axes.length, reach(value));
  const ring = (mark) => svg("path", { class: "grid", d: closed(axes.map((_, axis) => at(axis, mark))) });
  return svg(
    "svg",
    {
      class: "chart radar", viewBox: `0 0 ${plan.width} ${plan.height}`, style: `max-width:${plan.width}px`,
      role: "img", "aria-label": title,
    },
    ...marks.slice(1).map(ring),
    ...axes.map((name, axis) => spoke(plan, name, axis / axes.length)),
    ...marks.slice(1).map((mark) => ringLabel(mark, at(0, mark))),
    ...series.map(({ values, place }) => outline(values, place, at)),
  );
}

function planOf(room) {
  const width = Math.min(room, WIDEST);
  const [size, label] = width < NARROW ? [11, 84] : [13, 108];
  const radius = Math.min(LARGEST, Math.round((width / 2 - label) / SLANT - 14));
  return { width, height: 2 * radius + 90, radius, size, label };
}

function point({ width, height }, turn, distance) {
  const angle = turn * 2 * Math.PI - Math.PI / 2;
  return [width / 2 + distance * Math.cos(angle), height / 2 + distance * Math.sin(angle)];
}

function closed(points) {
  return `M${points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}Z`;
}

function ringLabel(mark, [x, y]) {
  return svg("text", { class: "quiet-text ring", x: x + 5, y: y + 4 }, String(mark));
}

function spoke(plan, name, turn) {
  const [x, y] = point(plan, turn, plan.radius);
  const [textX, textY] = point(plan, turn, plan.radius + 14);
  const middle = plan.width / 2;
  const side = Math.abs(textX - middle) < 8 ? "middle" : textX < middle ? "end" : "start";
  const lines = side === "middle" ? [name] : wrapped(name, plan);
  const up = textY < plan.height / 2 ? lines.length - 1 : (lines.length - 1) / 2;
  return svg(
    "g",
    {},
    svg("line", { class: "grid", x1: middle, y1: plan.height / 2, x2: x, y2: y }),
    ...lines.map((line, place) =>
      svg(
        "text",
        {
          x: textX,
          y: textY + 4 + (place - up) * (plan.size + 3),
          "text-anchor": side,
          style: `font-size:${plan.size}px`,
        },
        fitted(line, plan.label, plan.size),
      ),
    ),
  );
}

/** The name on one line, or a line for each word where it is too long. */
function wrapped(name, { label, size }) {
  return widthOf(name, size) <= label ? [name] : name.split(" ");
}

/** Lines between neighbours that both have a value, and a mark at each value. */
function outline(values, place, at) {
  const lines = values.map((value, axis) => {
    const next = (axis + 1) % values.length;
    if (value === null || values[next] === null) return "";
    const [[x1, y1], [x2, y2]] = [at(axis, value), at(next, values[next])];
    return `M${x1.toFixed(1)} ${y1.toFixed(1)}L${x2.toFixed(1)} ${y2.toFixed(1)}`;
  });
  const marks = values.map((value, axis) => (value === null ? "" : markAt(at(axis, value), place)));
  const whole = values.every((value) => value !== null);
  return svg(
    "g",
    {},
    whole ? svg("path", { class: `area s${place}`, d: closed(values.map((value, axis) => at(axis, value))) }) : null,
    svg("path", { class: `outline s${place}`, d: lines.join("") }),
    svg("path", { class: `series s${place}`, d: marks.join("") }),
  );
}

/** The outline of a model's own shape around a point: circle, square, diamond, triangle. */
export function markAt([x, y], place, size = MARK) {
  const s = size;
  return [
    `M${x - s} ${y}a${s} ${s} 0 1 0 ${2 * s} 0a${s} ${s} 0 1 0 ${-2 * s} 0Z`,
    `M${x - s} ${y - s}h${2 * s}v${2 * s}h${-2 * s}Z`,
    `M${x} ${y - 1.4 * s}L${x + 1.4 * s} ${y}L${x} ${y + 1.4 * s}L${x - 1.4 * s} ${y}Z`,
    `M${x} ${y - 1.3 * s}L${x + 1.3 * s} ${y + s}H${x - 1.3 * s}Z`,
  ][place];
}
