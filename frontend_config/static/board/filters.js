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

/** For each filter a test of a row's place; a filter that nothing was chosen for lets all through. */
export function facetsOf(data, state) {
  const { domain, size, open, protocol } = traitsOf(data);
  return {
    domain: (place) => state.domains.length === 0 || state.domains.includes(domain[place]),
    size: (place) => state.sizes.length === 0 || state.sizes.includes(size[place]),
    open: (place) => !state.open || open[place],
    protocol: (place) => !state.protocol || protocol[place] === state.protocol,
  };
}

/** How many of the rows that pass everything else each choice of a filter holds. */
export function countsOf(data, state, matches) {
  const facets = Object.entries(facetsOf(data, state));
  const values = traitsOf(data);
  const counts = { domain: {}, size: {}, open: {}, protocol: {} };
  for (let place = 0; place < data.rows; place += 1) {
    if (!matches(place)) continue;
    let refused = 0;
    let only = null;
    for (const facet of facets) {
      if (facet[1](place)) continue;
      refused += 1;
      only = facet;
    }
    if (refused > 1) continue;
    for (const [name] of refused ? [only] : facets) {
      const value = values[name][place];
      counts[name][value] = (counts[name][value] ?? 0) + 1;
    }
  }
  return counts;
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
    traits.set(key, { domain, size: params.map(bandOf), open: licence.map(isOpen), protocol });
  }
  return traits.get(key);
}

function read(data, name) {
  return data.columns.find((column) => column.name === name)?.values ?? new Array(data.rows).fill(null);
}
