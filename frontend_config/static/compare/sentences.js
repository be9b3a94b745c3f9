// What can be said of each pair in plain words: first in sum, then for averages and tasks, metrics when asked for.

import { counted, listed, signed } from "../common/numbers.js";
import { badge } from "./badge.js";
import { el } from "../common/dom.js";
import { SIGNS } from "./tables.js";

const NO_SIGN = "·";

/** One part for each pair of the compared models. */
export function pairParts(data) {
  const pairs = data.cells[0].pairs;
  return pairs.map((pair, place) => pairPart(data, pair, place, pairs.length));
}

function pairPart(data, { first, second }, place, all) {
  const [one, other] = [data.models[first], data.models[second]];
  const told = data.cells.map((cell) => ({ cell, pair: cell.pairs[place] })).filter(({ pair }) => pair);
  const [whole, metrics] = [told.filter(({ cell }) => !cell.part_of), told.filter(({ cell }) => cell.part_of)];
  const common = sameReason(told);
  const body = [
    el("p", { class: "sum" }, common ?? sumOf(whole, one, other)),
    sentenceList(whole, data, common),
    metrics.length > 0 && el(
      "details",
      { class: "metrics" },
      el("summary", {}, `${counted(metrics.length, "metric")} of these tasks`),
      sentenceList(metrics, data, common),
    ),
  ].filter(Boolean);
  const against = el("span", { class: "against" }, " against ");
  const title = [badge(first), el("bdi", {}, one.label), against, badge(second), el("bdi", {}, other.label)];
  if (all === 1) return el("div", { class: "pair" }, el("h3", {}, ...title), ...body);
  return el("details", { class: "pair", open: place === 0 }, el("summary", {}, el("h3", {}, ...title)), ...body);
}

/** The one reason for which nothing of a pair can be judged although its scores are known; else null. */
function sameReason(told) {
  const known = told.filter(({ pair }) => pair.difference !== null);
  const reasons = new Set(known.map(({ pair }) => pair.reason));
  const [reason] = reasons;
  return known.length > 0 && reasons.size === 1 && reason && known.every(({ pair }) => !pair.finding) ? reason : null;
}

function sumOf(whole, one, other) {
  const tasks = whole.filter(({ cell }) => !isAverage(cell));
  const found = (word) => tasks.filter(({ pair }) => pair.finding === word).map(({ cell }) => cell.title);
  const [better, worse, unsure] = [found("better"), found("worse"), found("cannot tell")];
  const open = tasks.length - better.length - worse.length - unsure.length;
  const parts = [
    better.length > 0 && `${one.label} is better on ${listed(better)}`,
    worse.length > 0 && `${other.label} is better on ${listed(worse)}`,
    unsure.length > 0
      && `${better.length + worse.length > 0 ? "on" : "On"} ${listed(unsure)} the difference cannot be told from noise`,
    open > 0 && `${counted(open, "task")} could not be judged`,
  ].filter(Boolean);
  return parts.length ? `${parts.join("; ")}.` : "No task could be judged.";
}

/** Whether a cell is a mean of tasks and not a task. */
export function isAverage(cell) {
  return cell.name === "overall" || cell.name.startsWith("level_");
}

function sentenceList(told, data, common) {
  return el("ul", { class: "sentences" }, ...told.map(({ cell, pair }) => el(
    "li",
    { class: pair.finding === null ? "open" : pair.finding.replace(" ", "-") },
    el("span", { class: "sign", "aria-hidden": "true" }, SIGNS[pair.finding] ?? NO_SIGN),
    el("b", {}, cell.part_of ? `${cell.part_of} ${cell.title}` : cell.title),
    el("span", {}, ...sentenceOf(pair, data, common)),
  )));
}

function sentenceOf(pair, data, common) {
  const detectable = pair.finding === "cannot tell" && !pair.sentence?.includes("detect") && pair.detectable !== null
    ? ` This set could detect about ${pair.detectable.toFixed(data.decimals)}.` : "";
  if (pair.finding && pair.sentence) return [pair.sentence, detectable];
  if (pair.difference === null) return [pair.reason ?? "There is no score on one side."];
  const points = `${signed(pair.difference, data.decimals)} points`;
  return [points, common || !pair.reason ? ", not judged." : `, not judged: ${pair.reason}`];
}
