// The cards of the queue: one for each running submission, and the whole story of a single one.

import { el, linked, settle } from "../common/dom.js";
import {
  about,
  address,
  advance,
  eventLine,
  expected,
  pace,
  span,
  STAGES,
  status,
  STATUSES,
  stoppedAt,
} from "./facts.js";
import { duration, moment } from "../common/times.js";

/** The card of a running submission; its buttons stay where they are while the numbers change. */
export function runningCard(each, worker, kept, deeds) {
  const { progress, estimate, updated_at: beaten, ...rest } = each;
  const key = `running ${each.id}`;
  const card = kept.get(key, null, () => el("article", { "data-id": each.id }));
  const head = kept.get(`${key} head`, rest, () => el(
    "header", {}, el("h3", {}, linked(each.model, each.link)), el("p", { class: "about" }, ...about(each)),
  ));
  return settle(card, [head, progressPart(each, worker, kept, key), ...buttonsPart(each, kept, key, deeds)]);
}

/** The whole of one submission: what is known, why it failed, its log, and everything that befell it. */
export function ownCard(each, worker, kept, deeds) {
  const { progress, estimate, updated_at: beaten, ...rest } = each;
  const key = `own ${each.id}`;
  const card = kept.get(key, null, () => el("article", { class: "wanted", "data-id": each.id }));
  const head = kept.get(`${key} head`, rest, () =>
    el(
      "header",
      {},
      el("h3", {}, linked(each.model, each.link)),
      status(each),
      el("p", { class: "about" }, ...about(each)),
    ),
  );
  const running = each.status === "running" || each.status === "scoring";
  return settle(card, [
    head,
    ...(running ? [progressPart(each, worker, kept, key)] : []),
    kept.get(`${key} story`, [rest, running ? null : estimate], () => story(each)),
    ...buttonsPart(each, kept, key, deeds),
    kept.get(`${key} events`, each.events, () => timeline(each.events)),
  ]);
}

/** The buttons of a submission, if it has any for this person. */
export function buttonsPart(each, kept, key, deeds) {
  const made = kept.get(
    `${key} deeds`,
    deeds.offered(each),
    () => deeds.buttons(each) ?? el("p", { hidden: true }),
  );
  return made.hidden ? [] : [made];
}

function progressPart(each, worker, kept, key) {
  const shown = [each.progress, each.estimate, each.status, worker.seen_at];
  return kept.get(`${key} progress`, shown, () => {
    const progress = each.progress ?? { stage: null };
    const far = advance(progress);
    const facts = [
      far && el("span", {}, far.words),
      pace(progress) && el("span", {}, pace(progress)),
      Number.isFinite(progress.seconds_left)
        && el(
          "span",
          {},
          `${duration(progress.seconds_left)} left${progress.stage === "predict" ? " in this task" : ""}`,
        ),
      each.estimate?.lasts && el("span", {}, `${span(each.estimate.lasts)} to go in all`),
      worker.seen_at && el("span", {}, "worker last seen ", moment(worker.seen_at)),
    ].filter(Boolean);
    return el(
      "div",
      { class: "progress" },
      el("p", { class: "stage" }, stageWords(each)),
      far && bar(progress, far),
      el("p", { class: "facts" }, ...facts),
    );
  });
}

function stageWords({ progress, status: now }) {
  if (!progress) return STATUSES[now];
  const { stage, task_count: tasks, task_number: number, task_title: title } = progress;
  const task = tasks && number ? `, task ${number} of ${tasks}${title ? `: ${title}` : ""}` : "";
  return `${STAGES[stage]}${task}`;
}

function bar({ stage, done, total }, { share, words }) {
  return el("div", {
    class: "bar", role: "progressbar", "aria-label": stage === "download" ? "Downloaded" : "Items done",
    "aria-valuemin": 0, "aria-valuemax": total, "aria-valuenow": done, "aria-valuetext": words,
    style: `--share:${share}`,
  });
}

function story(each) {
  const rows = [
    ["Submission", el("code", {}, each.id)],
    ["Commit", each.revision && el("code", { title: each.revision }, each.revision.slice(0, 12))],
    ["Place in the queue", each.position],
    [
      "Expected",
      each.status === "queued" || each.status === "received"
        ? el("span", { class: "expected" }, ...expected(each))
        : null,
    ],
    ["Waits because", each.note],
    ["Replaces", each.supersedes && el("a", { href: address(each.supersedes) }, each.supersedes)],
    ["Replaced by", each.superseded_by && el("a", { href: address(each.superseded_by) }, each.superseded_by)],
    ["Withdrawn because", each.withdrawn],
  ].filter(([, value]) => value !== null && value !== undefined && value !== "");
  const facts = el("dl", {}, ...rows.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
  return el("div", { class: "story" }, facts, ...(each.failure ? failure(each.failure) : []), board(each));
}

function failure(found) {
  const lines = found.log?.lines ?? [];
  return [
    el("div", { class: `failure ${found.code === "cancelled" ? "calm" : ""}` },
      el("p", {}, el("code", {}, found.code), stoppedAt(found)),
      el("p", { class: "sentence" }, found.sentence),
      el("p", { class: "advice" }, found.advice)),
    found.log && lines.length > 0
      ? el("details", { open: true }, el("summary", {}, found.log.says), logLines(lines))
      : found.log && found.code !== "cancelled" && el("p", { class: "none" }, found.log.says),
  ];
}

/** Log lines as text, to be scrolled with the keyboard as well. */
export function logLines(lines) {
  return el("pre", { tabindex: 0, role: "region", "aria-label": "Log" }, lines.join("\n"));
}

/** The way to the board for what stands on it: to its own row where that is known. */
export function board(each) {
  if (each.status !== "finished" || each.superseded_by) return null;
  if (each.row) return el("p", { class: "row" }, el("a", { class: "deed", href: each.row }, "See its scores"));
  const view = each.edition === "rehearsal" ? "rehearsal" : "measured";
  return el("p", {}, el("a", { href: `/?view=${view}&q=${encodeURIComponent(each.model)}` }, "See it on the board"));
}

function timeline(events) {
  if (events.length === 0) return el("p", { hidden: true });
  return el("div", { class: "timeline" }, el("h4", {}, "What happened"), el("ol", {}, ...events.map(eventLine)));
}
