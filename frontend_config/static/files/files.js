// A board kept as files: in which of them lies what /v1 would answer, and where its pages are. No server is asked.

import { unjudged } from "./unjudged.js";

const PAGES = ["delta", "compare", "plot", "model", "about"];
const BASE = location.origin;
const VIEWS = ["measured", "published", "rehearsal"];
const home = document.querySelector('meta[name="clue-live"]')?.content ?? null;
let index = null;

const FINDERS = {
  "/v1/leaderboard.json": async (query) => file(`${viewOf(query)}${query.has("part") ? `-${query.get("part")}` : ""}.json`),
  "/v1/delta": async (query) => file(`${viewOf(query)}-delta.json`),
  "/v1/row": row,
  "/v1/compare": compare,
};

globalThis.clueFiles = {
  /** The file of a page with its query; null for a page that only a server has. */
  page(address) {
    const { pathname, search, hash } = new URL(address, BASE);
    const name = pathname.slice(1);
    if (name && !PAGES.includes(name)) return null;
    return `${name || "index"}.html${search}${hash}`;
  },
  /** The file of an address of /v1 that has no query. */
  data(address) {
    const { pathname } = new URL(address, BASE);
    const name = pathname.replace(/^\/v1\//, "");
    return `data/${/\.\w+$/.test(name) ? name : `${name}.json`}`;
  },
  /** An address on the live board; null when nobody said where that is. */
  live(path) {
    return home && `${home}${path}`;
  },
  /** What `fetch` would answer for an address of /v1. */
  ask(address) {
    const { pathname, searchParams } = new URL(address, BASE);
    return FINDERS[pathname]?.(searchParams) ?? fetch(this.data(address));
  },
};

function file(name) {
  return fetch(`data/${name}`);
}

function told(content) {
  return new Response(JSON.stringify(content), { headers: { "Content-Type": "application/json" } });
}

function viewOf(query) {
  if (query.get("provenance") === "published") return "published";
  return query.get("edition") === "rehearsal" ? "rehearsal" : "measured";
}

async function names() {
  index ??= file("index.json").then((answer) => answer.json());
  return index;
}

async function row(query) {
  const { rows, only } = await names();
  const id = query.get("id").trim().toLowerCase();
  const asked = query.get("view");
  const view = (asked ? [asked] : VIEWS).find((each) => Object.hasOwn(rows[each] ?? {}, id));
  if (!view) return told(null);
  const answer = await file(`${view}/row-${rows[view][id]}.json`);
  return asked || !only[view] ? answer : told({ ...await answer.json(), instead: only[view] });
}

async function compare(query) {
  const { pairs, words } = await names();
  const [view, wanted] = [viewOf(query), query.getAll("m")];
  const judged = pairs[view][JSON.stringify(wanted)];
  if (judged !== undefined) return file(`${view}/pair-${judged}.json`);
  const board = await (await file(`${view}.json`)).json();
  return told(unjudged(board, wanted, { ...words.sentences, ...words[view] }));
}
