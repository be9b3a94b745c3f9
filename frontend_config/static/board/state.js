// What the visitor chose, kept in the address so that a link, a reload and the Back button bring it back.

export const VIEWS = {
  measured: { title: "Measured", query: "provenance=measured&edition=full" },
  published: { title: "Published June 2024", query: "provenance=published&edition=full" },
  rehearsal: { title: "Rehearsal", query: "provenance=measured&edition=rehearsal" },
};

export const PRESETS = { overview: "Overview", level_1: "Level 1", level_2: "Level 2", all: "All metrics" };

/** The state that the address tells; what it does not tell is the default. */
export function readState() {
  const query = new URLSearchParams(location.search);
  const view = query.get("view");
  return {
    view: Object.hasOwn(VIEWS, view ?? "") ? view : null,
    search: query.get("q") ?? "",
    sort: query.get("sort") ?? "",
    domains: (query.get("domain") ?? "").split(",").filter((name) => name === "biomedical" || name === "general"),
    columns: query.get("cols") ?? "overview",
    intervals: query.get("intervals") !== "0",
  };
}

/** The address of this state; parameters that are not ours stay as they are. */
export function addressOf(state) {
  const url = new URL(location.href);
  const told = {
    view: state.view,
    q: state.search,
    sort: state.sort,
    domain: state.domains.join(","),
    cols: state.columns === "overview" ? "" : state.columns,
    intervals: state.intervals ? "" : "0",
  };
  for (const [name, value] of Object.entries(told)) {
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
  }
  return url;
}

/** Writes the state into the address: as a new step for Back, or in place of the last one while typing. */
export function writeState(state, { step }) {
  const url = addressOf(state);
  if (url.href === location.href) return;
  if (step) history.pushState(history.state, "", url);
  else history.replaceState(history.state, "", url);
}
