// What a drawing shows as a table, for those who read instead of look.

import { el } from "../common/dom.js";

const AT_ONCE = 500;

/** A folded table of these rows, whose first cells are their headings; a long one is only built when it is unfolded. */
export function dataTable(caption, headings, rows) {
  const body = el("tbody");
  const fill = () => { if (!body.firstChild) body.append(...rows.map(line)); };
  if (rows.length <= AT_ONCE) fill();
  return el(
    "details",
    { class: "figures", ontoggle: fill },
    el("summary", {}, "The figures as a table"),
    el(
      "div",
      { class: "figures-frame", tabindex: 0, role: "region", "aria-label": caption },
      el(
        "table",
        {},
        el("caption", {}, caption),
        el("thead", {}, el("tr", {}, ...headings.map((heading) => el("th", { scope: "col" }, heading)))),
        body,
      ),
    ),
  );
}

function line([first, ...others]) {
  return el("tr", {}, el("th", { scope: "row" }, first), ...others.map((value) => el("td", {}, value)));
}
