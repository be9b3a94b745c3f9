// Everything around the drawing that can be chosen: view, kind, axes, marked models, legend.

import { markPath } from "../charts/scatter.js";
import { svg } from "../charts/svg.js";
import { el } from "../common/dom.js";
import { DOMAINS } from "../common/domains.js";
import { BANDS } from "../common/sizes.js";
import { segments, viewSegments } from "../common/views.js";
import { FAMILIES } from "./families.js";
import { KINDS } from "./state.js";

const OFFERED = 40;

export class Controls {
  /** `change(part)` is told what was chosen; `deeds` stand at the right of the first line. */
  constructor(change, deeds) {
    this.change = change;
    this.views = viewSegments((view) => change({ view }));
    this.kinds = segments("Drawing", KINDS, (kind) => change({ kind }));
    this.x = el("select", { onchange: () => change({ x: this.x.value }) });
    this.y = el("select", { onchange: () => change({ y: this.y.value }) });
    this.xLabel = el("label", { class: "pick" }, "Across", this.x);
    this.yLabel = el("label", { class: "pick" }, "Up", this.y);
    this.ties = check("Lines from the base model", (ties) => change({ ties }));
    this.intervals = check("Intervals", (intervals) => change({ intervals }));
    this.finder();
    this.node = el(
      "div",
      { class: "controls" },
      el("div", { class: "line first" }, this.views.node, el("div", { class: "deeds" }, ...deeds)),
      el(
        "div",
        { class: "line second" },
        this.kinds.node,
        this.xLabel,
        this.yLabel,
        this.find,
        this.ties.node,
        this.intervals.node,
      ),
      this.chips,
    );
  }

  finder() {
    this.offers = el("datalist", { id: "models" });
    this.search = el("input", {
      type: "search", list: "models", placeholder: "Mark a model", "aria-label": "Mark a model", maxlength: 200,
      autocomplete: "off", spellcheck: "false",
      oninput: (event) => this.offer(event),
      onchange: () => this.mark(),
      onkeydown: (event) => { if (event.key === "Enter") this.mark(true); },
    });
    this.find = el("div", { class: "find" }, this.search, this.offers);
    this.chips = el("ul", { class: "marked", "aria-label": "Marked models" });
  }

  offer({ inputType }) {
    const wanted = this.search.value.trim().toLowerCase();
    const found = wanted ? this.names.filter((name) => name.toLowerCase().includes(wanted)).slice(0, OFFERED) : [];
    this.offers.replaceChildren(...found.map((name) => el("option", { value: name })));
    if (!inputType || inputType === "insertReplacementText") this.mark();
  }

  /** Marks the model of this name; with Enter also the only one, or the first, whose name holds what was typed. */
  mark(nearly = false) {
    const wanted = this.search.value.trim().toLowerCase();
    if (!wanted) return;
    const found = this.names.find((name) => name.toLowerCase() === wanted)
      ?? (nearly ? this.names.find((name) => name.toLowerCase().includes(wanted)) : null);
    if (!found) return;
    this.search.value = "";
    this.offers.replaceChildren();
    this.change({ marked: [...new Set([...this.state.marked, found])] });
  }

  /** Shows what is chosen and what can be; `chosen` are the two axes in use. */
  show(state, data, axes, chosen) {
    this.state = state;
    this.names = data?.names ?? [];
    this.views.show(state.view);
    this.kinds.show(state.kind);
    const scores = axes.filter(({ kind }) => kind === "score");
    this.xLabel.hidden = state.kind !== "free";
    this.yLabel.hidden = state.kind === "levels";
    fill(this.x, axes, chosen[0]);
    fill(this.y, state.kind === "size" ? scores : axes, chosen[1]);
    this.ties.show(state.ties);
    this.intervals.show(state.intervals);
    this.intervals.node.hidden = !chosen.some((axis) => axis?.low.some(Number.isFinite));
    const off = (name) => this.change({ marked: state.marked.filter((each) => each !== name) });
    this.chips.hidden = state.marked.length === 0;
    this.chips.replaceChildren(...state.marked.map((name) => el(
      "li",
      {},
      el("bdi", {}, name),
      el("button", { type: "button", "aria-label": `Unmark ${name}`, onclick: () => off(name) }, "×"),
    )));
  }
}

/** The legend beside the drawing; each entry is a filter, and none pressed means all. */
export function legend(models, state, change) {
  const turn = (part, names, name) =>
    change({ [part]: names.includes(name) ? names.filter((each) => each !== name) : [...names, name] });
  const group = (label, part, entries) => el(
    "div",
    { class: "legend", role: "group", "aria-label": label },
    el("h3", {}, label),
    ...entries.map(({ name, title, shape, tone, count }) => el(
      "button",
      {
        type: "button", "data-name": name, "aria-pressed": String(state[part].includes(name)),
        onclick: () => turn(part, state[part], name),
      },
      shape && swatch(shape, tone),
      el("span", {}, title),
      count === undefined ? null : el("small", {}, String(count)),
    )),
  );
  const families = FAMILIES.map((family) => ({
    ...family, shape: "plain", count: models.filter((model) => model.family.name === family.name).length,
  })).filter(({ name, count }) => count > 0 || state.families.includes(name));
  const domains = Object.entries(DOMAINS).map(([name, title]) => ({ name, title, shape: name }));
  const unknown = models.some(({ domain }) => domain === null) || state.domains.includes("unknown");
  if (unknown) domains.push({ name: "unknown", title: "Not stated", shape: "unknown" });
  const sizes = Object.entries(BANDS).map(([name, { title }]) => ({ name, title }));
  return el(
    "aside",
    { "aria-label": "Legend and filters" },
    el("p", {}, "Press an entry to see it alone."),
    group("Base family", "families", families),
    group("Training", "domains", domains),
    group("Size", "sizes", sizes),
  );
}

/** What the legend says, for a saved file. */
export function legendEntries(points) {
  const found = FAMILIES.filter(({ name }) => points.some(({ family }) => family.name === name));
  const shapes = Object.entries(DOMAINS).filter(([name]) => points.some(({ shape }) => shape === name));
  const unknown = points.some(({ shape }) => shape === "unknown")
    ? [{ title: "Training not stated", shape: "unknown" }]
    : [];
  return [
    ...found.map(({ title, tone }) => ({ title, tone, shape: "plain" })),
    ...shapes.map(([shape, title]) => ({ title, shape })),
    ...unknown,
  ];
}

function swatch(shape, tone) {
  return svg(
    "svg",
    { viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true" },
    svg("path", {
      class: `mark ${shape} ${tone ?? ""}`,
      d: shape === "plain" ? "M2 5h12v6h-12z" : markPath(shape, 8, 8, 5.5),
    }),
  );
}

function fill(select, axes, chosen) {
  const key = axes.map(({ name }) => name).join();
  if (select.dataset.key !== key) {
    select.dataset.key = key;
    const groups = new Map();
    for (const axis of axes) groups.set(axis.group, [...(groups.get(axis.group) ?? []), axis]);
    select.replaceChildren(...[...groups].map(([label, each]) => el(
      "optgroup", { label }, ...each.map(({ name, title }) => el("option", { value: name }, title)),
    )));
  }
  select.disabled = axes.length === 0;
  if (chosen) select.value = chosen.name;
}

function check(title, choose) {
  const box = el("input", { type: "checkbox", onchange: () => choose(box.checked) });
  return { node: el("label", { class: "check" }, box, title), show: (checked) => { box.checked = checked; } };
}
