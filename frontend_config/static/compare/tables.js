// Scores, differences and p-values of the compared models as tables and as CSV.

import { hasInterval, interval, plain, probability, signed, signedInterval } from "../differences/numbers.js";
import { badge, LETTERS } from "./badge.js";
import { csvText } from "../common/csv.js";
import { el } from "../common/dom.js";
import { pageLink } from "../differences/views.js";

const SIGNS = { better: "▲ better", worse: "▼ worse", "cannot tell": "≈ cannot tell" };

/** Scores of these cells and the difference of each pair, with all intervals. */
export function scoreTable(data, cells, caption) {
  const head = [
    el("th", { scope: "col" }, "Score"),
    ...data.models.map((model, place) => el(
      "th",
      { scope: "col", class: "number model" },
      badge(place),
      el("a", { href: pageLink("/model", [["id", model.name]], data.view) }, el("bdi", {}, model.label)),
    )),
    ...pairsOf(data).map((pair) => el("th", { scope: "col", class: "number" }, pairTitle(pair))),
  ];
  const rows = cells.map((cell) => el(
    "tr",
    {},
    el("th", { scope: "row" }, titleOf(cell)),
    ...cell.scores.map((score) => scoreCell(score, data.decimals)),
    ...cell.pairs.map((pair) => differenceCell(pair, data.decimals)),
  ));
  return framed(caption, head, rows);
}

/** What stands behind the findings: items, p-values and what could be detected. */
export function testTable(data, caption) {
  const titles = ["Score", "Pair", "Items", "p", "Adjusted p", "Detectable"];
  const head = titles.map((title, place) => el("th", { scope: "col", class: place > 1 ? "number" : null }, title));
  const tested = data.cells.flatMap((cell) => cell.pairs.filter(({ p }) => p !== null).map((pair) => ({ cell, pair })));
  const rows = tested.map(({ cell, pair }) => {
    const figures = [
      pair.n.toLocaleString("en"), probability(pair.p), probability(pair.p_adjusted), plain(pair.detectable, data.decimals),
    ];
    return el(
      "tr",
      {},
      el("th", { scope: "row" }, titleOf(cell)),
      el("td", {}, pairTitle(pair)),
      ...figures.map((text) => el("td", { class: "number" }, text)),
    );
  });
  return rows.length ? framed(caption, head, rows) : null;
}

/** Everything the tables hold, unrounded to the shown decimals only, as CSV text. */
export function csvOf(data) {
  const number = (value) => (value === null || value === undefined ? "" : value.toFixed(data.decimals));
  const heads = [
    "score",
    ...data.models.flatMap(({ label }) => [label, `${label} low`, `${label} high`, `${label} items`]),
    ...pairsOf(data).flatMap((pair) => {
      const title = `${data.models[pair.first].label} less ${data.models[pair.second].label}`;
      return [title, `${title} low`, `${title} high`, `${title} p`, `${title} adjusted p`, `${title} finding`];
    }),
  ];
  const lines = data.cells.map((cell) => [
    titleOf(cell),
    ...cell.scores.flatMap(({ value, low, high, n }) => [number(value), number(low), number(high), value === null ? "" : n || ""]),
    ...cell.pairs.flatMap(({ difference, low, high, p, p_adjusted: adjusted, finding }) => [
      number(difference), number(low), number(high), p, adjusted, finding,
    ]),
  ]);
  return csvText([heads, ...lines]);
}

/** A cell's title with the task it is part of. */
export function titleOf(cell) {
  return cell.part_of ? `${cell.part_of} ${cell.title}` : cell.title;
}

function pairsOf(data) {
  return data.cells[0].pairs;
}

function pairTitle({ first, second }) {
  return `${LETTERS[first]} − ${LETTERS[second]}`;
}

function scoreCell(score, decimals) {
  if (score.value === null) return missingCell(score.missing);
  return el("td", { class: "number" }, plain(score.value, decimals), hasInterval(score) ? el("small", {}, interval(score, decimals)) : null);
}

function differenceCell(pair, decimals) {
  if (pair.difference === null) return missingCell(pair.reason);
  return el(
    "td",
    { class: `number difference ${pair.finding?.replace(" ", "-") ?? "open"}`, title: pair.reason },
    signed(pair.difference, decimals),
    hasInterval(pair) ? el("small", {}, signedInterval(pair, decimals)) : null,
    el("small", { class: "finding" }, SIGNS[pair.finding] ?? "not judged"),
  );
}

function missingCell(reason) {
  return el("td", { class: "number missing", title: reason }, el("span", { "aria-hidden": "true" }, "–"), el("span", { class: "unseen" }, `missing${reason ? `: ${reason}` : ""}`));
}

function framed(caption, head, rows) {
  return el(
    "div",
    { class: "frame", tabindex: 0, role: "region", "aria-label": caption },
    el("table", { class: "figures-table" }, el("caption", {}, caption), el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...rows)),
  );
}
