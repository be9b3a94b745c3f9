// A model's scores: value, interval, rank, and where it stands among all models of the view.

import { el } from "../common/dom.js";
import { interval, plain } from "../common/numbers.js";
import { inPlace } from "../common/place.js";
import { scale, svg } from "../charts/svg.js";
import { dash } from "./words.js";

const MEANS = ["overall", "level_1", "level_2"];
const [WIDTH, HEIGHT, EDGE] = [260, 30, 6];

export class Scores {
  constructor(change) {
    this.change = change;
    this.node = el("div", { class: "scores" });
  }

  show(row, state) {
    const key = JSON.stringify([row.cells, state.metrics]);
    if (key === this.drawn) return;
    this.drawn = key;
    const means = MEANS.map((name) => row.cells.find((cell) => cell.name === name)).filter(Boolean);
    const tasks = row.cells.filter((cell) => !MEANS.includes(cell.name));
    const whole = state.metrics === "all";
    const shown = whole ? tasks : tasks.filter((cell) => !cell.part_of);
    const press = () => this.change({ metrics: whole ? null : "all" });
    const more = el(
      "button",
      { type: "button", class: "quiet", "data-name": "metrics", onclick: press },
      whole ? "Tasks only" : "All metrics",
    );
    inPlace(this.node, () => this.node.replaceChildren(
      el("div", { class: "tiles" }, ...means.map((cell) => tile(cell, row))),
      el(
        "section",
        { class: "card" },
        el("div", { class: "bar" }, el("h2", {}, "Scores"), more),
        el("p", { class: "lead" }, lead(row, shown)),
        table(shown, row),
      ),
    ));
  }
}

function lead(row, tasks) {
  const models = Math.max(0, ...tasks.map((cell) => cell.of));
  const known = tasks.some((cell) => cell.low !== null);
  const sure = known
    ? "The bar is the 95 % interval."
    : "No intervals were published, so small differences say nothing.";
  const others = models > 1 ? `Each thin line is one of the ${models} models of this view; the dot is this one. ` : "";
  const bare = tasks.filter((cell) => cell.value !== null && !cell.range);
  const which = bare.some((cell) => !cell.part_of) ? "A place" : "A metric's place";
  const places = bare.length > 0 ? ` ${which} without a range only compares the bare numbers.` : "";
  return `In percent, higher is better. ${others}${sure}${places}`;
}

function tile(cell, row) {
  const missing = cell.value === null;
  return el(
    "div",
    { class: `tile ${cell.name}` },
    el("p", { class: "name", title: cell.help }, cell.title),
    el("p", { class: "value" }, missing ? dash(cell.missing ?? row.absent) : plain(cell.value, row.decimals)),
    el(
      "p",
      { class: "told" },
      missing ? (cell.missing ?? row.absent) : [interval(cell, row.decimals), rank(cell)].filter(Boolean).join(" · "),
    ),
  );
}

/** "rank 3 to 5 of 24" where models were compared with each other, else the place by the bare number. */
function rank(cell) {
  if (cell.range) {
    const [best, worst] = cell.range;
    return best === worst ? `rank ${best} of ${cell.of}` : `rank ${best} to ${worst} of ${cell.of}`;
  }
  return cell.rank === null ? "" : `place ${cell.rank} of ${cell.of} by the number`;
}

function table(cells, row) {
  const heading = (text, kind) => el("th", { scope: "col", class: kind }, text);
  const heads = [
    heading("Task"), heading("Score", "right"), heading("95 % interval", "right"), heading("Among all models", "among"),
    heading("Place", "right"),
  ];
  return el(
    "div",
    { class: "scroller", tabindex: 0, role: "region", "aria-label": "Scores" },
    el(
      "table",
      { class: "score-table" },
      el("thead", {}, el("tr", {}, ...heads)),
      el("tbody", {}, ...cells.map((cell) => line(cell, row))),
    ),
  );
}

function line(cell, row) {
  const missing = cell.value === null;
  return el(
    "tr",
    { class: cell.part_of ? "metric" : "task", "data-cell": cell.name },
    el("th", { scope: "row", title: cell.help }, cell.title),
    el(
      "td",
      { class: "right", "data-title": "Score" },
      missing ? dash(cell.missing ?? row.absent) : plain(cell.value, row.decimals),
    ),
    missing
      ? el("td", { class: "reason", colspan: 3 }, cell.missing ?? row.absent)
      : el("td", { class: "right", "data-title": "95 % interval" }, interval(cell, row.decimals) || "none published"),
    missing ? null : el("td", { class: "among" }, strip(cell, row)),
    missing ? null : el("td", { class: "right", "data-title": "Place" }, place(cell)),
  );
}

function place(cell) {
  if (!cell.range) return `${cell.rank} of ${cell.of}`;
  const [best, worst] = cell.range;
  return best === worst ? `${best} of ${cell.of}` : `${best}–${worst} of ${cell.of}`;
}

function strip(cell, row) {
  const x = scale([0, 100], [EDGE, WIDTH - EDGE]);
  const middle = HEIGHT / 2;
  const others = cell.spread;
  const among =
    others.length > 1
      ? ` The models of this view lie between ${plain(others[0], 1)} and ${plain(others.at(-1), 1)}.`
      : "";
  const known = interval(cell, row.decimals);
  const value = `${cell.title} ${plain(cell.value, row.decimals)}`;
  const label = `${value}${known ? `, interval ${known}` : ""}, from 0 to 100.${among}`;
  const bar = known && svg("rect", {
    class: "interval", x: x(cell.low), y: middle - 8, width: Math.max(2, x(cell.high) - x(cell.low)), height: 16, rx: 3,
  });
  return svg(
    "svg",
    { class: "chart strip", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label },
    svg("line", { class: "grid", x1: EDGE, x2: WIDTH - EDGE, y1: middle, y2: middle }),
    ...others.map((value) =>
      svg("line", { class: "other", x1: x(value), x2: x(value), y1: middle - 6, y2: middle + 6 }),
    ),
    bar,
    svg("circle", { class: "own", cx: x(cell.value), cy: middle, r: 3.5 }),
  );
}
