// The plot page: asks /v1 for a view, draws its models by two numbers, and keeps every choice in the address.

import { Scatter } from "../charts/scatter.js";
import { saveButtons } from "../charts/keep.js";
import { el, linkButton, shadow, styles } from "../common/dom.js";
import { poll } from "../common/feed.js";
import { inPlace } from "../common/place.js";
import { Tip } from "../common/tip.js";
import { boardFeeds, deed, emptyState, Instead, noticeLines } from "../common/views.js";
import { submitLink } from "../common/ways.js";
import { axesOf, chosenAxes } from "./axes.js";
import { Controls, legend, legendEntries } from "./controls.js";
import { chosenModels, drawable, frontOf, modelsOf, namesFirst, pointsOf, tiesOf } from "./points.js";
import { addressOf, readState, writeState } from "./state.js";
import { absentWords, emptyWords, frontWords, tableOf, tally, titleOf } from "./words.js";

const POLL_SECONDS = 30;
const PIXELS_A_NAME = 18000;
const FEWEST_NAMES = 5;
const MOST_NAMES = 24;
const MOST_WHISKERS = 400;
const NARROWEST = 280;

const sheets = styles(import.meta.url, "../common/shared.css", "../charts/charts.css", "plot.css");
const feeds = boardFeeds();

/** Fills `host` with the plot. */
export async function mount(host) {
  const plot = new Plot(await shadow(host, sheets));
  await plot.start();
}

class Plot {
  constructor(root) {
    this.state = readState();
    this.instead = new Instead();
    this.tip = new Tip(root);
    this.scatter = new Scatter(this.tip);
    this.saves = saveButtons(() => this.scatter.node, () => `clue-${this.view()}-${this.state.kind}`);
    const link = linkButton(() => addressOf({ ...this.state, view: this.view() }).href);
    this.controls = new Controls((part) => this.change(part), [link, this.saves]);
    this.notice = el("div", { class: "notice" });
    this.said = el("p", { class: "unseen", role: "status" });
    this.stage = el("div", { class: "stage", "aria-busy": "true" }, el("p", { class: "wait" }, "Loading the scores…"));
    this.frame = el("div", { class: "drawing" }, this.scatter.node);
    this.controls.show(this.shown(), null, [], []);
    root.append(el("div", { class: "plot" }, this.controls.node, this.notice, this.said, this.stage), this.tip.box);
  }

  async start() {
    await this.refresh();
    addEventListener("popstate", () => this.adopt(readState()));
    new ResizeObserver(() => this.fit()).observe(this.frame);
    poll(() => this.refresh(), () => POLL_SECONDS);
  }

  async adopt(state) {
    this.state = state;
    this.draw();
    await this.refresh();
  }

  async change(part) {
    Object.assign(this.state, part);
    writeState(this.state);
    this.draw();
    if (part.view) await this.refresh();
  }

  async refresh() {
    const view = this.view();
    try {
      const changed = await feeds[view].refresh();
      if (this.instead.turns(this.state, feeds.measured.data?.rows === 0)) {
        await feeds.published.refresh();
        this.draw();
      } else if (changed || this.stage.hasAttribute("aria-busy")) {
        this.draw();
      }
    } catch {
      if (!this.data() && view === this.view()) {
        this.say(
          "The scores could not be loaded.",
          deed("Try again", () => this.refresh()),
        );
      }
    }
  }

  view() {
    return this.instead.viewOf(this.state);
  }

  data() {
    return feeds[this.view()].data;
  }

  /** The state with what it leaves open filled in. */
  shown() {
    return { ...this.state, view: this.view(), ties: this.state.ties ?? this.state.kind === "levels" };
  }

