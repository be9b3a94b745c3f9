// Scores, differences and p-values of the compared models as tables and as CSV.

import { DASH, hasInterval, interval, plain, probability, signed, signedInterval } from "../common/numbers.js";
import { badge, LETTERS } from "./badge.js";
import { csvText } from "../common/csv.js";
import { el } from "../common/dom.js";

export const SIGNS = { better: "▲", worse: "▼", "cannot tell": "≈" };

/** Scores of these cells and the difference of each pair, with all intervals. */
export function scoreTable(data, cells, caption) {
  const head = [
    columnHead({}, "Score"),
    ...data.models.map((model, place) => columnHead(
      { class: "number model" }, badge(place), el("bdi", { class: "label" }, model.label),
    )),
    ...pairsOf(data).map((pair) => columnHead({ class: "number" }, pairTitle(pair))),
  ];
  const rows = cells.map((cell) => el(
    "tr",
    { role: "row" },
    el("th", { scope: "row", role: "rowheader" }, titleOf(cell)),
    ...cell.scores.map((score, place) => scoreCell(score, LETTERS[place], data.decimals)),
    ...cell.pairs.map((pair) => differenceCell(pair, data.decimals)),
  ));
  return framed(caption, head, rows);
}

/** What stands behind the findings: items, p-values and what could be detected. */
export function testTable(data, caption) {
  const titles = ["Score", "Pair", "Items", "p", "Adjusted p", "Detectable"];
  const head = titles.map((title, place) => columnHead({ class: place > 1 ? "number" : null }, title));
  const tested = data.cells.flatMap((cell) => cell.pairs.filter(({ p }) => p !== null).map((pair) => ({ cell, pair })));
  const rows = tested.map(({ cell, pair }) => {
    const figures = [
      pair.n.toLocaleString("en"),
      probability(pair.p),
      probability(pair.p_adjusted),
      plain(pair.detectable, data.decimals),
    ];
    return el(
      "tr",
      { role: "row" },
      el("th", { scope: "row", role: "rowheader" }, titleOf(cell)),
      el("td", { role: "cell", "data-title": titles[1] }, pairTitle(pair)),
      ...figures.map((text, place) =>
        el("td", { class: "number", role: "cell", "data-title": titles[place + 2] }, text),
      ),
    );
  });
  return rows.length ? framed(caption, head, rows) : null;
}

/** Everything the tables hold as CSV text, scores and differences with the decimals that are shown. */
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
    ...cell.scores.flatMap(({ value, low, high, n }) => [
      ...[value, low, high].map(number),
      value === null ? "" : n || "",
    ]),
    ...cell.pairs.flatMap(({ difference, low, high, p, p_adjusted: adjusted, finding }) => [
      number(difference),
      number(low),
      number(high),
      p,
      adjusted,
      finding,
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

function columnHead(attributes, ...children) {
  return el("th", { scope: "col", role: "columnheader", ...attributes }, ...children);
}

function scoreCell(score, title, decimals) {
  if (score.value === null) return missingCell(score.missing, title);
  return el(
    "td",
    { class: "number", role: "cell", "data-title": title },
    plain(score.value, decimals),
    hasInterval(score) ? el("small", {}, interval(score, decimals)) : null,
  );
}

function differenceCell(pair, decimals) {
  if (pair.difference === null) return missingCell(pair.reason, pairTitle(pair));
  const kind = pair.finding?.replace(" ", "-") ?? "open";
  return el(
    "td",
    { class: `number difference ${kind}`, role: "cell", "data-title": pairTitle(pair), title: pair.reason },
    pair.finding ? el("span", { class: "sign", "aria-hidden": "true" }, SIGNS[pair.finding]) : null,
    signed(pair.difference, decimals),
    hasInterval(pair) ? el("small", {}, signedInterval(pair, decimals)) : null,
    el("span", { class: "unseen" }, ` ${pair.finding ?? "not judged"}`),
  );
}

function missingCell(reason, title) {
  return el(
    "td",
    { class: "number missing", role: "cell", "data-title": title, title: reason },
    el("span", { "aria-hidden": "true" }, DASH),
    el("span", { class: "unseen" }, reason ? `missing: ${reason}` : "missing"),
  );
}

function framed(caption, head, rows) {
  return el(
    "div",
    { class: "told" },
    el("p", { class: "remark" }, caption),
    el(
      "div",
      { class: "frame", tabindex: 0, role: "region", "aria-label": caption },
      el(
        "table",
        { class: "figures-table stacked", role: "table", "aria-label": caption },
        el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, ...head)),
        el("tbody", { role: "rowgroup" }, ...rows),
      ),
    ),
  );
}
