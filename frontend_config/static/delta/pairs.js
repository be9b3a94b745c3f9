// All pairs in all cells as a table: which base was used, who names it, and every difference with its sign.

import { hasInterval, plain, signed, signedInterval } from "../common/numbers.js";
import { el } from "../common/dom.js";
import { differenceIn, kindOf } from "./chart.js";
import { pageLink } from "../common/views.js";

const DEEPEST = 20;
const WORDS = { improved: "improved", declined: "declined", unsure: "cannot tell", missing: "missing" };

/** The table of `pairs`, on a small screen a card for each; `choose(model, base)` is told of another base. */
export function pairsTable(data, pairs, choose) {
  const head = ["Model and its base", ...data.cells.map((cell) => cell.title)];
  return el(
    "div",
    { class: "frame", tabindex: 0, role: "region", "aria-label": "All differences" },
    el(
      "table",
      { class: "figures-table stacked heat", role: "table", "aria-label": "All differences" },
      el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, ...head.map((title, place) => el(
        "th", { scope: "col", role: "columnheader", class: place > 0 ? "number" : null }, title,
      )))),
      el("tbody", { role: "rowgroup" }, ...pairs.map((pair) => pairRow(data, pair, choose))),
    ),
  );
}

function pairRow(data, pair, choose) {
  return el(
    "tr",
    { role: "row" },
    el(
      "th",
      { scope: "row", role: "rowheader" },
      nameLink(pair.model, data.view),
      el("div", { class: "base" }, "from ", basePart(data, pair, choose)),
      el("div", { class: "source" }, pair.base_source, " ", compareLink(pair, data.view)),
    ),
    ...data.cells.map((cell) => figure(data, pair, cell)),
  );
}

function nameLink(model, view) {
  return el("a", { href: pageLink("/model", [["id", model.name]], view) }, el("bdi", {}, model.label));
}

function compareLink(pair, view) {
  const href = pageLink("/compare", [["m", pair.model.name], ["m", pair.base.name]], view);
  return el("a", { href, "aria-label": `Compare ${pair.model.label} with ${pair.base.label}` }, "Compare");
}

/** What the signs in the table say. */
export function signsOf(data, pairs) {
  const unsure = pairs.some((pair) => data.cells.some((cell) => kindOf(differenceIn(pair, cell)) === "unsure"));
  const sign = unsure ? " ≈ stands before what cannot be told from noise." : "";
  return `Differences in percentage points: the model less its base.${sign}`;
}

function basePart(data, pair, choose) {
  if (pair.bases.length < 2) return nameLink(pair.base, data.view);
  const options = pair.bases.map(({ name, label }) =>
    el("option", { value: name, selected: name === pair.base.name }, label),
  );
  const select = el(
    "select",
    {
      "aria-label": `Base of ${pair.model.label}`,
      onchange: () => choose(pair.model.name, select.value),
    },
    ...options,
  );
  return select;
}

function figure(data, pair, cell) {
  const found = differenceIn(pair, cell);
  const kind = kindOf(found);
  const depth = Math.min(1, Math.abs(found.difference ?? 0) / DEEPEST);
  const told = [explained(data, pair, found), found.reason].filter(Boolean).join(" ");
  return el(
    "td",
    {
      role: "cell", class: `number ${kind}`, "data-title": cell.title, title: told,
      style: `--depth:${depth.toFixed(2)}`,
    },
    kind === "unsure" ? el("span", { "aria-hidden": "true" }, "≈ ") : null,
    signed(found.difference, data.decimals),
    hasInterval(found) ? el("small", {}, signedInterval(found, data.decimals)) : null,
    unseen(kind, found),
  );
}

/** In words what the cell's look says, for those who do not see it. */
function unseen(kind, { reason }) {
  const word = WORDS[kind];
  if (!word) return null;
  return el("span", { class: "unseen" }, kind === "missing" && reason ? ` ${word}: ${reason}` : ` ${word}`);
}

function explained(data, pair, found) {
  if (found.difference === null) return "";
  const [own, other] = [found.value, found.base_value].map((value) => plain(value, data.decimals));
  return `${pair.model.label} ${own}, ${pair.base.label} ${other}.`;
}
