// The board as a table: sticky headings and model column, a grid for the keyboard, and only the rows in sight drawn.

import { contentOf, detailOf, labelOf } from "./cells.js";
import { el } from "../common/dom.js";

const ALL_AT_ONCE = 200;
const OVERSCAN = 12;
const STEPS = {
  ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
  PageUp: [-10, 0], PageDown: [10, 0], Home: [0, -Infinity], End: [0, Infinity],
};

export class Table {
  /** `onSort(column)` is called when a heading is pressed; `tip` explains cells. */
  constructor(tip, onSort) {
    this.onSort = onSort;
    this.head = el("thead");
    this.body = el("tbody");
    this.caption = el("caption", { class: "unseen" });
    this.grid = el("table", { role: "grid" }, this.caption, this.head, this.body);
    this.scroller = el("div", { class: "scroller" }, this.grid);
    this.node = el("div", { class: "frame" }, this.scroller);
    this.active = { row: 0, column: 0 };
    this.scroller.addEventListener("scroll", () => this.scrolled(), { passive: true });
    new ResizeObserver(() => this.hintAtMore()).observe(this.scroller);
    this.body.addEventListener("keydown", (event) => this.move(event));
    this.body.addEventListener("focusin", (event) => this.remember(event));
    tip.watch(this.scroller, (cell) => this.explain(cell));
  }

  /** Shows these columns and rows of `data`, sorted as `sort` says. */
  show({ data, columns, places, sort, intervals, title }) {
    Object.assign(this, { data, columns, places, sort, intervals });
    this.caption.textContent = title;
    this.grid.setAttribute("aria-rowcount", places.length + 2);
    this.grid.classList.toggle("with-intervals", intervals);
    this.active = {
      row: Math.min(this.active.row, Math.max(places.length - 1, 0)),
      column: Math.min(this.active.column, columns.length - 1),
    };
    this.drawHead();
    this.window = null;
    this.drawBody();
    this.hintAtMore();
  }

  scrolled() {
    this.drawBody();
    this.hintAtMore();
  }

  /** Shades the right edge while columns are hidden behind it. */
  hintAtMore() {
    const { scrollWidth, clientWidth, scrollLeft } = this.scroller;
    this.node.classList.toggle("more", scrollWidth - clientWidth - scrollLeft > 4);
  }

