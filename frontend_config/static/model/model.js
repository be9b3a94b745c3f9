// The page of one row of the board: asks /v1 for it and shows it part by part; what is looked at stays in the address.

import { aboutCard, head } from "./about.js";
import { Asked } from "./asked.js";
import { AgainstBase } from "./base.js";
import { el, settle, shadow, styles } from "../common/dom.js";
import { Examples } from "./examples.js";
import { Feed, poll } from "../common/feed.js";
import { History } from "./history.js";
import { inPlace } from "../common/place.js";
import { nameTab } from "../common/tab.js";
import { manifestPart, reproducePart, takeAwayCard } from "./take_away.js";
import { Scores } from "./scores.js";
import { viewOf } from "../common/views.js";
import { pageAt, submitLink } from "../common/ways.js";

const POLL_SECONDS = 30;

const sheets = styles(import.meta.url, "../common/shared.css", "../charts/charts.css", "model.css");

/** Fills `host` with the page. */
export async function mount(host) {
  const page = new ModelPage(await shadow(host, sheets));
  await page.start();
}

class ModelPage {
  constructor(root) {
    this.scores = new Scores((part) => this.change(part));
    this.base = new AgainstBase();
    this.examples = new Examples((part, how) => this.change(part, how));
    this.history = new History();
    this.parts = [this.scores, this.base, new Asked(), this.examples, this.history];
    this.main = el("div", { class: "main" });
    this.side = el("div", { class: "side" });
    this.columns = el("div", { class: "columns" }, this.main, this.side);
    this.below = el("div", { class: "below" });
    this.node = el("div", { class: "page", "aria-busy": "true" }, el("p", { class: "wait" }, "Loading the model…"));
    root.append(this.node);
    this.adopt();
  }

  async start() {
    addEventListener("popstate", () => this.move());
    await this.refresh();
    poll(() => this.refresh(), () => POLL_SECONDS);
  }

  /** Reads what is asked for from the address. */
  adopt() {
    const asked = new URLSearchParams(location.search);
    this.id = (asked.get("id") ?? "").trim();
    this.view = viewOf(asked);
    this.state = Object.fromEntries(["metrics", "task", "q", "verdict", "page"].map((name) => [name, asked.get(name)]));
    const query = new URLSearchParams({ id: this.id, ...(this.view ? { view: this.view } : {}), absent: "null" });
    const address = `/v1/row?${query}`;
    if (this.feed?.address === address) return;
    this.feed = new Feed(address);
    this.shown = false;
  }

  async move() {
    this.adopt();
    if (this.shown) this.tell();
    else await this.refresh();
  }

  /** Puts a choice into the address: as a step that Back undoes, or in the place of the last one. */
  change(part, { step = true } = {}) {
    Object.assign(this.state, part);
    const address = new URL(location.href);
    for (const [name, value] of Object.entries(this.state)) {
      if (value) address.searchParams.set(name, value);
      else address.searchParams.delete(name);
    }
    history[step ? "pushState" : "replaceState"](null, "", address);
    this.tell();
  }

  async refresh() {
    if (!this.id) {
      this.say("No model is named in this address.", "Choose one on the leaderboard.");
      return;
    }
    const feed = this.feed;
    try {
      const news = await feed.refresh();
      if (feed === this.feed && (news || !this.shown)) this.draw(feed.data);
    } catch {
      if (!this.shown) {
        this.say("The model could not be loaded.", "Check the connection. This page asks again by itself.");
      }
    }
  }

  draw(row) {
    if (!row) {
      this.sayUnknown();
      return;
    }
    this.shown = true;
    this.said = null;
    this.node.removeAttribute("aria-busy");
    nameTab(row.name);
    inPlace(this.node, () => {
      settle(this.main, this.parts.filter((part) => part !== this.history).map((part) => part.node));
      this.side.replaceChildren(aboutCard(row), takeAwayCard(row));
      settle(this.below, [this.history.node, reproducePart(row), manifestPart(row)]);
      settle(this.node, [head(row, () => this.link(row)), this.columns, this.below]);
    });
    this.tell();
  }

  tell() {
    for (const part of this.parts) part.show(this.feed.data, this.state);
  }

  link(row) {
    const address = new URL(location.href);
    address.searchParams.set("view", row.view);
    return address.href;
  }

  sayUnknown() {
    const whole = el("a", { class: "quiet", href: pageAt(`/model?id=${encodeURIComponent(this.id)}`) }, "Look in all views");
    const [where, way] = this.view ? ["in this view", [whole]] : ["on the board", []];
    this.say(`There is no such model ${where}.`, "It may have another name there, or wait to be submitted.", ...way);
  }

  /** A sentence in the place of the page, said once however often it holds. */
  say(sentence, advice, ...ways) {
    const said = [this.id, sentence].join("\n");
    if (this.said === said) return;
    this.said = said;
    this.shown = false;
    nameTab();
    this.node.removeAttribute("aria-busy");
    this.node.replaceChildren(
      el(
        "div",
        { class: "empty", role: "status" },
        el("h1", {}, sentence),
        el("p", {}, this.id ? el("code", {}, this.id) : null),
        el("p", { class: "notice" }, advice),
        el(
          "div",
          {},
          ...ways,
          el("a", { class: "deed", href: pageAt("/") }, "Leaderboard"),
          submitLink("quiet"),
        ),
      ),
    );
  }
}
