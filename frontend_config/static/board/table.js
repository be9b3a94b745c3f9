// The board as a table: sticky headings and model column, a grid for the keyboard, and only the rows in sight drawn.

import { contentOf, detailOf, intervalOf, labelOf, modelLink, textOf } from "./cells.js";
import { bands, headings } from "./headings.js";
import { pinButton } from "./pins.js";
import { gaps } from "./ranks.js";
import { el, settle } from "../common/dom.js";

const PIN = { name: "pin", kind: "pin", title: "Pin", group: "Model", values: [] };
const PIN_WIDTH = 36;
const ROW = 44;
const ROW_WITH_INTERVAL = 56;
const STUCK = 4;
const ALL_AT_ONCE = 200;
const OVERSCAN = 4;
const STEPS = {
  ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
  PageUp: [-10, 0], PageDown: [10, 0], Home: [0, -Infinity], End: [0, Infinity],
};

export class Table {
  /** `onSort(column, add)` is called when a heading is pressed, `onPin(name)` for a row; `tip` explains cells. */
  constructor(tip, onSort, onPin) {
    Object.assign(this, { onSort, onPin });
    this.head = el("thead");
    this.body = el("tbody");
    this.caption = el("caption", { class: "unseen" });
    this.widths = el("colgroup");
    this.grid = el("table", { role: "grid" }, this.caption, this.widths, this.head, this.body);
    this.scroller = el("div", { class: "scroller" }, this.grid);
    this.node = el("div", { class: "frame" }, this.scroller);
    this.active = { row: 0, column: 0 };
    this.sight = { top: 0, height: 0 };
    this.frozenAt = 0;
    this.scroller.addEventListener("scroll", () => { this.freeze(); this.scrolled(); }, { passive: true });
    const room = new ResizeObserver(() => { this.thaw(); this.scrolled(); });
    for (const node of [this.scroller, this.grid]) room.observe(node);
    this.body.addEventListener("keydown", (event) => this.move(event));
    this.body.addEventListener("focusin", (event) => this.remember(event));
    tip.watch(this.scroller, (cell) => this.explain(cell));
  }

  /** Shows these columns and rows of `data`, sorted by `keys`; the first `pinned` rows stay in sight. */
  show({ data, columns, places, pinned, keys, intervals, title }) {
    const held = this.heldRow();
    Object.assign(this, { data, columns: [PIN, ...columns], places, pinned, keys, intervals });
    this.caption.textContent = title;
    this.grid.setAttribute("aria-rowcount", places.length + 2);
    this.grid.classList.toggle("with-intervals", intervals);
    this.thaw(true);
    this.measure();
    const rank = columns.find((column) => column.kind === "rank");
    const byRank = rank && keys[0]?.name === rank.by;
    this.gaps = byRank ? gaps(rank, places.slice(pinned)) : new Set();
    const row = held === null ? this.active.row : places.indexOf(held);
    this.active = {
      row: clamp(row, Math.max(places.length - 1, 0)),
      column: Math.min(this.active.column, this.columns.length - 1),
    };
    this.drawHead();
    this.window = null;
    this.drawn = new Map();
    this.drawBody(held !== null && row >= 0);
  }

  /** The place of the row whose pin has the focus: pressed, it moves, and the focus goes along. */
  heldRow() {
    const focused = this.node.getRootNode().activeElement;
    const pin = focused?.matches("button.pin") && this.body.contains(focused);
    return pin ? this.places[this.positionOf(focused).row] : null;
  }

  /** Makes room for the widest rank, so that nothing moves while scrolling. */
  measure() {
    const rank = this.columns.find((column) => column.kind === "rank");
    const longest = rank ? Math.max(0, ...[0, 1].map((end) => mostDigits(end ? rank.worst : rank.values))) : 0;
    const ranged = rank?.ranged.some(Boolean);
    const width = rank ? Math.max(56, (ranged ? 2 * longest + 1 : longest) * 8 + 22) : 0;
    const left = PIN_WIDTH + width;
    this.grid.style.cssText = `--row:${this.rowHeight()}px;--rank:${width}px;--model-left:${left}px`;
  }

