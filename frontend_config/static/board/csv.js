// A download of exactly what is shown, safe to open in a spreadsheet.

import { fullTitle, intervalOf, textOf } from "./cells.js";

const FORMULA = /^[=+\-@\t\r]/;

/** The shown rows and columns as CSV text (RFC 4180); with intervals, each score is followed by its low and high. */
export function csvOf(data, columns, places, intervals) {
  const parts = columns.flatMap((column) => fieldsOf(data, column, intervals));
  const lines = [parts.map((part) => part.title), ...places.map((place) => parts.map((part) => part.read(place)))];
  return lines.map((line) => line.map(quoted).join(",")).join("\r\n") + "\r\n";
}

function fieldsOf(data, column, intervals) {
  const value = { title: fullTitle(column), read: (place) => textOf(data, column, place) };
  if (!intervals || column.kind !== "score") return [value];
  const end = (which) => ({
    title: `${fullTitle(column)} ${which}`,
    read: (place) => intervalOf(data, column, place).split(" to ")[which === "low" ? 0 : 1] ?? "",
  });
  return [value, end("low"), end("high")];
}

function quoted(text) {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
