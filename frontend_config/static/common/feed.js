// One address of /v1, asked again from time to time; an unchanged answer costs neither transfer nor drawing.

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
    const answer = await fetch(this.address, { headers, cache: "no-store" });
    if (answer.status === 304) return false;
    if (!answer.ok) throw new Error(`${this.address} answered ${answer.status}`);
    this.data = await answer.json();
    this.etag = answer.headers.get("ETag");
    return true;
  }
}

/** Calls `ask` every `seconds()` while the page is visible, and at once when it becomes visible again; never twice at a time. */
export function poll(ask, seconds) {
  let timer = 0;
  let asking = false;
  const next = () => { timer = setTimeout(turn, seconds() * 1000); };
  const turn = async () => {
    if (asking) return;
    asking = true;
    clearTimeout(timer);
    try {
      if (!document.hidden) await ask();
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
