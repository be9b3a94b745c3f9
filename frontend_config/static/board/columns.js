// Which columns there are and which of them are shown: those of the server, intervals, and a mean of one's own.

import { rankColumn } from "./ranks.js";
import { CUSTOM, customColumn } from "./weights.js";

export const PRESETS = {
  overview: "Overview", level_1: "Level 1", level_2: "Level 2", all: "All metrics",
  diagnostics: "Diagnostics", facts: "Model facts",
};
const LEVELS = { level_1: "Level 1", level_2: "Level 2" };
const GROUPS = { diagnostics: "Diagnostics", facts: "Model facts" };
const INTERVALS = "95 % intervals";
const known = new WeakMap();
const CORE = ["rank", "domain", "params", "overall"];

/** The view with every column that can be shown; those that are empty and optional are left out. */
export function withOwnColumns(data, state) {
  const custom = customColumn(data, state.weights, state.average);
  const columns = [];
  for (const column of data.columns) {
    if (column.shown || column.kind === "score" || filled(column.values)) columns.push(column);
    if (column.kind === "score" && !column.part_of && filled(column.low)) columns.push(intervalColumn(column));
    if (column.name === "level_2" && custom) columns.push(custom);
  }
  return { ...data, columns, source: data };
}

/** The same view with the ranks of a board that is sorted by the column `primary`. */
export function withRanks(data, primary) {
  const sorting = data.columns.find((column) => column.name === primary);
  const cell = sorting?.of?.name ?? primary;
  const ranks = data.columns.map((column) => (column.kind === "rank" ? rankColumn(data, column, cell) : column));
  return { ...data, columns: ranks };
}

/** The sorts that are wished for, the visitor's first; a level's preset is sorted by that level. */
export function sortWishes(state) {
  return [state.sort, Object.hasOwn(LEVELS, state.columns) ? `-${state.columns}` : ""];
}

/** The columns the state asks for, in the board's order. The model always stays. */
export function shownColumns(data, state) {
  const wanted = chosen(data, state.columns);
  return data.columns.filter((column) => column.kind === "model" || wanted(column));
}

/** The columns by the heading they have in the chooser. */
export function grouped(columns) {
  const groups = new Map();
  for (const column of columns) {
    const group = column.kind === "interval" ? INTERVALS : column.group;
    groups.set(group, [...(groups.get(group) ?? []), column]);
  }
  return new Map([...groups].sort(([one], [other]) => (one === INTERVALS) - (other === INTERVALS)));
}

/** The column's title with the task it is part of, for places where no heading stands above it. */
export function fullTitle(column) {
  return column.part_of ? `${column.part_of} ${column.title}` : column.title;
}

/** The choice of columns, with the visitor's own mean in it if it is a list by name. */
export function includingCustom(choice) {
  if (Object.hasOwn(PRESETS, choice) || choice.split(",").includes(CUSTOM)) return choice;
  return `${choice},${CUSTOM}`;
}

function chosen(data, choice) {
  const alone = onlyMetrics(data);
  const score = (column) => column.kind === "score" && !alone.has(column.part_of);
  if (choice === "all") return (column) => column.shown || score(column);
  if (Object.hasOwn(LEVELS, choice)) {
    const inLevel = (column) => score(column) && column.group.startsWith(LEVELS[choice]);
    return (column) => column.kind === "rank" || column.custom || column.name === choice || inLevel(column);
  }
  if (Object.hasOwn(GROUPS, choice)) {
    return (column) => CORE.includes(column.name) || column.custom || column.group === GROUPS[choice]
      || (choice === "facts" && column.name === "base_model");
  }
  if (Object.hasOwn(PRESETS, choice)) return (column) => column.shown;
  const names = new Set(choice.split(","));
  return (column) => names.has(column.name);
}

/** The tasks with a single metric: it says the same as the task's score, so presets leave it out. */
function onlyMetrics(data) {
  const scores = data.columns.filter((column) => column.kind === "score");
  const metrics = scores.map((column) => column.part_of).filter(Boolean);
  return new Set(metrics.filter((task) => metrics.indexOf(task) === metrics.lastIndexOf(task)));
}

function intervalColumn(score) {
  return {
    name: `${score.name}:interval`, title: "95 % interval", part_of: fullTitle(score), group: score.group,
    kind: "interval", help: `95 % interval of ${fullTitle(score)}; sorted by its lower end.`, shown: false,
    of: score, values: score.low,
  };
}

function filled(values) {
  if (!known.has(values)) known.set(values, values.some((value) => value !== null));
  return known.get(values);
}
