// Drawings as SVG: elements from text, scales, round numbers for an axis, and the width of a text.

const SPACE = "http://www.w3.org/2000/svg";
const STEPS = [1, 2, 2.5, 5, 10];
const IN_A_DECADE = [[1, 2, 5], [1, 3], [1]];
const rulers = new Map();

/** An SVG element with these attributes and children. Strings become text; `on…` functions become listeners. */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "style") node.style.cssText = value; // as an attribute a strict policy would refuse it
    else node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** A function from `[low, high]` of the data to `[from, to]` of the drawing, in pixels; logarithmic if asked. */
export function scale([low, high], [from, to], { logarithmic = false } = {}) {
  const read = logarithmic ? Math.log10 : (value) => value;
  const width = read(high) - read(low);
  if (!width) return () => (from + to) / 2;
  return (value) => from + ((read(value) - read(low)) / width) * (to - from);
}

/** Round numbers from at most `low` to at least `high`, about `count` of them; around one value when both agree. */
export function ticks(low, high, count = 5) {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return [];
  if (high - low < 1e-9 * Math.max(Math.abs(low), Math.abs(high), 1)) return ticks(low - 1, high + 1, count);
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = (STEPS.find((each) => each * power >= rough * (1 - 1e-9)) ?? 10) * power;
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, place) => Number(((first + place) * step).toPrecision(12)));
}

/** Round numbers inside `low` to `high` for a logarithmic axis, at most `count`, or plain ones within one decade. */
export function logarithmicTicks(low, high, count = 7) {
  const decades = Array.from(
    { length: Math.ceil(Math.log10(high)) - Math.floor(Math.log10(low)) + 1 },
    (_, place) => 10 ** (Math.floor(Math.log10(low)) + place),
  );
  const inside = (value) => value >= low && value <= high;
  const offers = IN_A_DECADE.map((parts) => decades.flatMap((ten) => parts.map((part) => part * ten)).filter(inside));
  const found = offers.find((each) => each.length <= count) ?? offers.at(-1);
  return found.length > 1 ? found : ticks(low, high, 4).filter((value) => value > 0 && inside(value));
}

/** How many pixels wide `text` stands in the page's own font. */
export function textWidth(text, size = 13, weight = 400) {
  const key = `${weight} ${size}`;
  if (!rulers.has(key)) {
    const ruler = document.createElement("canvas").getContext("2d");
    const family = getComputedStyle(document.documentElement).getPropertyValue("--clue-sans").trim();
    ruler.font = `${weight} ${size}px ${family || "sans-serif"}`;
    rulers.set(key, ruler);
  }
  return rulers.get(key).measureText(text).width;
}

/** The text in lines none of which is wider than `width`, unless a single word is. */
export function lines(text, width, size = 13) {
  const found = [""];
  for (const word of text.split(/\s+/)) {
    const longer = found.at(-1) ? `${found.at(-1)} ${word}` : word;
    if (found.at(-1) && textWidth(longer, size) > width) found.push(word);
    else found[found.length - 1] = longer;
  }
  return found;
}
