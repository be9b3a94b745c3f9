// The head of the table: groups above columns, each column a button that sorts.

import { el } from "../common/dom.js";

/** The row that names the groups. */
export function bands(columns) {
  const found = [];
  for (const column of columns) {
    const sticky = ["pin", "rank", "model"].includes(column.kind);
    const last = found.at(-1);
    if (last && last.group === column.group && last.sticky === sticky) last.span += 1;
    else found.push({ group: column.group, sticky, span: 1 });
  }
  const cells = found.map(({ group, sticky, span }) => el(
    "th",
    { colspan: span, scope: "colgroup", class: sticky ? "band corner" : "band" },
    el("span", { class: group === columns[0].group ? "unseen" : null }, group),
  ));
  return el("tr", { class: "bands", "aria-rowindex": 1 }, ...cells);
}

/** The row of headings; `keys` say what is sorted by, `onSort(column, add)` is called when one is pressed. */
export function headings(columns, keys, classOf, onSort) {
  const cells = columns.map((column) => (
    column.kind === "pin" ? pinHeading(column, classOf) : heading(column, keys, classOf, onSort)
  ));
  return el("tr", { class: "heads", "aria-rowindex": 2 }, ...cells);
}

function pinHeading(column, classOf) {
  return el("th", { scope: "col", class: classOf(column) }, el("span", { class: "unseen" }, column.title));
}

function heading(column, keys, classOf, onSort) {
  const at = keys.findIndex(({ name }) => name === column.name);
  const direction = at < 0 ? null : keys[at].descending ? "descending" : "ascending";
  const above = column.above ?? column.part_of;
  const many = keys.length > 1 && at >= 0;
  const order = many ? el("span", { class: "order" }, el("span", { class: "unseen" }, "sort key "), `${at + 1}`) : null;
  const button = el(
    "button",
    {
      type: "button",
      "data-column": column.name,
      "aria-description": `${column.help} Shift adds it to the sort.`,
      onclick: (event) => onSort(column, event.shiftKey),
      onkeydown: (event) => {
        if (event.key !== "Enter" || !event.shiftKey) return;
        event.preventDefault();
        onSort(column, true);
      },
    },
    above ? el("span", { class: "task" }, above) : null,
    el("span", { class: `title${direction ? ` ${direction}` : ""}` }, column.title.replace(/ (\d)/, "\u00a0$1"), order),
  );
  return el("th", { scope: "col", class: classOf(column), "aria-sort": at === 0 ? direction : null }, button);
}
