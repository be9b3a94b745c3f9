// Values as whole numbers in their order, worked out once: comparing two rows is then one subtraction.

const made = new WeakMap();
let names = null;

/**
 * `levels[place]` is how many values of this list come before the one at that place, equal ones not among each other;
 * −1 where there is none. `count` values there are. Numbers stand lowest first, texts as a reader would sort them.
 */
export function levelsOf(values) {
  if (!made.has(values)) made.set(values, work(values));
  return made.get(values);
}

function work(values) {
  const there = values.filter((value) => value !== null && value !== undefined);
  const count = there.length;
  if (typeof there[0] === "number") {
    const ordered = Float64Array.from(there).sort();
    return { levels: Int32Array.from(values, (value) => (isNone(value) ? -1 : firstOf(ordered, value))), count };
  }
  const levels = new Map();
  let at = 0;
  for (const [alike, rows] of alikes(there)) {
    for (const text of alike) levels.set(text, at);
    at += rows;
  }
  return { levels: Int32Array.from(values, (value) => (isNone(value) ? -1 : levels.get(value))), count };
}

function isNone(value) {
  return value === null || value === undefined;
}

/** Where the first of these ordered numbers stands that equals `value`. */
function firstOf(ordered, value) {
  let [low, high] = [0, ordered.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ordered[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Texts that no reader would put one before the other, and how many rows have one of them, in order. */
function alikes(texts) {
  names ??= new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const rows = new Map();
  for (const text of texts) rows.set(text, (rows.get(text) ?? 0) + 1);
  const found = [];
  for (const text of [...rows.keys()].sort(names.compare)) {
    const last = found.at(-1);
    if (last && names.compare(last[0][0], text) === 0) {
      last[0].push(text);
      last[1] += rows.get(text);
    } else {
      found.push([[text], rows.get(text)]);
    }
  }
  return found;
}