  draw() {
    const [data, state] = [this.data(), this.shown()];
    this.tip.hide();
    const axes = data ? axesOf(data) : [];
    const chosen = data ? chosenAxes(axes, state) : [];
    this.controls.show(state, data, axes.filter(({ known }) => known), chosen);
    if (!data) {
      this.stage.setAttribute("aria-busy", "true");
      return;
    }
    this.stage.removeAttribute("aria-busy");
    this.drawNotice(data);
    const models = modelsOf(data);
    const left = chosenModels(models, state);
    const found = chosen.every(Boolean) ? pointsOf(data, left, chosen, state) : { points: [], absent: [] };
    this.saves.hidden = found.points.length === 0;
    if (found.points.length > 0) this.drawPoints(data, state, chosen, models, left, found);
    else this.drawEmpty(data, state, axes, chosen, left, found.absent);
  }

  drawPoints(data, state, chosen, models, left, { points, absent }) {
    const [x, y] = chosen;
    const title = titleOf(chosen);
    const front = x.kind === "size" && y.kind === "score" ? frontOf(points) : [];
    this.plan = { data, state, points, x, y, title, front, ties: state.ties ? tiesOf(points) : [] };
    const held = this.scatter.holdsFocus();
    const counted = drawable(chosenModels(models, state, { byFamily: false }), chosen);
    const head = el("header", {}, el("h2", {}, title), el("p", { class: "tally" }, tally(points.length, left.length)));
    this.tell(`${title}: ${tally(points.length, left.length)}`);
    const parts = [frontWords(points, front, y), absentWords(absent), tableOf(points, chosen, title)].filter(Boolean);
    inPlace(this.stage, () =>
      this.stage.replaceChildren(
        el(
          "div",
          { class: "panel" },
          el("figure", {}, head, this.frame),
          legend(counted, state, (part) => this.change(part)),
        ),
        ...parts,
      ),
    );
    this.fit(true);
    if (held) this.scatter.takeFocus();
  }

  /** Draws again when there is something else to draw or the width has changed. */
  fit(anew = false) {
    const width = Math.max(NARROWEST, Math.floor(this.frame.clientWidth));
    if (!this.plan || !this.frame.isConnected || (!anew && width === this.width)) return;
    this.width = width;
    const { data, state, points, x, y, title, front, ties } = this.plan;
    const most = Math.min(MOST_NAMES, Math.max(FEWEST_NAMES, Math.round((width * width * 0.56) / PIXELS_A_NAME)));
    const order = namesFirst(points, front, { byBoth: x.kind !== "size" });
    const marked = points.filter((point) => point.marked).length;
    this.scatter.show({
      points, x, y, title: `${title}: ${tally(points.length, points.length)}`, ties, front, width,
      labels: order.slice(0, Math.max(most, marked)),
      intervals: state.intervals && points.length <= MOST_WHISKERS,
      kept: { title, source: `CLUE Leaderboard. ${data.notice}`, legend: legendEntries(points) },
    });
  }

  drawNotice(data) {
    this.notice.className = `notice ${data.view}`;
    this.notice.replaceChildren(...noticeLines(data.notice, this.instead.unasked(this.state) ? data.instead : null));
  }

  drawEmpty(data, state, axes, chosen, left, absent) {
    this.plan = null;
    const published = deed("See the published scores", () => this.change({ view: "published" }));
    const free = deed("Choose other numbers", () => this.change({ kind: "free" }));
    const clear = deed("Clear the filters", () => this.change({ families: [], domains: [], sizes: [] }));
    const filtered = state.families.length + state.domains.length + state.sizes.length > 0;
    const submit = submitLink();
    const sentence = data.rows === 0 ? data.empty : emptyWords(chosen, left, absent);
    this.say(
      sentence,
      data.rows === 0 && data.view !== "published" ? submit : null,
      filtered && data.rows > 0 ? clear : null,
      state.kind !== "free" && chosenAxes(axes, { kind: "free" }).every(Boolean) ? free : null,
      data.view === "published" ? null : published,
    );
    if (absent.length > 0) this.stage.append(absentWords(absent));
  }

  say(sentence, ...deeds) {
    this.saves.hidden = true;
    this.tell(sentence);
    this.stage.removeAttribute("aria-busy");
    this.stage.replaceChildren(emptyState(sentence, ...deeds));
  }

  /** Said to those who do not see what has changed, once for each change. */
  tell(sentence) {
    if (this.said.textContent !== sentence) this.said.textContent = sentence;
  }
}
