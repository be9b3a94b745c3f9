// The tables of the queue: who waits, and everything that has ended.

import { el, linked, settle } from "../common/dom.js";
import { board, buttonsPart, logLines } from "../submissions/cards.js";
import { address, edition, expected, permanent, status, stoppedAt } from "../submissions/facts.js";
import { moment } from "../common/times.js";

const WAITING = ["Place", "Model", "Expected", "Edition", "Submitted by", "Submitted"];
const HISTORY = ["Model", "Status", "Outcome", "Edition", "Submitted by", "Ended"];

/** The waiting submissions in the order in which they are taken. */
export function waitingTable(waiting, wanted, kept, deeds) {
  const rows = waiting.map((each) => {
    const cell = expectedCell(each, kept, deeds);
    return kept.get(`row ${each.id}`, [each.position, each.model, wanted, "waiting"], () => row(each, wanted, WAITING, [
      el("td", { class: "place" }, each.position ?? "–"),
      el("th", { scope: "row" }, linked(each.model, each.link)),
      cell,
      el("td", {}, edition(each)),
      el("td", {}, el("bdi", {}, each.submitter)),
      el("td", {}, permanent(each, moment(each.created_at))),
    ]));
  });
  return table("waiting", WAITING, rows, kept);
}

/** Estimates move all the time; the buttons beside them stay what they are. */
function expectedCell(each, kept, deeds) {
  const key = `expected ${each.id}`;
  const words = kept.get(`${key} words`, [each.status, each.estimate, each.note], () => el(
    "div", { class: "words" }, ...expected(each), each.note && el("p", { class: "note" }, each.note),
  ));
  settle(kept.get(`${key} inside`, null, () => el("div")), [words, ...buttonsPart(each, kept, key, deeds)]);
  return kept.get(key, null, () => el("td", { class: "expected" }, kept.get(`${key} inside`, null, () => el("div"))));
}

/** What has ended, newest first. */
export function historyTable(history, wanted, kept, deeds) {
  const rows = history.map((each) =>
    kept.get(`row ${each.id}`, [each, wanted, deeds.offered(each), "history"], () =>
      row(each, wanted, HISTORY, [
        el("th", { scope: "row" }, linked(each.model, each.link)),
        el("td", {}, status(each)),
        el("td", { class: "outcome" }, ...outcome(each), deeds.buttons(each)),
        el("td", {}, edition(each)),
        el("td", {}, el("bdi", {}, each.submitter)),
        el("td", {}, permanent(each, moment(each.updated_at))),
      ]),
    ),
  );
  return table("history", HISTORY, rows, kept);
}

function outcome(each) {
  return [
    each.superseded_by
      && el("p", {}, "Replaced by ", el("a", { href: address(each.superseded_by) }, "a later evaluation"), "."),
    each.withdrawn && el("p", {}, `Withdrawn: ${each.withdrawn}`),
    board(each),
    ...(each.failure ? failure(each) : []),
  ];
}

function failure({ id, failure: found }) {
  return [
    el("p", {}, el("code", {}, found.code), stoppedAt(found)),
    el("p", { class: "sentence" }, found.sentence),
    el("p", { class: "advice" }, found.advice),
    found.has_log ? log(id) : null,
  ];
}

function log(id) {
  const inside = el("div", {}, el("p", { class: "none" }, "One moment…"));
  const show = async (event) => {
    if (!event.target.open) return;
    const answer = await fetch(`/v1/submissions/${encodeURIComponent(id)}`).catch(() => null);
    if (!answer?.ok) {
      inside.replaceChildren(
        el("p", { class: "none" }, "The log could not be loaded. Close and open this to try again."),
      );
      return;
    }
    const { failure: now } = await answer.json();
    if (!now) return; // it was retried meanwhile, and the row is about to say so
    const { says, lines } = now.log;
    inside.replaceChildren(el("p", { class: "none" }, says), lines.length > 0 ? logLines(lines) : "");
  };
  return el("details", { ontoggle: show }, el("summary", {}, "Show log"), inside);
}

function row(each, wanted, titles, cells) {
  cells.forEach((cell, at) => cell.setAttribute("data-title", titles[at]));
  return el("tr", { class: each.id === wanted ? "wanted" : null, "data-id": each.id }, ...cells);
}

function table(name, titles, rows, kept) {
  const body = kept.get(`${name} body`, null, () => el("tbody"));
  settle(body, rows);
  return kept.get(name, null, () => {
    const heads = titles.map((text) => el("th", { scope: "col" }, text));
    return el("div", { class: "scroller" }, el("table", {}, el("thead", {}, el("tr", {}, ...heads)), body));
  });
}
