// One small box that explains what is under the pointer or has the focus.

import { el } from "./dom.js";

export class Tip {
  constructor(root) {
    this.box = el("div", { class: "tip", role: "tooltip", hidden: true });
    root.append(this.box);
  }

  /** Shows the lines next to `target`, inside the window. */
  show(target, lines) {
    this.box.replaceChildren(...lines.filter(Boolean).map((line) => el("span", {}, line)));
    this.box.hidden = false;
    const at = target.getBoundingClientRect();
    const own = this.box.getBoundingClientRect();
    const left = Math.min(Math.max(8, at.left + at.width / 2 - own.width / 2), innerWidth - own.width - 8);
    const below = at.bottom + 6;
    const top = below + own.height > innerHeight ? at.top - own.height - 6 : below;
    this.box.style.cssText = `left:${left}px;top:${top}px`;
  }

  hide() {
    this.box.hidden = true;
  }

  /** Explains descendants of `area` for which `linesOf(element)` gives lines, on hover and on focus; Escape hides. */
  watch(area, linesOf) {
    const turn = (event) => {
      const target = event.target.closest?.("td,th,button,dd,.rank");
      const lines = target && area.contains(target) ? linesOf(target) : null;
      if (lines) this.show(target, lines);
      else this.hide();
    };
    area.addEventListener("pointerover", turn);
    area.addEventListener("focusin", turn);
    area.addEventListener("pointerleave", () => this.hide());
    area.addEventListener("focusout", () => this.hide());
    area.addEventListener("scroll", () => this.hide(), true);
    area.addEventListener("keydown", (event) => { if (event.key === "Escape") this.hide(); });
  }
}
