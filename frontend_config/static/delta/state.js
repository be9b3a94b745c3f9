// What the visitor chose on this page, kept in its address.

import { viewOf } from "../common/views.js";

export const SORTS = { "-difference": "Most gained first", difference: "Most lost first", name: "By name" };
const FIRST_SORT = "-difference";

/** The state that the address tells; `bases` maps a model's name to the name of the base it is set beside. */
export function readState() {
  const query = new URLSearchParams(location.search);
  const sort = query.get("sort");
  return {
    view: viewOf(query),
    cell: query.get("cell") ?? "",
    sort: Object.hasOwn(SORTS, sort ?? "") ? sort : FIRST_SORT,
    bases: new Map(query.getAll("base").filter((each) => each.includes("~")).map((each) => each.split("~", 2))),
  };
}

/** The values of `base` that /v1/delta and the address share. */
export function baseParameters(state) {
  return [...state.bases].map(([model, base]) => ["base", `${model}~${base}`]);
}

/** The address of this state; parameters that are not ours stay as they are. */
export function addressOf(state) {
  const url = new URL(location.href);
  const told = { view: state.view, cell: state.cell, sort: state.sort === FIRST_SORT ? "" : state.sort };
  for (const [name, value] of Object.entries(told)) {
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
  }
  url.searchParams.delete("base");
  for (const [name, value] of baseParameters(state)) url.searchParams.append(name, value);
  return url;
}
