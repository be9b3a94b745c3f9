// A model against the one it was made from: the difference in each task with its paired interval, as /v1/compare says.

import { el } from "../common/dom.js";
import { Feed } from "../common/feed.js";
import { signed, signedInterval } from "../common/numbers.js";
import { addressIn } from "../common/views.js";
import { submitLink } from "../common/ways.js";
import { scale, svg, ticks } from "../charts/svg.js";
import { card } from "./words.js";

const [WIDTH, HEIGHT, EDGE] = [260, 30, 6];
const TITLE = "Against its base model";
const SURE = "The bar is the paired 95 % interval; what is said is corrected for the tests of this pair alone.";
const UNSURE = "Without intervals small differences say nothing.";
const FINDINGS = {
  better: "better",
  worse: "worse",
  "cannot tell": "cannot tell",
};

export class AgainstBase {
  constructor() {
    this.node = el("div", { hidden: true });
  }

  /** Shows what /v1/compare says now; asks it again whenever the row is a newer one. */
  async show(row) {
    if (row === this.row) return;
    this.row = row;
    const wanted = row.base?.name ? address(row) : null;
    if (this.feed?.address !== wanted) {
      this.feed = wanted && new Feed(wanted);
      this.node.hidden = true;
    }
    if (!wanted) {
      if (row.base) this.fill(card(TITLE, null, absent(row)));
      return;
    }
    const failed = el("p", { class: "told" }, "The comparison could not be loaded. Reload the page to try again.");
    try {
      const news = await this.feed.refresh();
      if (row === this.row && (news || this.node.hidden)) this.fill(found(row, this.feed.data));
    } catch {
      if (row === this.row && !this.feed.data) this.fill(card(TITLE, null, failed));
    }
  }

  fill(part) {
    this.node.replaceChildren(part);
    this.node.hidden = false;
  }
}

function address(row) {
  return addressIn(row.view, "/v1/compare", [["m", row.name], ["m", row.base.name]]);
}

function absent({ base, view }) {
  const words =
    view === "published"
      ? "is not among the published models."
      : "has not been measured in this view, so there is nothing to compare with.";
  return el(
    "p",
    { class: "told" },
    el("bdi", {}, base.id),
    ` ${words} `,
    view === "measured" && submitLink("", "Submit it"),
  );
}

function found(row, data) {
  const cells = data.cells
    .filter((cell) => !cell.part_of && !cell.name.includes("."))
    .map((cell) => ({ ...cell, pair: cell.pairs[0] }))
    .filter((cell) => cell.pair && cell.pair.difference !== null);
  if (cells.length === 0) return card(TITLE, "No task was measured for both.");
  const ends = cells.flatMap(({ pair }) => [
    pair.low ?? pair.difference,
    pair.high ?? pair.difference,
    pair.difference,
  ]);
  const most = Math.max(...ticks(0, Math.max(1, ...ends.map(Math.abs)), 4));
  const sure = cells.some(({ pair }) => pair.finding);
  const reasons = new Set(cells.map(({ pair }) => pair.reason));
  const common = !sure && reasons.size === 1 ? [...reasons][0] : null;
  return card(
    TITLE,
    `Percentage points more or less than ${row.base.id}. ${sure ? SURE : common ?? UNSURE}`,
    el(
      "div",
      { class: "scroller", tabindex: 0, role: "region", "aria-label": "Difference to the base model" },
      el(
        "table",
        { class: "score-table" },
        el("thead", {}, el("tr", {}, ...heads())),
        el("tbody", {}, ...cells.map((cell) => line(cell, most, data.decimals, common))),
      ),
    ),
  );
}

function heads() {
  const kinds = [
    ["Task", ""],
    ["Difference", "right"],
    ["95 % interval", "right"],
    ["Less or more", "among"],
    ["In words", ""],
  ];
  return kinds.map(([text, kind]) => el("th", { scope: "col", class: kind }, text));
}

function line({ name, title, pair }, most, decimals, common) {
  const words = pair.finding ? FINDINGS[pair.finding] : (!common && pair.reason) || "not judged";
  return el(
    "tr",
    { class: "task", "data-cell": name },
    el("th", { scope: "row" }, title),
    el("td", { class: "right", "data-title": "Difference" }, signed(pair.difference, decimals)),
    el("td", { class: "right", "data-title": "95 % interval" }, signedInterval(pair, decimals) || "none"),
    el("td", { class: "among" }, strip(pair, most, title, decimals)),
    el(
      "td",
      {
        class: `finding ${pair.finding === "better" || pair.finding === "worse" ? pair.finding : ""}`,
        title: pair.sentence,
      },
      words,
    ),
  );
}

function strip(pair, most, title, decimals) {
  const x = scale([-most, most], [EDGE, WIDTH - EDGE]);
  const middle = HEIGHT / 2;
  const known = signedInterval(pair, decimals);
  const label = `${title}: ${signed(pair.difference, decimals)}${known ? `, interval ${known}` : ""}`;
  return svg(
    "svg",
    { class: "chart strip", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label },
    svg("line", { class: "grid", x1: EDGE, x2: WIDTH - EDGE, y1: middle, y2: middle }),
    svg("line", { class: "axis", x1: x(0), x2: x(0), y1: 3, y2: HEIGHT - 3 }),
    known
      && svg("rect", {
        class: "interval",
        x: x(pair.low),
        y: middle - 8,
        width: Math.max(2, x(pair.high) - x(pair.low)),
        height: 16,
        rx: 3,
      }),
    svg("circle", { class: "own", cx: x(pair.difference), cy: middle, r: 3.5 }),
  );
}
