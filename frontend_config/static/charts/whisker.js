// An interval as a line with two ends; where it lies on a bar it has a colour of its own, to be seen on it.

import { svg } from "./svg.js";

/** The line from `low` to `high`, in pixels, at the height `middle`, over a bar between `from` and `to`. */
export function whisker({ low, high, from, to, middle, cap = 5 }) {
  const inside = (at) => at > from && at < to;
  const cuts = [low, ...[from, to].filter((at) => at > low && at < high), high];
  const lines = cuts
    .slice(1)
    .map((end, place) => [inside((cuts[place] + end) / 2), `M${cuts[place]} ${middle}H${end}`]);
  const caps = [low, high].map((at) => [inside(at), `M${at} ${middle - cap}V${middle + cap}`]);
  const drawn = (wanted) => [...lines, ...caps].filter(([within]) => within === wanted).map(([, d]) => d).join("");
  return [
    svg("path", { class: "whisker", d: drawn(false) }),
    svg("path", { class: "whisker inner", d: drawn(true) }),
  ];
}
