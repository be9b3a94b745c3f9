// Which columns and rows are shown and in which order: a pure function of the data and the state.

import { PRESETS } from "./state.js";

const LEVEL_GROUPS = { level_1: "Level 1", level_2: "Level 2" };

/** The columns the state asks for, in the board's order. The model always stays. */
export function shownColumns(data, state) {
  const wanted = chosen(data, state.columns);
  return data.columns.filter((column) => column.kind === "model" || wanted(column));
}

function chosen(data, choice) {
  const alone = onlyMetrics(data);
  if (choice === "all") return (column) => column.shown || (column.kind === "score" && !alone.has(column.part_of));
  if (Object.hasOwn(LEVEL_GROUPS, choice)) {
    const group = LEVEL_GROUPS[choice];
    const inLevel = (column) => column.kind === "score" && column.group.startsWith(group) && !alone.has(column.part_of);
    return (column) => column.kind === "rank" || column.name === choice || inLevel(column);
  }
  if (Object.hasOwn(PRESETS, choice)) return (column) => column.shown;
  const names = new Set(choice.split(","));
  return (column) => names.has(column.name);
}

/** The tasks with a single metric: it says the same as the task's score, so presets leave it out. */
function onlyMetrics(data) {
  const metrics = data.columns.map((column) => column.part_of).filter(Boolean);
  return new Set(metrics.filter((task) => metrics.indexOf(task) === metrics.lastIndexOf(task)));
}

/** The places of the rows that pass search and filters, sorted; what is missing comes last either way. */
export function shownRows(data, state) {
  const matches = matcher(data, state.search);
  const domain = data.columns.find((column) => column.kind === "badge");
  const places = [];
  for (let place = 0; place < data.rows; place += 1) {
    const fits = state.domains.length === 0 || state.domains.includes(domain?.values[place]);
    if (fits && matches(place)) places.push(place);
  }
  return sorted(data, places, sortOf(data, state));
}

/** The column and direction that the rows are sorted by. */
export function sortOf(data, state) {
  const wishes = [state.sort, Object.hasOwn(LEVEL_GROUPS, state.columns) ? `-${state.columns}` : ""].map(parse);
  const has = (name) => data.columns.find((column) => column.name === name)?.values.some((value) => value !== null);
  return wishes.find(({ name }) => has(name)) ?? parse(data.sort);
}

/** What a press on this column's heading asks for: best first, and the other way round on the second press. */
export function nextSort(column, current) {
  const first = ["score", "count", "date"].includes(column.kind);
  const descending = current.name === column.name ? !current.descending : first;
  return `${descending ? "-" : ""}${column.name}`;
}

function parse(sort) {
  return { name: sort.replace(/^-/, ""), descending: sort.startsWith("-") };
}

function matcher(data, search) {
  const words = search.toLowerCase().split(";").map((word) => word.trim()).filter(Boolean);
  if (words.length === 0) return () => true;
  const columns = data.columns.filter((column) => column.kind === "model" || column.kind === "text");
  return (place) => {
    const text = columns.map((column) => column.values[place] ?? "").join("\n").toLowerCase();
    return words.some((word) => text.includes(word));
  };
}

function sorted(data, places, { name, descending }) {
  const column = data.columns.find((each) => each.name === name);
  if (!column) return places;
  const values = column.values;
  const order = typeof values.find((value) => value !== null) === "number"
    ? (a, b) => a - b
    : new Intl.Collator("en", { numeric: true, sensitivity: "base" }).compare;
  const sign = descending ? -1 : 1;
  return places.sort((a, b) => {
    const [one, other] = [values[a], values[b]];
    if (one === null || other === null) return (one === null) - (other === null) || a - b;
    return sign * order(one, other) || a - b;
  });
}
