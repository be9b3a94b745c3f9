// A drawing as a file of its own: SVG or PNG, with the colours and fonts that it has on the page.

import { download, el } from "../common/dom.js";

const SHARPNESS = 2;
const INHERITED = [
  "fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap", "stroke-linejoin",
  "stroke-opacity", "paint-order", "text-anchor", "dominant-baseline", "direction", "font-family", "font-size",
  "font-weight", "font-variant-numeric",
];
const ONLY_HERE = /^(class|style|href|tabindex|data-.*|on.*)$/;
// What XML 1.0 may not hold: a name with one of these would make the whole file unreadable.
const NOT_XML =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Two buttons that keep `drawing()` as a file called `name`, or `name()`. */
export function saveButtons(drawing, name) {
  const button = (title, save) => el(
    "button",
    {
      type: "button", class: "quiet", "aria-label": `Download ${title}`,
      onclick: () => save(drawing(), typeof name === "function" ? name() : name),
    },
    title,
  );
  return el("div", { class: "saves" }, button("SVG", saveSvg), button("PNG", savePng));
}

/**
 * The drawing as the text of a file that needs neither page nor style sheet.
 *
 * What has the class `kept` is only in the file (title, legend, source); `data-kept` on the drawing is then the file's
 * view box. What is hidden on the page is left out, and so is everything that only a page can do.
 */
function textOf(drawing) {
  const copy = drawing.cloneNode(true);
  dress(drawing, copy, null);
  const [left, top, width, height] = boxOf(drawing);
  copy.setAttribute("role", "img");
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("viewBox", `${left} ${top} ${width} ${height}`);
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  copy.prepend(ground(left, top, width, height));
  return new XMLSerializer().serializeToString(copy).replace(NOT_XML, "\ufffd");
}

/** The drawing is handed to the browser as name.svg. */
function saveSvg(drawing, name) {
  download(`${name}.svg`, textOf(drawing), "image/svg+xml");
}

/** The drawing is handed to the browser as name.png, twice as sharp as it is large. */
async function savePng(drawing, name) {
  const [, , width, height] = boxOf(drawing);
  const address = URL.createObjectURL(new Blob([textOf(drawing)], { type: "image/svg+xml" }));
  const picture = new Image(width, height);
  picture.src = address;
  await picture.decode().finally(() => URL.revokeObjectURL(address));
  const canvas = Object.assign(document.createElement("canvas"), {
    width: width * SHARPNESS,
    height: height * SHARPNESS,
  });
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((done) => { canvas.toBlob(done, "image/png"); });
  download(`${name}.png`, blob, "image/png");
}

function boxOf(drawing) {
  if (drawing.dataset.kept) return drawing.dataset.kept.split(" ").map(Number);
  const { x, y, width, height } = drawing.viewBox.baseVal;
  return [x, y, width, height];
}

/** Writes the computed style of `shown` into `told`, where it differs from what `told` inherits, and so on below. */
function dress(shown, told, above) {
  const style = getComputedStyle(shown);
  const below = [...told.children];
  [...shown.children].forEach((child, place) => {
    const hidden = getComputedStyle(child).display === "none" && !child.classList.contains("kept");
    if (hidden) below[place].remove();
    else dress(child, below[place], style);
  });
  for (const { name } of [...told.attributes]) if (ONLY_HERE.test(name)) told.removeAttribute(name);
  for (const name of INHERITED) {
    const value = style.getPropertyValue(name);
    if (value !== above?.getPropertyValue(name)) told.style.setProperty(name, value);
  }
  if (style.opacity !== "1") told.style.opacity = style.opacity;
}

function ground(left, top, width, height) {
  const colour = getComputedStyle(document.documentElement).getPropertyValue("--clue-surface").trim() || "#fff";
  const node = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [name, value] of Object.entries({ x: left, y: top, width, height, fill: colour })) {
    node.setAttribute(name, value);
  }
  return node;
}
