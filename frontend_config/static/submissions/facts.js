// What the queue's data mean in words.

import { el } from "../common/dom.js";
import { moment } from "../common/times.js";

export const STAGES = {
  download: "Downloading the model", load: "Loading the model", predict: "Asking the model",
  score: "Scoring the answers", publish: "Publishing the result",
};
export const STATUSES = {
  received: "Being checked", queued: "Waiting", running: "Running", scoring: "Scoring",
  finished: "Finished", failed: "Failed", cancelled: "Cancelled", withdrawn: "Withdrawn",
};
const ACTORS = { submitter: "the submitter", operator: "the operator", queue: "the queue", worker: "a worker" };
const UNITS = [["days", 129600, 86400], ["h", 5400, 3600], ["min", 60, 60]];
const GIGABYTE = 1e9;
const NO_ESTIMATE = "No estimate: nothing comparable has been timed here yet, or the queue stands still.";

/** "10–25 min" for [least, most] seconds. */
export function span([low, high]) {
  const [unit, , size] = UNITS.find(([, least]) => high >= least) ?? [];
  if (!unit) return "under a minute";
  const [least, most] = [Math.floor(low / size), Math.ceil(high / size)];
  if (least === 0) return `up to ${most} ${unit}`;
  return least === most ? `about ${most} ${unit}` : `${least}–${most} ${unit}`;
}

/** When a waiting submission is expected to begin and how long it will take; the title says why nothing is. */
export function expected(each) {
  const { begins, lasts } = each.estimate ?? {};
  const parts = [];
  if (each.status === "received") parts.push(el("span", {}, STATUSES.received));
  else if (begins) parts.push(el("span", { class: "soon" }, starts(begins)));
  else parts.push(el("span", { title: NO_ESTIMATE }, STATUSES.queued));
  if (lasts) parts.push(el("span", { class: "then" }, `then takes ${span(lasts)}`));
  return parts;
}

function starts(begins) {
  const words = span(begins);
  return words.startsWith("up to") ? `starts within ${words.slice(6)}` : `starts in ${words}`;
}

/** How far a download or a task is, as a share of 1 and in words; null where that is not known. */
export function advance({ stage, done, total }) {
  if (!(total > 0)) return null;
  const share = Math.min(1, done / total);
  if (stage === "download") {
    return { share, words: `${(done / GIGABYTE).toFixed(1)} of ${(total / GIGABYTE).toFixed(1)} GB` };
  }
  return { share, words: `${done.toLocaleString("en")} of ${total.toLocaleString("en")} items` };
}

/** "6.4 per second", or in megabytes while something is fetched. */
export function pace({ stage, per_second: rate }) {
  if (!rate) return null;
  return stage === "download" ? `${(rate / 1e6).toFixed(0)} MB per second` : `${rate.toFixed(1)} per second`;
}

/** Where it stopped: " while: asking the model, item 214 of 997 of MeQSum". */
export function stoppedAt({ stage, task_title: task, item, items }) {
  if (!stage) return "";
  const of = task ? ` of ${task}` : "";
  const place = item ? `, item ${item.toLocaleString("en")} of ${items.toLocaleString("en")}${of}` : of && `, ${task}`;
  return ` while: ${STAGES[stage].toLowerCase()}${place}`;
}

/** The title of the edition that was asked for. */
export function edition(each) {
  return each.edition === "rehearsal" ? "Rehearsal" : "Full";
}

/** Where it stands, as a badge. */
export function status(each) {
  return el("span", { class: `status ${each.status}` }, STATUSES[each.status]);
}

/** A link to the receipt, around these words. */
export function permanent(each, ...words) {
  return el("a", { class: "permanent", href: address(each.id) }, ...words);
}

/** Where the receipt of a submission is. */
export function address(id) {
  return `/submission?id=${encodeURIComponent(id)}`;
}

/** The operator's pause in sentences: why, since when, for how long, and what it means for those who wait. */
export function pausedByHand({ reason, since, until }) {
  const end = until ? [" It ends by itself ", moment(until), "."] : [];
  return [
    "The operator paused the queue ", moment(since), ": ", el("bdi", {}, reason), ...end,
    " What runs is finished; what is submitted is taken and waits.",
  ];
}

/** One line on who submitted what, when. */
export function about(each) {
  const who = el("bdi", {}, each.submitter);
  const when = permanent(each, moment(each.created_at));
  const attempt = each.attempt ? `, attempt ${each.attempt}` : "";
  return [`${edition(each)} edition, ${each.engine}, submitted by `, who, " ", when, attempt];
}

/** One event of a submission's history. */
export function eventLine(event) {
  const attempt = event.attempt ? `, attempt ${event.attempt}` : "";
  return el(
    "li",
    { class: event.status },
    el("p", {}, el("b", {}, STATUSES[event.status]), ` by ${ACTORS[event.actor]}${attempt}, `, moment(event.at)),
    event.reason && el("p", { class: "reason" }, event.reason),
  );
}
