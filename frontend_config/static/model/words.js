// How days and what is missing are written on the page of a model, and its cards and buttons.

import { copied, el } from "../common/dom.js";
import { DASH } from "../common/numbers.js";

const DAY = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeZone: "UTC" });
const SAID_MS = 2000;

/** These in the order in which the row's scores stand; `nameOf(one)` is the name of its cell. */
export function inOrder(row, ones, nameOf) {
  const place = (one) => row.cells.findIndex((cell) => cell.name === nameOf(one));
  return [...ones].sort((one, other) => place(one) - place(other));
}

/** The day of a moment, in words, with the moment itself as the element's date. */
export function day(iso) {
  return el("time", { datetime: iso, title: iso }, DAY.format(new Date(iso)));
}

/** A dash that says why it stands there, to whoever points at it and to a screen reader. */
export function dash(reason) {
  return el(
    "span",
    { class: "dash", title: reason, tabindex: 0, role: "img", "aria-label": `missing: ${reason}` },
    DASH,
  );
}

/** A button that puts `text()` on the clipboard and says so for two seconds. */
export function copyButton(text, what) {
  const press = async () => {
    await copied(await text());
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, SAID_MS);
  };
  const button = el(
    "button",
    { type: "button", class: "quiet small", "aria-label": `Copy ${what}`, onclick: press },
    "Copy",
  );
  return button;
}

/** A card with a heading, and a sentence under it where there is something to say first. */
export function card(title, lead, ...children) {
  return el("section", { class: "card" }, el("h2", {}, title), lead && el("p", { class: "lead" }, lead), ...children);
}
