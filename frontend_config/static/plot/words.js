// What the page says beside the drawing: its title, the front in words, and which models are not in it.

import { dataTable } from "../charts/figures.js";
import { el } from "../common/dom.js";
import { DOMAINS } from "../common/domains.js";
import { shortCount } from "../common/numbers.js";

const LISTED = 200;

/** What the drawing shows, in one line. */
export function titleOf([x, y]) {
  return `${y.title} against ${x.kind === "size" ? "size" : x.title}`;
}

/** "21 of 25 models", or all of them. */
export function tally(shown, all) {
  const models = all === 1 ? "model" : "models";
  return shown === all ? `${all} ${models}` : `${shown} of ${all} ${models}`;
}

/** The models on the front as a list with what being there means; null where there is none. */
export function frontWords(points, front, y) {
  if (front.length === 0) return null;
  const certain = points.some(({ yLow }) => yLow !== null)
    ? "Neighbours whose intervals overlap may stand the other way round."
    : "No interval is known here, so small differences may be chance.";
  return el(
    "section",
    { class: "front-words" },
    el("h2", {}, "No smaller model scores higher"),
    el("p", {}, `These models are the dashed line, by ${y.title}. ${certain}`),
    el("ol", {}, ...front.map((place) => {
      const { label, href, x, y: score } = points[place];
      return el(
        "li",
        {},
        el("a", { href }, el("bdi", {}, label)),
        el("span", {}, shortCount(x)),
        el("b", {}, y.exact(score)),
      );
    })),
  );
}

/** Which models lack one of the two numbers, and why; folded. */
export function absentWords(absent) {
  if (absent.length === 0) return null;
  const more = absent.length - LISTED;
  const one = absent.length === 1;
  return el(
    "details",
    { class: "absent" },
    el("summary", {}, `${absent.length} ${one ? "model is" : "models are"} not in the drawing`),
    el(
      "ul",
      {},
      ...absent.slice(0, LISTED).map(({ label, lacking, reason }) => el(
        "li", {}, el("bdi", {}, label), ` has no ${lacking.kind === "size" ? "size" : lacking.title}: ${reason}`,
      )),
      more > 0 ? el("li", {}, `and ${more} more`) : null,
    ),
  );
}

/** Why there is nothing to draw: a view without these numbers, a filter, or models with only one of both. */
export function emptyWords(chosen, models, absent) {
  if (!chosen.every(Boolean)) return "This view has no numbers to draw yet.";
  if (models.length === 0) return "No model matches the filters.";
  const names = [...new Set(chosen)].map((axis) => {
    const lacking = models.filter(({ place }) => axis.values[place] === null).length;
    return lacking > 0 ? `${lacking} without ${axis.kind === "size" ? "a size" : axis.title}` : null;
  });
  return `None of ${absent.length} models has both numbers: ${names.filter(Boolean).join(", ")}.`;
}

/** The drawing as a table, best first. */
export function tableOf(points, [x, y], title) {
  const interval = (axis, low, high) => (low === null ? "–" : `${axis.exact(low)} to ${axis.exact(high)}`);
  const both = [["x", x], ["y", y]].filter(([, axis], place, all) => place === 0 || axis !== all[0][1]);
  const heads = both.flatMap(([, axis]) => [axis.title, ...(axis.kind === "score" ? ["95 % interval"] : [])]);
  const rows = [...points].sort((a, b) => b.y - a.y || a.place - b.place).map((point) => () => [
    el("bdi", {}, point.label),
    DOMAINS[point.domain] ?? "Not stated",
    point.family.title,
    point.base ? el("bdi", {}, point.base.slice(0, LISTED)) : "Not stated",
    ...(both.some(([, axis]) => axis.kind === "size") ? [] : [point.params ? shortCount(point.params) : "Not stated"]),
    ...both.flatMap(([name, axis]) => [
      axis.exact(point[name]),
      ...(axis.kind === "score" ? [interval(axis, point[`${name}Low`], point[`${name}High`])] : []),
    ]),
  ]);
  const size = both.some(([, axis]) => axis.kind === "size") ? [] : ["Size"];
  return dataTable(title, ["Model", "Training", "Base family", "Base model", ...size, ...heads], rows);
}
