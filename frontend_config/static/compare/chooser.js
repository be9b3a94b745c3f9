// Chooses two to four models: those chosen, in their order, and a field that finds more while one types.

import { badge } from "./badge.js";
import { counted, plain } from "../common/numbers.js";
import { DOMAINS } from "../common/domains.js";
import { el } from "../common/dom.js";
import { findModel } from "./roster.js";
import { FEWEST, MOST } from "./state.js";
import { pageLink } from "../common/views.js";

const SHOWN = 50;

export class Chooser {
  /** `change(names)` is told the names that are chosen now. */
  constructor(change) {
    this.change = change;
    this.roster = [];
    this.names = [];
    this.offered = [];
    this.active = -1;
    this.list = el("ol", { class: "chosen", "aria-label": "Chosen models" });
    this.options = el("ul", { class: "options", id: "options", role: "listbox", "aria-label": "Models", hidden: true });
    this.field = el("input", {
      type: "text", role: "combobox", "aria-expanded": "false", "aria-controls": "options", "aria-autocomplete": "list",
      id: "add", autocomplete: "off", spellcheck: "false", maxlength: 200, placeholder: "Type a part of a name",
      oninput: () => this.open(), onclick: () => this.open(), onblur: () => this.close(),
      onkeydown: (event) => this.press(event),
    });
    this.status = el("p", { class: "unseen", role: "status" });
    this.hint = el("p", { class: "hint" });
    const combo = el("div", { class: "combo" }, this.field, this.options);
    this.adding = el("div", { class: "adding" }, el("label", { for: "add" }, "Add a model"), combo);
    const parts = [this.list, this.adding, this.hint, this.status];
    this.node = el("section", { class: "card chooser", "aria-label": "Models to compare" }, ...parts);
  }

  /** Shows these names, each as the model it means in this roster, or as unknown. */
  show(roster, names, { decimals, view }) {
    const renewed = this.roster !== roster;
    Object.assign(this, { roster, names, decimals, view });
    this.list.replaceChildren(...names.map((name, place) => this.chip(name, place)));
    this.list.hidden = names.length === 0;
    this.adding.hidden = names.length >= MOST;
    this.hint.hidden = names.length !== FEWEST - 1;
    this.hint.textContent = "Add another model to compare it with.";
    if (renewed && !this.options.hidden) this.open();
  }

  chip(name, place) {
    const model = findModel(this.roster, name);
    const move = () => {
      const order = [...this.names];
      [order[place - 1], order[place]] = [order[place], order[place - 1]];
      this.turn(order, place - 1, ".earlier, .remove");
    };
    const remove = () => {
      this.turn(this.names.filter((each) => each !== name), Math.min(place, this.names.length - 2), ".remove");
    };
    const small = (kind, label, sign, act) => el(
      "button", { type: "button", class: kind, "aria-label": label, title: label, onclick: act }, sign,
    );
    const label = model?.label ?? name;
    return el(
      "li",
      { class: model ? null : "unknown" },
      badge(place),
      el(
        "span",
        { class: "what" },
        nameOf(model, label, this.view),
        el("small", {}, model ? describe(model, this.decimals) : "not in this view"),
      ),
      place > 0 ? small("earlier", `Move ${label} one place forward`, "←", move) : null,
      small("remove", `Remove ${label}`, "×", remove),
    );
  }

  /** Tells the new names and keeps the focus near where it was. */
  turn(names, place, wanted) {
    this.change(names);
    const kept = this.list.children[place]?.querySelector(wanted);
    (kept ?? this.field).focus();
    this.close();
  }

  open() {
    const parts = this.field.value.toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = new Set(this.names.map((name) => findModel(this.roster, name)?.name));
    const found = this.roster.filter((model) => {
      const text = `${model.name} ${model.label} ${model.domain ?? ""}`.toLowerCase();
      return !chosen.has(model.name) && parts.every((part) => text.includes(part));
    });
    this.offered = found.slice(0, SHOWN);
    this.options.replaceChildren(...this.offered.map((model, place) => this.option(model, place)));
    if (found.length === 0) {
      this.options.replaceChildren(nothing(this.roster.length ? "No model matches." : "No model is here yet."));
    }
    this.options.hidden = false;
    this.field.setAttribute("aria-expanded", "true");
    this.status.textContent = `${counted(found.length, "model")} found`;
    this.mark(parts.length && found.length ? 0 : -1);
  }

  option(model, place) {
    const pick = (event) => {
      event.preventDefault();
      this.pick(model);
    };
    return el(
      "li",
      { id: `option-${place}`, role: "option", "aria-selected": "false", onpointerdown: pick },
      el("bdi", {}, model.name),
      el("small", {}, describe(model, this.decimals)),
    );
  }

  mark(place) {
    this.active = place;
    [...this.options.children].forEach((node, each) => node.setAttribute("aria-selected", String(each === place)));
    if (place < 0) this.field.removeAttribute("aria-activedescendant");
    else this.field.setAttribute("aria-activedescendant", `option-${place}`);
    this.options.children[place]?.scrollIntoView({ block: "nearest" });
  }

  close() {
    this.options.hidden = true;
    this.field.setAttribute("aria-expanded", "false");
    this.field.removeAttribute("aria-activedescendant");
    this.active = -1;
  }

  pick(model) {
    this.field.value = "";
    this.close();
    this.change([...this.names, model.name]);
    const last = this.list.lastElementChild?.querySelector(".remove");
    (this.adding.hidden ? last : this.field)?.focus();
    this.status.textContent = `${model.name} added`;
  }

  press(event) {
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (Object.hasOwn(steps, event.key)) {
      event.preventDefault();
      if (this.options.hidden) this.open();
      const size = this.offered.length;
      const from = this.active < 0 && event.key === "ArrowUp" ? 0 : this.active;
      if (size) this.mark((from + steps[event.key] + size) % size);
    } else if (event.key === "Enter" && this.active >= 0) {
      event.preventDefault();
      this.pick(this.offered[this.active]);
    } else if (event.key === "Escape") {
      this.close();
    } else if (event.key === "Backspace" && !this.field.value && this.names.length) {
      this.change(this.names.slice(0, -1));
    }
  }
}

function nothing(words) {
  return el("li", { class: "nothing", role: "option", "aria-disabled": "true" }, words);
}

function nameOf(model, label, view) {
  const text = el("bdi", {}, label);
  return model ? el("a", { href: pageLink("/model", [["id", model.name]], view) }, text) : text;
}

function describe(model, decimals) {
  const domain = DOMAINS[model.domain];
  const score = model.score === null ? null : `${model.scoreTitle} ${plain(model.score, decimals)}`;
  return [domain, score].filter(Boolean).join(" · ");
}
