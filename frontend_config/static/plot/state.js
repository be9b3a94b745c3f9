// What the visitor chose, kept in the address so that a link, a reload and the Back button bring it back.

import { viewOf } from "../common/views.js";

export const KINDS = { levels: "Level 1 and level 2", size: "Score and size", free: "Any two numbers" };
const MOST_MARKED = 12;

/** The state that the address tells; what it does not tell is null or empty, and each kind has its own default. */
export function readState() {
  const query = new URLSearchParams(location.search);
  const oneOf = (name, offers) => (Object.hasOwn(offers, query.get(name) ?? "") ? query.get(name) : null);
  const several = (name) => (query.get(name) ?? "").split(",").filter(Boolean);
  return {
    view: viewOf(query),
    kind: oneOf("kind", KINDS) ?? "levels",
    x: query.get("x"),
    y: query.get("y"),
    domains: several("domain"),
    sizes: several("size"),
    families: several("family"),
    marked: [...new Set(query.getAll("m"))].slice(0, MOST_MARKED),
    ties: { 0: false, 1: true }[query.get("lines")] ?? null,
    intervals: query.get("intervals") !== "0",
  };
}

/** The address of this state; parameters that are not ours stay as they are. */
export function addressOf(state) {
  const url = new URL(location.href);
  const told = {
    view: state.view,
    kind: state.kind === "levels" ? null : state.kind,
    x: state.kind === "free" ? state.x : null,
    y: state.kind === "levels" ? null : state.y,
    domain: state.domains.join(","),
    size: state.sizes.join(","),
    family: state.families.join(","),
    lines: state.ties === null ? null : String(Number(state.ties)),
    intervals: state.intervals ? null : "0",
  };
  for (const [name, value] of Object.entries(told)) {
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
  }
  url.searchParams.delete("m");
  for (const name of state.marked.slice(0, MOST_MARKED)) url.searchParams.append("m", name);
  return url;
}

/** Writes the state into the address as a new step for Back. */
export function writeState(state) {
  const url = addressOf(state);
  if (url.href !== location.href) history.pushState(history.state, "", url);
}
