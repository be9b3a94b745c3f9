// The order of the rows: one key after the other, each with its direction; what is missing comes last either way.

import { levelsOf } from "./levels.js";

const NUMERIC = ["score", "count", "number", "date", "interval"];

/** "-overall,params" as keys `{name, descending}`, none twice. */
export function parseSort(sort) {
  const keys = sort.split(",").filter(Boolean).map((part) => (
    { name: part.replace(/^-/, ""), descending: part.startsWith("-") }
  ));
  return keys.filter((key, at) => keys.findIndex(({ name }) => name === key.name) === at);
}

/** Keys as the text that `parseSort` reads. */
export function sortText(keys) {
  return keys.map(({ name, descending }) => `${descending ? "-" : ""}${name}`).join(",");
}

/** The keys the rows are sorted by: the first of these wishes of which a column with values is left. */
export function sortKeys(data, wishes) {
  const filled = new Map();
  const has = ({ name }) => {
    if (!filled.has(name)) {
      const column = data.columns.find((each) => each.name === name);
      filled.set(name, Boolean(column?.values.some((value) => value !== null)));
    }
    return filled.get(name);
  };
  return wishes.map((wish) => parseSort(wish).filter(has)).find((keys) => keys.length > 0) ?? parseSort(data.sort);
}

/** Whether the first press on this column's heading puts the highest first. */
export function highestFirst(column) {
  return NUMERIC.includes(column.kind);
}

/**
 * The sort that a press on a heading asks for. Alone, the column becomes the only key, and another press turns it
 * round. With `add`, it joins the keys, then turns round, then leaves them.
 */
export function nextSort(column, keys, add) {
  const at = keys.findIndex(({ name }) => name === column.name);
  const first = { name: column.name, descending: highestFirst(column) };
  if (at < 0) return sortText(add ? [...keys, first] : [first]);
  const turned = { name: column.name, descending: !keys[at].descending };
  if (!add) return sortText([at === 0 || keys.length === 1 ? turned : first]);
  const done = keys[at].descending !== first.descending && keys.length > 1;
  return sortText(done ? keys.filter((_, each) => each !== at) : keys.with(at, turned));
}

/** The places in the order of the keys; rows that no key tells apart stay as they were. */
export function sorted(data, places, keys) {
  const orders = keys.flatMap(({ name, descending }) => {
    const column = data.columns.find((each) => each.name === name);
    return column ? [orderOf(column.values, descending)] : [];
  });
  return places.toSorted((a, b) => {
    for (const order of orders) {
      if (order[a] !== order[b]) return order[a] - order[b];
    }
    return a - b;
  });
}

/** The keys in words, for those who do not see the headings. */
export function sortWords(data, keys, titleOf) {
  const words = keys.flatMap(({ name, descending }) => {
    const column = data.columns.find((each) => each.name === name);
    if (!column) return [];
    return [`${titleOf(column)}, ${directionOf(column, descending)}`];
  });
  return words.length ? `Sorted by ${words.join("; then ")}` : "";
}

/** A direction in words that fit what the column holds. */
export function directionOf(column, descending) {
  if (column.kind === "date") return descending ? "newest first" : "oldest first";
  if (NUMERIC.includes(column.kind)) return descending ? "highest first" : "lowest first";
  if (column.kind === "rank") return descending ? "last first" : "first first";
  return descending ? "Z to A" : "A to Z";
}

/** A number for each place: the lower, the further up it stands; what is missing stands last either way. */
function orderOf(values, descending) {
  const { levels, count } = levelsOf(values);
  return levels.map((level) => (level < 0 ? count : descending ? -level : level));
}
