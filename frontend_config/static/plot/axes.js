// What can stand on an axis: the scores of a view, the size, and how the models took the prompts.

import { plain } from "../charts/numbers.js";
import { shortCount } from "../common/numbers.js";

const SHARES = {
  empty: "empty answers, % of prompts",
  unparsable: "unparsable answers, % of prompts",
  truncated: "answers cut off, % of prompts",
  refused: "refusals, % of prompts",
};
const ASKED = "How prompts were taken";
const FIRST = ["overall", "level_1", "level_2"];

/**
 * The axes of a view, as `{name, title, label, group, known, values, low, high, missing, logarithmic, text, exact}`:
 * `label` stands at the axis, `text` writes a number for it and `exact` for a sentence; `known` says whether there is
 * any value.
 */
export function axesOf(data) {
  const scores = data.columns.filter(({ kind }) => kind === "score");
  const size = data.columns.find(({ name }) => name === "params");
  const asked = scores.filter((column) => column.asked).flatMap(askedAxes(data.rows));
  const all = [...(size ? [sizeAxis(size, data)] : []), ...scores.map((column) => scoreAxis(column, data)), ...asked];
  return all.map((axis) => ({ ...axis, known: axis.values.some((value) => value !== null) }));
}

/** The two axes the state asks for, of the known ones where it leaves a choice; null for one that the view has not. */
export function chosenAxes(axes, state) {
  const find = (name) => axes.find((axis) => axis.name === name) ?? null;
  if (state.kind === "levels") return [find("level_1"), find("level_2")];
  const named = (name) => (find(name)?.known ? find(name) : null);
  const scores = axes.filter(({ kind, known }) => kind === "score" && known);
  const best = FIRST.map(named).find(Boolean) ?? scores[0] ?? null;
  if (state.kind === "size") return [named("params"), scores.find(({ name }) => name === state.y) ?? best];
  const tasks = scores.filter(({ name }) => !FIRST.includes(name) && !name.includes("."));
  return [named(state.x) ?? tasks[0] ?? best, named(state.y) ?? tasks[1] ?? best];
}

function scoreAxis(column, data) {
  const title = column.part_of ? `${column.part_of} ${column.title}` : column.title;
  return {
    ...column, title, label: `${title} (%)`, kind: "score", help: column.help, absent: data.absent, text: plain,
    exact: (value) => value.toFixed(data.decimals),
  };
}

function sizeAxis(column, data) {
  const values = column.values.map((value) => (value > 0 ? value : null));
  const blank = values.map(() => null);
  return {
    name: "params",
    title: "Size",
    label: "Size (parameters, logarithmic)",
    group: "Model",
    kind: "size",
    values,
    low: blank,
    high: blank,
    missing: {},
    absent: data.not_stated,
    logarithmic: true,
    text: shortCount,
    exact: shortCount,
  };
}

function askedAxes(rows) {
  return (column) => {
    const blank = new Array(rows).fill(null);
    const { n = blank, output_tokens: tokens = blank } = column.asked;
    const share = (counts) => n.map((prompts, place) => (prompts ? (100 * (counts[place] ?? 0)) / prompts : null));
    const axis = (name, what, values) => ({
      name: `${column.name}:${name}`,
      title: `${column.title}: ${what}`,
      group: ASKED,
      kind: "asked",
      values,
      low: blank,
      high: blank,
      missing: {},
      absent: "Not counted for this model.",
      text: plain,
      exact: (value) => value.toFixed(1),
    });
    const shares = Object.entries(SHARES).map(([name, what]) => axis(name, what, share(column.asked[name] ?? blank)));
    return [...shares, axis("output_tokens", "tokens an answer", tokens)];
  };
}