  /**
   * Looks where the rows stand, draws those in sight, and shades the right edge while columns are hidden behind it.
   * Only here is the layout asked, when it is made anyway: asked while drawing, it would be made twice.
   */
  scrolled() {
    const { scrollTop, clientHeight, scrollWidth, clientWidth, scrollLeft } = this.scroller;
    this.sight = { top: scrollTop, height: clientHeight };
    if (this.data) this.drawBody();
    this.node.classList.toggle("more", scrollWidth - clientWidth - scrollLeft > 4);
  }

  /** The columns keep their widths whatever rows are scrolled to. */
  freeze() {
    if (this.frozenAt || !this.data) return;
    this.frozenAt = this.scroller.clientWidth;
    const widths = [...this.head.lastChild.cells].map((cell) => cell.getBoundingClientRect().width);
    this.widths.replaceChildren(...widths.map((width) => el("col", { style: `width:${width}px` })));
    this.grid.classList.add("frozen");
  }

  /** The columns are as wide as what is drawn asks for, once there is another room for them, or others stand here. */
  thaw(others = false) {
    if (!this.frozenAt || (!others && this.scroller.clientWidth === this.frozenAt)) return;
    this.frozenAt = 0;
    this.widths.replaceChildren();
    this.grid.classList.remove("frozen");
  }

