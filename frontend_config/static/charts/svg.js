// Drawings as SVG: elements from text, round numbers for an axis, and a drawing to keep as SVG or PNG.

import { download, el } from "../common/dom.js";

const SPACE = "http://www.w3.org/2000/svg";
const STEPS = [1, 2, 2.5, 5, 10];
const SHARPNESS = 2;

/** An SVG element with these attributes and children. Strings become text; `on…` functions become listeners. */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** A function from `[low, high]` of the data to `[from, to]` of the drawing, in pixels; logarithmic if asked. */
export function scale([low, high], [from, to], { logarithmic = false } = {}) {
  const read = logarithmic ? Math.log10 : (value) => value;
  const width = read(high) - read(low) || 1;
  return (value) => from + ((read(value) - read(low)) / width) * (to - from);
}

/** Round numbers from at most `low` to at least `high`, about `count` of them. */
export function ticks(low, high, count = 5) {
  const rough = Math.max(high - low, 1e-9) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = STEPS.map((each) => each * power).find((each) => each >= rough);
  const first = Math.floor(low / step);
  const last = Math.ceil(high / step);
  return Array.from({ length: last - first + 1 }, (_, place) => Number(((first + place) * step).toPrecision(12)));
}

/** The drawing as the text of a file of its own, with the colours that it has on the page. */
export function textOf(drawing) {
  const copy = drawing.cloneNode(true);
  const [shown, told] = [drawing, copy].map((root) => [root, ...root.querySelectorAll("*")]);
  shown.forEach((node, place) => {
    const style = getComputedStyle(node);
    for (const name of ["fill", "stroke", "stroke-width", "stroke-dasharray", "opacity", "font", "text-anchor"]) {
      told[place].style.setProperty(name, style.getPropertyValue(name));
    }
  });
  const { width, height } = drawing.viewBox.baseVal;
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  copy.style.background = getComputedStyle(document.documentElement).getPropertyValue("--clue-surface");
  return new XMLSerializer().serializeToString(copy);
}

/** The drawing is handed to the browser as name.svg. */
export function saveSvg(drawing, name) {
  download(`${name}.svg`, textOf(drawing), "image/svg+xml");
}

/** The drawing is handed to the browser as name.png, twice as sharp as it is large. */
export async function savePng(drawing, name) {
  const { width, height } = drawing.viewBox.baseVal;
  const picture = new Image();
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(textOf(drawing))}`;
  await picture.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: width * SHARPNESS, height: height * SHARPNESS });
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((done) => { canvas.toBlob(done, "image/png"); });
  download(`${name}.png`, blob, "image/png");
}

/** Two buttons that keep `drawing()` as a file called `name`. */
export function saveButtons(drawing, name) {
  const button = (title, save) => el(
    "button", { type: "button", class: "quiet", onclick: () => save(drawing(), name) }, title,
  );
  return el("div", { class: "saves" }, button("SVG", saveSvg), button("PNG", savePng));
}

/** What the drawing shows as a table, for those who read instead of look; folded until asked for. */
export function dataTable(caption, headings, rows) {
  const cells = (tag, values, scope) => values.map(
    (value, place) => el(place === 0 && tag === "td" ? "th" : tag, { scope: place === 0 && tag === "td" ? "row" : scope }, value),
  );
  return el(
    "details",
    { class: "figures" },
    el("summary", {}, "The figures as a table"),
    el(
      "div",
      { class: "figures-frame", tabindex: 0, role: "region", "aria-label": caption },
      el(
        "table",
        {},
        el("caption", {}, caption),
        el("thead", {}, el("tr", {}, ...cells("th", headings, "col"))),
        el("tbody", {}, ...rows.map((row) => el("tr", {}, ...cells("td", row, null)))),
      ),
    ),
  );
}
