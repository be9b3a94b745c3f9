// The places a model may have: those of models that cannot be told apart overlap.

import { levelsOf } from "./levels.js";

export const RANKED_BY = ["overall", "level_1"];
const made = new WeakMap();

/**
 * The rank column for a board that is sorted by the cell `primary`: `values` are the best places, `worst` the worst.
 * `by` is the cell that is ranked, `unranged` says by a row's place why it has no range there; without rank ranges for
 * the cell, both are the plain place.
 */
export function rankColumn(data, column, primary) {
  const { cell, ranges } = basis(data, primary);
  const unranged = (ranges && data.ranges_missing?.[cell]) ?? {};
  const ranked = data.columns.find((each) => each.name === cell);
  const values = ranked?.values ?? new Array(data.rows).fill(null);
  const key = ranges ?? values;
  if (!made.has(key)) made.set(key, spans(values, ranges));
  const above = ranked && cell !== RANKED_BY[0] ? `by ${ranked.title}` : null;
  return { ...column, above, by: cell, unranged, ...made.get(key) };
}

/** The place of each value, highest first; equal values share the first of their places, null has none. */
export function places(values) {
  const { levels, count } = levelsOf(values);
  const alike = new Int32Array(count);
  for (const level of levels) if (level >= 0) alike[level] += 1;
  return Array.from(levels, (level) => (level < 0 ? null : count - level - alike[level] + 1));
}

/**
 * The rows, by their number in `order`, above which a line may stand: nobody above it shares a place with anybody
 * below. None when the rows are in another order than their ranks, or have no ranges.
 */
export function gaps(column, order) {
  const found = new Set();
  let worst = -Infinity;
  let before = -Infinity;
  for (const [row, place] of order.entries()) {
    const best = column.values[place];
    if (best === null) break;
    if (!column.ranged[place] || best < before) return new Set();
    if (row > 0 && best > worst) found.add(row);
    before = best;
    worst = Math.max(worst, column.worst[place]);
  }
  return found;
}

function basis(data, primary) {
  const known = (cell) => data.ranges?.[cell]?.some(Boolean);
  const chosen = data.columns.find((column) => column.name === primary);
  if (chosen?.custom) return { cell: primary, ranges: null };
  const ranged = [primary, ...RANKED_BY].find(known);
  if (ranged) return { cell: ranged, ranges: data.ranges[ranged] };
  const any = (values) => values.some((value) => value !== null);
  const filled = (cell) => data.columns.some(({ name, values }) => name === cell && any(values));
  return { cell: RANKED_BY.find(filled) ?? null, ranges: null };
}

function spans(values, ranges) {
  const plain = places(values);
  return {
    values: plain.map((place, at) => ranges?.[at]?.[0] ?? place),
    worst: plain.map((place, at) => ranges?.[at]?.[1] ?? place),
    ranged: plain.map((_, at) => Boolean(ranges?.[at])),
  };
}
