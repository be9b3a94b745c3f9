// Compares two to four models: chooses them, says what can be said, draws and lists their scores.

import { addressIn, deed, emptyState, Feeds, noticeLines, VIEWS, viewSegments } from "../common/views.js";
import { addressOf, FEWEST, readState } from "./state.js";
import { barsCard, radarCard } from "./drawings.js";
import { Chooser } from "./chooser.js";
import { counted, listed } from "../differences/numbers.js";
import { csvOf, scoreTable, testTable } from "./tables.js";
import { download, el, linkButton, shadow, styles } from "../common/dom.js";
import { findModel, rosterOf, suggestions } from "./roster.js";
import { pairParts } from "./sentences.js";

const SHEETS = ["../common/shared.css", "../charts/charts.css", "../differences/differences.css", "compare.css"];
const TESTS = "Paired tests on the items both answered; p is adjusted for all that were made together (Holm)";
const METRICS = "Metrics in percent, differences in percentage points";
const CHOOSE = "Choose two to four models above.";
const CHOOSE_OR_BEGIN = "Choose two to four models above, or begin with one of these.";
const UNJUDGED = "There are no intervals, so no difference is judged.";

// Asked for while the page around is still being built.
const sheets = styles(import.meta.url, ...SHEETS);
const feeds = new Feeds();
boardOf(readState().view ?? "measured").refresh().catch(() => {});

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
    this.instead = false;
    this.turns = 0;
    this.views = viewSegments((view) => this.change({ view }));
    this.link = linkButton(() => addressOf({ ...this.state, view: this.view() }).href);
    this.csv = el("button", { type: "button", class: "quiet", hidden: true, onclick: () => this.saveCsv() }, "Download CSV");
    this.notice = el("div", { class: "notice" });
    this.chooser = new Chooser((names) => this.change({ names }));
    this.stage = el("div", { class: "stage", "aria-busy": "true" }, el("p", { class: "wait" }, "Loading the models…"));
    const controls = el("div", { class: "controls" }, this.views.node, el("div", { class: "deeds" }, this.csv, this.link));
    root.append(el("div", { class: "page" }, controls, this.notice, this.chooser.node, this.stage));
  }

  async start() {
    addEventListener("popstate", () => {
      this.state = readState();
      this.turn();
    });
    await this.turn();
  }

  change(part) {
    Object.assign(this.state, part);
    const url = addressOf(this.state);
    if (url.href !== location.href) history.pushState(history.state, "", url);
    if (boardOf(this.view()).data) this.drawHead();
    this.turn();
  }

  view() {
    return this.state.view ?? (this.instead ? "published" : "measured");
  }

  /** Everything is as the state says; an answer that comes after a newer choice is not shown. */
  async turn() {
    this.turns += 1;
    const turn = this.turns;
    this.views.show(this.view());
    try {
      await this.settle(() => turn === this.turns);
    } catch {
      if (turn === this.turns) this.say("The models could not be loaded.", deed("Try again", () => this.turn()));
    }
  }

  async settle(wanted) {
    await boardOf(this.view()).refresh();
    if (!this.state.view && !this.instead && boardOf("measured").data.rows === 0) {
      this.instead = true;
      await boardOf("published").refresh();
    }
    if (!wanted()) return;
    const { roster, models } = this.drawHead();
    const unknown = this.state.names.filter((_, place) => !models[place]);
    if (roster.length === 0) this.sayEmpty();
    else if (unknown.length) this.sayUnknown(unknown);
    else if (models.length < FEWEST) this.suggest(roster);
    else await this.compare(models, wanted);
  }

  /** The view, its notice and the chosen models; what the board knows of them. */
  drawHead() {
    const board = boardOf(this.view()).data;
    const roster = rosterOf(board);
    this.views.show(this.view());
    this.notice.className = `notice ${board.view}`;
    this.notice.replaceChildren(...noticeLines(board.notice, this.instead && !this.state.view ? board.instead : null));
    this.chooser.show(roster, this.state.names, board);
    return { roster, models: this.state.names.map((name) => findModel(roster, name)) };
  }

  async compare(models, wanted) {
    const feed = feeds.at(addressIn(this.view(), "/v1/compare", models.map(({ name }) => ["m", name])));
    this.stage.setAttribute("aria-busy", "true");
    await feed.refresh();
    if (wanted()) this.draw(feed.data);
  }

  draw(data) {
    if (this.shown === data) {
      this.stage.removeAttribute("aria-busy");
      return;
    }
    const whole = data.cells.filter((cell) => !cell.part_of);
    const metrics = data.cells.filter((cell) => cell.part_of);
    const tests = testTable(data, TESTS);
    this.fill(
      data,
      el("section", { class: "card" }, el("h2", {}, "In plain words"), ...pairParts(data)),
      el("div", { class: "drawings" }, ...[barsCard(data), radarCard(data)].filter(Boolean)),
      el(
        "section",
        { class: "card" },
        el("h2", {}, "Scores and differences"),
        scoreTable(data, whole, captionOf(whole)),
        metrics.length > 0 && fold(`${counted(metrics.length, "metric")} of the tasks`, scoreTable(data, metrics, METRICS)),
        tests && fold("Tests and p-values", tests),
      ),
    );
  }

  fill(data, ...parts) {
    this.shown = data;
    this.csv.hidden = !data;
    this.stage.removeAttribute("aria-busy");
    this.stage.replaceChildren(...parts);
  }

  say(sentence, ...deeds) {
    this.fill(null, emptyState(sentence, ...deeds));
  }

  sayEmpty() {
    this.say(boardOf(this.view()).data.empty, el("a", { class: "deed", href: "/submit" }, "Submit a model"));
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
