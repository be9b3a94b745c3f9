// Compares two to four models: chooses them, says what can be said, draws and lists their scores.

import { addressIn, deed, emptyState, Feeds, Instead, noticeLines, VIEWS, viewSegments } from "../common/views.js";
import { addressOf, FEWEST, readState } from "./state.js";
import { barsCard, radarCard } from "./drawings.js";
import { Chooser } from "./chooser.js";
import { counted, listed } from "../common/numbers.js";
import { csvOf, scoreTable, testTable } from "./tables.js";
import { download, el, linkButton, shadow, styles } from "../common/dom.js";
import { findModel, rosterOf, suggestions } from "./roster.js";
import { inPlace } from "../common/place.js";
import { nameTab } from "../common/tab.js";
import { pairParts } from "./sentences.js";
import { poll } from "../common/feed.js";
import { submitLink } from "../common/ways.js";

const POLL_SECONDS = 60;
const SHEETS = ["../common/shared.css", "../charts/charts.css", "../differences/differences.css", "compare.css"];
const TESTS = "Paired tests on the items both answered; p is adjusted for all that were made together (Holm)";
const METRICS = "Metrics in percent, differences in percentage points";
const CHOOSE = "Choose two to four models above.";
const CHOOSE_OR_BEGIN = "Choose two to four models above, or begin with one of these.";
const UNJUDGED = "There are no intervals, so no difference is judged.";

const sheets = styles(import.meta.url, ...SHEETS);
const feeds = new Feeds();

/** Fills `host` with the page. */
export async function mount(host) {
  const page = new Compare(await shadow(host, sheets));
  await page.start();
}

function boardOf(view) {
  return feeds.at(addressIn(view, "/v1/leaderboard.json"));
}

class Compare {
  constructor(root) {
    this.state = readState();
    this.instead = new Instead();
    this.turns = 0;
    this.shown = null;
    this.views = viewSegments((view) => this.change({ view }));
    this.link = linkButton(() => addressOf({ ...this.state, view: this.view() }).href);
    this.csv = el(
      "button",
      { type: "button", class: "quiet", hidden: true, onclick: () => this.saveCsv() },
      "Download CSV",
    );
    this.notice = el("div", { class: "notice" });
    this.chooser = new Chooser((names) => this.change({ names }));
    this.said = el("p", { class: "unseen", role: "status" });
    this.stage = el("div", { class: "stage", "aria-busy": "true" }, el("p", { class: "wait" }, "Loading the models…"));
    const controls = el(
      "div",
      { class: "controls" },
      this.views.node,
      el("div", { class: "deeds" }, this.csv, this.link),
    );
    this.page = el("div", { class: "page" }, controls, this.notice, this.chooser.node, this.said, this.stage);
    root.append(this.page);
  }

  async start() {
    addEventListener("popstate", () => {
      this.state = readState();
      this.turn();
    });
    await this.turn();
    poll(() => this.refresh(), () => POLL_SECONDS);
  }

  change(part) {
    Object.assign(this.state, part);
    const url = addressOf(this.state);
    if (url.href !== location.href) history.pushState(history.state, "", url);
    if (boardOf(this.view()).data) this.drawHead();
    this.turn();
  }

  view() {
    return this.instead.viewOf(this.state);
  }

  /** Everything is as the state says; an answer that comes after a newer choice is not shown. */
  async turn() {
    this.turns += 1;
    const turn = this.turns;
    this.views.show(this.view());
    this.stage.setAttribute("aria-busy", "true");
    try {
      await this.askBoard();
      if (turn === this.turns) this.drawHead();
      await this.askComparison();
      if (turn === this.turns) this.drawAll();
    } catch {
      if (turn === this.turns) this.sayFailed();
    }
  }

  /** Asks whether there is something newer; what is shown stays when there is not, and when nobody answers. */
  async refresh() {
    const turn = this.turns;
    try {
      const news = [await this.askBoard(), await this.askComparison()];
      if (turn === this.turns && (news.some(Boolean) || this.failed)) inPlace(this.page, () => this.drawAll());
    } catch { /* the next time may be better */ }
  }

  /** The board of the view is here, the published one where nothing is measured; true when it is new. */
  async askBoard() {
    const news = await boardOf(this.view()).refresh();
    const instead = this.instead.turns(this.state, boardOf("measured").data?.rows === 0);
    return instead ? boardOf("published").refresh() : news;
  }

  /** The comparison of the chosen models is here, where there is one; true when it is new. */
  async askComparison() {
    return this.comparison()?.refresh() ?? false;
  }

