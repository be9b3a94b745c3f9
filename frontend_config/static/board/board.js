// The leaderboard: asks /v1 for a view, shows it as table or cards, and keeps every choice in the address.

import { Cards } from "./cards.js";
import { counted } from "./cells.js";
import { renewCitation } from "./citation.js";
import { includingCustom } from "./columns.js";
import { Controls } from "./controls.js";
import { save } from "./downloads.js";
import { el, shadow, styles } from "../common/dom.js";
import { poll } from "../common/feed.js";
import { find } from "./found.js";
import { turned } from "./pins.js";
import { emptyView, Notice } from "./sentences.js";
import { nextSort } from "./sorting.js";
import { addressOf, readState, writeState } from "./state.js";
import { Table } from "./table.js";
import { Tip } from "../common/tip.js";
import { deed, emptyState, Instead, VIEWS } from "../common/views.js";
import { BoardFeed, suffices } from "./feed.js";

const POLL_SECONDS = 15;
const NARROW = matchMedia("(max-width: 639.98px)");
const NO_FILTERS = { search: "", domains: [], sizes: [], open: false };

const sheets = styles(import.meta.url, "../common/shared.css", "board.css");
const feeds = Object.fromEntries(Object.keys(VIEWS).map((view) => [view, new BoardFeed(view)]));
const whenIdle = globalThis.requestIdleCallback ?? setTimeout;
const first = feeds[readState().view ?? "measured"].refresh().catch(() => {});

/** Fills `host` with the board; until its first rows are here, what stands there stays, so that nothing moves then. */
export async function mount(host) {
  await first;
  const board = new Board(await shadow(host, sheets));
  await board.start();
}

class Board {
  constructor(root) {
    this.state = readState();
    this.instead = new Instead();
    this.tip = new Tip(root);
    this.controls = new Controls({
      change: (part, how) => this.change(part, how),
      complete: () => this.complete(),
      weigh: (part) => this.weigh(part),
      link: () => addressOf({ ...this.state, view: this.view() }).href,
      save: (format) => save(format, this.found, this.view()),
      tip: this.tip,
    });
    const sortBy = (sort) => this.change({ sort }, { step: true });
    const pin = (name) => this.change({ pins: turned(this.state.pins, name) }, { step: true });
    this.table = new Table(this.tip, (column, add) => sortBy(nextSort(column, this.found.keys, add)), pin);
    this.cards = new Cards(this.tip, sortBy, pin);
    this.notice = new Notice();
    this.stage = el("div", { class: "stage" });
    this.wait();
    const above = el("div", { class: "above" }, this.notice.node, this.controls.standing);
    root.append(el("div", { class: "board" }, this.controls.node, above, this.stage), this.tip.box);
  }

  async start() {
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
    writeState(this.state, { step });
    await (part.view ? this.turn() : this.draw());
  }

  /** Takes new weights; the first of them are a step for Back, and their mean stands among the columns. */
  async weigh(part) {
    const first = !this.state.weights && part.weights;
    const columns = first ? includingCustom(this.state.columns) : this.state.columns;
    await this.change({ ...part, columns }, { step: Boolean(first) });
  }

  /** Shows the view of the state with what is already here, then asks whether there is something newer. */
  async turn() {
    this.draw();
    await this.refresh();
  }

  async refresh() {
    await this.attempt(async () => {
      const before = this.data();
      const news = await feeds[this.view()].refresh();
      if (before && news) renewCitation();
      await this.settle(news);
    });
  }

  /** Asks for what is still missing of the view, and draws with it. */
  async complete() {
    const feed = feeds[this.view()];
    if (!feed.data || feed.data.complete) return;
    await this.attempt(async () => {
      await feed.complete();
      if (this.found?.data.source !== this.data()) this.draw();
    });
  }

  async attempt(deedOf) {
    try {
      await deedOf();
      this.failed = false;
    } catch {
      this.failed = true;
      if (!this.shown()) {
        this.say(
          emptyState(
            "The scores could not be loaded.",
            deed("Try again", () => this.refresh()),
          ),
        );
      }
    }
  }

  /** Draws what has come; on a visit that names no view, the published one when nothing was measured yet. */
  async settle(changed) {
    if (this.instead.turns(this.state, feeds.measured.data?.rows === 0)) {
      await feeds.published.refresh();
      this.draw();
    } else if (changed || this.failed) {
      this.draw();
    }
    whenIdle(() => this.complete());
  }

  view() {
    return this.instead.viewOf(this.state);
  }

  data() {
    return feeds[this.view()].data;
  }

  /** Whether rows of this view stand here, be it those of a moment ago. */
  shown() {
    return this.found?.data.view === this.view();
  }

  draw() {
    const told = this.data();
    const enough = told && suffices(told, this.state);
    // News come in parts: what stands here whole stays until they are whole too.
    const whole = this.shown() && this.found.data.complete ? this.found.data.source : null;
    if (told && (!enough || (whole && !told.complete))) {
      this.complete();
      if (whole) this.drawAll(whole);
      if (this.shown()) return;
    }
    this.drawAll(enough ? told : null);
  }

  drawAll(answer) {
    const state = { ...this.state, view: this.view() };
    this.tip.hide();
    this.found = answer && find(answer, state);
    this.controls.show(this.found?.state ?? state, this.found);
    this.notice.node.hidden = !answer;
    if (!answer) {
      this.wait();
      return;
    }
    this.notice.show(answer, this.instead.unasked(this.state), this.found.state.protocol);
    const published = () => this.change({ view: "published", sort: "" }, { step: true });
    if (answer.rows === 0) this.say(emptyView(answer, published));
    else if (this.found.shown.places.length === 0) this.drawNoMatch();
    else this.drawRows(this.found);
  }

  drawRows({ data, columns, shown, keys, intervals }) {
    const title = `${VIEWS[this.view()].title}: ${counted(shown.places.length)}`;
    const part = NARROW.matches ? this.cards : this.table;
    if (this.stage.firstChild !== part.node) this.say(part.node);
    part.show({ data, columns, ...shown, keys, intervals, title });
  }

  drawNoMatch() {
    const clear = () => this.change({ ...NO_FILTERS }, { step: true });
    this.say(emptyState("No model matches.", deed("Clear search and filters", clear)));
  }

  say(node) {
    this.stage.removeAttribute("aria-busy");
    this.stage.replaceChildren(node);
  }

  /** Until a view is here, no rows of another one stand under its name. */
  wait() {
    this.stage.setAttribute("aria-busy", "true");
    this.stage.replaceChildren(el("p", { class: "wait" }, "Loading the scores…"));
  }
}
