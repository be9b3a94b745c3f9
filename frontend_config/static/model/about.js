// Who a model is: name, what kind of model it is, where it lies, and under which conditions it was asked.

import { el, linkButton, linked } from "../common/dom.js";
import { DOMAINS } from "../common/domains.js";
import { shortCount } from "../common/numbers.js";
import { dataAt, pageAt } from "../common/ways.js";
import { day } from "./words.js";

const KINDS = { "same id": "The same model", "same weights": "The same weights" };
const VIEW_WORDS = { measured: "measured", published: "published, June 2024", rehearsal: "rehearsal" };

/** The page's heading with the buttons that lead on, and what its numbers are. */
export function head(row, link) {
  const models = [row.name, row.base?.name].filter(Boolean).map((name) => `m=${encodeURIComponent(name)}`);
  const compare = pageAt(`/compare?${models.join("&")}&view=${row.view}`);
  return el(
    "header",
    { class: "head" },
    el("p", { class: "back" }, el("a", { href: pageAt(`/?view=${row.view}`) }, "Leaderboard")),
    el(
      "div",
      { class: "title" },
      el("h1", {}, el("bdi", {}, row.name)),
      row.domain && el("span", { class: `tag ${row.domain}` }, DOMAINS[row.domain]),
      el(
        "div",
        { class: "ways" },
        el("a", { class: "quiet", href: compare }, row.base?.name ? "Compare with its base" : "Compare"),
        row.link && el("a", { class: "quiet", href: row.link, rel: "noopener", target: "_blank" }, "On the Hub"),
        linkButton(link),
      ),
    ),
    el(
      "p",
      { class: `notice ${row.view === "rehearsal" ? "rehearsal" : ""}` },
      row.instead && el("span", { class: "instead" }, row.instead, " "),
      row.notice,
    ),
  );
}

/** What is known of the model, fact by fact; what is not known says so. */
export function aboutCard(row) {
  const rows = [
    ["Size", row.params && `${shortCount(row.params)} parameters`],
    ["Base model", row.base && baseLink(row.base)],
    ["Licence", row.licence && el("bdi", {}, row.licence)],
    ["Architecture", row.architecture && el("bdi", {}, row.architecture)],
    ...(row.ledger ? askedWith(row) : [["Protocol", row.protocol]]),
  ];
  return el(
    "section",
    { class: "card about" },
    el("h2", {}, "About"),
    el("dl", {}, ...rows.map(fact)),
    row.others.length > 0 && el("h3", {}, "Also on the board"),
    row.others.length > 0 && el("ul", { class: "others" }, ...row.others.map(other)),
  );
}

function askedWith(row) {
  return [
    ["Commit", row.revision && el("code", { title: row.revision }, row.short)],
    ["Engine", row.engine],
    ["Type of weights", row.dtype],
    ["Protocol", row.protocol],
    ["Edition", row.edition],
    ["Published", row.published_at && day(row.published_at)],
    [
      "Ledger line",
      el(
        "a",
        { href: dataAt(`/v1/runs/${row.ledger.number}`), title: `SHA-256 ${row.ledger.hash}` },
        String(row.ledger.number),
      ),
    ],
    [
      "Submission",
      row.submission_id
        && receipt(row.submission_id),
    ],
  ];
}

function fact([name, value]) {
  const known = value !== null && value !== undefined && value !== "" && value !== 0;
  return el(
    "div",
    {},
    el("dt", {}, name),
    el("dd", {}, known ? value : el("span", { class: "unknown" }, "not stated")),
  );
}

function receipt(id) {
  const href = pageAt(`/submission?id=${encodeURIComponent(id)}`);
  return href ? el("a", { href }, id) : id;
}

function baseLink(base) {
  return base.page ? el("a", { href: pageAt(base.page) }, el("bdi", {}, base.id)) : linked(base.id, base.link);
}

function other(each) {
  const told = [KINDS[each.kind], VIEW_WORDS[each.view], each.engine].filter(Boolean).join(", ");
  return el("li", {}, el("a", { href: pageAt(each.page) }, el("bdi", {}, each.label)), el("span", { class: "told" }, told));
}