  drawHead() {
    const focused = this.focusedHeading();
    const headings = this.columns.map((column) => this.heading(column));
    this.head.replaceChildren(this.bands(), el("tr", { class: "heads", "aria-rowindex": 2 }, ...headings));
    if (!focused) return;
    this.head.querySelector(`button[data-column="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }

  focusedHeading() {
    const focused = this.node.getRootNode().activeElement;
    return this.head.contains(focused) ? focused.dataset.column : null;
  }

  bands() {
    const bands = [];
    for (const column of this.columns) {
      const sticky = ["rank", "model"].includes(column.kind);
      const last = bands.at(-1);
      if (last && last.group === column.group && last.sticky === sticky) last.span += 1;
      else bands.push({ group: column.group, sticky, span: 1 });
    }
    const cells = bands.map(({ group, sticky, span }) => el(
      "th",
      { colspan: span, scope: "colgroup", class: sticky ? "band corner" : "band" },
      el("span", { class: group === this.columns[0].group ? "unseen" : null }, group),
    ));
    return el("tr", { class: "bands", "aria-rowindex": 1 }, ...cells);
  }

  heading(column) {
    const sorted = column.name === this.sort.name;
    const direction = this.sort.descending ? "descending" : "ascending";
    const task = column.part_of ? el("span", { class: "task" }, column.part_of) : null;
    const button = el(
      "button",
      {
        type: "button",
        "data-column": column.name,
        "aria-description": column.help,
        onclick: () => this.onSort(column),
      },
      task,
      el("span", { class: "title" }, column.title),
    );
    const attributes = { scope: "col", class: this.classOf(column), "aria-sort": sorted ? direction : null };
    return el("th", attributes, button);
  }

  classOf(column) {
    const before = this.columns[this.columns.indexOf(column) - 1];
    const first = before && column.group !== before.group;
    return `${column.kind}${first ? " first" : ""}${column.name === this.sort.name ? " sorted" : ""}`;
  }

  drawBody() {
    const [from, to] = this.inSight();
    if (this.window && this.window[0] === from && this.window[1] === to) return;
    this.window = [from, to];
    const held = this.hasFocus();
    const classes = this.columns.map((column) => this.classOf(column));
    const rows = [this.spacer(from)];
    for (let row = from; row < to; row += 1) rows.push(this.row(row, classes));
    rows.push(this.spacer(this.places.length - to));
    this.body.replaceChildren(...rows.filter(Boolean));
    if (held) this.cell(this.active.row, this.active.column)?.focus({ preventScroll: true });
  }

  inSight() {
    const count = this.places.length;
    if (count <= ALL_AT_ONCE) return [0, count];
    const height = this.rowHeight();
    const seen = Math.ceil((this.scroller.clientHeight || innerHeight) / height);
    const first = Math.max(0, Math.floor(this.scroller.scrollTop / height / OVERSCAN) * OVERSCAN - OVERSCAN);
    return [first, Math.min(count, first + seen + 3 * OVERSCAN)];
  }

  rowHeight() {
    return parseFloat(getComputedStyle(this.grid).getPropertyValue("--row")) || 44;
  }

  spacer(rows) {
    if (rows <= 0) return null;
    const gap = el("td", { colspan: this.columns.length, style: `height:${rows * this.rowHeight()}px` });
    return el("tr", { class: "gap", "aria-hidden": "true" }, gap);
  }

  row(row, classes) {
    const place = this.places[row];
    const cells = this.columns.map((column, at) => this.drawCell(column, place, classes[at], row, at));
    return el("tr", { "aria-rowindex": row + 3, "data-row": row }, ...cells);
  }

  drawCell(column, place, className, row, at) {
    const active = row === this.active.row && at === this.active.column;
    const cell = document.createElement(column.kind === "model" ? "th" : "td");
    cell.className = className;
    cell.tabIndex = active ? 0 : -1;
    if (column.kind === "model") cell.scope = "row";
    const label = labelOf(this.data, column, place);
    if (label) {
      cell.setAttribute("aria-label", label);
      cell.classList.add("missing");
    }
    if (column.kind === "score" && !label) cell.style.setProperty("--value", bounded(column.values[place]));
    cell.append(contentOf(this.data, column, place));
    if (this.intervals && column.kind === "score") cell.append(this.interval(column, place));
    return cell;
  }

  interval(column, place) {
    const [low, high] = [column.low[place], column.high[place]];
    const known = low !== null && high !== null;
    return known ? el("small", {}, `${low.toFixed(this.data.decimals)} – ${high.toFixed(this.data.decimals)}`) : "";
  }

  explain(cell) {
    if (cell.matches("button, thead th")) {
      const name = (cell.matches("button") ? cell : cell.querySelector("button"))?.dataset.column;
      const column = this.columns.find((each) => each.name === name);
      return column ? [column.help] : null;
    }
    const at = this.positionOf(cell);
    return at && detailOf(this.data, this.columns[at.column], this.places[at.row]);
  }

  positionOf(node) {
    const cell = node.closest("td,th");
    const row = cell?.parentElement?.dataset.row;
    return row === undefined ? null : { row: Number(row), column: cell.cellIndex };
  }

  cell(row, column) {
    return this.body.querySelector(`tr[data-row="${row}"]`)?.cells[column];
  }

  hasFocus() {
    return this.body.contains(this.node.getRootNode().activeElement);
  }

  remember(event) {
    const at = this.positionOf(event.target);
    if (!at) return;
    this.cell(this.active.row, this.active.column)?.setAttribute("tabindex", "-1");
    this.active = at;
    this.cell(at.row, at.column).setAttribute("tabindex", "0");
  }

  move(event) {
    const step = STEPS[event.key];
    if (!step || event.altKey || event.metaKey) return;
    event.preventDefault();
    const far = event.ctrlKey ? Math.sign(step[1]) * this.places.length : 0;
    const row = clamp(this.active.row + step[0] + far, this.places.length - 1);
    const column = clamp(this.active.column + step[1], this.columns.length - 1);
    this.reveal(row);
    this.cell(row, column)?.focus();
  }

  reveal(row) {
    if (this.cell(row, 0)) return;
    this.scroller.scrollTop = Math.max(0, (row - 3) * this.rowHeight());
    this.drawBody();
  }
}

function bounded(value) {
  return String(Math.min(100, Math.max(0, value)) / 100);
}

function clamp(value, most) {
  return Math.min(most, Math.max(0, value));
}
