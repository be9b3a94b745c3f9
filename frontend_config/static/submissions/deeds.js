// What a person may do with their own submissions, and an operator with all: the buttons, and the dialog that asks first.

import { el } from "../common/dom.js";

const WORDS = {
  cancel: {
    button: "Cancel", title: "Cancel this evaluation?", yes: "Cancel the evaluation", no: "Let it go on",
    meaning: "Answers written so far are kept: a retry goes on from there.",
  },
  retry: {
    button: "Retry from where it stopped", title: "Retry this evaluation?", yes: "Retry", no: "Not now",
    meaning: "It joins the queue again. What is answered already is not asked again.",
  },
  withdraw: {
    button: "Withdraw…", title: "Withdraw this result?", yes: "Withdraw the result", no: "Keep it",
    meaning: "It leaves the board for good. Ledger and history keep it, with your reason for everybody to read.",
  },
};
const NO_ANSWER = "The server did not answer. Nothing may have been changed; look again in a moment.";

export class Deeds {
  /** `server.act` carries out, `changed` is called when something may have changed. */
  constructor(server, changed) {
    this.server = server;
    this.changed = changed;
    this.person = null;
    this.operator = false;
    this.node = el("dialog", { "aria-labelledby": "deed-title" });
  }

  /** Takes in what the server says of whoever sits here; the person is a key that tells nobody who they are. */
  learn(known) {
    this.person = known?.person ?? null;
    this.operator = known?.operator ?? false;
  }

  /** What this person may do with it: an operator with each, anybody else with their own. */
  offered(each) {
    if (this.operator) return each.operator_deeds;
    return this.person !== null && each.submitter_key === this.person ? each.deeds : [];
  }

  /** Buttons for what this person may do; nothing on the submissions of others. */
  buttons(each) {
    const offered = this.offered(each);
    if (offered.length === 0) return null;
    const made = offered.map((deed) =>
      el(
        "button",
        {
          type: "button",
          class: "quiet",
          "aria-label": `${WORDS[deed].button} ${each.model}`,
          onclick: () => this.ask(each, deed),
        },
        WORDS[deed].button,
      ),
    );
    return el("p", { class: "deeds" }, ...made);
  }

  ask(each, deed) {
    const words = WORDS[deed];
    const reason =
      deed === "withdraw" ? el("textarea", { id: "deed-reason", rows: 3, maxlength: 500, required: true }) : null;
    const said = el("p", { class: "said", role: "status" });
    const no = el("button", { type: "button", class: "quiet", onclick: () => this.node.close() }, words.no);
    const yes = el("button", { type: "submit", class: "deed" }, words.yes);
    const question = el(
      "div",
      { class: "question" },
      el("p", {}, words.meaning),
      reason && el("label", { for: "deed-reason" }, "Reason"),
      reason,
    );
    const form = el(
      "form",
      {
        onsubmit: (event) => {
          event.preventDefault();
          this.carryOut(each, deed, reason, { yes, no, said, question });
        },
      },
      el("h2", { id: "deed-title" }, words.title),
      el("p", { class: "whose" }, el("bdi", {}, each.model)),
      question,
      said,
      el("p", { class: "choices" }, no, yes),
    );
    this.node.replaceChildren(form);
    this.node.showModal();
    (reason ?? no).focus();
  }

  async carryOut(each, deed, reason, { yes, no, said, question }) {
    yes.disabled = true;
    said.className = "said";
    said.textContent = "One moment…";
    const wish = { deed, id: each.id, reason: reason?.value ?? "" };
    const answer = await this.server.act(wish).catch(() => null);
    said.textContent = answer?.sentence ?? NO_ANSWER;
    said.className = `said ${answer?.done ? "done" : "refused"}`;
    yes.disabled = false;
    if (answer?.done) {
      question.remove();
      yes.remove();
      no.textContent = "Close";
      no.focus();
    }
    await this.changed();
  }
}
