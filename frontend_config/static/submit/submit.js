// The form: what is typed is looked at before it is submitted, and the receipt stands where the form was sent from.

import { el, linkButton, shadow, styles } from "../common/dom.js";
import { span } from "../submissions/facts.js";
import { Checks } from "./checks.js";
import { Combobox } from "./combobox.js";

const PAUSE_MS = 450;
const EDITIONS = [
  ["full", "Full", "The benchmark's own data. The result appears on the board."],
  ["rehearsal", "Rehearsal", "Invented data, to try things out. The result says nothing about the model."],
];
const DOMAINS = [["biomedical", "Biomedical"], ["general", "General"], ["", "Not stated"]];
const NO_ANSWER = "The server did not answer. Press Submit again: the same commit is never taken twice.";
const OF_THE_HUB = "Filled in from the model card on the Hub. Change it if it is wrong.";
const OF_NOBODY = "The model it was made from. Left empty, the one that the Hub states counts.";
const sheets = styles(import.meta.url, "../common/shared.css", "submit.css");

/** Fills `host` with the form; `server` suggests, checks and submits. */
export async function mount(host, server) {
  new Form(await shadow(host, sheets), server);
}

class Form {
  constructor(root, server) {
    this.server = server;
    this.number = 0;
    this.checks = new Checks();
    const name = { maxlength: 200, autocapitalize: "off", spellcheck: "false" };
    this.model = field("model", "owner/name", { ...name, required: true });
    this.base = field("base", "owner/name", name);
    this.revision = field("revision", "main", { ...name, maxlength: 250 });
    this.source = el("p", { class: "hint", id: "base-hint" }, OF_NOBODY);
    this.outcome = el("div", { tabindex: -1 });
    this.button = el("button", { type: "submit", class: "deed", id: "submit" }, "Submit");
    const suggestions = new Combobox(this.model, (text) => this.server.suggest(text), () => this.changed(true));
    this.form = el(
      "form",
      { novalidate: true, onsubmit: (event) => { event.preventDefault(); this.submit(); } },
      el("div", { class: "card fields" }, ...this.fields(suggestions)),
      this.checks.node,
      el(
        "div",
        { class: "actions" },
        el("p", { class: "buttons" }, this.button, linkButton(() => location.href)),
        this.outcome,
      ),
    );
    this.read();
    this.form.addEventListener("input", (event) => this.changed(event.target === this.model));
    this.base.addEventListener("input", () => { this.filled = false; });
    addEventListener("popstate", () => this.read());
    root.append(this.form);
  }

  fields(suggestions) {
    return [
      labelled(
        "Model",
        "Its id on the Hub. scripted/rules needs no download: use it with the rehearsal edition.",
        this.model,
        suggestions.node,
        suggestions.said,
      ),
      choices("edition", "Edition", EDITIONS),
      choices("domain", "Training", DOMAINS, "What it was trained for."),
      el("div", { class: "field" }, el("label", { for: "base" }, "Base model (optional)"), this.source, this.base),
      labelled(
        "Revision (optional)",
        "A branch, tag or commit. It is pinned to a commit.",
        this.revision,
        this.revision,
      ),
    ];
  }

  /** Everything as the address says it. */
  read() {
    const asked = new URLSearchParams(location.search);
    for (const name of ["model", "base", "revision"]) this[name].value = asked.get(name) ?? "";
    this.filled = !asked.get("base");
    this.choose("edition", asked.get("edition"), "full");
    this.choose("domain", asked.get("domain"), "");
    this.look();
  }

  choose(name, value, otherwise) {
    const offered = [...this.form.elements[name]];
    const wanted = offered.find((each) => each.value === value) ?? offered.find((each) => each.value === otherwise);
    wanted.checked = true;
  }

  /** What is typed; a base model that the Hub stated itself need not be said to it. */
  wish() {
    const { edition, domain } = this.form.elements;
    return {
      model: this.model.value, revision: this.revision.value, edition: edition.value, domain: domain.value,
      base: this.filled ? "" : this.base.value,
    };
  }

  changed(isModel) {
    if (isModel && this.filled) this.fill(null);
    const said = Object.entries(this.wish()).filter(
      ([name, value]) => value.trim() && !(name === "edition" && value === "full"),
    );
    const query = new URLSearchParams(said.map(([name, value]) => [name, value.trim()])).toString();
    history.replaceState(null, "", `${location.pathname}${query && `?${query}`}`);
    clearTimeout(this.timer);
    this.number += 1;
    this.timer = setTimeout(() => this.look(), PAUSE_MS);
  }

  async look() {
    this.number += 1;
    const number = this.number;
    if (!/^\s*[^\s/]+\/[^\s/]+\s*$/.test(this.model.value)) {
      this.checks.clear();
      return;
    }
    this.checks.wait();
    const outlook = await this.server.preflight(this.wish()).catch(() => null);
    if (number !== this.number) return;
    this.checks.show(outlook);
    if (this.filled) this.fill(outlook?.base_model ?? null);
  }

  fill(base) {
    this.base.value = base ?? "";
    this.source.textContent = base ? OF_THE_HUB : OF_NOBODY;
    this.filled = true;
  }

  async submit() {
    this.button.disabled = true;
    this.button.textContent = "Submitting…";
    this.outcome.replaceChildren();
    const answer = await this.server.submit(this.wish()).catch(() => ({ declined: NO_ANSWER }));
    this.button.disabled = false;
    this.button.textContent = "Submit";
    this.outcome.replaceChildren(answer.receipt ? receipt(answer.receipt) : refusal(answer));
    this.outcome.scrollIntoView({ block: "nearest" });
  }
}

function refusal({ declined = NO_ANSWER, signed_out: signedOut }) {
  if (signedOut) document.dispatchEvent(new CustomEvent("clue-signed-out"));
  const way = signedOut && el("p", {}, el("a", { href: "/signin" }, "Sign in"));
  const said = [el("h2", {}, "Not submitted"), el("p", {}, declined), way].filter(Boolean);
  return el("div", { class: "outcome refused", role: "alert" }, ...said);
}

function receipt({ id, address, model, sentence, position, estimate }) {
  const rows = [
    ["Model", el("bdi", {}, model)],
    ["Place in the queue", position],
    ["Starts in", estimate?.begins && span(estimate.begins)],
    ["Then takes", estimate?.lasts && span(estimate.lasts)],
    ["Receipt", el("code", {}, id)],
  ].filter(([, value]) => value);
  return el(
    "div",
    { class: "outcome accepted", role: "status" },
    el("h2", {}, "Submitted"),
    el("p", {}, sentence),
    el("dl", {}, ...rows.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)))),
    el("p", {}, el("a", { href: address }, "Open the receipt")),
  );
}

function field(id, placeholder, more) {
  return el("input", { id, type: "text", placeholder, ...more, "aria-describedby": `${id}-hint` });
}

function labelled(words, hint, input, ...parts) {
  return el(
    "div",
    { class: "field" },
    el("label", { for: input.id }, words),
    el("p", { class: "hint", id: `${input.id}-hint` }, hint),
    ...parts,
  );
}

function choices(name, words, offered, hint) {
  const each = offered.map(([value, label, meaning]) => el(
    "label", { class: "choice" }, el("input", { type: "radio", name, value }),
    el("span", {}, el("b", {}, label), meaning && el("span", { class: "hint" }, meaning)),
  ));
  return el(
    "fieldset",
    { class: `field ${name}` },
    el("legend", {}, words),
    hint && el("p", { class: "hint" }, hint),
    el("div", { class: "choices" }, ...each),
  );
}
