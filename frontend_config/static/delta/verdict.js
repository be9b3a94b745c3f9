// The page's answer: one sentence, and for each cell how many models gained, lost, or cannot be told.

import { counted, listed } from "../common/numbers.js";
import { el } from "../common/dom.js";

const JUDGED = { improved: "Improved", "cannot tell": "Cannot tell", declined: "Declined" };
const SIGNED = { higher: "Higher", equal: "Equal", lower: "Lower" };
const NO_INTERVALS = "There are no intervals, so nobody can tell which of these differences are more than chance.";
const UNSURE = new Set(["cannot tell", "equal"]);

/** Whether any difference could be judged, so that findings and not mere signs are told. */
function isJudged(data) {
  return Object.values(data.counts).some((counts) => sum(counts, JUDGED) > 0);
}

/** The cell the answer is about: the widest average that any pair has. */
export function headlineCell(data) {
  return data.cells.find((cell) => data.pairs.some((pair) => differs(pair, cell.name)))?.name ?? data.cells[0].name;
}

/** The sentences of the answer, the first of them the answer itself. */
export function answerLines(data, cell) {
  const counts = data.counts[cell.name] ?? {};
  const where = cell.name === "overall" ? "overall" : `on ${cell.title}`;
  const judged = isJudged(data);
  const alone = data.pairs.length === 1;
  const sentence = judged ? judgedSentence : signedSentence;
  const first = alone ? loneSentence(data.pairs[0], cell, where) : sentence(data, counts, where);
  const known = data.pairs.length - (counts.missing ?? 0);
  const open = judged ? known - sum(counts, JUDGED) : 0;
  const lines = [first];
  if (counts.missing && !alone) {
    const have = `${counted(counts.missing, "pair")} ${counts.missing === 1 ? "has" : "have"}`;
    lines.push(`${have} no difference ${where}: a score is missing on one side.`);
  }
  if (open && !alone) lines.push(`${counted(open, "pair")} could not be judged.`);
  if (!judged && known) lines.push(NO_INTERVALS);
  return lines;
}

/** The counts of every cell as a table with a bar in each row. */
export function countsTable(data) {
  const kinds = isJudged(data) ? JUDGED : SIGNED;
  const titles = [...Object.values(kinds), "Missing"];
  const head = [
    el("th", { scope: "col" }, "Where"),
    el("th", { scope: "col", class: "share" }, sharesTitle(kinds)),
    ...titles.map((title) => el("th", { scope: "col", class: "number" }, title)),
  ];
  const rows = data.cells.map((cell) => countsRow(cell, data.counts[cell.name] ?? {}, kinds, data.pairs.length));
  return el(
    "div",
    { class: "frame", tabindex: 0, role: "region", "aria-label": "How many models gained and lost" },
    el("table", { class: "counts" }, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...rows)),
  );
}

/** "Improved, cannot tell, declined": what the parts of a bar are, from left to right. */
function sharesTitle(kinds) {
  const [first, ...others] = Object.values(kinds);
  return [first, ...others.map((title) => title.toLowerCase())].join(", ");
}

function countsRow(cell, counts, kinds, all) {
  const names = Object.keys(kinds);
  const parts = names.filter((name) => counts[name]).map((name) => el(
    "span",
    { class: `part ${kindClass(name)}${kinds === SIGNED ? " open" : ""}`, style: `flex-grow:${counts[name]}` },
    String(counts[name]),
  ));
  const rest = all - sum(counts, kinds);
  if (rest > 0) parts.push(el("span", { class: "part absent", style: `flex-grow:${rest}` }));
  return el(
    "tr",
    {},
    el("th", { scope: "row" }, cell.title),
    el("td", { class: "share" }, el("div", { class: "stack", "aria-hidden": "true" }, ...parts)),
    ...[...names, "missing"].map((name) => el("td", { class: "number" }, String(counts[name] ?? 0))),
  );
}

function kindClass(name) {
  if (UNSURE.has(name)) return "unsure";
  return name === "improved" || name === "higher" ? "gain" : "loss";
}

function loneSentence({ model, base, cells }, cell, where) {
  const { difference, finding } = cells[cell.name] ?? { difference: null, finding: null };
  const [name, other] = [model.label, base.label];
  if (finding === "cannot tell") {
    return `The difference of ${name} to its base ${other} ${where} cannot be told from noise.`;
  }
  if (finding) return `${name} is ${finding === "improved" ? "better" : "worse"} than its base ${other} ${where}.`;
  if (difference === null) return `${name} and its base ${other} have no score in common ${where}.`;
  const side = difference === 0 ? "the same as" : difference > 0 ? "higher than" : "lower than";
  return `${name} scores ${side} its base ${other} ${where}.`;
}

function judgedSentence(data, counts, where) {
  const unsure = counts["cannot tell"] ?? 0;
  const are = (number) => `${number || "none"} ${number === 1 ? "is" : "are"}`;
  const parts = [
    `${are(counts.improved)} better than ${their(counts.improved)} base ${where}`,
    `${are(counts.declined)} worse`,
  ];
  if (unsure) parts.push(`for ${unsure} the difference cannot be told from noise`);
  return `Of ${counted(data.pairs.length, "biomedical model")}, ${listed(parts)}.`;
}

function signedSentence(data, counts, where) {
  const [higher, lower] = [counts.higher ?? 0, counts.lower ?? 0];
  const parts = [
    `${higher || "none"} ${higher === 1 ? "scores" : "score"} higher than ${their(higher)} base ${where}`,
    `${lower || "none"} lower`,
  ];
  if (counts.equal) parts.push(`${counts.equal} the same`);
  return `Of ${counted(data.pairs.length, "biomedical model")}, ${listed(parts)}.`;
}

function their(number) {
  return number === 1 ? "its" : "their";
}

function differs(pair, cell) {
  return (pair.cells[cell]?.difference ?? null) !== null;
}

function sum(counts, kinds) {
  return Object.keys(kinds).reduce((total, name) => total + (counts[name] ?? 0), 0);
}
