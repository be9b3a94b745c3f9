// The quick filters as chips, each with the number of models it holds.

import { chip } from "./buttons.js";
import { el } from "../common/dom.js";
import { DOMAINS } from "../common/domains.js";
import { OPEN_MEANS } from "./filters.js";
import { BANDS } from "../common/sizes.js";

const SIZE_MEANS = "By the number of parameters as it is stored; the upper end belongs to the group.";

export class FilterBar {
  /** `change(part)` is told what was chosen; `tip` explains. */
  constructor(change, tip) {
    const turn = (part, chosen) => (name) => {
      const now = chosen();
      change({ [part]: now.includes(name) ? now.filter((each) => each !== name) : [...now, name] });
    };
    const domain = turn("domains", () => this.state.domains);
    const size = turn("sizes", () => this.state.sizes);
    this.domains = Object.entries(DOMAINS).map(([name, title]) => [name, chip(name, title, domain)]);
    this.sizes = Object.entries(BANDS).map(([name, { title }]) => [name, chip(name, title, size)]);
    this.open = chip("open", "Open licence", () => change({ open: !this.state.open }));
    this.node = el(
      "div",
      { class: "filters" },
      this.group("Training", this.domains.map(([, each]) => each)),
      this.group("Size", this.sizes.map(([, each]) => each)),
      this.group("Licence", [this.open]),
    );
    tip.watch(this.node, (part) => this.explain(part));
  }

  group(label, chips) {
    return el("div", { class: "chips", role: "group", "aria-label": label }, ...chips.map(({ node }) => node));
  }

  show(state, counts) {
    this.state = state;
    for (const [name, each] of this.domains) each.show(state.domains.includes(name), counts.domain[name] ?? 0);
    for (const [name, each] of this.sizes) each.show(state.sizes.includes(name), counts.size[name] ?? 0);
    this.open.show(state.open, counts.open.true ?? 0);
  }

  explain(part) {
    const name = part.dataset?.name;
    if (name === "open") return [OPEN_MEANS];
    return Object.hasOwn(BANDS, name ?? "") ? [SIZE_MEANS] : null;
  }
}
