// The way of a submission as a line of steps, from the form to the board or to where it stopped.

import { el } from "../common/dom.js";
import { advance, STATUSES } from "../submissions/facts.js";

const WAY = [
  ["received", "Received"],
  ["queued", "Queued"],
  ["running", "Running"],
  ["scoring", "Scoring"],
  ["finished", "Finished"],
];
const PLACES = { received: 0, queued: 1, running: 2, scoring: 3, finished: 4, withdrawn: 4 };
const STAGES = { download: 2, load: 2, predict: 2, score: 3, publish: 3 };

/** The steps; the one it stands at is marked, and one at which it ended in vain says how it ended. */
export function steps(each) {
  const ended = ["failed", "cancelled"].includes(each.status);
  const at = ended ? reached(each) : PLACES[each.status];
  const items = WAY.map(([name, words], place) => {
    const here = place === at;
    const done = place < at || each.status === "finished" || each.status === "withdrawn";
    const title = here && (ended || each.status === "withdrawn") ? STATUSES[each.status] : words;
    const state = here && ended ? each.status : done ? "done" : here ? "here" : "to-come";
    return el(
      "li",
      { class: state, "aria-current": here ? "step" : null },
      el(
        "span",
        { class: "title" },
        title,
        el("span", { class: "unseen" }, state === "done" ? ", done" : state === "to-come" ? ", to come" : ""),
      ),
      here && detail(each, name) ? el("span", { class: "detail" }, detail(each, name)) : null,
    );
  });
  return el("ol", { class: "steps", "aria-label": "The way of this submission" }, ...items);
}

/** Where it was when it ended: told by the failure, or by the last step but one. */
function reached({ failure, events }) {
  if (failure?.stage) return STAGES[failure.stage];
  const before = events.map(({ status }) => PLACES[status]).filter((place) => place !== undefined);
  return before.at(-1) ?? 0;
}

function detail({ position, progress }, name) {
  if (name === "queued" && position) return position === 1 ? "next in line" : `number ${position} in line`;
  if (name !== "running" || !progress) return null;
  const { stage, task_number: number, task_count: count } = progress;
  if (stage === "download") {
    return `downloading${advance(progress) ? `, ${Math.round(100 * advance(progress).share)} %` : ""}`;
  }
  if (stage === "load") return "loading the model";
  return number && count ? `task ${number} of ${count}` : null;
}
