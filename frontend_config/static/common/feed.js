// One address of /v1, asked again from time to time; an unchanged answer costs neither transfer nor drawing.

import { ask, still } from "./ways.js";

const TURNS = 5;

export class Feed {
  constructor(address) {
    this.address = address;
    this.etag = null;
    this.data = null;
    this.asking = null;
  }

  /** Asks once, however many call meanwhile. True when `data` is new; throws when there is no usable answer. */
  refresh() {
    this.asking ??= this.ask().finally(() => { this.asking = null; });
    return this.asking;
  }

  async ask() {
    const headers = this.etag ? { "If-None-Match": this.etag } : {};
    // What an earlier visit left in the browser counts too, once the server says that it still holds.
    const options = { headers, cache: this.etag ? "no-store" : "no-cache" };
    const answer = await patiently(this.address, options, early(this.address));
    if (answer.status === 304) return false;
    if (!answer.ok) throw new Error(`${this.address} answered ${answer.status}`);
    this.data = await answer.json();
    this.etag = answer.headers.get("ETag");
    return true;
  }
}

/** What `fetch` answers, asked again a few times while the server is too busy and says when to come back. */
export async function patiently(address, options, asked = null, turns = TURNS) {
  const answer = await (asked ?? ask(address, options));
  const seconds = Number(answer.headers.get("Retry-After"));
  if (![429, 503].includes(answer.status) || !seconds || turns <= 1) return answer;
  // Not all at once again: who was sent away together would come back together.
  await new Promise((done) => { setTimeout(done, 1000 * seconds * (0.5 + Math.random())); });
  return patiently(address, options, null, turns - 1);
}

/** What the page's head has asked for at this address already, once; else null. */
function early(address) {
  const asked = globalThis.clueEarly;
  if (asked?.address !== address) return null;
  globalThis.clueEarly = null;
  return asked.answer;
}

/**
 * Calls `look` every `seconds()` while the page is visible, and at once when it becomes so; never twice at a time, and
 * not at all where nothing can change.
 */
export function poll(look, seconds) {
  if (still) return;
  let timer = 0;
  let asking = false;
  const next = () => { timer = setTimeout(turn, seconds() * 1000); };
  const turn = async () => {
    if (asking) return;
    asking = true;
    clearTimeout(timer);
    try {
      if (!document.hidden) await look();
    } finally {
      asking = false;
      next();
    }
  };
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) turn();
  });
  next();
}
