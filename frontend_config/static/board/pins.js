// Rows that stay on top: the button that keeps one there, and what can be done with those that are.

import { compareLink } from "./cells.js";
import { el } from "../common/dom.js";

const PIN = "M6 1.5h4l-.6 4.6 2.6 2.4v1.3H8.7V14l-.7 1.2-.7-1.2V9.8H4V8.5l2.6-2.4z";
const LEAST = 2;
const MOST = 4;

/** The names with this one added, or taken out when it was among them. */
export function turned(pins, name) {
  return pins.includes(name) ? pins.filter((each) => each !== name) : [...pins, name];
}

/** A button that pins the row of this name, pressed while it is pinned. */
export function pinButton(name, pinned, onPin, attributes = {}) {
  const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  icon.setAttribute("viewBox", "0 0 16 16");
  icon.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", PIN);
  icon.append(path);
  const label = { "aria-label": `Pin ${name}`, "aria-pressed": String(pinned) };
  return el("button", { type: "button", class: "pin", ...label, ...attributes, onclick: () => onPin(name) }, icon);
}

export class PinBar {
  /** `onClear()` is called when all pins are to go. */
  constructor(onClear) {
    this.compare = el("a", { class: "deed" });
    this.hint = el("span", { class: "muted" });
    this.clear = el("button", { type: "button", class: "plain", onclick: onClear }, "Unpin all");
    this.node = el("div", { class: "pinbar", hidden: true }, this.compare, this.hint, this.clear);
  }

  /** Offers to compare the pinned rows when they are two to four. */
  show(data, pinned) {
    this.node.hidden = pinned.size === 0;
    if (pinned.size === 0) return;
    const fit = pinned.size >= LEAST && pinned.size <= MOST;
    this.compare.hidden = !fit;
    this.hint.hidden = fit;
    this.compare.textContent = `Compare (${pinned.size})`;
    this.compare.href = compareLink(data, pinned);
    this.hint.textContent = pinned.size < LEAST ? "Pin another to compare" : `Compare takes ${LEAST} to ${MOST} pinned`;
  }
}
