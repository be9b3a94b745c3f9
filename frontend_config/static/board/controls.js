// Everything above the table: view, search, filters, columns, weights, pins, link and download.

import { popover } from "./buttons.js";
import { counted } from "./cells.js";
import { Chooser } from "./chooser.js";
import { PRESETS } from "./columns.js";
import { el, linkButton } from "../common/dom.js";
import { segments, viewSegments } from "../common/views.js";
import { FilterBar } from "./filterbar.js";
import { protocolsOf } from "./filters.js";
import { PinBar } from "./pins.js";
import { pinnedPlaces } from "./rows.js";
import { SearchBox } from "./searchbox.js";
import { WeightsPanel } from "./weightspanel.js";

const FORMATS = { csv: "CSV, for a spreadsheet", json: "JSON", parquet: "Parquet" };

export class Controls {
  // `node` stands on top; `standing`, which counts and compares, right above the rows.
  /** `change(part, {step})` is told what was chosen, `complete()` that all columns are wanted; `link()` is the address to copy, `save(format)` downloads. */
  constructor({ change, complete, weigh, link, save, tip }) {
    const step = (part) => change(part, { step: true });
    this.step = step;
    this.views = viewSegments((view) => step({ view, sort: "", protocol: "", pins: [] }));
    this.protocols = el("div", { class: "protocols" });
    this.presets = segments("Columns", PRESETS, (columns) => step({ columns }));
    this.search = new SearchBox((search) => change({ search }, { step: false }));
    this.filters = new FilterBar(step, tip);
    this.intervals = el("input", { type: "checkbox", onchange: () => step({ intervals: this.intervals.checked }) });
    this.intervalsLabel = el("label", { class: "check" }, this.intervals, "Intervals");
    this.chooser = new Chooser((columns) => step({ columns }), complete);
    this.weights = new WeightsPanel(weigh);
    this.pins = new PinBar(() => step({ pins: [] }));
    this.count = el("p", { class: "tally", role: "status" });
    this.sorted = el("p", { class: "unseen", role: "status" });
    this.link = linkButton(link);
    this.download = this.downloads(save);
    const unfolding = { class: "quiet filters-turn", "aria-expanded": "false", onclick: () => this.unfold() };
    this.more = el("button", { type: "button", ...unfolding }, "Filters");
    this.node = this.layout();
  }

  layout() {
    const deeds = el("div", { class: "deeds" }, this.link, this.download);
    const parts = [this.presets.node, this.chooser.node, this.weights.node, this.intervalsLabel];
    const columns = el("div", { class: "line columns" }, ...parts);
    this.folded = el("div", { class: "folded" }, this.filters.node, columns);
    this.rest = el("div", { class: "rest" }, this.search.node, this.more, this.folded, this.sorted);
    this.standing = el("div", { class: "standing" }, this.count, this.pins.node);
    const first = el("div", { class: "line first" }, this.views.node, this.protocols, deeds);
    return el("div", { class: "controls" }, first, this.rest);
  }

  downloads(save) {
    const buttons = Object.entries(FORMATS).map(([format, title]) => el(
      "button",
      { type: "button", class: "choice", "data-format": format, onclick: () => { box.open = false; save(format); } },
      title,
    ));
    const what = el("p", { class: "muted" }, "What is shown: these rows, columns and order.");
    const box = popover("Download", "files", what, ...buttons);
    return box;
  }

  unfold() {
    const open = this.folded.classList.toggle("open");
    this.more.setAttribute("aria-expanded", String(open));
  }

  /** Shows what is chosen; `found` is null while the view is on its way, else what is drawn of it. */
  show(state, found) {
    this.views.show(state.view);
    const empty = !found || found.data.rows === 0;
    this.rest.hidden = empty;
    this.standing.hidden = empty;
    this.download.hidden = empty;
    this.protocols.hidden = empty;
    if (empty) return;
    const { data, shown, counts, hints, sortWords } = found;
    this.presets.show(Object.hasOwn(PRESETS, state.columns) ? state.columns : null);
    this.search.show(state.search, hints);
    this.filters.show(state, counts);
    this.intervals.checked = state.intervals;
    this.intervalsLabel.hidden = state.view === "published";
    this.chooser.show(state, data);
    this.weights.show(state, data);
    this.pins.show(data, pinnedPlaces(data, state.pins));
    this.more.textContent = `Filters${chosenOf(state) ? ` (${chosenOf(state)})` : ""}`;
    say(this.count, tallyOf(data, shown));
    say(this.sorted, sortWords);
    this.showProtocols(state, data);
  }

  /** A switch between protocols, for a view that holds rows of more than one. */
  showProtocols(state, data) {
    const names = protocolsOf(data);
    this.protocols.hidden = names.length < 2;
    if (this.protocols.hidden) return;
    if (this.protocolKey !== names.join()) {
      this.protocolKey = names.join();
      const titles = Object.fromEntries(names.map((name) => [name, name]));
      this.protocolChoice = segments("Protocol", titles, (protocol) => this.step({ protocol }));
      this.protocols.replaceChildren(this.protocolChoice.node);
    }
    this.protocolChoice.show(state.protocol);
  }
}

function tallyOf(data, { fitting, pinned }) {
  const found = fitting === data.rows ? counted(fitting) : `${fitting.toLocaleString("en")} of ${counted(data.rows)}`;
  return pinned ? `${found}, ${pinned} pinned` : found;
}

function chosenOf(state) {
  return state.domains.length + state.sizes.length + (state.open ? 1 : 0);
}

function say(node, words) {
  if (node.textContent !== words) node.textContent = words;
}
