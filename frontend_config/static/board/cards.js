// The board on a narrow screen: one card per model, fifty at a time.

import { contentOf, detailOf, intervalOf, labelOf, modelLink, textOf } from "./cells.js";
import { fullTitle } from "./columns.js";
import { pinButton } from "./pins.js";
import { directionOf, highestFirst } from "./sorting.js";
import { el } from "../common/dom.js";
import { DASH } from "../common/numbers.js";

const PAGE = 50;

export class Cards {
  /** `onSort(sort)` is called with the sort that was picked, `onPin(name)` for a card. */
  constructor(tip, onSort, onPin) {
    this.onPin = onPin;
    this.drawn = PAGE;
    const chosen = () => onSort([this.select.value, this.second.value].filter(Boolean).join(","));
    this.select = el("select", { onchange: chosen });
    this.second = el("select", { onchange: chosen });
    this.list = el("ol", { class: "cards" });
    this.more = el("button", { type: "button", class: "quiet more", onclick: () => this.draw(this.drawn + PAGE) });
    const sorters = [["Sort by ", this.select], ["then by ", this.second]].map((parts) => el("label", {}, ...parts));
    this.node = el("div", { class: "narrow" }, el("div", { class: "sorters" }, ...sorters), this.list, this.more);
    tip.watch(this.list, (part) => this.explain(part));
  }

  /** Shows these columns and rows of `data`. */
  show({ data, columns, places, pinned, keys, intervals }) {
    Object.assign(this, { data, columns, places, pinned, keys, sort: keys[0] ?? {}, intervals });
    const held = this.node.getRootNode().activeElement;
    const pin = this.list.contains(held) && held.matches("button.pin") ? held.getAttribute("aria-label") : null;
    this.drawSelect();
    this.draw(this.drawn);
    if (pin) this.list.querySelector(`button[aria-label="${CSS.escape(pin)}"]`)?.focus({ preventScroll: true });
  }

  drawSelect() {
    const columns = this.columns.filter((column) => column.kind !== "rank");
    const others = columns.filter((column) => column.name !== this.sort.name);
    this.select.replaceChildren(...this.options(columns, this.sort));
    this.second.replaceChildren(el("option", { value: "" }, "nothing else"), ...this.options(others, this.keys[1]));
  }

  options(columns, key) {
    return columns.flatMap((column) => {
      const first = highestFirst(column);
      return [first, !first].map((descending) => this.option(column, descending, key));
    });
  }

  option(column, descending, key) {
    const selected = column.name === key?.name && descending === key.descending;
    const value = `${descending ? "-" : ""}${column.name}`;
    return el("option", { value, selected }, `${fullTitle(column)}, ${directionOf(column, descending)}`);
  }

  draw(count) {
    this.drawn = count;
    this.list.replaceChildren(...this.places.slice(0, count).map((place, at) => this.card(place, at < this.pinned)));
    const left = this.places.length - count;
    this.more.hidden = left <= 0;
    this.more.textContent = `Show ${Math.min(PAGE, left)} more of ${left}`;
  }

  card(place, pinned) {
    const of = (kind) => this.columns.find((column) => column.kind === kind);
    const rank = of("rank");
    const isFact = (column) => !["rank", "model", "score"].includes(column.kind) && textOf(this.data, column, place);
    const facts = this.columns.filter(isFact);
    const scores = this.columns.filter((column) => column.kind === "score");
    const averages = scores.filter((column) => column.group === "Averages");
    const tasks = scores.filter((column) => column.group !== "Averages");
    return el(
      "li",
      { class: pinned ? "card pinned" : "card" },
      el(
        "header",
        {},
        rank ? this.rank(rank, place) : null,
        el("h2", {}, contentOf(this.data, of("model"), place, modelLink(this.data, place))),
        pinButton(this.data.names[place], pinned, this.onPin),
      ),
      el("p", { class: "facts" }, ...facts.map((column) => el("span", {}, this.fact(column, place)))),
      this.scores("averages", averages, place),
      this.scores(null, tasks, place),
    );
  }

  rank(column, place) {
    const text = textOf(this.data, column, place);
    const label = text ? `Rank ${text}` : labelOf(this.data, column, place);
    const attributes = { class: "rank", role: "img", "aria-label": label, tabindex: 0, "data-column": column.name };
    return el("span", { ...attributes, "data-place": place }, text || DASH);
  }

  scores(name, columns, place) {
    if (columns.length === 0) return null;
    return el("dl", { class: name }, ...columns.map((column) => this.score(column, place)));
  }

  fact(column, place) {
    const content = contentOf(this.data, column, place);
    if (["badge", "count"].includes(column.kind)) return content;
    return el("span", {}, `${column.title}: `, content);
  }

  score(column, place) {
    const label = labelOf(this.data, column, place);
    const interval = this.intervals ? intervalOf(this.data, column, place) : "";
    const share = Math.min(100, Math.max(0, column.values[place] ?? 0)) / 100;
    const content = contentOf(this.data, column, place);
    return el(
      "div",
      { style: `--value:${share}`, class: column.name === this.sort.name ? "sorted" : null },
      el("dt", {}, fullTitle(column)),
      el(
        "dd",
        { "data-column": column.name, "data-place": place },
        el("span", { tabindex: 0, role: label ? "img" : null, "aria-label": label }, content),
        interval ? el("small", {}, interval) : null,
      ),
    );
  }

  explain(part) {
    const column = this.columns.find((each) => each.name === part.dataset?.column);
    return column ? detailOf(this.data, column, Number(part.dataset.place)) : null;
  }
}
