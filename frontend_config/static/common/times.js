// Moments and durations in words; the exact moment is always one hover away.

import { el } from "./dom.js";

const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60]];
const WORDS = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const EXACT = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

/** "5 minutes ago", with the full moment as its title. */
export function moment(iso) {
  const date = new Date(iso);
  return el("time", { datetime: iso, title: EXACT.format(date) }, relative((date - Date.now()) / 1000));
}

/** Brings every moment below `root` up to date. */
export function retell(root) {
  for (const node of root.querySelectorAll("time")) {
    const text = relative((new Date(node.dateTime) - Date.now()) / 1000);
    if (node.textContent !== text) node.textContent = text;
  }
}

/** "about 3 minutes" for a number of seconds. */
export function duration(seconds) {
  const [unit, size] = UNITS.find(([, least]) => seconds >= least) ?? ["second", 1];
  const count = Math.max(1, Math.round(seconds / size));
  return `about ${count} ${unit}${count === 1 ? "" : "s"}`;
}

function relative(seconds) {
  const [unit, size] = UNITS.find(([, least]) => Math.abs(seconds) >= least) ?? ["second", 1];
  return unit === "second" ? "just now" : WORDS.format(Math.trunc(seconds / size), unit);
}
