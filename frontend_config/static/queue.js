// The queue: asks /v1/queue every few seconds and shows what runs, what waits and what has ended.

import { el, linked, shadow, styles } from "./dom.js";
import { Feed, poll } from "./feed.js";
import { duration, moment, retell } from "./times.js";

const [BUSY_SECONDS, QUIET_SECONDS, PAGE] = [2, 5, 50];
const STAGES = {
  download: "Downloading the model", load: "Loading the model", predict: "Asking the model",
  score: "Scoring the answers", publish: "Publishing the result",
};
const STATUSES = {
  received: "Being checked", queued: "Waiting", running: "Running", scoring: "Scoring",
  finished: "Finished", failed: "Failed", cancelled: "Cancelled", withdrawn: "Withdrawn",
};

const sheets = styles("shared.css", "queue.css");

/** Fills `host` with the queue. */
export async function mount(host) {
  const queue = new Queue(await shadow(host, sheets));
  await queue.start();
}

class Queue {
  constructor(root) {
    this.wanted = new URLSearchParams(location.search).get("id");
    this.history = PAGE;
    this.feed = new Feed("");
    this.worker = el("div", { class: "notice" });
    this.live = el("p", { class: "unseen", role: "status", "aria-live": "polite" });
    this.own = el("section", { hidden: true });
    this.running = el("section", {}, el("p", { class: "wait" }, "Loading the queue…"));
    this.waiting = el("section");
    this.ended = el("section");
    const parts = [this.live, this.worker, this.own, this.running, this.waiting, this.ended];
    this.node = el("div", { class: "queue" }, ...parts);
    root.append(this.node);
    this.worker.hidden = true;
  }

  async start() {
    await this.refresh();
    this.node.querySelector(".wanted")?.scrollIntoView({ block: "center" });
    const busy = ({ running, waiting }) => running.length + waiting.length > 0;
    poll(() => this.refresh(), () => (this.feed.data && busy(this.feed.data) ? BUSY_SECONDS : QUIET_SECONDS));
  }

  async refresh() {
    this.feed.address = `/v1/queue?history=${this.history}`;
    try {
      if (await this.feed.refresh() || this.failed) await this.draw(this.feed.data);
      else retell(this.node);
      this.failed = false;
    } catch {
      this.failed = true;
      this.worker.hidden = false;
      this.worker.className = "notice warning";
      this.worker.replaceChildren("The queue could not be loaded. Trying again in a few seconds.");
    }
  }

  async draw(data) {
    this.drawWorker(data.worker);
    this.running.replaceChildren(el("h2", {}, "Running"), ...this.runningCards(data));
    this.waiting.replaceChildren(el("h2", {}, title("Waiting", data.waiting.length)), this.waitingTable(data.waiting));
    const ended = [this.historyTable(data.history), this.more(data)];
    this.ended.replaceChildren(el("h2", {}, title("History", data.history_total)), ...ended);
    await this.drawOwn(data);
    const told = data.running.map((each) => `${each.model}: ${STATUSES[each.status]}`).join("; ");
    const words = `${told || "Nothing is running"}. ${data.waiting.length} waiting.`;
    if (this.live.textContent !== words) this.live.textContent = words;
  }

  drawWorker({ seen_at: seenAt, alive, paused }) {
    this.worker.hidden = false;
    this.worker.className = `notice ${paused || !alive ? "warning" : ""}`;
    const seen = seenAt ? ["Worker last seen ", moment(seenAt), "."] : ["No worker has been seen yet."];
    const consequence = alive ? [] : [" What waits here is kept and evaluated as soon as one is back."];
    this.worker.replaceChildren(el("p", {}, paused ? `Paused: ${paused} ` : "", ...seen, ...consequence));
  }

  async drawOwn(data) {
    const here = [...data.running, ...data.waiting, ...data.history].some((each) => each.id === this.wanted);
    this.own.hidden = !this.wanted || here;
    if (this.own.hidden) return;
    const answer = await fetch(`/v1/submissions/${encodeURIComponent(this.wanted)}`);
    const none = el("p", { class: "none" }, "There is no submission with this id.");
    const found = answer.ok ? this.historyTable([await answer.json()]) : none;
    this.own.replaceChildren(el("h2", {}, "Your link"), found);
  }

  runningCards(data) {
    if (data.running.length === 0) return [el("p", { class: "none" }, "Nothing is running.")];
    return data.running.map((each) => this.runningCard(each));
  }

  runningCard(each) {
    const progress = each.progress;
    return el(
      "article",
      { class: this.mark(each, "running") },
      el("header", {}, el("h3", {}, linked(each.model, each.link)), el("p", { class: "about" }, ...about(each))),
      ...(progress ? progressParts(progress) : [el("p", { class: "stage" }, STATUSES[each.status])]),
    );
  }

