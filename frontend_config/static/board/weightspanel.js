// The panel in which a visitor weighs the tasks and names the mean that comes of it.

import { popover } from "./buttons.js";
import { el } from "../common/dom.js";
import { MOST, parseWeights, tasksOf, UNNAMED, weightsText } from "./weights.js";

const WORDS = "Weigh the tasks by what matters to you. The mean becomes a column of its own, with this name; "
  + "Overall stays what it is, and hiding columns changes neither.";
const LIMITS = "It has no interval and no rank range: how sure such a mean is has not been worked out.";

export class WeightsPanel {
  /** `onWeigh({weights, average})` is called with every move. */
  constructor(onWeigh) {
    this.onWeigh = onWeigh;
    this.name = el("input", { type: "text", maxlength: 40, placeholder: UNNAMED, oninput: () => this.weigh() });
    this.rows = el("div", { class: "weights" });
    const all = (weight) => () => {
      for (const input of this.rows.querySelectorAll("input")) input.value = weight;
      this.weigh();
    };
    this.node = popover(
      "Your weights",
      "weigher",
      el("p", {}, WORDS),
      el("label", { class: "name" }, "Name of the column", this.name),
      this.rows,
      el("p", { class: "muted" }, LIMITS),
      el(
        "div",
        { class: "turns" },
        el("button", { type: "button", class: "quiet", onclick: all(1) }, "All the same"),
        el("button", { type: "button", class: "quiet", onclick: all(0) }, "Clear"),
      ),
    );
  }

  show(state, data) {
    const tasks = tasksOf(data);
    const key = tasks.map((task) => task.name).join();
    if (this.key !== key) {
      this.key = key;
      this.rows.replaceChildren(...tasks.map((task) => this.row(task)));
    }
    const weights = parseWeights(state.weights);
    for (const input of this.rows.querySelectorAll("input")) {
      const weight = weights.get(input.name) ?? 0;
      if (Number(input.value) !== weight) input.value = weight;
    }
    if (this.name.value !== state.average) this.name.value = state.average;
    this.node.classList.toggle("active", weights.size > 0);
  }

  row(task) {
    const number = el("input", { type: "number", name: task.name, min: 0, max: MOST, step: "any", value: 0,
      "aria-label": `Weight of ${task.title}`, oninput: () => this.follow(number, slider) });
    const slider = el("input", { type: "range", name: task.name, min: 0, max: MOST, step: 0.5, value: 0,
      "aria-label": `Weight of ${task.title}, as a slider`, oninput: () => this.follow(slider, number) });
    return el("div", { class: "weight" }, el("span", {}, task.title), slider, number);
  }

  follow(moved, other) {
    other.value = Math.min(MOST, Math.max(0, Number(moved.value) || 0));
    this.weigh();
  }

  weigh() {
    const numbers = [...this.rows.querySelectorAll('input[type="number"]')];
    const weightOf = (input) => Math.min(MOST, Number(input.value) || 0);
    const weights = weightsText(new Map(numbers.map((input) => [input.name, weightOf(input)])));
    this.onWeigh({ weights, average: this.name.value });
  }
}
