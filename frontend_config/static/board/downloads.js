// Files of exactly what is shown: its rows, its order, its columns, numbers as numbers and what is missing as nothing.

import { intervalEnds, textOf } from "./cells.js";
import { fullTitle } from "./columns.js";
import { csvText } from "../common/csv.js";
import { download } from "../common/dom.js";
import { sortText } from "./sorting.js";
import { parseWeights } from "./weights.js";

const WRITER = "../vendor/hyparquet-writer.js";
const WRITERS = {
  csv: (all) => [`\ufeff${csvOf(all)}`, "text/csv;charset=utf-8"],
  json: (all) => [jsonOf(all), "application/json"],
  parquet: async (all) => [await parquetOf(all), "application/vnd.apache.parquet"],
};

/** Hands what is shown to the browser as a file: csv, json or parquet. */
export async function save(format, { data, columns, shown, intervals, keys, state }, view) {
  const all = { data, columns, places: shown.places, intervals, keys, state };
  const [content, type] = await WRITERS[format](all);
  download(`clue-${view}.${format}`, content, type);
}

/** What is shown as fields `{name, title, type, values}`; scores are rounded as on the screen, counts are whole. */
function fieldsOf({ data, columns, places, intervals }) {
  const ownInterval = new Set(columns.map((column) => column.of));
  return columns.flatMap((column) => fieldsOfColumn(data, column, intervals && !ownInterval.has(column)))
    .map(({ read, ...field }) => ({ ...field, values: places.map(read) }));
}

/** The same as CSV. */
export function csvOf(shown) {
  const fields = fieldsOf(shown);
  const written = ({ type, values }) => values.map((value) => {
    if (value === null) return "";
    if (type === "score") return value.toFixed(shown.data.decimals);
    return String(value);
  });
  const columns = fields.map((field) => [field.title, ...written(field)]);
  return csvText([-1, ...shown.places.keys()].map((row) => columns.map((column) => column[row + 1])));
}

/** JSON: what the view is, the columns by name, and a record for each row. */
export function jsonOf(shown) {
  const fields = fieldsOf(shown);
  const rows = shown.places.map((_, row) => Object.fromEntries(fields.map((field) => [field.name, field.values[row]])));
  const columns = fields.map(({ name, title }) => ({ name, title }));
  return `${JSON.stringify({ ...aboutOf(shown), columns, rows }, null, 1)}\n`;
}

/** Parquet, as bytes; its writer is only fetched now. */
export async function parquetOf(shown) {
  const { parquetWriteBuffer } = await import(WRITER);
  const columnData = fieldsOf(shown).map(({ name, type, values }) => ({
    name,
    nullable: true,
    ...(type === "text" ? { type: "STRING", data: values } : numbers(type, values)),
  }));
  const kvMetadata = Object.entries(aboutOf(shown)).map(([key, value]) => (
    { key, value: typeof value === "string" ? value : JSON.stringify(value) }
  ));
  return parquetWriteBuffer({ columnData, kvMetadata });
}

function numbers(type, values) {
  const whole = type === "number" && values.every((value) => value === null || Number.isSafeInteger(value));
  if (!whole) return { type: "DOUBLE", data: values };
  return { type: "INT64", data: values.map((value) => (value === null ? null : BigInt(value))) };
}

function aboutOf({ data, keys, state }) {
  const weights = data.columns.find((column) => column.custom);
  const custom = weights && { name: weights.title, weights: Object.fromEntries(parseWeights(state.weights)) };
  return {
    board: "CLUE Leaderboard",
    view: data.view,
    provenance: data.provenance,
    edition: data.edition,
    notice: data.notice,
    sort: sortText(keys),
    ...(custom ? { custom_average: custom } : {}),
  };
}

function fieldsOfColumn(data, column, intervals) {
  const title = fullTitle(column);
  const value = (place) => column.values[place] ?? null;
  const field = (name, suffix, type, read) => ({ name, title: `${title}${suffix}`, type, read });
  if (column.kind === "rank") {
    if (!column.ranged.some(Boolean)) return [field(column.name, "", "number", value)];
    const worst = (place) => column.worst[place] ?? null;
    return [field("rank_best", " best", "number", value), field("rank_worst", " worst", "number", worst)];
  }
  if (column.kind === "interval") return ends(data, column.of, field, fullTitle(column.of));
  if (column.kind === "score") {
    const score = field(column.name, "", "score", (place) => rounded(value(place), data.decimals));
    return intervals && !column.custom ? [score, ...ends(data, column, field, title)] : [score];
  }
  if (column.kind === "count") return [field(column.name, "", "number", value)];
  if (column.kind === "number") return [field(column.name, "", "number", (place) => rounded(value(place), 1))];
  return [field(column.name, "", "text", (place) => textOf(data, column, place) || null)];
}

function ends(data, score, field, title) {
  return ["low", "high"].map((end, at) => {
    const read = (place) => rounded(intervalEnds(score, place)?.[at] ?? null, data.decimals);
    return { ...field(`${score.name}.${end}`, "", "score", read), title: `${title} ${end}` };
  });
}

function rounded(value, decimals) {
  return value === null ? null : Number(value.toFixed(decimals));
}
