// The ways within this site, to its pages and its data: of today's board, of an earlier one, or of one kept as files.

import { el } from "./dom.js";

const PAGES = /^\/(?:delta|compare|plot|model)?(?:\?|$)/;
const DATA = /^\/v1\/(?:leaderboard|delta|compare|row|models)\b(?!.*\/(?:examples|badge))/;
const files = globalThis.clueFiles ?? null;
const asOf = document.querySelector('meta[name="clue-as-of"]')?.content ?? null;

/** Whether nothing that is shown here can change. */
export const still = files !== null || asOf !== null;

/** The address of a page of this site, which stays with the board that is shown. */
export function pageAt(address) {
  if (files) return files.page(address);
  return PAGES.test(address) ? dated(address) : address;
}

/** The address where what /v1 tells lies, for links and downloads; null where there is no such file. */
export function dataAt(address) {
  if (files) return files.data(address);
  return DATA.test(address) ? dated(address) : address;
}

/** What `fetch` answers for an address of /v1. */
export function ask(address, options) {
  return files ? files.ask(address) : fetch(dataAt(address), options);
}

/** A link to where models are submitted, null where nobody can; `more` is a query. */
export function submitLink(kind = "deed", words = "Submit a model", more = "") {
  const href = files ? files.live("/submit") : "/submit";
  return href && el("a", { class: kind || null, href: href + more }, words);
}

function dated(address) {
  if (asOf === null) return address;
  return `${address}${address.includes("?") ? "&" : "?"}${new URLSearchParams({ as_of: asOf })}`;
}
