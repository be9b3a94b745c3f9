// What can be taken away from a model's page: commands that make the row again, files for other places, the manifest.

import { el } from "../common/dom.js";
import { ask, dataAt } from "../common/ways.js";
import { card, copyButton } from "./words.js";

const PROPOSE = "Propose these results to the model's repository";

/** The commands that make this row again, with what they need; an empty element for numbers that others published. */
export function reproducePart(row) {
  if (!row.reproduce) return el("div", { hidden: true });
  return card(
    "Reproduce this row",
    null,
    ...row.reproduce.steps.map((step) => el(
      "div",
      { class: "step" },
      el("div", { class: "bar" }, el("h3", {}, step.title), copyButton(() => step.command, step.title)),
      el("pre", { tabindex: 0, role: "region", "aria-label": step.title }, step.command),
    )),
    el("ul", { class: "notes" }, ...row.reproduce.notes.map((note) => el("li", {}, ...withCode(note)))),
  );
}

/** The manifest and what each task was run with, folded until asked for. */
export function manifestPart(row) {
  if (!row.manifest) return el("div", { hidden: true });
  const facts = [
    ...row.manifest.map(({ title, value }) => [title, String(value)]),
    ...(row.weights_sha256 && !row.manifest.some(({ name }) => name === "weights_sha256")
      ? [["Weights, SHA-256", row.weights_sha256]]
      : []),
  ];
  return card(
    "Manifest",
    "Everything that decided these numbers. Nothing in it names a machine, an address or a person.",
    el(
      "details",
      {},
      el("summary", {}, `${facts.length} facts, ${row.runs.length} ${row.runs.length === 1 ? "task" : "tasks"}`),
      table("What the model was run with", facts),
      ...row.runs.map((run) => table(`${run.title}, version ${run.version}`, [
        ...(run.missing ? [["Not measured", run.missing]] : []),
        ...(run.dataset_sha256 ? [["Data file, SHA-256", run.dataset_sha256]] : []),
        ...Object.entries(run.facts).map(([name, value]) => [name.replaceAll("_", " "), value]),
      ])),
    ),
  );
}

/** Files to download and texts to copy. */
export function takeAwayCard(row) {
  const { exports: out } = row;
  const files = [
    [dataAt(out.csv), "Scores as CSV", "clue-row.csv"],
    [row.ledger && dataAt(`/v1/runs/${row.ledger.number}`), "Result as JSON", null],
    [out.every_eval_ever && dataAt(out.every_eval_ever), "Every Eval Ever record", ""],
    [out.eval_results && dataAt(out.eval_results), ".eval_results/clue.yaml", "clue.yaml"],
  ].filter(([href]) => href);
  return el(
    "section",
    { class: "card take-away" },
    el("h2", {}, "Take away"),
    el(
      "ul",
      { class: "files" },
      ...files.map(([href, text, name]) => el("li", {}, el("a", { href, download: name }, text))),
    ),
    out.propose && el("p", { class: "told" }, "Submitted by you? ", el("a", { href: out.propose }, PROPOSE), "."),
    out.no_eval_results && el("p", { class: "told" }, el("b", {}, ".eval_results: "), out.no_eval_results),
    el(
      "div",
      { class: "bar" },
      el("h3", {}, "Cite"),
      copyButton(() => bib(out.bibtex), "BibTeX"),
    ),
    el(
      "p",
      { class: "told" },
      el("a", { href: dataAt(out.bibtex), download: "" }, "BibTeX"),
      row.ledger
        ? " of the paper and of this row, with its line in the ledger and that line's digest."
        : " of the paper these numbers were published with.",
    ),
    ...(out.badge ? badge(row, out) : []),
  );
}

/** Our own sentence as nodes, what stands between backticks as code. */
function withCode(sentence) {
  return sentence.split("`").map((part, place) => (place % 2 ? el("code", {}, part) : part));
}

async function bib(address) {
  return (await ask(address)).text();
}

function badge(row, out) {
  const site = (out.site ?? location.origin).replace(/\/$/, "");
  const markdown = () => `[![CLUE Leaderboard](${site}${out.badge})](${site}${row.page})`;
  return [
    el("div", { class: "bar" }, el("h3", {}, "Badge"), copyButton(markdown, "badge as Markdown")),
    el("p", {}, el("img", { src: dataAt(out.badge), alt: `Badge: CLUE Leaderboard, ${row.name}`, height: 22 })),
    el("pre", { tabindex: 0, role: "region", "aria-label": "Badge as Markdown" }, markdown()),
  ];
}

function table(caption, rows) {
  return el(
    "table",
    { class: "facts" },
    el("caption", {}, caption),
    el(
      "tbody",
      {},
      ...rows.map(([name, value]) => el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, value))),
    ),
  );
}
