// What stands around the rows in words: where the numbers come from, and what to do when there are none.

import { el } from "../common/dom.js";

const PAPER = ["arXiv 2404.04067", "https://arxiv.org/abs/2404.04067"];

export class Notice {
  constructor() {
    this.node = el("div", { class: "notice" });
  }

  /** Says where the numbers come from and what their protocol means; `instead` when nobody asked for this view. */
  show(data, instead, protocol) {
    const meaning = data.view === "rehearsal" ? null : this.meaning(data, protocol);
    const key = JSON.stringify([data.view, data.notice, instead, meaning]);
    if (key === this.key) return;
    this.key = key;
    const [before, after] = data.notice.split(PAPER[0]);
    const paper = after === undefined ? [] : [el("a", { href: PAPER[1], rel: "noopener" }, PAPER[0]), after];
    const lines = [el("p", {}, before, ...paper)];
    if (instead) lines.unshift(el("p", { class: "instead" }, data.instead));
    if (meaning) lines.push(this.details(...meaning));
    this.node.className = `notice ${data.view}`;
    this.node.replaceChildren(...lines);
  }

  details(name, sentence) {
    const all = el("a", { href: "/about" }, "All of its rules");
    const summary = el("summary", {}, `What ${name} means`);
    return el("details", { class: "meaning" }, summary, el("p", {}, sentence, " ", all));
  }

  meaning(data, protocol) {
    const told = Object.entries(data.protocols ?? {});
    return told.find(([name]) => name === protocol) ?? told[0];
  }
}

/** A sentence in the place of the rows, with buttons or links below it. */
export function instead(sentence, ...deeds) {
  return el("div", { class: "empty" }, el("p", {}, sentence), el("div", {}, ...deeds));
}

/** A quiet button. */
export function deed(title, act) {
  return el("button", { type: "button", class: "quiet", onclick: act }, title);
}

/** What stands where a view has no rows at all; `turn()` goes to the published ones. */
export function emptyView(data, turn) {
  const submit = el("a", { class: "deed", href: "/submit" }, "Submit a model");
  const deeds = { measured: [submit, deed("See the published scores", turn)], rehearsal: [submit], published: [] };
  return instead(data.empty, ...deeds[data.view]);
}
