// Does biomedical training help: the answer, the differences as a drawing and as a table, and the families.

import { answerLines, countsTable, headlineCell } from "./verdict.js";
import { addressIn, deed, emptyState, Feeds, Instead, noticeLines, viewSegments } from "../common/views.js";
import { addressOf, baseParameters, readState } from "./state.js";
import { Chart, sortedPairs } from "./chart.js";
import { counted } from "../common/numbers.js";
import { el, linkButton, settle, shadow, styles } from "../common/dom.js";
import { familyTree, unpairedList } from "./families.js";
import { pairsTable, signsOf } from "./pairs.js";
import { inPlace } from "../common/place.js";
import { poll } from "../common/feed.js";
import { submitLink } from "../common/ways.js";

const POLL_SECONDS = 60;
const INSTEAD = "No biomedical model has been measured here together with its base yet, so these are the numbers the "
  + "benchmark's authors published.";
const NO_PAIRS = "No biomedical model stands beside its base in this view yet. "
  + "Submit both to see what the training did.";
const SHEETS = ["../common/shared.css", "../charts/charts.css", "../differences/differences.css", "delta.css"];

// Asked for while the page around is still being built.
const sheets = styles(import.meta.url, ...SHEETS);
const feeds = new Feeds();
feedOf(readState()).refresh().catch(() => {});

/** Fills `host` with the page. */
export async function mount(host) {
  const page = new Delta(await shadow(host, sheets));
  await page.start();
}

function feedOf(state, view = state.view ?? "measured") {
  return feeds.at(addressIn(view, "/v1/delta", baseParameters(state)));
}

class Delta {
  constructor(root) {
    this.state = readState();
    this.instead = new Instead();
    this.views = viewSegments((view) => this.change({ view, bases: new Map() }));
    this.link = linkButton(() => addressOf({ ...this.state, view: this.view() }).href);
    this.notice = el("div", { class: "notice" });
    this.said = el("p", { class: "unseen", role: "status" });
    this.stage = el("div", { class: "stage", "aria-busy": "true" }, el("p", { class: "wait" }, "Loading the pairs…"));
    this.answer = el("section", { class: "card answer" });
    this.table = el("section", { class: "card" });
    this.rest = el("div", { class: "rest" });
    this.chart = new Chart((part) => this.change(part));
    const controls = el("div", { class: "controls" }, this.views.node, el("div", { class: "deeds" }, this.link));
    root.append(el("div", { class: "page" }, controls, this.notice, this.said, this.stage));
  }

  async start() {
    addEventListener("popstate", () => { this.state = readState(); this.turn(); });
    await this.turn();
    poll(() => this.refresh(), () => POLL_SECONDS);
  }

  async change(part) {
    Object.assign(this.state, part);
    const url = addressOf(this.state);
    if (url.href !== location.href) history.pushState(history.state, "", url);
    await this.turn();
  }

  /** Shows what is already here, then asks whether there is something newer. */
  async turn() {
    this.views.show(this.view());
    if (this.data()) this.draw();
    else this.stage.setAttribute("aria-busy", "true");
    await this.refresh();
  }

  async refresh() {
    const feed = feedOf(this.state, this.view());
    try {
      const news = await feed.refresh();
      if (this.instead.turns(this.state, feedOf(this.state, "measured").data?.pairs.length === 0)) {
        await feedOf(this.state, "published").refresh();
        if (this.data()) this.draw();
      } else if ((news || this.shown !== this.data()) && feed === feedOf(this.state, this.view())) {
        this.draw();
      }
    } catch {
      if (!this.data() && feed === feedOf(this.state, this.view())) this.sayFailed();
    }
  }

  view() {
    return this.instead.viewOf(this.state);
  }

  data() {
    return feedOf(this.state, this.view()).data;
  }

  say(sentence, ...deeds) {
    this.shown = null;
    this.stage.removeAttribute("aria-busy");
    this.stage.replaceChildren(emptyState(sentence, ...deeds));
  }

  sayFailed() {
    const again = deed("Try again", () => this.refresh());
    const stated = deed("Use the bases that are stated", () => this.change({ bases: new Map() }));
    this.say("The pairs could not be loaded.", again, this.state.bases.size ? stated : "");
  }

  draw() {
    const data = this.data();
    this.views.show(this.view());
    this.stage.removeAttribute("aria-busy");
    this.notice.className = `notice ${data.view}`;
    this.notice.replaceChildren(...noticeLines(data.notice, this.instead.unasked(this.state) ? INSTEAD : null));
    if (data.pairs.length === 0) this.drawEmpty(data);
    else inPlace(this.stage, () => this.drawPairs(data));
    this.shown = data;
  }

  drawEmpty(data) {
    const submit = submitLink();
    const published = deed("See the published pairs", () => this.change({ view: "published" }));
    this.say(NO_PAIRS, submit, data.view === "published" ? "" : published);
    this.stage.append(...otherParts(data));
  }

  drawPairs(data) {
    const headline = named(data, headlineCell(data));
    const cell = named(data, this.state.cell) ?? headline;
    const pairs = sortedPairs(data, cell, this.state.sort);
    const [answer, ...more] = answerLines(data, headline);
    this.answer.replaceChildren(el("h2", {}, answer), ...more.map((line) => el("p", {}, line)), countsTable(data));
    this.table.replaceChildren(
      el("h2", {}, "All pairs, all scores"),
      el("p", {}, signsOf(data, pairs)),
      pairsTable(data, pairs, (model, base) => this.rebase(model, base)),
    );
    this.rest.replaceChildren(...otherParts(data));
    settle(this.stage, [this.answer, this.chart.node, this.table, this.rest]);
    this.chart.show(data, this.state, cell, pairs);
    this.said.textContent = `Difference to the base: ${cell.title}, ${counted(pairs.length, "pair")}.`;
  }

  rebase(model, base) {
    this.change({ view: this.view(), bases: new Map([...this.state.bases, [model, base]]) });
  }
}

function otherParts(data) {
  const part = (title, lead, node) => el("section", { class: "card" }, el("h2", {}, title), el("p", {}, lead), node);
  return [
    data.unpaired.length > 0 && part(
      "Waiting for their base",
      "These biomedical models have nothing to be set beside.",
      unpairedList(data.unpaired, data.view),
    ),
    data.families.length > 0 && part("Families", "What was made from what.", familyTree(data.families, data.view)),
  ].filter(Boolean);
}

function named(data, name) {
  return data.cells.find((cell) => cell.name === name);
}
