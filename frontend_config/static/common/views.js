// The three views of the board, how one is chosen, and the answers of /v1 that are already here.

import { el } from "./dom.js";
import { Feed } from "./feed.js";
import { pageAt } from "./ways.js";

export const VIEWS = {
  measured: { title: "Measured", query: { provenance: "measured", edition: "full" } },
  published: { title: "Published June 2024", query: { provenance: "published", edition: "full" } },
  rehearsal: { title: "Rehearsal", query: { provenance: "measured", edition: "rehearsal" } },
};
const PAPER = ["arXiv 2404.04067", "https://arxiv.org/abs/2404.04067"];

/** The view that the address names, or null. */
export function viewOf(query) {
  const name = query.get("view");
  return Object.hasOwn(VIEWS, name ?? "") ? name : null;
}

/** The published view in place of the measured one, for a visit that names neither, while nothing is measured. */
export class Instead {
  constructor() {
    this.turned = false;
  }

  /** The view that this state is shown in. */
  viewOf(state) {
    return state.view ?? (this.turned ? "published" : "measured");
  }

  /** Whether that is a view which nobody asked for. */
  unasked(state) {
    return this.turned && !state.view;
  }

  /** Turns to the published view if it should stand in; true when it has just done so. `empty`: nothing is measured. */
  turns(state, empty) {
    if (state.view || this.turned || !empty) return false;
    this.turned = true;
    return true;
  }
}

/** An address of this site's interface for a view; `more` are further pairs of name and value. */
export function addressIn(view, path, more = []) {
  return `${path}?${new URLSearchParams([...Object.entries(VIEWS[view].query), ...more])}`;
}

/** A link within this site that stays in the view. */
export function pageLink(path, parameters, view) {
  const query = new URLSearchParams([...parameters, ...(view === "measured" ? [] : [["view", view]])]);
  return pageAt(`${path}?${query}`);
}

/** A feed of the whole board for each view, by the view's name. */
export function boardFeeds() {
  return Object.fromEntries(
    Object.keys(VIEWS).map((view) => [view, new Feed(addressIn(view, "/v1/leaderboard.json"))]),
  );
}

/** One feed for each address, so that going back costs no transfer. */
export class Feeds {
  constructor() {
    this.held = new Map();
  }

  at(address) {
    if (!this.held.has(address)) this.held.set(address, new Feed(address));
    return this.held.get(address);
  }
}

/** Buttons of which one is pressed; `options` maps names to titles, `show(name)` says which. */
export function segments(label, options, choose) {
  const buttons = Object.entries(options).map(([name, title]) => el(
    "button", { type: "button", "data-name": name, "aria-pressed": "false", onclick: () => choose(name) }, title,
  ));
  const node = el("div", { class: "segments", role: "group", "aria-label": label }, ...buttons);
  const show = (chosen) => buttons.forEach((button) => {
    button.setAttribute("aria-pressed", String(button.dataset.name === chosen));
  });
  return { node, show };
}

/** The segments that choose a view. */
export function viewSegments(choose) {
  return segments("View", Object.fromEntries(Object.entries(VIEWS).map(([name, { title }]) => [name, title])), choose);
}

/** What a view's numbers are, with the paper as a link; `instead` says why this view is shown unasked. */
export function noticeLines(notice, instead) {
  const [before, after] = notice.split(PAPER[0]);
  const paper = after === undefined ? [] : [el("a", { href: PAPER[1], rel: "noopener" }, PAPER[0]), after];
  return [instead ? el("p", { class: "instead" }, instead) : null, el("p", {}, before, ...paper)].filter(Boolean);
}

/** A sentence in place of what there is nothing of, with what can be done about it. */
export function emptyState(sentence, ...deeds) {
  return el("div", { class: "empty" }, el("p", {}, sentence), el("div", {}, ...deeds));
}

/** A quiet button. */
export function deed(title, act) {
  return el("button", { type: "button", class: "quiet", onclick: act }, title);
}
