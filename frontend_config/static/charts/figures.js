// What a drawing shows as a table, for those who read instead of look.

import { el } from "../common/dom.js";

const AT_ONCE = 500;

/**
 * A folded table of these rows, whose first cells are their headings; 500 at a time, the others on request.
 *
 * A row is the list of its cells, or a function that gives it when the row is about to be shown.
 */
export function dataTable(caption, headings, rows) {
  const body = el("tbody");
  const more = el("button", { type: "button", class: "quiet", onclick: () => add() });
  const add = () => {
    const from = body.children.length;
    body.append(...rows.slice(from, from + AT_ONCE).map(line));
    const left = rows.length - body.children.length;
    more.textContent = `Show ${Math.min(left, AT_ONCE)} more of ${left}`;
    more.hidden = left === 0;
  };
  const fill = () => { if (!body.firstChild && rows.length > 0) add(); };
  if (rows.length <= AT_ONCE) add();
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
      more,
    ),
  );
}

function line(row) {
  const [first, ...others] = typeof row === "function" ? row() : row;
  return el("tr", {}, el("th", { scope: "row" }, first), ...others.map((value) => el("td", {}, value)));
}
