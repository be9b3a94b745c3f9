// Small controls: a chip with a count, and a box that opens below its button.

import { el } from "../common/dom.js";

const open = new Set();

/** A chip that is on or off; `show(pressed, count)` says which, and how many rows it holds. */
export function chip(name, title, turn) {
  const count = el("span", { class: "n" });
  const node = el(
    "button",
    { type: "button", class: `chip ${name}`, "data-name": name, "aria-pressed": "false", onclick: () => turn(name) },
    el("span", {}, title),
    count,
  );
  const show = (pressed, rows) => {
    press(node, pressed);
    node.classList.toggle("none", rows === 0);
    count.textContent = rows.toLocaleString("en");
  };
  return { node, show };
}

/** A box that a press on its title opens and Escape, a press elsewhere, or another box closes. */
export function popover(title, name, ...content) {
  const summary = el("summary", {}, title);
  const node = el("details", { class: `popover ${name}` }, summary, el("div", { class: "box" }, ...content));
  node.addEventListener("toggle", () => {
    if (!node.open) {
      open.delete(node);
      return;
    }
    for (const other of open) other.open = false;
    open.add(node);
  });
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !node.open) return;
    node.open = false;
    summary.focus();
  });
  return node;
}

function press(button, pressed) {
  button.setAttribute("aria-pressed", String(pressed));
}

document.addEventListener("pointerdown", (event) => {
  for (const box of open) if (!event.composedPath().includes(box)) box.open = false;
});
