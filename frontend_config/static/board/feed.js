// A view of the board as it comes from /v1: first what an unasked table needs, a moment later all the rest.

import { Feed, patiently } from "../common/feed.js";
import { addressIn } from "../common/views.js";
import { parseSort } from "./sorting.js";

const ADDRESS = "/v1/leaderboard.json";
const UNASKED = "overview";
const TURNS = 3;

export class BoardFeed {
  constructor(view) {
    this.view = view;
    this.first = new Feed(addressIn(view, ADDRESS, [["part", "first"]]));
    this.data = null;
    this.completing = null;
  }

  /** Asks whether there is something newer. True when `data` is new, and then only its first part is there. */
  async refresh() {
    // Where a proxy takes the ETag away, the same comes as if it were new.
    const news = await this.first.refresh() && !isSame(this.first.data, this.data);
    if (news) this.data = this.first.data;
    return news;
  }

  /** All of the view is in `data` afterwards; throws when it cannot be had. */
  complete() {
    this.completing ??= this.fill().finally(() => { this.completing = null; });
    return this.completing;
  }

  async fill() {
    for (let turn = 0; turn < TURNS && !this.data.complete; turn += 1) {
      const first = this.data;
      const later = await this.later(first);
      if (this.data !== first) continue;
      if (later) this.data = joined(first, later);
      // Between the two answers the board has changed, so there is a newer first part.
      else if (!(await this.refresh())) break;
    }
    if (!this.data.complete) throw new Error("The two parts of the board do not fit together.");
  }

  /** The later part that belongs to this first one, null when it is gone. */
  async later(first) {
    const answer = await patiently(addressIn(this.view, ADDRESS, [["part", "later"], ["digest", first.later]]));
    if (!answer.ok) throw new Error(`${ADDRESS} answered ${answer.status}`);
    const told = await answer.json();
    return told.state === first.state ? told : null;
  }
}

/** Whether `data` holds all that this state shows, sorts by and searches in. */
export function suffices(data, state) {
  if (data.complete) return true;
  const names = new Set(data.columns.map((column) => column.name));
  const known = ({ name }) => names.has(name.replace(/:interval$/, ""));
  return state.columns === UNASKED && !state.search && parseSort(state.sort || data.sort).every(known);
}

function isSame(first, data) {
  return first.state === data?.state && first.later === data.later;
}

function joined(first, later) {
  const before = new Map(first.columns.map((column) => [column.name, column]));
  return {
    ...first,
    columns: later.columns.map((column) => ({ ...before.get(column.name), ...column })),
    ranges: { ...first.ranges, ...later.ranges },
    ranges_missing: { ...first.ranges_missing, ...later.ranges_missing },
    complete: true,
  };
}
