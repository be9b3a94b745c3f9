// What the model was asked and wrote, for tasks whose texts may be shown; the server decides which those are.

import { el, linked } from "../common/dom.js";
import { patiently } from "../common/feed.js";
import { inPlace } from "../common/place.js";
import { card, inOrder } from "./words.js";

const PAGE = 10;
const TYPING_MS = 300;
const ROLES = { system: "System", user: "User", assistant: "Model, as a worked example" };
const ENDS = { length: "It was cut off at the longest answer allowed.", refused: "" };

export class Examples {
  constructor(change) {
    this.change = change;
    this.choice = el("div", { class: "choice", role: "group", "aria-label": "Task" });
    this.field = el("input", {
      type: "search",
      placeholder: "Search item, answer or reference",
      "aria-label": "Search items",
      oninput: () => this.type(),
    });
    this.verdict = el(
      "select",
      { "aria-label": "Verdict", onchange: () => this.change({ verdict: this.verdict.value || null, page: null }) },
      ...[
        ["", "Right and wrong"],
        ["right", "Only right"],
        ["wrong", "Only wrong"],
      ].map(([value, text]) => el("option", { value }, text)),
    );
    this.tools = el("div", { class: "tools", hidden: true }, this.field, this.verdict);
    this.list = el("div", { class: "examples" });
    this.live = el("p", { class: "told", role: "status" });
    this.pages = el("div", { class: "pages" });
    this.node = el("div", {}, card(
      "Single answers",
      "What the model was asked, what it wrote, and what was expected. Tasks on credentialed data show none of it.",
      this.choice, this.tools, this.live, this.list, this.pages,
    ));
  }

  type() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.change({ q: this.field.value || null, page: null }, { step: false }), TYPING_MS);
  }

  show(row, state) {
    this.node.hidden = row.examples.length === 0;
    const tasks = inOrder(row, row.examples, (each) => each.task);
    inPlace(this.choice, () => this.choice.replaceChildren(...tasks.map((each) => this.button(each, state.task))));
    if (this.field.getRootNode().activeElement !== this.field) this.field.value = state.q ?? "";
    this.verdict.value = state.verdict ?? "";
    this.ask(row, state);
  }

  button(each, chosen) {
    const on = each.task === chosen;
    const why = each.open ? null : "credentialed";
    const press = () => this.change({ task: on ? null : each.task, q: null, verdict: null, page: null });
    return el(
      "button",
      { type: "button", class: "quiet small", "aria-pressed": String(on), onclick: press },
      each.title, why && el("span", { class: "told" }, ` ${why}`),
    );
  }

  async ask(row, { task, q, verdict, page }) {
    const query = new URLSearchParams({ run: row.ledger?.number ?? "", limit: PAGE, offset: PAGE * this.pageOf(page) });
    if (q) query.set("q", q);
    if (verdict) query.set("verdict", verdict);
    const policy = row.examples.find((each) => each.task === task)?.policy;
    if (policy) {
      this.asked = null;
      this.clear(policy);
      return;
    }
    const id = (row.hub_id ?? "").split("/").map(encodeURIComponent).join("/");
    const address = task ? `/v1/models/${id}/examples/${encodeURIComponent(task)}?${query}` : null;
    if (address === this.asked) return;
    this.asked = address;
    if (!address) {
      this.clear("");
      return;
    }
    this.live.textContent = "Loading…";
    const told = await answer(address);
    if (this.asked !== address) return;
    if (told.error) this.clear(told.error);
    else this.draw(told, this.pageOf(page));
  }

  pageOf(page) {
    return Math.max(0, (Number.parseInt(page ?? "1", 10) || 1) - 1);
  }

  clear(words) {
    this.tools.hidden = true;
    this.live.textContent = words;
    this.list.replaceChildren();
    this.pages.replaceChildren();
  }

  draw(told, page) {
    this.tools.hidden = false;
    this.verdict.hidden = !told.decided;
    const last = Math.min(told.offset + told.limit, told.found);
    const all = told.found < told.total ? ` that match, ${told.total.toLocaleString("en")} in all` : "";
    const items = `Items ${told.offset + 1} to ${last} of ${told.found.toLocaleString("en")}${all}.`;
    this.live.textContent = told.found === 0 ? "No item matches." : items;
    this.list.replaceChildren(
      el("p", { class: "told" }, ...origin(told), told.note && ` ${told.note}`),
      ...told.examples.map((each) => example(each, told.decided)),
    );
    const turn = (to, text) =>
      el(
        "button",
        { type: "button", class: "quiet small", onclick: () => this.change({ page: to ? String(to + 1) : null }) },
        text,
      );
    inPlace(this.pages, () => this.pages.replaceChildren(
      ...(page > 0 ? [turn(page - 1, "Previous")] : []),
      ...(last < told.found ? [turn(page + 1, "Next")] : []),
    ));
  }
}

async function answer(address) {
  try {
    return await (await patiently(address)).json();
  } catch {
    return { error: "The answers could not be loaded. Check the connection and choose the task again." };
  }
}

/** Whose the texts are. */
function origin({ title, licence, source, link, invented }) {
  if (invented) return [`Texts: invented for the rehearsal, in the form of ${title}.`];
  return [`Texts: ${title}, ${licence}. `, linked(link ? "Source" : source, link)];
}

function example(each, decided) {
  const text = (content, what) =>
    el("pre", { tabindex: 0, role: "group", "aria-label": `${each.id}: ${what}` }, content);
  return el(
    "article",
    { "data-id": each.id },
    el(
      "header",
      {},
      el("h3", {}, el("code", {}, each.id), each.part && el("span", { class: "told" }, ` ${each.part}`)),
      el(
        "p",
        { class: "verdicts" },
        ...each.metrics.filter((one) => one.value !== null).map((one) => verdict(one, decided)),
      ),
    ),
    el(
      "div",
      { class: "sides" },
      el(
        "div",
        {},
        el("h4", {}, "The model wrote"),
        text(each.written || "(nothing)", "what the model wrote"),
        el("p", { class: "told" }, readAs(each), ENDS[each.finish] ?? null),
      ),
      el("div", {}, el("h4", {}, "Reference"), text(each.reference, "reference")),
    ),
    el(
      "details",
      {},
      el("summary", {}, "Prompt"),
      el("p", { class: "told" }, each.prompt_note),
      ...each.prompt.map((turn, place) =>
        el("div", {}, el("h4", {}, ROLES[turn.role]), text(turn.content, `prompt, turn ${place + 1}`)),
      ),
    ),
  );
}

function readAs({ answer: read, written }) {
  if (read === written.trim()) return null;
  return `Read as: ${read === null ? "nothing could be read as an answer" : read}. `;
}

function verdict({ title, value }, decided) {
  const kind = decided ? (value === 100 ? "right" : "wrong") : "";
  return el("span", { class: `verdict ${kind}` }, `${title}: ${kind || value.toFixed(1)}`);
}
