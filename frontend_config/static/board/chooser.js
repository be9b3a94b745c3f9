// The choice of columns, one by one or a group at a time.

import { popover } from "./buttons.js";
import { fullTitle, grouped, shownColumns } from "./columns.js";
import { el } from "../common/dom.js";

export class Chooser {
  /** `onChoose(columns)` is called with the names, joined by commas; `onOpen()` asks for all columns there are. */
  constructor(onChoose, onOpen) {
    this.onChoose = onChoose;
    this.find = el("input", {
      type: "search", placeholder: "Find a column", "aria-label": "Find a column", autocomplete: "off",
      oninput: () => this.narrow(),
    });
    this.none = el("p", { class: "muted", role: "status", hidden: true });
    this.groups = el("div", { class: "groups" });
    this.node = popover("Columns", "chooser", this.find, this.none, this.groups);
    this.node.addEventListener("toggle", () => { if (this.node.open) onOpen(); });
  }

  show(state, data) {
    this.complete = data.complete;
    const key = `${data.view} ${data.complete} ${data.columns.map((column) => `${column.name} ${column.title}`)}`;
    if (this.key !== key) {
      this.key = key;
      const sets = [...grouped(data.columns)].map(([group, columns]) => this.fieldset(group, columns));
      const held = this.groups.querySelector("input:focus")?.value;
      this.groups.replaceChildren(...sets);
      this.narrow();
      if (held) this.groups.querySelector(`input[value="${CSS.escape(held)}"]`)?.focus();
    }
    const shown = new Set(shownColumns(data, state).map((column) => column.name));
    for (const box of this.groups.querySelectorAll("input")) box.checked = shown.has(box.value);
  }

  fieldset(group, columns) {
    const boxes = columns.filter((column) => column.kind !== "model").map((column) => el(
      "label",
      { class: `check${column.part_of && column.kind === "score" ? " part" : ""}` },
      el("input", { type: "checkbox", value: column.name, onchange: () => this.choose() }),
      el("bdi", {}, column.kind === "interval" ? column.part_of : fullTitle(column)),
    ));
    const turn = (word) => el(
      "button",
      {
        type: "button", class: "plain", "aria-label": `${group}: ${word}`,
        onclick: () => this.turn(set, word === "all"),
      },
      word,
    );
    const turns = el("div", { class: "turns" }, turn("all"), turn("none"));
    const set = el("fieldset", {}, el("legend", {}, group), turns, ...boxes);
    return set;
  }

  turn(set, checked) {
    for (const label of set.querySelectorAll("label:not([hidden])")) label.firstChild.checked = checked;
    this.choose();
  }

  choose() {
    const names = [...this.groups.querySelectorAll("input:checked")].map((box) => box.value);
    this.onChoose(["model", ...names].join(","));
  }

  narrow() {
    const wanted = this.find.value.trim().toLowerCase();
    for (const set of this.groups.children) {
      const group = set.querySelector("legend").textContent.toLowerCase();
      const labels = [...set.querySelectorAll("label")];
      for (const label of labels) label.hidden = !`${group} ${label.textContent.toLowerCase()}`.includes(wanted);
      set.hidden = labels.every((label) => label.hidden);
    }
    this.none.textContent = this.complete ? "No column is called that." : "Loading…";
    this.none.hidden = this.complete && [...this.groups.children].some((set) => !set.hidden);
  }
}
