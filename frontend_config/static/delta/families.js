// What was made from what, as a tree that folds, and the models that wait for their base.

import { counted } from "../common/numbers.js";
import { DOMAINS } from "../common/domains.js";
import { el } from "../common/dom.js";
import { pageLink } from "../common/views.js";
import { submitLink } from "../common/ways.js";

const DEEPEST = 12;

/** The trees of all families. */
export function familyTree(families, view) {
  return el("ul", { class: "tree" }, ...families.map((family) => branch(family, view, 0)));
}

function branch(member, view, depth) {
  const children = depth < DEEPEST ? member.children ?? [] : [];
  if (children.length === 0) return el("li", {}, memberLine(member, view));
  const below = el("ul", {}, ...children.map((child) => branch(child, view, depth + 1)));
  const turn = () => {
    below.hidden = !below.hidden;
    button.setAttribute("aria-expanded", String(!below.hidden));
  };
  const tally = counted(descendants(member), "descendant");
  const button = el(
    "button",
    {
      type: "button",
      class: "fold",
      "aria-expanded": "true",
      "aria-label": `${tally} of ${member.name}`,
      onclick: turn,
    },
    tally,
  );
  return el("li", {}, memberLine(member, view), button, below);
}

function memberLine(member, view) {
  const name = el("bdi", {}, member.name);
  const known = Object.hasOwn(DOMAINS, member.domain ?? "") ? member.domain : null;
  return el(
    "span",
    { class: "member" },
    member.on_board ? el("a", { href: pageLink("/model", [["id", member.name]], view) }, name) : name,
    known ? el("span", { class: `tag ${known}` }, DOMAINS[known]) : null,
    member.on_board ? null : el("span", { class: "off" }, "not on the board"),
  );
}

function descendants(member) {
  return (member.children ?? []).reduce((sum, child) => sum + 1 + descendants(child), 0);
}

/** Biomedical models without a base to be set beside, why, and what to do. */
export function unpairedList(unpaired, view) {
  const lines = unpaired.map((model) =>
    el(
      "li",
      {},
      el(
        "div",
        {},
        el("a", { href: pageLink("/model", [["id", model.name]], view) }, el("bdi", {}, model.label)),
        el("p", {}, model.reason),
      ),
      model.base_model && view !== "published"
        ? submitLink("quiet", "Submit its base", `?${new URLSearchParams({ model: model.base_model })}`)
        : null,
    ),
  );
  return el("ul", { class: "unpaired" }, ...lines);
}
