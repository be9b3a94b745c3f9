// What can stand on an axis: the scores of a view, the size, and how the models took the prompts.

import { plain, shortCount } from "../charts/numbers.js";

const SHARES = {
  empty: "empty answers, % of prompts",
  unparsable: "unreadable answers, % of prompts",
  truncated: "answers cut off, % of prompts",
  refused: "refusals, % of prompts",
};
const ASKED = "How prompts were taken";
const FIRST = ["overall", "level_1", "level_2"];

/**
 * The axes of a view that hold any value, as `{name, title, group, values, low, high, missing, logarithmic, text,
 * exact}`; `text` writes a number for the axis and `exact` for a sentence. The size comes first.
 */
export function axesOf(data) {
  const scores = data.columns.filter(({ kind }) => kind === "score");
  const size = data.columns.find(({ name }) => name === "params");
  const asked = scores.filter((column) => column.asked).flatMap(askedAxes(data.rows));
  const all = [...(size ? [sizeAxis(size, data)] : []), ...scores.map((column) => scoreAxis(column, data)), ...asked];
  return all.filter(({ values }) => values.some((value) => value !== null));
}

/** The two axes the state asks for, of those there are; null for one of which nothing is known in this view. */
export function chosenAxes(axes, state) {
  const named = (name) => axes.find((axis) => axis.name === name) ?? null;
  if (state.kind === "levels") return [named("level_1"), named("level_2")];
  const scores = axes.filter(({ kind }) => kind === "score");
  const best = FIRST.map(named).find(Boolean) ?? scores[0] ?? null;
  if (state.kind === "size") return [named("params"), scores.find(({ name }) => name === state.y) ?? best];
  const tasks = scores.filter(({ name }) => !FIRST.includes(name) && !name.includes("."));
  return [named(state.x) ?? tasks[0] ?? best, named(state.y) ?? tasks[1] ?? best];
}

function scoreAxis(column, data) {
  const title = column.part_of ? `${column.part_of} ${column.title}` : column.title;
  return {
    ...column, title, kind: "score", help: column.help, absent: data.absent, text: plain,
    exact: (value) => value.toFixed(data.decimals),
  };
}

function sizeAxis(column, data) {
  const values = column.values.map((value) => (value > 0 ? value : null));
  const blank = values.map(() => null);
  return {
    name: "params", title: "Size (parameters, logarithmic)", short: "Size", group: "Model", kind: "size", values, low: blank,
    high: blank, missing: {}, absent: data.not_stated, logarithmic: true, text: shortCount, exact: shortCount,
  };
}

function askedAxes(rows) {
  return (column) => {
    const places = Array.from({ length: rows }, (_, place) => column.asked[place] ?? null);
    const blank = places.map(() => null);
    const axis = (name, what, values) => ({
      name: `${column.name}:${name}`, title: `${column.title}: ${what}`, group: ASKED, kind: "asked", values, low: blank,
      high: blank, missing: {}, absent: "Not counted for this model.", text: plain, exact: (value) => value.toFixed(1),
    });
    const shares = Object.entries(SHARES).map(([name, what]) => axis(
      name, what, places.map((asked) => (asked?.n ? (100 * (asked[name] ?? 0)) / asked.n : null)),
    ));
    return [...shares, axis("output_tokens", "tokens an answer", places.map((asked) => asked?.output_tokens ?? null))];
  };
}
