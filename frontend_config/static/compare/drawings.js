// The compared models as bars with intervals and as a radar of the tasks, each with a text and a way to keep it.

import { barChart } from "../charts/bars.js";
import { drawnToWidth } from "../charts/room.js";
import { dataTable } from "../charts/figures.js";
import { saveButtons } from "../charts/keep.js";
import { interval, listed, plain } from "../common/numbers.js";
import { badge, LETTERS } from "./badge.js";
import { el } from "../common/dom.js";
import { isAverage } from "./sentences.js";
import { radarChart } from "../charts/radar.js";

const FEWEST_AXES = 3;

/** Bars of averages and tasks. */
export function barsCard(data) {
  const cells = data.cells.filter((cell) => !cell.part_of);
  const groups = cells.map((cell) => ({
    title: cell.title,
    bars: cell.scores.map((score, place) => ({
      ...score,
      series: place,
      mark: LETTERS[place],
      text: score.value === null ? "– missing" : plain(score.value, data.decimals),
    })),
  }));
  const title = `Scores of ${namesOf(data)} with 95 % intervals where there are any; the table below holds the figures`;
  const chart = drawnToWidth((width) => barChart({ groups, width, title }));
  return card("Scores with intervals", chart.drawing, `clue-${data.view}-scores`, key(data), chart.node);
}

/** The tasks as a radar, or null with fewer than three tasks that any model has. */
export function radarCard(data) {
  const tasks = data.cells.filter((cell) => !cell.part_of && !isAverage(cell));
  const shown = tasks.filter((cell) => cell.scores.some(({ value }) => value !== null));
  if (shown.length < FEWEST_AXES) return null;
  const series = data.models.map((_, place) => ({ place, values: shown.map((cell) => cell.scores[place].value) }));
  const axes = shown.map((cell) => cell.title);
  const chart = drawnToWidth((width) => radarChart({ axes, series, width, title: textOf(data, shown) }));
  const gaps = shown.some((cell) => cell.scores.some(({ value }) => value === null));
  const rows = shown.map((cell) => [cell.title, ...cell.scores.map((score) => told(score, data.decimals))]);
  return card(
    "The tasks at a glance", chart.drawing, `clue-${data.view}-tasks`, key(data), chart.node,
    gaps ? el("p", { class: "remark" }, "A gap in a line is a missing score, not a zero.") : null,
    dataTable("Task scores in percent", ["Task", ...data.models.map(({ label }) => label)], rows),
  );
}

function card(title, drawing, name, ...parts) {
  return el(
    "section",
    { class: "card" },
    el("div", { class: "top" }, el("h2", {}, title), saveButtons(drawing, name)),
    ...parts.filter(Boolean),
  );
}

function key(data) {
  const lines = data.models.map((model, place) => el("li", {}, badge(place), el("bdi", {}, model.label)));
  return el("ul", { class: "legend" }, ...lines);
}

function namesOf(data) {
  return listed(data.models.map(({ label }) => label));
}

/** The radar in words: who is highest on which task. */
function textOf(data, cells) {
  const leads = cells.map((cell) => {
    const best = Math.max(...cell.scores.map(({ value }) => value ?? -Infinity));
    const who = data.models.filter((_, place) => cell.scores[place].value === best).map(({ label }) => label);
    return `${cell.title}: ${listed(who)} highest with ${plain(best, data.decimals)}`;
  });
  return `Task scores of ${namesOf(data)}. ${leads.join("; ")}.`;
}

function told(score, decimals) {
  if (score.value === null) return `– ${score.missing ?? "missing"}`;
  const range = interval(score, decimals);
  return range ? `${plain(score.value, decimals)} (${range})` : plain(score.value, decimals);
}
