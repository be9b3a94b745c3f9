// The leaderboard: asks /v1 for a view, shows it as table or cards, and keeps every choice in the address.

import { Cards } from "./cards.js";
import { counted } from "./cells.js";
import { Controls } from "./controls.js";
import { csvOf } from "./csv.js";
import { download, el, shadow, styles } from "../common/dom.js";
import { Feed, poll } from "../common/feed.js";
import { nextSort, shownColumns, shownRows, sortOf } from "./rows.js";
import { addressOf, readState, VIEWS, writeState } from "./state.js";
import { Table } from "./table.js";
import { Tip } from "../common/tip.js";

const POLL_SECONDS = 15;
const NARROW = matchMedia("(max-width: 639.98px)");
const PAPER = ["arXiv 2404.04067", "https://arxiv.org/abs/2404.04067"];

// Asked for while the page around is still being built.
const sheets = styles(import.meta.url, "../common/shared.css", "board.css");
const feeds = Object.fromEntries(
  Object.entries(VIEWS).map(([name, { query }]) => [name, new Feed(`/v1/leaderboard.json?${query}`)]),
);
feeds[readState().view ?? "measured"].refresh().catch(() => {});

/** Fills `host` with the board. */
export async function mount(host) {
  const board = new Board(await shadow(host, sheets));
  await board.start();
}

class Board {
  constructor(root) {
    this.state = readState();
    this.tip = new Tip(root);
    this.controls = new Controls({
      change: (part, how) => this.change(part, how),
      link: () => addressOf({ ...this.state, view: this.view() }).href,
      saveCsv: () => this.saveCsv(),
    });
    const sortBy = (sort) => this.change({ sort }, { step: true });
    this.table = new Table(this.tip, (column) => sortBy(nextSort(column, this.sort())));
    this.cards = new Cards(this.tip, sortBy);
    this.notice = el("div", { class: "notice" });
    const wait = el("p", { class: "wait" }, "Loading the scores…");
    this.stage = el("div", { class: "stage", "aria-busy": "true" }, wait);
    root.append(el("div", { class: "board" }, this.controls.node, this.notice, this.stage), this.tip.box);
  }

  async start() {
    this.instead = false;
    if (this.data()) await this.settle(true);
    else await this.refresh();
    addEventListener("popstate", () => this.adopt(readState()));
    NARROW.addEventListener("change", () => this.draw());
    poll(() => this.refresh(), () => POLL_SECONDS);
  }

  async adopt(state) {
    this.state = state;
    await this.turn();
  }

  async change(part, { step }) {
    Object.assign(this.state, part);
    if (part.view) this.instead = false;
    writeState(this.state, { step });
    await (part.view ? this.turn() : this.draw());
  }

  /** Shows the view of the state with what is already here, then asks whether there is something newer. */
  async turn() {
    this.draw();
    await this.refresh();
  }

  async refresh() {
    try {
      await this.settle(await feeds[this.view()].refresh());
      this.failed = false;
    } catch {
      this.failed = true;
      if (!this.data()) this.say("The scores could not be loaded.", this.deed("Try again", () => this.refresh()));
    }
  }

  /** Draws what has come; on a visit that names no view, the published one when nothing was measured yet. */
  async settle(changed) {
    if (!this.state.view && !this.instead && feeds.measured.data?.rows === 0) {
      this.instead = true;
      await feeds.published.refresh();
      this.draw();
    } else if (changed || this.failed) {
      this.draw();
    }
  }

  view() {
    return this.state.view ?? (this.instead ? "published" : "measured");
  }

  data() {
    return feeds[this.view()].data;
  }

  sort() {
    return sortOf(this.data(), this.state);
  }

  draw() {
    const data = this.data();
    this.tip.hide();
    if (!data) {
      this.controls.show({ ...this.state, view: this.view() }, null, 0);
      return;
    }
    const places = shownRows(data, this.state);
    this.controls.show({ ...this.state, view: this.view() }, data, places.length);
    this.drawNotice(data);
    this.stage.removeAttribute("aria-busy");
    if (data.rows === 0) this.drawEmpty(data);
    else if (places.length === 0) this.drawNoMatch();
    else this.drawRows(data, places);
  }

  drawRows(data, places) {
    const columns = shownColumns(data, this.state);
    const intervals = this.state.intervals && this.view() !== "published";
    const title = `${VIEWS[this.view()].title}: ${counted(places.length)}`;
    const part = NARROW.matches ? this.cards : this.table;
    if (this.stage.firstChild !== part.node) this.stage.replaceChildren(part.node);
    part.show({ data, columns, places, sort: this.sort(), intervals, title });
  }

  drawNotice(data) {
    const [before, after] = data.notice.split(PAPER[0]);
    const paper = after === undefined ? [] : [el("a", { href: PAPER[1], rel: "noopener" }, PAPER[0]), after];
    const lines = [el("p", {}, before, ...paper)];
    if (this.instead && !this.state.view) lines.unshift(el("p", { class: "instead" }, data.instead));
    this.notice.className = `notice ${data.view}`;
    this.notice.replaceChildren(...lines);
  }

  drawEmpty(data) {
    const submit = el("a", { class: "deed", href: "/submit" }, "Submit a model");
    const turn = () => this.change({ view: "published", sort: "" }, { step: true });
    const published = this.deed("See the published scores", turn);
    const deeds = { measured: [submit, published], rehearsal: [submit], published: [] };
    this.say(data.empty, ...deeds[data.view]);
  }

  say(sentence, ...deeds) {
    this.stage.replaceChildren(el("div", { class: "empty" }, el("p", {}, sentence), el("div", {}, ...deeds)));
  }

  deed(title, act) {
    return el("button", { type: "button", class: "quiet", onclick: act }, title);
  }

  drawNoMatch() {
    const clear = () => this.change({ search: "", domains: [] }, { step: true });
    this.say("No model matches.", this.deed("Clear search and filters", clear));
  }

  saveCsv() {
    const data = this.data();
    const intervals = this.state.intervals && this.view() !== "published";
    const text = csvOf(data, shownColumns(data, this.state), shownRows(data, this.state), intervals);
    download(`clue-${this.view()}.csv`, `\ufeff${text}`, "text/csv;charset=utf-8");
  }
}
