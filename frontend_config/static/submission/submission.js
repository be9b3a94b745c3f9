// The receipt: asks for one submission again and again until nothing more will happen to it, and draws where it stands.

import { el, Kept, linkButton, settle, shadow, styles } from "../common/dom.js";
import { Feed, poll } from "../common/feed.js";
import { nameTab } from "../common/tab.js";
import { moment, retell } from "../common/times.js";
import { ownCard } from "../submissions/cards.js";
import { Deeds } from "../submissions/deeds.js";
import { pausedByHand, STATUSES } from "../submissions/facts.js";
import { steps } from "./steps.js";

const [OPEN_SECONDS, ENDED_SECONDS] = [2, 20];
const LOST = "The receipt could not be loaded. Trying again in a few seconds.";
const sheets = styles(import.meta.url, "../common/shared.css", "../submissions/submissions.css", "submission.css");

/** Fills `host` with the receipt that the address names; `server` knows the person and does what they ask for. */
export async function mount(host, server) {
  await new Receipt(await shadow(host, sheets), server).start();
}

class Receipt {
  constructor(root, server) {
    this.id = new URLSearchParams(location.search).get("id");
    this.feed = new Feed(`/v1/submissions/${encodeURIComponent(this.id ?? "")}`);
    this.kept = new Kept();
    this.server = server;
    this.deeds = new Deeds(server, () => this.refresh());
    this.notice = el("p", { class: "notice warning", role: "alert", hidden: true });
    this.live = el("p", { class: "unseen", role: "status" });
    this.body = el("div", { class: "receipt" }, el("p", { class: "wait" }, "Loading the receipt…"));
    this.links = el(
      "p",
      { class: "links" },
      linkButton(() => location.href),
      el("a", { class: "quiet", href: "/queue" }, "The whole queue"),
    );
    root.append(this.live, this.notice, this.body, this.links, this.deeds.node);
  }

  async start() {
    if (!this.id) {
      this.unknown("This address names no submission. The queue lists them all.");
      return;
    }
    const greeting = this.server.who(null).catch(() => null);
    await this.refresh();
    this.deeds.learn(await greeting);
    if (this.feed.data) this.draw(this.feed.data);
    poll(() => this.refresh(), () => (this.open ? OPEN_SECONDS : ENDED_SECONDS));
  }

  get open() {
    return this.feed.data && ["received", "queued", "running", "scoring"].includes(this.feed.data.status);
  }

  async refresh() {
    try {
      if (await this.feed.refresh()) this.draw(this.feed.data);
      else retell(this.body);
      this.notice.hidden = true;
    } catch (fault) {
      if (fault.message.endsWith("answered 404")) {
        this.unknown("There is no submission with this id. The queue lists them all.");
      } else {
        this.notice.hidden = false;
        this.notice.textContent = LOST;
      }
    }
  }

  draw(data) {
    const worker = data.worker ?? { alive: true };
    const line = this.kept.get(
      "steps",
      [data.status, data.position, data.events, data.progress, data.failure?.stage],
      () => steps(data),
    );
    const title = this.kept.get("title", null, () => el("h2", { class: "unseen" }, "This submission"));
    settle(this.body, [line, ...this.standstill(worker), title, ownCard(data, worker, this.kept, this.deeds)]);
    retell(this.body);
    nameTab(data.model);
    this.kept.sweep();
    const words = `${data.model}: ${STATUSES[data.status]}`;
    if (this.live.textContent !== words) this.live.textContent = words;
  }

  standstill({ alive, paused, seen_at: seenAt, operator_pause: byHand }) {
    const decided = byHand
      ? [this.kept.get("decided", byHand, () => el("p", { class: "notice warning" }, ...pausedByHand(byHand)))]
      : [];
    if (alive && !paused) return decided;
    return [
      ...decided,
      this.kept.get("standstill", [alive, paused], () =>
        el(
          "p",
          { class: "notice warning" },
          paused ? `The queue is paused: ${paused} ` : "",
          alive
            ? "It goes on by itself, and no attempt is used up."
            : "No worker is there just now. What waits is kept and evaluated as soon as one is back.",
          ...(seenAt && !alive ? [" Last seen ", moment(seenAt), "."] : []),
        ),
      ),
    ];
  }

  unknown(words) {
    settle(this.body, [
      this.kept.get("unknown", words, () =>
        el(
          "div",
          { class: "empty" },
          el("p", {}, words),
          el(
            "div",
            {},
            el("a", { class: "deed", href: "/queue" }, "Open the queue"),
            el("a", { class: "quiet", href: "/submit" }, "Submit a model"),
          ),
        ),
      ),
    ]);
    this.links.hidden = true;
  }
}
