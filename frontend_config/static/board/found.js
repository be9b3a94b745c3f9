// What is drawn of a view: its columns, its rows in their order, and what the controls say about them.

import { fullTitle, shownColumns, sortWishes, withOwnColumns, withRanks } from "./columns.js";
import { countsOf, protocolsOf } from "./filters.js";
import { shownRows } from "./rows.js";
import { matcher, parseSearch } from "./search.js";
import { sortKeys, sortWords } from "./sorting.js";

/** The answer of the server as the state asks for it: a pure function of both. */
export function find(answer, told) {
  const state = { ...told, protocol: protocolOf(answer, told.protocol) };
  const whole = withOwnColumns(answer, state);
  const keys = sortKeys(whole, sortWishes(state));
  const data = withRanks(whole, keys[0]?.name);
  const query = parseSearch(state.search);
  const matches = matcher(data, query);
  return {
    data,
    state,
    keys,
    columns: shownColumns(data, state),
    shown: shownRows(data, state, matches, keys),
    counts: countsOf(data, state, matches),
    hints: query.hints,
    intervals: state.intervals && data.view !== "published",
    sortWords: sortWords(data, keys, fullTitle),
  };
}

/** One protocol at a time: the one that was asked for if it is here, else that of most rows; none if all share one. */
function protocolOf(answer, asked) {
  const names = protocolsOf(answer);
  if (names.length < 2) return "";
  if (names.includes(asked)) return asked;
  const values = answer.columns.find((column) => column.name === "protocol").values;
  const rows = (name) => values.filter((value) => value === name).length;
  return names.reduce((most, name) => (rows(name) > rows(most) ? name : most));
}
