// Everything that was ever published of a model: a line for each, and how one score went from one to the next.

import { el } from "../common/dom.js";
import { plain } from "../common/numbers.js";
import { dataAt } from "../common/ways.js";
import { scale, svg, ticks } from "../charts/svg.js";
import { card, dash, day, inOrder } from "./words.js";

const TITLES = { overall: "Overall", level_1: "Level 1", level_2: "Level 2" };
const [WIDTH, HEIGHT, LEFT, EDGE] = [640, 150, 40, 14];

export class History {
  constructor() {
    this.node = el("div", {});
  }

  show(row) {
    const key = JSON.stringify(row.history);
    if (key === this.drawn) return;
    this.drawn = key;
    this.node.hidden = row.history.length === 0;
    if (row.history.length === 0) return;
    const titles = { ...TITLES, ...Object.fromEntries(row.runs.map((run) => [run.task, run.title])) };
    const count = row.history.length;
    const lead =
      count === 1
        ? "One result was published of this model. A later commit or a new scoring adds a line; none is ever removed."
        : `${count} results were published of this model, newest first. A line that was replaced or withdrawn stays.`;
    this.node.replaceChildren(card("History", lead, drawing(row, titles), table(row, titles)));
  }
}

function table(row, titles) {
  const tasks = inOrder(row, row.runs, (run) => run.task).map((run) => run.task);
  const cells = [...Object.keys(TITLES), ...tasks];
  const heads = ["Line", "Published", "Commit", "Status", ...cells.map((name) => titles[name])];
  return el(
    "div",
    { class: "scroller", tabindex: 0, role: "region", "aria-label": "History" },
    el(
      "table",
      { class: "history" },
      el(
        "thead",
        {},
        el("tr", {}, ...heads.map((text, place) => el("th", { scope: "col", class: place > 3 ? "right" : "" }, text))),
      ),
      el("tbody", {}, ...row.history.map((each) => line(each, cells, row))),
    ),
  );
}

function line(each, cells, row) {
  const own = row.ledger && each.number === row.ledger.number;
  return el(
    "tr",
    { class: each.status, "aria-current": own ? "true" : null },
    el(
      "th",
      { scope: "row" },
      el("a", { href: dataAt(`/v1/runs/${each.number}`), title: `SHA-256 ${each.hash}` }, String(each.number)),
    ),
    el("td", {}, day(each.at)),
    el(
      "td",
      {},
      el("code", { title: each.revision }, each.short),
      each.edition === "rehearsal" && el("span", { class: "told" }, " rehearsal"),
    ),
    el("td", { class: "status" }, ...status(each, own)),
    ...cells.map((name) => {
      const value = each.scores[name] ?? null;
      return el(
        "td",
        { class: "right" },
        value === null ? dash("It was not measured, or a part of it was not.") : plain(value, 1),
      );
    }),
  );
}

function status({ status: now, ended }, own) {
  if (now === "stands") return [own ? "shown here" : "stands"];
  const words = now === "withdrawn" ? "withdrawn" : `replaced by line ${ended.by}`;
  return [words, el("span", { class: "told" }, " ", day(ended.at), ended.reason && el("bdi", {}, `: ${ended.reason}`))];
}

/** How the broadest score that several lines have went on, oldest first; nothing when there is only one. */
function drawing(row, titles) {
  const here = row.history.filter((each) => each.edition === row.edition && each.protocol === row.protocol).reverse();
  const name = [...Object.keys(TITLES), ...row.runs.map((run) => run.task)]
    .find((cell) => here.filter((each) => Number.isFinite(each.scores[cell])).length > 1);
  if (!name) return null;
  const points = here.filter((each) => Number.isFinite(each.scores[name]));
  const values = points.map((each) => each.scores[name]);
  const marks = ticks(Math.min(...values), Math.max(...values), 3);
  const x = scale([0, points.length - 1], [LEFT + EDGE, WIDTH - EDGE - 20]);
  const y = scale([marks[0], marks.at(-1)], [HEIGHT - 26, EDGE]);
  const told = points.map((each) => `line ${each.number}: ${plain(each.scores[name], 1)}`).join(", ");
  const d = points.map((each, place) => `${place ? "L" : "M"}${x(place)} ${y(each.scores[name])}`).join("");
  return el(
    "figure",
    {},
    el("figcaption", { class: "told" }, `${titles[name]} from line to line`),
    svg(
      "svg",
      { class: "chart line", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${titles[name]}, ${told}` },
      ...marks.flatMap((mark) => [
        svg("line", { class: "grid", x1: LEFT, x2: WIDTH, y1: y(mark), y2: y(mark) }),
        svg("text", { class: "quiet-text", x: LEFT - 8, y: y(mark) + 4, "text-anchor": "end" }, String(mark)),
      ]),
      svg("path", { class: "course", d }),
      ...points.flatMap((each, place) => [
        svg("circle", {
          class: each.status === "stands" ? "own" : "own ended",
          cx: x(place),
          cy: y(each.scores[name]),
          r: 4.5,
        }),
        svg(
          "text",
          { class: "quiet-text", x: x(place), y: HEIGHT - 6, "text-anchor": "middle" },
          `line ${each.number}`,
        ),
      ]),
    ),
  );
}
