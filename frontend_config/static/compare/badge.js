// The sign of a compared model: its letter, on its own colour and shape.

import { el } from "../common/dom.js";
import { markAt } from "../charts/radar.js";
import { svg } from "../charts/svg.js";

export const LETTERS = ["A", "B", "C", "D"];

/** The sign of the model at this place, which is the same in the lists, the tables and the drawings. */
export function badge(place) {
  return el(
    "span",
    { class: "badge" },
    svg(
      "svg",
      { viewBox: "0 0 14 14", width: 14, height: 14, "aria-hidden": "true" },
      svg("path", { class: `series s${place}`, d: markAt([7, 7], place, 4.6) }),
    ),
    LETTERS[place],
  );
}
