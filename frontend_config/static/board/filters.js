// The quick filters: which rows they let through, and how many each of them would.

import { bandOf } from "../common/sizes.js";

const OPEN_LICENCES = new Set([
  "apache-2.0", "mit", "isc", "zlib", "unlicense", "ncsa", "postgresql", "bsl-1.0", "ecl-2.0", "artistic-2.0",
  "afl-3.0",
  "bsd", "bsd-2-clause", "bsd-3-clause", "bsd-3-clause-clear", "mpl-2.0", "epl-1.0", "epl-2.0", "eupl-1.1", "eupl-1.2",
  "ms-pl", "osl-3.0", "gpl", "gpl-2.0", "gpl-3.0", "lgpl", "lgpl-2.1", "lgpl-3.0", "agpl-3.0",
  "cc0-1.0", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0",
  "cdla-permissive-1.0", "cdla-permissive-2.0", "pddl", "odc-by", "odbl",
]);

export const OPEN_MEANS = "Anyone may use, change and pass on the weights for any purpose, as with apache-2.0, mit, "
  + "bsd, cc-by-4.0 or cc-by-sa-4.0. Licences that rule out uses (openrail, llama, gemma, non-commercial) do "
  + "not count, and neither does an unstated one.";

const traits = new WeakMap();

/** Whether a licence, as the Hub writes it, is one of the open ones. */
export function isOpen(licence) {
  return OPEN_LICENCES.has(String(licence ?? "").trim().toLowerCase());
}

/**
 * The filters as `{name, kinds, of, passes}`: `kinds` are the values there are, `of[place]` the number of a row's among
 * them, and `passes` says of each kind whether it is let through; null where nothing was chosen.
 */
export function facetsOf(data, state) {
  const chosen = {
    domain: state.domains.length > 0 && ((kind) => state.domains.includes(kind)),
    size: state.sizes.length > 0 && ((kind) => state.sizes.includes(kind)),
    open: state.open && ((kind) => kind),
    protocol: state.protocol && ((kind) => kind === state.protocol),
  };
  return Object.entries(traitsOf(data)).map(([name, { kinds, of }]) => (
    { name, kinds, of, passes: chosen[name] ? kinds.map(chosen[name]) : null }
  ));
}

/** How many of the rows that pass everything else each choice of a filter holds. */
export function countsOf(data, state, matches) {
  const facets = facetsOf(data, state).map((facet) => ({ ...facet, rows: new Array(facet.kinds.length).fill(0) }));
  const strict = facets.filter(({ passes }) => passes);
  for (let place = 0; place < data.rows; place += 1) {
    if (!matches(place)) continue;
    let refused = 0;
    let only = null;
    for (const facet of strict) {
      if (facet.passes[facet.of[place]]) continue;
      refused += 1;
      only = facet;
    }
    if (refused === 0) for (const { rows, of } of facets) rows[of[place]] += 1;
    else if (refused === 1) only.rows[only.of[place]] += 1;
  }
  const counted = ({ kinds, rows }) => kinds.map((kind, at) => [kind, rows[at]]).filter(([, count]) => count > 0);
  return Object.fromEntries(facets.map((facet) => [facet.name, Object.fromEntries(counted(facet))]));
}

/** The protocols that the rows of this view were asked under. */
export function protocolsOf(data) {
  return [...new Set(read(data, "protocol"))].filter(Boolean).sort();
}

/** What the filters look at, worked out once for each answer of the server. */
function traitsOf(data) {
  const key = data.source ?? data;
  if (!traits.has(key)) {
    const names = ["domain", "params", "licence", "protocol"];
    const [domain, params, licence, protocol] = names.map((name) => read(key, name));
    const known = { domain, size: params.map(bandOf), open: licence.map(isOpen), protocol };
    traits.set(key, Object.fromEntries(Object.entries(known).map(([name, values]) => [name, sortedOut(values)])));
  }
  return traits.get(key);
}

function sortedOut(values) {
  const numbers = new Map();
  const of = Uint32Array.from(values, (value) => {
    if (!numbers.has(value)) numbers.set(value, numbers.size);
    return numbers.get(value);
  });
  return { kinds: [...numbers.keys()], of };
}

function read(data, name) {
  return data.columns.find((column) => column.name === name)?.values ?? new Array(data.rows).fill(null);
}
