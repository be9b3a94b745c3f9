// Which models are compared in which view, kept in the page's address.

import { viewOf } from "../common/views.js";

export const FEWEST = 2;
export const MOST = 4;

/** The state that the address tells: a view or null, and at most four names, none twice. */
export function readState() {
  const query = new URLSearchParams(location.search);
  const names = query.getAll("m").map((name) => name.trim()).filter(Boolean);
  return { view: viewOf(query), names: [...new Set(names)].slice(0, MOST) };
}

/** The address of this state; parameters that are not ours stay as they are. */
export function addressOf({ view, names }) {
  const url = new URL(location.href);
  url.searchParams.delete("m");
  url.searchParams.delete("view");
  if (view) url.searchParams.set("view", view);
  for (const name of names) url.searchParams.append("m", name);
  return url;
}
