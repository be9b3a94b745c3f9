// Which rows are shown and in which order: pinned ones first, then what passes search and filters.

import { facetsOf } from "./filters.js";
import { sorted } from "./sorting.js";

/** The places of the rows to show, sorted by `keys`; `pinned` of them stand on top whatever is searched or filtered. */
export function shownRows(data, state, matches, keys) {
  const pins = pinnedPlaces(data, state.pins);
  const facets = facetsOf(data, state).filter(({ passes }) => passes);
  const found = [];
  let fitting = 0;
  for (let place = 0; place < data.rows; place += 1) {
    if (!matches(place) || !facets.every(({ passes, of }) => passes[of[place]])) continue;
    fitting += 1;
    if (!pins.has(place)) found.push(place);
  }
  const places = [...sorted(data, [...pins], keys), ...sorted(data, found, keys)];
  return { places, pinned: pins.size, fitting };
}

/** The places of the rows of these names; a name that no row has is passed over. */
export function pinnedPlaces(data, names) {
  if (names.length === 0) return new Set();
  return new Set(names.map((name) => data.names.indexOf(name)).filter((place) => place >= 0));
}
