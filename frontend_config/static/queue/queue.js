// The queue: asks /v1/queue every few seconds and shows what runs, what waits and what has ended.

import { el, Kept, linkButton, settle, shadow, styles } from "../common/dom.js";
import { Feed, poll } from "../common/feed.js";
import { ownCard, runningCard } from "../submissions/cards.js";
import { Deeds } from "../submissions/deeds.js";
import { pausedByHand, STATUSES } from "../submissions/facts.js";
import { historyTable, waitingTable } from "./rows.js";
import { moment, retell } from "../common/times.js";

const [BUSY_SECONDS, QUIET_SECONDS, PAGE] = [2, 5, 50];

const sheets = styles(import.meta.url, "../common/shared.css", "../submissions/submissions.css", "queue.css");

/** Fills `host` with the queue; `server` knows the person and carries out what they ask for. */
export async function mount(host, server) {
  const queue = new Queue(await shadow(host, sheets), server);
  await queue.start();
}

class Queue {
  constructor(root, server) {
    this.wanted = new URLSearchParams(location.search).get("id");
    this.history = PAGE;
    this.feed = new Feed("");
    this.ownFeed = new Feed(`/v1/submissions/${encodeURIComponent(this.wanted)}`);
    this.kept = new Kept();
    this.server = server;
    this.deeds = new Deeds(server, () => this.refresh());
    this.worker = el("div", { class: "notice", hidden: true });
    this.hint = el("p", { class: "none", hidden: true });
    this.live = el("p", { class: "unseen", role: "status", "aria-live": "polite" });
    this.own = el("section", { hidden: !this.wanted });
    this.running = el("section", {}, el("p", { class: "wait" }, "Loading the queue…"));
    this.waiting = el("section");
    this.ended = el("section");
    const link = el("p", {}, linkButton(() => location.href));
    const lists = [this.own, this.running, this.waiting, this.ended];
    const parts = [this.live, this.worker, ...lists, this.hint, link, this.deeds.node];
    this.node = el("div", { class: "queue", tabindex: -1 }, ...parts);
    root.append(this.node);
  }

  async start() {
    await Promise.all([this.refresh(), this.greet()]);
    const busy = ({ running, waiting }) => running.length + waiting.length > 0;
    poll(() => this.refresh(), () => (this.feed.data && busy(this.feed.data) ? BUSY_SECONDS : QUIET_SECONDS));
  }

  /** Learns from the server as whom this browser may act. */
  async greet() {
    const known = await this.server.who(null).catch(() => null);
    this.deeds.learn(known);
    this.hint.textContent = known?.hint ?? "";
    this.hint.hidden = !known?.hint;
    if (this.feed.data) this.draw(this.feed.data);
  }

  async refresh() {
    this.feed.address = `/v1/queue?history=${this.history}`;
    try {
      const news = await Promise.all([this.feed.refresh(), this.wanted && this.refreshOwn()]);
      if (news.some(Boolean) || this.failed) this.draw(this.feed.data);
      else retell(this.node);
      this.failed = false;
    } catch {
      this.failed = true;
      this.worker.hidden = false;
      this.worker.className = "notice warning";
      this.worker.replaceChildren("The queue could not be loaded. Trying again in a few seconds.");
    }
  }

  async refreshOwn() {
    const answer = await this.ownFeed.refresh().catch(() => null);
    if (answer === null && this.ownFeed.data === null) this.unknown = true;
    return answer;
  }

  draw(data) {
    this.drawWorker(data.worker);
    this.drawOwn(data.worker);
    settle(this.running, [this.heading("Running"), ...this.runningCards(data)]);
    settle(this.waiting, [this.heading("Waiting", data.waiting.length), this.waitingPart(data.waiting)]);
    settle(this.ended, [
      this.heading("History", data.history_total),
      this.historyPart(data.history),
      ...this.more(data),
    ]);
    retell(this.node);
    this.kept.sweep();
    const told = data.running.map((each) => `${each.model}: ${STATUSES[each.status]}`).join("; ");
    const words = `${told || "Nothing is running"}. ${data.waiting.length} waiting.`;
    if (this.live.textContent !== words) this.live.textContent = words;
  }

  drawWorker({ seen_at: seenAt, alive, paused, paused_at: pausedAt, operator_pause: byHand }) {
    this.worker.hidden = false;
    this.worker.className = `notice ${paused || byHand || !alive ? "warning" : ""}`;
    const began = pausedAt
      ? [" It began ", moment(pausedAt), " and uses up no attempt. "]
      : [" No attempt is used up. "];
    const cause = paused ? [`Paused: ${paused}`, ...began] : [];
    const seen = seenAt ? ["Worker last seen ", moment(seenAt), "."] : ["No worker has been seen yet."];
    const consequence = alive ? [] : [" What waits here is kept and evaluated as soon as one is back."];
    const decided = byHand ? [el("p", { class: "decided" }, ...pausedByHand(byHand))] : [];
    this.worker.replaceChildren(...decided, el("p", {}, ...cause, ...seen, ...consequence));
  }

  drawOwn(worker) {
    if (!this.wanted || (!this.ownFeed.data && !this.unknown)) return;
    const found = this.ownFeed.data
      ? ownCard(this.ownFeed.data, worker, this.kept, this.deeds)
      : this.says("unknown", "There is no submission with this id.");
    settle(this.own, [this.heading("This submission"), found]);
  }

  runningCards({ running, worker }) {
    const shown = running.filter((each) => each.id !== this.wanted);
    if (shown.length > 0) return shown.map((each) => runningCard(each, worker, this.kept, this.deeds));
    return [this.says("idle", running.length > 0 ? "Nothing else is running." : "Nothing is running.")];
  }

  waitingPart(waiting) {
    if (waiting.length > 0) return waitingTable(waiting, this.wanted, this.kept, this.deeds);
    return this.says("nobody", "Nobody is waiting. ", el("a", { href: "/submit" }, "Submit a model"));
  }

  historyPart(history) {
    if (history.length > 0) return historyTable(history, this.wanted, this.kept, this.deeds);
    return this.says("nothing", "Nothing has been evaluated yet.");
  }

  more({ history, history_total: total }) {
    const left = total - history.length;
    if (left <= 0) return [];
    const press = () => { this.history += PAGE; this.refresh(); };
    const words = `Show ${Math.min(PAGE, left)} more of ${left}`;
    return [
      this.kept.get("more", words, () => el("button", { type: "button", class: "quiet", onclick: press }, words)),
    ];
  }

  heading(words, count = 0) {
    const told = count ? `${words} (${count})` : words;
    return this.kept.get(`heading ${words}`, told, () => el("h2", {}, told));
  }

  says(key, words, ...parts) {
    return this.kept.get(key, words, () => el("p", { class: "none" }, words, ...parts));
  }
}