  drawHead() {
    const focused = this.focusedHeading();
    const sort = headings(this.columns, this.keys, (column) => this.classOf(column), this.onSort);
    this.head.replaceChildren(bands(this.columns), sort);
    if (!focused) return;
    this.head.querySelector(`button[data-column="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }

  focusedHeading() {
    const focused = this.node.getRootNode().activeElement;
    return this.head.contains(focused) ? focused.dataset.column : null;
  }

  classOf(column) {
    const before = this.columns[this.columns.indexOf(column) - 1];
    const first = before && column.group !== before.group;
    return `${column.kind}${first ? " first" : ""}${column.name === this.keys[0]?.name ? " sorted" : ""}`;
  }

  drawBody(hold = false) {
    const [from, to] = this.inSight();
    if (this.window && this.window[0] === from && this.window[1] === to) return;
    this.window = [from, to];
    const held = hold || this.hasFocus();
    const classes = this.columns.map((column) => this.classOf(column));
    const before = this.drawn;
    this.drawn = new Map();
    const draw = (row) => {
      const node = before.get(row) ?? this.row(row, classes);
      this.drawn.set(row, node);
      return node;
    };
    const rows = [];
    let next = 0;
    for (const row of this.wanted(from, to, held)) {
      rows.push(this.spacer(row - next), draw(row));
      next = row + 1;
    }
    rows.push(this.spacer(this.places.length - next));
    settle(this.body, rows.filter(Boolean));
    if (held) this.target(this.active.row, this.active.column)?.focus({ preventScroll: true });
  }

  /** The rows to draw: the pinned ones, those from and to, and the one with the focus, however far away it is. */
  wanted(from, to, held) {
    const rows = Array.from({ length: to - from }, (_, at) => from + at);
    const { row } = this.active;
    if (held && row >= this.pinned && row < from) rows.unshift(row);
    if (held && row >= to) rows.push(row);
    return [...Array(this.pinned).keys(), ...rows];
  }

  inSight() {
    const count = this.places.length;
    if (count <= ALL_AT_ONCE) return [this.pinned, count];
    const seen = Math.ceil((this.sight.height || innerHeight) / this.rowHeight());
    const top = clamp(Math.floor(this.sight.top / this.rowHeight()), Math.max(0, count - seen));
    const first = Math.max(this.pinned, Math.floor(top / OVERSCAN) * OVERSCAN - OVERSCAN);
    return [first, Math.min(count, first + seen + 3 * OVERSCAN)];
  }

  rowHeight() {
    return this.intervals ? ROW_WITH_INTERVAL : ROW;
  }

  spacer(rows) {
    if (rows <= 0) return null;
    const gap = el("td", { colspan: this.columns.length, style: `height:${rows * this.rowHeight()}px` });
    return el("tr", { class: "gap", "aria-hidden": "true" }, gap);
  }

  row(row, classes) {
    const place = this.places[row];
    const cells = this.columns.map((column, at) => this.drawCell(column, place, classes[at], row, at));
    const pinned = row < this.pinned;
    const names = [pinned ? "pinned" : "", row < Math.min(this.pinned, STUCK) ? "stuck" : ""];
    if (this.gaps.has(row - this.pinned)) names.push("apart");
    const style = pinned ? `--at:${row}` : null;
    const attributes = { "aria-rowindex": row + 3, "data-row": row, class: names.join(" ").trim() || null, style };
    return el("tr", attributes, ...cells);
  }

  drawCell(column, place, className, row, at) {
    const tabIndex = row === this.active.row && at === this.active.column ? 0 : -1;
    const cell = document.createElement(column.kind === "model" ? "th" : "td");
    cell.className = className;
    if (column.kind === "pin") {
      const name = this.data.names[place];
      cell.append(pinButton(name, row < this.pinned, this.onPin, { tabindex: tabIndex }));
      return cell;
    }
    if (column.kind === "model") cell.scope = "row";
    const label = labelOf(this.data, column, place);
    if (label) {
      cell.setAttribute("aria-label", label);
      cell.classList.add("missing");
    }
    if (column.kind === "score" && !label) cell.style.setProperty("--value", bounded(column.values[place]));
    const link = column.kind === "model" ? modelLink(this.data, place) : null;
    cell.append(contentOf(this.data, column, place, link));
    if (this.intervals && column.kind === "score") cell.append(this.interval(column, place));
    ((link && cell.querySelector("a")) ?? cell).tabIndex = tabIndex;
    return cell;
  }

  interval(column, place) {
    const text = intervalOf(this.data, column, place, " – ");
    return text ? el("small", {}, text) : "";
  }

  explain(cell) {
    if (cell.matches("thead *")) {
      const name = (cell.matches("button") ? cell : cell.querySelector("button"))?.dataset.column;
      const column = this.columns.find((each) => each.name === name);
      return column ? [column.help] : null;
    }
    const at = this.positionOf(cell);
    const column = this.columns[at?.column];
    if (!column || column.kind === "pin") return null;
    const place = this.places[at.row];
    const words = ["text", "model"].includes(column.kind) && textOf(this.data, column, place);
    if (words) return this.whole(cell, column, place);
    return detailOf(this.data, column, place);
  }

  /** A text that does not fit into its cell. */
  whole(cell, column, place) {
    return cell.scrollWidth > cell.clientWidth ? [column.values[place]] : null;
  }

  positionOf(node) {
    const cell = node.closest("td,th");
    const row = cell?.parentElement?.dataset.row;
    return row === undefined ? null : { row: Number(row), column: cell.cellIndex };
  }

  cell(row, column) {
    return this.body.querySelector(`tr[data-row="${row}"]`)?.cells[column];
  }

  /** What takes the focus in a cell: its button or link, else the cell. */
  target(row, column) {
    const cell = this.cell(row, column);
    return cell?.querySelector("button, a") ?? cell;
  }

  hasFocus() {
    return this.body.contains(this.node.getRootNode().activeElement);
  }

  remember(event) {
    const at = this.positionOf(event.target);
    if (!at) return;
    this.target(this.active.row, this.active.column)?.setAttribute("tabindex", "-1");
    this.active = at;
    this.target(at.row, at.column).setAttribute("tabindex", "0");
  }

  move(event) {
    const step = STEPS[event.key];
    if (!step || event.altKey || event.metaKey) return;
    event.preventDefault();
    const far = event.ctrlKey ? Math.sign(step[1]) * this.places.length : 0;
    const row = clamp(this.active.row + step[0] + far, this.places.length - 1);
    const column = clamp(this.active.column + step[1], this.columns.length - 1);
    this.reveal(row);
    this.target(row, column)?.focus();
  }

  reveal(row) {
    if (this.cell(row, 0)) return;
    this.scroller.scrollTop = Math.max(0, (row - 3) * this.rowHeight());
    this.scrolled();
  }
}

function mostDigits(values) {
  return values.reduce((most, value) => Math.max(most, value ?? 0), 0).toString().length;
}

function bounded(value) {
  return String(Math.min(100, Math.max(0, value)) / 100);
}

function clamp(value, most) {
  return Math.min(most, Math.max(0, value));
}
