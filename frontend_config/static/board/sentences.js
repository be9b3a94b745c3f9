// What stands around the rows in words: where the numbers come from, and what to do when there are none.

import { el } from "../common/dom.js";
import { deed, emptyState, noticeLines } from "../common/views.js";
import { pageAt, submitLink } from "../common/ways.js";

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
    const lines = noticeLines(data.notice, instead ? data.instead : null);
    if (meaning) lines.push(this.details(...meaning));
    this.node.className = `notice ${data.view}`;
    this.node.replaceChildren(...lines);
  }

  details(name, sentence) {
    const all = el("a", { href: pageAt("/about") }, "All of its rules");
    const summary = el("summary", {}, `What ${name} means`);
    return el("details", { class: "meaning" }, summary, el("p", {}, sentence, " ", all));
  }

  meaning(data, protocol) {
    const told = Object.entries(data.protocols ?? {});
    return told.find(([name]) => name === protocol) ?? told[0];
  }
}

/** What stands where a view has no rows at all; `turn()` goes to the published ones. */
export function emptyView(data, turn) {
  const submit = submitLink();
  const deeds = { measured: [submit, deed("See the published scores", turn)], rehearsal: [submit], published: [] };
  return emptyState(data.empty, ...deeds[data.view]);
}
