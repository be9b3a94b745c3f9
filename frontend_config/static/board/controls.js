// Everything above the table: view, search, filters, columns, link and download.

import { counted, fullTitle } from "./cells.js";
import { el, linkButton } from "../common/dom.js";
import { PRESETS, VIEWS } from "./state.js";
import { shownColumns } from "./rows.js";

const DOMAINS = { biomedical: "Biomedical", general: "General" };

export class Controls {
  /** `change(part, {step})` is told what was chosen; `link()` is the address to copy, `saveCsv` does what it says. */
  constructor({ change, link, saveCsv }) {
    this.change = change;
    this.views = choices("View", VIEWS, (view) => change({ view, sort: "" }, { step: true }));
    this.presets = choices("Columns", labelled(PRESETS), (columns) => change({ columns }, { step: true }));
    this.search = el("input", {
      type: "search", placeholder: "Search models", "aria-label": "Search models", spellcheck: "false",
      autocomplete: "off", title: "Part of a name; several, separated by semicolons", maxlength: 200,
      oninput: () => change({ search: this.search.value }, { step: false }),
    });
    this.domains = Object.entries(DOMAINS).map(([name, title]) => this.filter(name, title));
    const toggle = () => change({ intervals: this.intervals.checked }, { step: true });
    this.intervals = el("input", { type: "checkbox", onchange: toggle });
    this.intervalsLabel = el("label", { class: "check" }, this.intervals, "Intervals");
    this.picker = el("div", { class: "picker" });
    this.chooser = el("details", { class: "chooser" }, el("summary", {}, "Columns"), this.picker);
    this.count = el("p", { class: "tally", role: "status" });
    this.link = linkButton(link);
    this.csv = el("button", { type: "button", class: "quiet", onclick: saveCsv }, "Download CSV");
    this.node = this.layout();
    this.closeChooserOutside();
  }

  layout() {
    const filters = el("div", { class: "chips", role: "group", "aria-label": "Training" }, ...this.domains);
    return el(
      "div",
      { class: "controls" },
      el("div", { class: "line first" }, this.views.node, el("div", { class: "deeds" }, this.link, this.csv)),
      el(
        "div",
        { class: "line second" },
        this.search,
        filters,
        this.presets.node,
        el("div", { class: "extras" }, this.chooser, this.intervalsLabel, this.count),
      ),
    );
  }

  /** Shows what is chosen; `data` is null while the view is on its way. */
  show(state, data, shown) {
    this.views.show(state.view);
    this.presets.show(Object.hasOwn(PRESETS, state.columns) ? state.columns : null);
    if (this.search.value !== state.search) this.search.value = state.search;
    this.domains.forEach((chip) => press(chip, state.domains.includes(chip.dataset.name)));
    this.intervals.checked = state.intervals;
    this.intervalsLabel.hidden = state.view === "published";
    this.node.querySelector(".second").hidden = !data || data.rows === 0;
    this.csv.hidden = !data || data.rows === 0;
    if (!data) return;
    this.count.textContent = shown === data.rows ? counted(shown) : `${shown} of ${counted(data.rows)}`;
    this.fillPicker(state, data);
  }

  filter(name, title) {
    const turn = () => {
      const chosen = this.domains.filter((chip) => isPressed(chip) !== (chip === button));
      this.change({ domains: chosen.map((chip) => chip.dataset.name) }, { step: true });
    };
    const button = el(
      "button",
      { type: "button", class: `chip ${name}`, "data-name": name, "aria-pressed": "false", onclick: turn },
      title,
    );
    return button;
  }

  fillPicker(state, data) {
    const key = `${data.view} ${data.columns.map((column) => column.name)}`;
    const shown = new Set(shownColumns(data, state).map((column) => column.name));
    if (this.pickerKey !== key) {
      this.pickerKey = key;
      const fieldsets = [...grouped(data.columns)].map(([group, columns]) => this.fieldset(group, columns));
      this.picker.replaceChildren(...fieldsets);
    }
    for (const box of this.picker.querySelectorAll("input")) box.checked = shown.has(box.value);
  }

  fieldset(group, columns) {
    const offered = columns.filter((column) => column.kind !== "model");
    const boxes = offered.map((column) => el(
      "label",
      { class: `check${column.part_of ? " part" : ""}` },
      el("input", { type: "checkbox", value: column.name, onchange: () => this.pick() }),
      column.part_of ? fullTitle(column) : column.title,
    ));
    return el("fieldset", {}, el("legend", {}, group), ...boxes);
  }

  pick() {
    const names = [...this.picker.querySelectorAll("input:checked")].map((box) => box.value);
    this.change({ columns: ["model", ...names].join(",") }, { step: true });
  }

  closeChooserOutside() {
    document.addEventListener("pointerdown", (event) => {
      if (!event.composedPath().includes(this.chooser)) this.chooser.open = false;
    });
    this.chooser.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      this.chooser.open = false;
      this.chooser.querySelector("summary").focus();
    });
  }
}

function labelled(titles) {
  return Object.fromEntries(Object.entries(titles).map(([name, title]) => [name, { title }]));
}

function choices(label, options, choose) {
  const buttons = Object.entries(options).map(([name, { title }]) => el(
    "button",
    { type: "button", "data-name": name, "aria-pressed": "false", onclick: () => choose(name) },
    title,
  ));
  const node = el("div", { class: "segments", role: "group", "aria-label": label }, ...buttons);
  const show = (chosen) => buttons.forEach((button) => press(button, button.dataset.name === chosen));
  return { node, show };
}

function press(button, pressed) {
  button.setAttribute("aria-pressed", String(pressed));
}

function isPressed(button) {
  return button.getAttribute("aria-pressed") === "true";
}

function grouped(columns) {
  const groups = new Map();
  for (const column of columns) groups.set(column.group, [...(groups.get(column.group) ?? []), column]);
  return groups;
}
