// What a submission would meet, as a list that says of each check how it went.

import { el } from "../common/dom.js";
import { span } from "../submissions/facts.js";

const MARKS = {
  ok: ["✓", "Fine"], warning: ["!", "Worth knowing"], refusal: ["✕", "Refused"], unknown: ["?", "Not known"],
};
const EMPTY = "Name a model, and what the Hub, the queue and the board say of it stands here before you submit.";

/** The panel of checks; `show(outlook)` and `wait()` change what it says. */
export class Checks {
  constructor() {
    this.summary = el("p", { class: "summary", role: "status" }, EMPTY);
    this.list = el("ul", { class: "checks" });
    this.turn = el("dl", { class: "turn", hidden: true });
    this.node = el(
      "section",
      { class: "card", "aria-labelledby": "checks-title" },
      el("h2", { id: "checks-title" }, "Before you submit"),
      this.summary,
      this.list,
      this.turn,
    );
  }

  clear() {
    this.summary.textContent = EMPTY;
    this.node.removeAttribute("aria-busy");
    this.list.replaceChildren();
    this.turn.hidden = true;
  }

  wait() {
    this.node.setAttribute("aria-busy", "true");
    this.summary.textContent = "Checking…";
  }

  show(outlook) {
    this.node.removeAttribute("aria-busy");
    if (!outlook || outlook.declined) {
      this.list.replaceChildren();
      this.turn.hidden = true;
      this.summary.textContent = outlook?.declined ?? "The checks did not answer. You can submit all the same.";
      return;
    }
    this.summary.textContent = said(outlook);
    this.list.replaceChildren(...outlook.checks.map(line));
    this.showTurn(outlook);
  }

  showTurn({ position, estimate }) {
    const facts = [
      ["Place in the queue", position && (position === 1 ? "next" : `${position} or better`)],
      ["Starts in", estimate?.begins && span(estimate.begins)],
      ["Then takes", estimate?.lasts && `${span(estimate.lasts)} of this machine`],
    ].filter(([, value]) => value);
    this.turn.replaceChildren(...facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
    this.turn.hidden = facts.length === 0;
  }
}

function said({ checks, refused }) {
  const count = (finding) => checks.filter((check) => check.finding === finding).length;
  if (refused) return "It cannot be submitted as it stands.";
  if (count("warning") > 0) {
    return `It can be submitted. ${count("warning")} of these ${count("warning") === 1 ? "is" : "are"} worth knowing.`;
  }
  return "It can be submitted.";
}

function line({ title, finding, sentence, link }) {
  const [mark, word] = MARKS[finding];
  return el(
    "li",
    { class: finding },
    el("span", { class: "mark", "aria-hidden": "true" }, mark),
    el("div", {},
      el("h3", {}, title, el("span", { class: "unseen" }, `: ${word}`)),
      el("p", {}, el("bdi", {}, sentence), link && " ", link && el("a", { href: link }, "Look at it"))),
  );
}
