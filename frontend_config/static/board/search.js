// The search: words that all must occur, ";" for or, "@field:" for one column, quotes for a phrase.

/** The fields that can be asked for by name, and what to type after them. */
export const FIELDS = {
  name: { column: "model", example: "@name:mistral", help: "part of the model's name" },
  base: { column: "base_model", example: "@base:llama-3", help: "part of the name of what it was made from" },
  type: { column: "domain", example: "@type:biomedical", help: "biomedical or general" },
  licence: { column: "licence", example: "@licence:apache", help: "part of its licence" },
  engine: { column: "engine", example: "@engine:transformers", help: "what ran the model" },
  size: { column: "params", example: "@size:>10", help: "billions of parameters: >10, <=3 or 3-10" },
};

const SAME = { license: "licence", model: "name", params: "size", domain: "type" };
const TERM = /(?:@([a-z_]*):)?(?:"([^"]*)"?|([^\s"]+))?/iy;
const SIZE = /^(?:(>=|<=|>|<|=)?(\d+(?:\.\d+)?)b?|(\d+(?:\.\d+)?)b?[-–](\d+(?:\.\d+)?)b?)$/i;
const COMPARE = {
  ">": (a, b) => a > b, ">=": (a, b) => a >= b, "<": (a, b) => a < b, "<=": (a, b) => a <= b,
  "=": (a, b) => a === b || Math.round(a * 10) === Math.round(b * 10),
};
const haystacks = new WeakMap();

/** What was typed as `{alternatives, hints}`: lists of `{field, text}` of which one must fit whole, and complaints. */
export function parseSearch(typed) {
  const hints = [];
  const alternatives = split(typed).map((part) => termsOf(part, hints)).filter((terms) => terms.length > 0);
  return { alternatives, hints: [...new Set(hints)] };
}

/** A test of a row's place for this search; everything fits an empty one. */
export function matcher(data, { alternatives }) {
  if (alternatives.length === 0) return () => true;
  const tests = alternatives.map((terms) => terms.map((term) => testOf(data, term)));
  return (place) => tests.some((all) => all.every((test) => test(place)));
}

/** Cuts at the semicolons that stand outside quotes. */
function split(typed) {
  return typed.match(/(?:"[^"]*"?|[^;"])+/g) ?? [];
}

function termsOf(part, hints) {
  const terms = [];
  TERM.lastIndex = 0;
  let at = 0;
  while (at < part.length) {
    if (/\s/.test(part[at])) { at += 1; continue; }
    TERM.lastIndex = at;
    const [whole, field, phrase, word] = TERM.exec(part);
    at += Math.max(whole.length, 1);
    const term = termOf(field?.toLowerCase(), (phrase ?? word ?? "").trim().toLowerCase(), hints);
    if (term) terms.push(term);
  }
  return terms;
}

function termOf(asked, text, hints) {
  if (asked === undefined) return text ? { field: null, text } : null;
  const field = Object.hasOwn(SAME, asked) ? SAME[asked] : asked;
  if (!Object.hasOwn(FIELDS, field)) {
    const known = Object.keys(FIELDS).map((name) => `@${name}:`).join(" ");
    hints.push(`There is no @${asked}: here, so it is left out. There are ${known}`);
    return null;
  }
  if (!text) {
    hints.push(`After @${asked}: comes ${FIELDS[field].help}, for example ${FIELDS[field].example}`);
    return null;
  }
  if (field === "size" && !SIZE.test(text)) {
    hints.push(`After @${asked}: come ${FIELDS.size.help}, for example ${FIELDS.size.example}`);
    return null;
  }
  return { field, text };
}

function testOf(data, { field, text }) {
  if (field === null) {
    const words = haystackOf(data);
    return (place) => words[place].includes(text);
  }
  const values = data.columns.find((column) => column.name === FIELDS[field].column)?.values ?? [];
  if (field === "size") return sizeTest(values, text);
  return (place) => String(values[place] ?? "").toLowerCase().includes(text);
}

function sizeTest(values, text) {
  const [, sign, size, low, high] = SIZE.exec(text);
  const fits = size === undefined
    ? (billions) => billions >= Number(low) && billions <= Number(high)
    : (billions) => COMPARE[sign ?? "="](billions, Number(size));
  return (place) => typeof values[place] === "number" && fits(values[place] / 1e9);
}

/** All that a free word is looked for in, one text per row, made once for each answer of the server. */
function haystackOf(data) {
  const key = data.source ?? data;
  if (!haystacks.has(key)) {
    const columns = key.columns.filter((column) => column.kind === "model" || column.kind === "text");
    const row = (_, place) => columns.map((column) => column.values[place] ?? "").join("\n").toLowerCase();
    haystacks.set(key, Array.from({ length: key.rows }, row));
  }
  return haystacks.get(key);
}
