// How one value is written: on the screen, to a screen reader and in a download alike.

import { el } from "../common/dom.js";
import { DOMAINS } from "../common/domains.js";
import { DASH, shortCount } from "../common/numbers.js";
import { pageLink } from "../common/views.js";
import { fullTitle } from "./columns.js";

const ASKED = ["answered", "empty", "unparsable", "truncated", "refused"];

/** The value as text; an empty string when it is missing. */
export function textOf(data, column, place) {
  const value = column.values[place];
  if (value === null || value === undefined) return "";
  if (column.kind === "score") return value.toFixed(data.decimals);
  if (column.kind === "count") return shortCount(value);
  if (column.kind === "number") return Number.isInteger(value) ? value.toLocaleString("en") : value.toFixed(1);
  if (column.kind === "badge") return DOMAINS[value] ?? String(value);
  if (column.kind === "interval") return intervalOf(data, column.of, place);
  if (column.kind === "rank") return [...new Set([value, column.worst[place]])].join(DASH);
  return String(value);
}

/** The ends of a score's interval, null where there is none. */
export function intervalEnds(column, place) {
  const low = column.low?.[place] ?? null;
  const high = column.high?.[place] ?? null;
  return low === null || high === null ? null : [low, high];
}

/** The interval as "31.2 to 34.9", or an empty string where there is none. */
export function intervalOf(data, column, place, between = " to ") {
  return intervalEnds(column, place)?.map((end) => end.toFixed(data.decimals)).join(between) ?? "";
}

/** Why there is a dash. */
function reasonOf(data, column, place) {
  if (column.kind === "interval") return column.of.missing[place] ?? "No interval is known.";
  if (column.kind === "score") return column.missing[place] ?? data.absent;
  return column.kind === "rank" ? data.no_rank : data.not_stated;
}

/** What is told of a cell on hover and focus: the reason of a dash, or interval and number of items; else null. */
export function detailOf(data, column, place) {
  const text = textOf(data, column, place);
  if (!text) return [fullTitle(column), reasonOf(data, column, place)];
  if (column.kind === "rank") return rankDetail(data, column, place);
  if (column.kind === "interval") return detailOf(data, column.of, place);
  if (column.kind !== "score") return null;
  if (column.custom) return [`${column.title} ${text}`, column.help];
  const interval = intervalOf(data, column, place);
  const items = column.n?.[place] ? `${column.n[place].toLocaleString("en")} items` : "";
  const range = interval ? `95 % interval ${interval}` : "No interval was published.";
  return [`${fullTitle(column)} ${text}`, [range, items].filter(Boolean).join(", "), askedOf(column, place)];
}

/** What a cell holds, as nodes; a model's name leads to `link`. */
export function contentOf(data, column, place, link) {
  const text = textOf(data, column, place);
  if (!text) return el("span", { class: "dash", "aria-hidden": "true" }, DASH);
  if (column.kind === "model") return el("a", { href: link }, el("bdi", {}, text));
  if (column.kind === "badge") return el("span", { class: `tag ${column.values[place]}` }, text);
  if (column.kind === "text") return el("bdi", {}, text);
  return document.createTextNode(text);
}

/** The address of a row's own page. */
export function modelLink(data, place) {
  return pageLink("/model", [["id", data.names[place]]], data.view);
}

/** The address of the page that compares these rows. */
export function compareLink(data, places) {
  const models = [...places].map((place) => ["m", data.names[place]]);
  return pageLink("/compare", models, data.view);
}

/** For assistive technology: what a dash stands for; null where the text says it all. */
export function labelOf(data, column, place) {
  return textOf(data, column, place) ? null : `missing: ${reasonOf(data, column, place)}`;
}

/** How many models, in words. */
export function counted(models) {
  return `${models.toLocaleString("en")} ${models === 1 ? "model" : "models"}`;
}

function rankDetail(data, column, place) {
  const [best, worst] = [column.values[place], column.worst[place]];
  const ranked = data.columns.find((each) => each.name === column.by);
  const by = ranked ? ` by ${fullTitle(ranked)}` : "";
  if (ranked?.custom) return [`Place ${best}${by}`, "A mean with your own weights has no rank range."];
  if (!column.ranged[place]) return [`Place ${best}${by}`, column.unranged?.[place] ?? data.no_range];
  if (best === worst) return [`Rank ${best}${by}`, "Its answers tell it apart from every other model."];
  return [`Rank ${best} to ${worst}${by}`, "Its answers do not tell it apart from other models in these places."];
}

/** How the model took a task's prompts, in words; an empty string where that is not known. */
function askedOf(column, place) {
  const asked = (name) => column.asked?.[name]?.[place] ?? null;
  if (asked("n") === null) return "";
  const counts = ASKED.filter((name) => asked(name) || name === "answered")
    .map((name) => `${asked(name).toLocaleString("en")} ${name}`);
  const tokens = asked("output_tokens") === null ? "" : `, ${asked("output_tokens").toFixed(1)} tokens an answer`;
  return `Of ${asked("n").toLocaleString("en")} prompts ${counts.join(", ")}${tokens}`;
}