  waitingTable(waiting) {
    const submit = el("a", { href: "/submit" }, "Submit a model");
    if (waiting.length === 0) return el("p", { class: "none" }, "Nobody is waiting. ", submit);
    const rows = waiting.map((each) => el(
      "tr",
      { class: this.mark(each), "data-id": each.id },
      el("td", { class: "place" }, each.position ?? "–"),
      el("th", { scope: "row" }, linked(each.model, each.link)),
      el("td", {}, edition(each)),
      el("td", {}, el("bdi", {}, each.submitter)),
      el("td", { class: each.note ? "outcome" : null }, STATUSES[each.status], each.note && el("p", {}, each.note)),
      el("td", {}, permanent(each, each.created_at)),
    ));
    return table(["Place", "Model", "Edition", "Submitted by", "Status", "Submitted"], rows);
  }

  historyTable(history) {
    if (history.length === 0) return el("p", { class: "none" }, "Nothing has been evaluated yet.");
    const rows = history.map((each) => el(
      "tr",
      { class: this.mark(each), "data-id": each.id },
      el("th", { scope: "row" }, linked(each.model, each.link)),
      el("td", {}, el("span", { class: `status ${each.status}` }, STATUSES[each.status])),
      el("td", { class: "outcome" }, ...outcome(each)),
      el("td", {}, edition(each)),
      el("td", {}, el("bdi", {}, each.submitter)),
      el("td", {}, permanent(each, each.updated_at)),
    ));
    return table(["Model", "Status", "Outcome", "Edition", "Submitted by", "Ended"], rows);
  }

  more({ history, history_total: total }) {
    const left = total - history.length;
    if (left <= 0) return "";
    const press = () => { this.history += PAGE; this.refresh(); };
    const words = `Show ${Math.min(PAGE, left)} more of ${left}`;
    return el("button", { type: "button", class: "quiet", onclick: press }, words);
  }

  mark(each, name = "") {
    return `${name} ${each.id === this.wanted ? "wanted" : ""}`.trim() || null;
  }
}

function title(words, count) {
  return count ? `${words} (${count})` : words;
}

function permanent(each, when) {
  return el("a", { class: "permanent", href: `/queue?id=${encodeURIComponent(each.id)}` }, moment(when));
}

function edition(each) {
  return each.edition === "rehearsal" ? "Rehearsal" : "Full";
}

function about(each) {
  const who = el("bdi", {}, each.submitter);
  const parts = [`${edition(each)} edition, ${each.engine}, submitted by `, who, " ", moment(each.created_at)];
  return each.attempt > 1 ? [...parts, `, attempt ${each.attempt}`] : parts;
}

function progressParts(progress) {
  const known = progress.total > 0;
  const share = known ? Math.min(1, progress.done / progress.total) : 0;
  const name = progress.task_title ? `: ${progress.task_title}` : "";
  const task = progress.task_count ? `, task ${progress.task_number} of ${progress.task_count}${name}` : "";
  const bar = known
    ? el("div", {
      class: "bar", role: "progressbar", "aria-label": "Items done",
      "aria-valuemin": 0, "aria-valuemax": progress.total, "aria-valuenow": progress.done, style: `--share:${share}`,
    })
    : null;
  const facts = [
    known ? `${progress.done.toLocaleString("en")} of ${progress.total.toLocaleString("en")} items` : null,
    progress.per_second ? `${progress.per_second.toFixed(1)} per second` : null,
    progress.seconds_left !== null ? `${duration(progress.seconds_left)} left` : null,
  ].filter(Boolean);
  return [
    el("p", { class: "stage" }, `${STAGES[progress.stage]}${task}`),
    bar,
    el("p", { class: "facts" }, ...facts.map((fact) => el("span", {}, fact))),
  ];
}

function outcome(each) {
  if (each.status === "finished") {
    const view = each.edition === "rehearsal" ? "rehearsal" : "measured";
    return [el("a", { href: `/?view=${view}&q=${encodeURIComponent(each.model)}` }, "See it on the board")];
  }
  if (!each.failure) return [""];
  const stage = each.failure.stage ? ` while: ${STAGES[each.failure.stage].toLowerCase()}` : "";
  return [el("code", {}, each.failure.code), stage, el("p", {}, each.failure.sentence)];
}

function table(titles, rows) {
  const heads = titles.map((text) => el("th", { scope: "col" }, text));
  for (const row of rows) [...row.cells].forEach((cell, at) => cell.setAttribute("data-title", titles[at]));
  const parts = [el("thead", {}, el("tr", {}, ...heads)), el("tbody", {}, ...rows)];
  return el("div", { class: "scroller" }, el("table", {}, ...parts));
}
