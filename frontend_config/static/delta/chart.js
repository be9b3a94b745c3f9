// One cell's differences as a drawing: its rows in the chosen order, its legend, and how it is kept.

import { divergingChart } from "../charts/diverging.js";
import { drawnToWidth } from "../charts/room.js";
import { saveButtons } from "../charts/keep.js";
import { segments, pageLink } from "../common/views.js";
import { listed, signed, signedInterval } from "../common/numbers.js";
import { el } from "../common/dom.js";
import { SORTS } from "./state.js";

const FINDINGS = { improved: "improved", declined: "declined", "cannot tell": "unsure" };
const JUDGED = { improved: "Improved", declined: "Declined", unsure: "Cannot tell from noise" };
const SIGNED = { "unjudged gain": "Higher, not judged", "unjudged loss": "Lower, not judged" };
const NOTHING = { difference: null, low: null, high: null, finding: null, reason: null };
const SIDES = ["base is better", "biomedical is better"];

export class Chart {
  /** `change(part)` is told the cell or the order that was chosen. */
  constructor(change) {
    this.change = change;
    this.shown = null;
    this.title = el("h2", {});
    this.choices = el("div", { class: "choices" });
    this.legend = el("ul", { class: "legend" });
    this.absent = el("div", { class: "absent-pairs" });
    this.drawn = drawnToWidth((width) => divergingChart({ ...this.shown, width }));
    this.order = el(
      "select", { onchange: () => change({ sort: this.order.value }) },
      ...Object.entries(SORTS).map(([name, title]) => el("option", { value: name }, title)),
    );
    this.saves = el("div", {});
    this.node = el(
      "section",
      { class: "card" },
      el("div", { class: "top" }, this.title, this.saves),
      this.choices,
      el("div", { class: "under" }, this.legend, el("label", { class: "order" }, "Order", this.order)),
      this.drawn.node,
      this.absent,
    );
  }

  /** Draws these pairs, in their order, for one cell. */
  show(data, state, cell, pairs) {
    this.offer(data);
    this.cells.show(cell.name);
    this.order.value = state.sort;
    this.title.textContent = `Difference to the base: ${cell.title}`;
    const known = pairs.filter((pair) => differenceIn(pair, cell).difference !== null);
    const rows = known.map((pair) => chartRow(data, pair, cell));
    this.shown = { rows, sides: SIDES, title: `${this.title.textContent}, in percentage points` };
    this.saves.replaceChildren(saveButtons(this.drawn.drawing, `clue-${data.view}-difference-${cell.name}`));
    this.drawLegend(new Set(rows.map((row) => row.finding)));
    this.absent.replaceChildren(...absentLines(pairs.filter((pair) => !known.includes(pair)), cell));
    this.drawn.redraw();
  }

  offer(data) {
    const key = JSON.stringify(data.cells);
    if (this.offered === key) return;
    this.offered = key;
    const titles = Object.fromEntries(data.cells.map((cell) => [cell.name, cell.title]));
    this.cells = segments("Scores", titles, (cell) => this.change({ cell }));
    this.choices.replaceChildren(this.cells.node);
  }

  drawLegend(found) {
    const items = Object.entries({ ...JUDGED, ...SIGNED }).filter(([name]) => found.has(name));
    const interval = [...found].some((name) => Object.hasOwn(JUDGED, name));
    this.legend.replaceChildren(
      ...items.map(([name, title]) => el("li", {}, el("i", { class: `key ${name}` }), title)),
      interval ? el("li", {}, el("i", { class: "key range" }), "95 % interval") : "",
    );
  }
}

/** The pairs in this order of one cell; those without a difference come last. */
export function sortedPairs(data, cell, sort) {
  return [...data.pairs].sort((one, other) => {
    const byName = one.model.label.localeCompare(other.model.label, "en");
    if (sort === "name") return byName;
    const [first, second] = [one, other].map((pair) => differenceIn(pair, cell).difference);
    if (first === null || second === null) return (first === null) - (second === null) || byName;
    return (sort === "difference" ? first - second : second - first) || byName;
  });
}

/** What is known of a pair in a cell. */
export function differenceIn(pair, cell) {
  return pair.cells[cell.name] ?? NOTHING;
}

function chartRow(data, pair, cell) {
  const found = differenceIn(pair, cell);
  return {
    label: pair.model.label,
    href: pageLink("/model", [["id", pair.model.name]], data.view),
    sub: `from ${pair.base.label}`,
    pairHref: pageLink("/compare", [["m", pair.model.name], ["m", pair.base.name]], data.view),
    ...found,
    finding: kindOf(found),
    text: signed(found.difference, data.decimals),
    range: signedInterval(found, data.decimals),
  };
}

/** Who has no bar here, together for each reason. */
function absentLines(pairs, cell) {
  const reasons = new Map();
  for (const pair of pairs) {
    const reason = differenceIn(pair, cell).reason ?? "";
    reasons.set(reason, [...(reasons.get(reason) ?? []), pair.model.label]);
  }
  return [...reasons].map(([reason, labels]) => el("p", {}, `No difference for ${listed(labels)}. ${reason}`));
}

/** What a difference is drawn as. */
export function kindOf({ difference, finding }) {
  if (difference === null || difference === undefined) return "missing";
  return FINDINGS[finding] ?? `unjudged ${difference < 0 ? "loss" : "gain"}`;
}
