// The models of a view that can be compared, and a few comparisons worth a first look.

const RANKED_BY = ["overall", "level_1"];
const FAMILIES = 2;
const known = new WeakMap();

/** Every model of a view as /v1/leaderboard.json tells it. */
export function rosterOf(data) {
  if (!known.has(data)) known.set(data, read(data));
  return known.get(data);
}

function read(data) {
  const column = (name) => data.columns.find((each) => each.name === name);
  const values = (name) => column(name)?.values ?? [];
  const [labels, domains, bases, params] = ["model", "domain", "base_model", "params"].map(values);
  const links = column("model")?.links ?? [];
  const score = RANKED_BY.map(column).find((each) => each?.values.some((value) => value !== null));
  return data.names.map((name, place) => ({
    name,
    label: labels[place] ?? name,
    hub: links[place] ? decodeURIComponent(new URL(links[place]).pathname.slice(1)) : null,
    domain: domains[place] ?? null,
    base: bases[place] ?? null,
    params: params[place] ?? null,
    score: score?.values[place] ?? null,
    scoreTitle: score?.title ?? "",
  }));
}

/** The model of this name, whatever its case; a Hub id will do as well. Undefined when there is none. */
export function findModel(roster, name) {
  const wanted = name.toLowerCase();
  return roster.find((each) => each.name.toLowerCase() === wanted)
    ?? roster.find((each) => each.hub?.toLowerCase() === wanted);
}

/** Comparisons to begin with: a title and the names. */
export function suggestions(roster) {
  const ranked = roster.filter((each) => each.score !== null).sort((one, other) => other.score - one.score);
  const [best, second] = ranked.length > 1 ? ranked : roster;
  const biomedical = ranked.find((each) => each.domain === "biomedical");
  const general = ranked.find((each) => each.domain === "general");
  const families = ranked.filter((each) => each.domain === "biomedical" && each.base)
    .map((each) => [each, findModel(roster, each.base)]).filter(([each, base]) => base && base !== each);
  const found = [
    ["The two highest", [best, second]],
    ["Best biomedical, best general", [biomedical, general]],
    ...families.slice(0, FAMILIES).map((pair) => ["A biomedical model and its base", pair]),
  ];
  const seen = new Set();
  return found.filter(([, models]) => models.every(Boolean)).map(([title, models]) => ({ title, models }))
    .filter(({ models }) => {
      const key = models.map((each) => each.name).sort().join("\n");
      return !seen.has(key) && seen.add(key);
    });
}
