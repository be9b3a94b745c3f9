// How the asking went, task by task: which prompts were answered, and which not.

import { el } from "../common/dom.js";
import { card } from "./words.js";

const PARTS = [
  ["readable", "read as an answer"],
  ["unparsable", "unparsable"],
  ["blank", "empty"],
  ["refused", "refused"],
];
const MEANING =
  "An unparsable or empty answer counts as wrong. A refused prompt did not fit the model's window and was never asked; "
  + "from a truncated one something was left out.";

export class Asked {
  constructor() {
    this.node = el("div", {});
  }

  show(row) {
    const key = JSON.stringify(row.diagnostics);
    if (key === this.drawn) return;
    this.drawn = key;
    const found = row.diagnostics;
    this.node.hidden = found.length === 0;
    this.node.replaceChildren(
      card("How the asking went", MEANING, legend(), el("ul", { class: "asked" }, ...found.map(line))),
    );
  }
}

function legend() {
  return el(
    "p",
    { class: "legend", "aria-hidden": "true" },
    ...PARTS.map(([name, words]) => el("span", { class: name }, words)),
  );
}

function line(asked) {
  const parts = { ...asked, blank: asked.empty, readable: asked.answered - asked.unparsable };
  const share = (name) => `flex-grow:${parts[name] / asked.n}`;
  const count = (name, words) => (parts[name] ? `${parts[name].toLocaleString("en")} ${words}` : null);
  const words = [
    `${parts.readable.toLocaleString("en")} of ${asked.n.toLocaleString("en")} prompts read as an answer`,
    ...PARTS.slice(1).map(([name, each]) => count(name, each)),
    count("truncated", "truncated"),
  ].filter(Boolean).join(", ");
  return el(
    "li",
    {},
    el("h3", {}, asked.title),
    el(
      "div",
      { class: "shares", "aria-hidden": "true" },
      ...PARTS.filter(([name]) => parts[name] > 0).map(([name]) => el("span", { class: name, style: share(name) })),
    ),
    el("p", { class: "counted" }, words),
    el("p", { class: "told" }, spent(asked)),
  );
}

function spent({ output_tokens: tokens, seconds, n }) {
  const length = tokens === null ? "Tokens: not told by the engine" : `${tokens.toFixed(1)} tokens an answer`;
  if (seconds === null) return length;
  const each = seconds / Math.max(1, n);
  return `${length}; ${lasted(seconds)} in all${each >= 0.01 ? `, ${each.toFixed(2)} s an item` : ""}`;
}

function lasted(seconds) {
  if (seconds < 1) return "under a second";
  if (seconds < 90) return `${seconds.toFixed(0)} s`;
  return seconds < 5400 ? `${(seconds / 60).toFixed(0)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
