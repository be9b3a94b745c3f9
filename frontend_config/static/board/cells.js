// How one value is written: on the screen, to a screen reader and in a download alike.

import { el, linked } from "../common/dom.js";

export const DASH = "–";
const STEPS = [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "K"]];
const ASKED = ["answered", "empty", "unparsable", "truncated", "refused"];
const BADGES = { biomedical: "Biomedical", general: "General" };

/** The value as text; an empty string when it is missing. */
export function textOf(data, column, place) {
  const value = column.values[place];
  if (value === null || value === undefined) return "";
  if (column.kind === "score") return value.toFixed(data.decimals);
  if (column.kind === "count") return shortCount(value);
  if (column.kind === "badge") return BADGES[value] ?? String(value);
  return String(value);
}

/** The interval as "31.2 to 34.9", or an empty string where there is none. */
export function intervalOf(data, column, place) {
  const low = column.low?.[place] ?? null;
  const high = column.high?.[place] ?? null;
  return low === null || high === null ? "" : `${low.toFixed(data.decimals)} to ${high.toFixed(data.decimals)}`;
}

/** Why there is a dash. */
export function reasonOf(data, column, place) {
  if (column.kind === "score") return column.missing[place] ?? data.absent;
  return column.kind === "rank" ? data.no_rank : data.not_stated;
}

/** The column's title with the task it is part of, for places where no heading stands above it. */
export function fullTitle(column) {
  return column.part_of ? `${column.part_of} ${column.title}` : column.title;
}

/** What is told of a cell on hover and focus: the reason of a dash, or interval and number of items; else null. */
export function detailOf(data, column, place) {
  const text = textOf(data, column, place);
  if (!text) return [fullTitle(column), reasonOf(data, column, place)];
  if (column.kind !== "score") return null;
  const interval = intervalOf(data, column, place);
  const items = column.n[place] ? `${column.n[place].toLocaleString("en")} items` : "";
  const range = interval ? `95 % interval ${interval}` : "No interval was published.";
  return [`${fullTitle(column)} ${text}`, [range, items].filter(Boolean).join(", "), askedOf(column, place)];
}

/** How the model took a task's prompts, in words; an empty string where that is not known. */
function askedOf(column, place) {
  const asked = column.asked?.[place];
  if (!asked) return "";
  const counts = ASKED.filter((name) => asked[name] !== undefined)
    .map((name) => `${asked[name].toLocaleString("en")} ${name}`);
  const tokens = asked.output_tokens === undefined ? "" : `, ${asked.output_tokens.toFixed(1)} tokens an answer`;
  return `Of ${asked.n.toLocaleString("en")} prompts ${counts.join(", ")}${tokens}`;
}

/** What a cell holds, as nodes. */
export function contentOf(data, column, place) {
  const text = textOf(data, column, place);
  if (!text) return el("span", { class: "dash", "aria-hidden": "true" }, DASH);
  if (column.kind === "model") return linked(text, column.links[place]);
  if (column.kind === "badge") return el("span", { class: `tag ${column.values[place]}` }, text);
  if (column.kind === "text") return el("bdi", {}, text);
  return document.createTextNode(text);
}

/** For assistive technology: what a dash stands for; null where the text says it all. */
export function labelOf(data, column, place) {
  return textOf(data, column, place) ? null : `missing: ${reasonOf(data, column, place)}`;
}

function shortCount(value) {
  const [size, letter] = STEPS.find(([least]) => value >= least) ?? [1, ""];
  const scaled = value / size;
  const short = scaled >= 99.95 ? String(Math.round(scaled)) : scaled.toFixed(1).replace(/\.0$/, "");
  return `${short}${letter}`;
}

/** How many models, in words. */
export function counted(models) {
  return `${models} ${models === 1 ? "model" : "models"}`;
}
