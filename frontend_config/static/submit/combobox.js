// A text field with suggestions that are asked for while somebody types.

import { el } from "../common/dom.js";

const [PAUSE_MS, FEWEST_LETTERS] = [300, 3];

export class Combobox {
  /** `find(text)` gives {found: [{id, downloads}], said}; `chosen()` is called after a suggestion was taken. */
  constructor(input, find, chosen) {
    this.input = input;
    this.find = find;
    this.chosen = chosen;
    this.active = -1;
    this.asked = 0;
    this.list = el("ul", { id: `${input.id}-list`, role: "listbox", "aria-label": "Models on the Hub", hidden: true });
    this.said = el("p", { class: "hint", role: "status" });
    for (const [name, value] of Object.entries({
      role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": this.list.id,
      autocomplete: "off",
    })) input.setAttribute(name, value);
    input.addEventListener("input", () => this.later());
    input.addEventListener("keydown", (event) => this.press(event));
    input.addEventListener("blur", () => this.close());
    this.node = el("div", { class: "combobox" }, input, this.list);
  }

  later() {
    clearTimeout(this.timer);
    this.asked += 1;
    if (this.input.value.trim().length < FEWEST_LETTERS) this.close();
    else this.timer = setTimeout(() => this.ask(), PAUSE_MS);
  }

  async ask() {
    const number = this.asked;
    const answer = await this.find(this.input.value).catch(() => null);
    if (number !== this.asked || this.input.getRootNode().activeElement !== this.input) return;
    if (this.said.textContent !== (answer?.said ?? "")) this.said.textContent = answer?.said ?? "";
    this.show((answer?.found ?? []).filter(({ id }) => id !== this.input.value.trim()));
  }

  show(found) {
    this.active = -1;
    this.input.removeAttribute("aria-activedescendant");
    this.list.replaceChildren(
      ...found.map(({ id, downloads }, at) =>
        el(
          "li",
          {
            id: `${this.list.id}-${at}`,
            role: "option",
            "aria-selected": "false",
            onpointerdown: (event) => {
              event.preventDefault();
              this.take(id);
            },
          },
          el("bdi", {}, id),
          Number.isFinite(downloads) && el("span", { class: "count" }, `${downloads.toLocaleString("en")} downloads`),
        ),
      ),
    );
    this.list.hidden = found.length === 0;
    this.input.setAttribute("aria-expanded", String(!this.list.hidden));
  }

  close() {
    clearTimeout(this.timer);
    this.asked += 1;
    this.show([]);
  }

  press(event) {
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key === "Escape" && !this.list.hidden) this.close();
    else if (event.key in steps && !this.list.hidden) this.move(steps[event.key]);
    else if (event.key === "Enter" && this.active >= 0) {
      this.take(this.list.children[this.active].querySelector("bdi").textContent);
    } else return;
    event.preventDefault();
  }

  move(step) {
    const options = [...this.list.children];
    this.active = (this.active + step + options.length + (this.active < 0 && step < 0 ? 1 : 0)) % options.length;
    options.forEach((option, at) => option.setAttribute("aria-selected", String(at === this.active)));
    this.input.setAttribute("aria-activedescendant", options[this.active].id);
    options[this.active].scrollIntoView({ block: "nearest" });
  }

  take(id) {
    this.input.value = id;
    this.close();
    this.chosen();
  }
}
