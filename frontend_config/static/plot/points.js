// From the columns of a view to the marks of the drawing: a pure function of data, axes and state.

import { DOMAINS } from "../common/domains.js";
import { shortCount } from "../common/numbers.js";
import { BANDS, bandOf } from "../common/sizes.js";
import { pageAt } from "../common/ways.js";
import { familyOf } from "./families.js";

const LONGEST = 120;
const known = new WeakMap();

/** The rows of a view as `{place, name, label, domain, params, base, basePlace, family}`. */
export function modelsOf(data) {
  if (!known.has(data)) known.set(data, read(data));
  return known.get(data);
}

function read(data) {
  const column = (name) => data.columns.find((each) => each.name === name)?.values ?? [];
  const [labels, domains, params, bases] = ["model", "domain", "params", "base_model"].map(column);
  const places = placesByName(data, labels);
  const placeOf = (base) => (base ? places.get(base.toLowerCase()) ?? null : null);
  return data.names.map((name, place) => ({
    place, name, label: labels[place], domain: domains[place] ?? null, params: params[place] ?? null,
    base: bases[place] ?? null, basePlace: placeOf(bases[place]),
    family: familyOf(lineOf(place, labels, bases, placeOf)),
  }));
}

/** The models that have a number on every one of these axes. */
export function drawable(models, axes) {
  return models.filter(({ place }) => axes.every(({ values }) => values[place] !== null));
}

/** The models that pass the filters of the state; the family's only when asked for, as the legend counts without it. */
export function chosenModels(models, state, { byFamily = true } = {}) {
  const sizes = state.sizes.filter((name) => Object.hasOwn(BANDS, name));
  return models.filter(
    ({ domain, params, family }) =>
      (state.domains.length === 0 || state.domains.includes(domain ?? "unknown"))
      && (sizes.length === 0 || sizes.includes(bandOf(params)))
      && (!byFamily || state.families.length === 0 || state.families.includes(family.name)),
  );
}

/** The models that have both numbers as marks, and the others with the reason why they are not in the drawing. */
export function pointsOf(data, models, [x, y], state) {
  const points = [];
  const absent = [];
  for (const model of models) {
    const lacking = [x, y].find((axis) => axis.values[model.place] === null);
    if (lacking) absent.push({ ...model, lacking, reason: lacking.missing[model.place] ?? lacking.absent });
    else points.push(pointOf(data, model, x, y, state.marked.includes(model.name)));
  }
  return { points, absent };
}

/** The pairs of places in `points` of which the second was made from the first. */
export function tiesOf(points) {
  const at = new Map(points.map((point, place) => [point.place, place]));
  const pairs = points.map((point, place) => [at.get(point.basePlace), place]);
  return pairs.filter(([from, to]) => from !== undefined && from !== to);
}

/** Places in `points` of the models than which no smaller or equally large one scores higher, smallest first. */
export function frontOf(points) {
  const order = points.map((_, place) => place)
    .sort((a, b) => points[a].x - points[b].x || points[b].y - points[a].y || a - b);
  const found = [];
  for (const place of order) {
    const last = points[found.at(-1)];
    if (!last || points[place].y > last.y || (points[place].y === last.y && points[place].x === last.x)) {
      found.push(place);
    }
  }
  return found;
}

/** Places in `points` in the order in which they deserve a name: the chosen, then the front, then the best. */
export function namesFirst(points, front, { byBoth }) {
  const best = (name) => {
    const values = points.map((point) => point[name]);
    const [low, high] = [
      values.reduce((a, b) => Math.min(a, b), Infinity),
      values.reduce((a, b) => Math.max(a, b), -Infinity),
    ];
    return (point) => (point[name] - low) / (high - low || 1);
  };
  const [across, up] = [best("x"), best("y")];
  const ahead = new Set(front);
  const worth = points.map(
    (point, place) => 10 * point.marked + 4 * ahead.has(place) + up(point) + (byBoth ? across(point) : 0),
  );
  return points.map((_, place) => place).sort((a, b) => worth[b] - worth[a] || a - b);
}

function pointOf(data, model, x, y, marked) {
  const { place, name, family } = model;
  const view = data.view === "measured" ? "" : `&view=${data.view}`;
  return {
    ...model, label: cut(model.label), marked, tone: family.tone, shape: model.domain ?? "unknown",
    x: x.values[place], xLow: x.low[place] ?? null, xHigh: x.high[place] ?? null,
    y: y.values[place], yLow: y.low[place] ?? null, yHigh: y.high[place] ?? null,
    href: pageAt(`/model?id=${encodeURIComponent(wellFormed(name))}${view}`),
    lines: () => linesOf(data, model, x, y),
  };
}

function linesOf(data, model, x, y) {
  const { label, domain, family, params, base, place } = model;
  const about = [DOMAINS[domain], family.title, params && shortCount(params)].filter(Boolean).join(", ");
  const numbers = [...new Set([x, y])].map((axis) => tell(data, axis, place));
  return [cut(label), ...numbers, about, base && `Made from ${cut(base)}`].filter(Boolean);
}

function tell(data, axis, place) {
  const [low, high] = [axis.low[place] ?? null, axis.high[place] ?? null];
  const text = `${axis.title} ${axis.exact(axis.values[place])}`;
  if (axis.kind !== "score") return text;
  if (low === null || high === null) {
    return `${text}, no interval ${data.provenance === "published" ? "published" : "known"}`;
  }
  return `${text}, 95 % interval ${axis.exact(low)} to ${axis.exact(high)}`;
}

/** Where each model stands by its label and by its id on the Hub, in lower case; of several rows the newest. */
function placesByName(data, labels) {
  const links = data.columns.find(({ name }) => name === "model")?.links ?? [];
  const places = new Map();
  data.names.forEach((name, place) => {
    const link = links[place];
    const id = link ? decodeURIComponent(new URL(link).pathname.slice(1)) : null;
    for (const key of [labels[place], id]) {
      if (key && (name === labels[place] || !places.has(key.toLowerCase()))) places.set(key.toLowerCase(), place);
    }
  });
  return places;
}

function lineOf(place, labels, bases, placeOf) {
  const line = [];
  const seen = new Set();
  for (let at = place; at !== null && !seen.has(at); at = placeOf(bases[at])) {
    seen.add(at);
    line.push(labels[at]);
    if (bases[at] && placeOf(bases[at]) === null) line.push(bases[at]);
  }
  return line;
}

function cut(text) {
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}

function wellFormed(text) {
  return text.replace(/[\ud800-\udfff]/gu, "\ufffd");
}
