// What the visitor chose, kept in the address so that a link, a reload and the Back button bring it back.

import { DOMAINS } from "../common/domains.js";
import { BANDS } from "../common/sizes.js";
import { viewOf } from "../common/views.js";

const PACE = 100;
let written = -PACE;
let later = 0;

/** The state that the address tells; what it does not tell is the default. */
export function readState() {
  clearTimeout(later);
  const query = new URLSearchParams(location.search);
  const list = (name, known) => (query.get(name) ?? "").split(",").filter((each) => known.includes(each));
  return {
    view: viewOf(query),
    search: query.get("q") ?? "",
    sort: query.get("sort") ?? "",
    domains: list("domain", Object.keys(DOMAINS)),
    sizes: list("size", Object.keys(BANDS)),
    open: query.get("open") === "1",
    protocol: query.get("protocol") ?? "",
    columns: query.get("cols") ?? "overview",
    intervals: query.get("intervals") !== "0",
    pins: [...new Set(query.getAll("pin"))],
    weights: query.get("weights") ?? "",
    average: query.get("avgname") ?? "",
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
    size: state.sizes.join(","),
    open: state.open ? "1" : "",
    protocol: state.protocol,
    cols: state.columns === "overview" ? "" : state.columns,
    intervals: state.intervals ? "" : "0",
    weights: state.weights,
    avgname: state.weights ? state.average : "",
  };
  for (const [name, value] of Object.entries(told)) {
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
  }
  url.searchParams.delete("pin");
  for (const name of state.pins) url.searchParams.append("pin", name);
  return url;
}

/**
 * Writes the state into the address: as a new step for Back, or in place of the last one while typing, and then not
 * more often than browsers allow.
 */
export function writeState(state, { step }) {
  clearTimeout(later);
  const url = addressOf(state);
  if (url.href === location.href) return;
  if (step) history.pushState(history.state, "", url);
  else if (performance.now() - written >= PACE) replace(url);
  else later = setTimeout(() => replace(url), PACE);
}

function replace(url) {
  written = performance.now();
  history.replaceState(history.state, "", url);
}