  /** Where the chosen models' comparison is told; null while they are too few or not all known. */
  comparison() {
    const { models, unknown } = this.chosen();
    if (unknown.length || models.length < FEWEST) return null;
    return feeds.at(addressIn(this.view(), "/v1/compare", models.map(({ name }) => ["m", name])));
  }

  /** The chosen names, each model once however it was written, and which of the names nobody has. */
  chosen() {
    const roster = rosterOf(boardOf(this.view()).data);
    const found = new Map(this.state.names.map((name) => [findModel(roster, name) ?? name, name]));
    const names = [...found.values()];
    const unknown = names.filter((name) => !findModel(roster, name));
    return { roster, names, unknown, models: [...found.keys()].filter((model) => typeof model !== "string") };
  }

  /** The view, its notice and the chosen models. */
  drawHead() {
    const board = boardOf(this.view()).data;
    const { roster, names, models } = this.chosen();
    this.views.show(this.view());
    this.notice.className = `notice ${board.view}`;
    this.notice.replaceChildren(...noticeLines(board.notice, this.instead.unasked(this.state) ? board.instead : null));
    inPlace(this.chooser.node, () => this.chooser.show(roster, names, board));
    nameTab(...models.map(({ label }) => label));
  }

  drawAll() {
    this.drawHead();
    const { roster, unknown } = this.chosen();
    const data = this.comparison()?.data;
    if (roster.length === 0) this.sayEmpty();
    else if (unknown.length) this.sayUnknown(unknown);
    else if (data) this.draw(data);
    else this.suggest(roster);
  }

  draw(data) {
    if (this.shown === data) {
      this.stage.removeAttribute("aria-busy");
      return;
    }
    const whole = data.cells.filter((cell) => !cell.part_of);
    const metrics = data.cells.filter((cell) => cell.part_of);
    const tests = testTable(data, TESTS);
    this.said.textContent = `${listed(data.models.map(({ label }) => label))} compared.`;
    this.fill(
      data,
      el("section", { class: "card" }, el("h2", {}, "In plain words"), el("p", {}, data.notice), ...pairParts(data)),
      el("div", { class: "drawings" }, ...[barsCard(data), radarCard(data)].filter(Boolean)),
      el(
        "section",
        { class: "card" },
        el("h2", {}, "Scores and differences"),
        scoreTable(data, whole, captionOf(whole)),
        metrics.length > 0
          && fold(`${counted(metrics.length, "metric")} of the tasks`, scoreTable(data, metrics, METRICS)),
        tests && fold("Tests and p-values", tests),
      ),
    );
  }

  fill(data, ...parts) {
    this.shown = data;
    this.failed = false;
    this.csv.hidden = !data;
    this.stage.removeAttribute("aria-busy");
    this.stage.replaceChildren(...parts);
  }

  say(sentence, ...deeds) {
    this.fill(null, emptyState(sentence, ...deeds));
  }

  sayFailed() {
    this.say("The models could not be loaded.", deed("Try again", () => this.turn()));
    this.failed = true;
  }

  sayEmpty() {
    this.say(boardOf(this.view()).data.empty, submitLink());
  }

  sayUnknown(unknown) {
    const others = Object.entries(VIEWS).filter(([name]) => name !== this.view())
      .map(([view, { title }]) => deed(`Look in ${title}`, () => this.change({ view })));
    const gone = deed("Remove from the comparison", () => {
      this.change({ names: this.state.names.filter((name) => !unknown.includes(name)) });
    });
    this.say(`${listed(unknown)} ${unknown.length === 1 ? "is" : "are"} not in this view.`, gone, ...others);
  }

  suggest(roster) {
    const offers = this.state.names.length ? [] : suggestions(roster).map(({ title, models }) => el(
      "button",
      { type: "button", class: "suggestion", onclick: () => this.change({ names: models.map(({ name }) => name) }) },
      el("small", {}, title),
      el("span", {}, el("bdi", {}, models[0].label), " and ", el("bdi", {}, models[1].label)),
    ));
    this.say(offers.length ? CHOOSE_OR_BEGIN : CHOOSE, ...offers);
  }

  saveCsv() {
    download(`clue-${this.view()}-comparison.csv`, `\ufeff${csvOf(this.shown)}`, "text/csv;charset=utf-8");
  }
}

function captionOf(cells) {
  const judged = cells.some((cell) => cell.pairs.some((pair) => pair.finding));
  const signs = "▲ the first model is better, ▼ worse, ≈ cannot be told from noise.";
  return `Scores in percent, differences in percentage points. ${judged ? signs : UNJUDGED}`;
}

function fold(title, node) {
  return el("details", { class: "fold" }, el("summary", {}, title), node);
}
