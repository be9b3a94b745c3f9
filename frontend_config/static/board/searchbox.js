// The search field, what it understands, and what it did not understand just now.

import { popover } from "./buttons.js";
import { el } from "../common/dom.js";
import { OPEN_MEANS } from "./filters.js";
import { FIELDS } from "./search.js";

const RULES = [
  ["notes 70b", "every word must occur, anywhere in name, base model, licence and the other words of a row"],
  ["llama; mistral", "a semicolon means or"],
  ['"7b instruct"', "quotes keep words together"],
];

export class SearchBox {
  /** `onSearch(text)` is called with every letter. */
  constructor(onSearch) {
    this.input = el("input", {
      type: "search", placeholder: "Search models", "aria-label": "Search models", spellcheck: "false",
      autocomplete: "off", maxlength: 200, "aria-describedby": "search-hint",
      oninput: () => onSearch(this.input.value),
    });
    this.hint = el("p", { class: "hint", id: "search-hint", role: "status", hidden: true });
    const fields = Object.values(FIELDS).map(({ example, help }) => [example, help]);
    const line = ([example, help]) => [el("dt", {}, el("code", {}, example)), el("dd", {}, help)];
    const lines = el("dl", {}, ...[...RULES, ...fields].flatMap(line));
    const open = el("p", { class: "muted" }, "Open licence: ", OPEN_MEANS);
    const unseen = el("span", { class: "unseen" }, "How to search");
    const mark = el("span", {}, el("span", { "aria-hidden": "true" }, "?"), unseen);
    this.node = el("div", { class: "search" }, this.input, popover(mark, "help", lines, open), this.hint);
  }

  show(text, hints) {
    if (this.input.value !== text) this.input.value = text;
    this.hint.textContent = hints.join(" ");
    this.hint.hidden = hints.length === 0;
  }
}
