// Models compared by their published scores alone: what /v1/compare says where no judged answers are kept.

const EQUAL = 1e-9;

/** The comparison of these rows of a view, by name; `words` are its sentences, with words in braces to fill in. */
export function unjudged(board, names, words) {
  const places = names.map((name) => board.names.indexOf(name));
  const values = (name, place) => board.columns.find((column) => column.name === name)?.values[place] ?? null;
  const { view, provenance, edition, decimals } = board;
  const pairs = places.flatMap((_, first) => places.slice(first + 1).map((_, more) => [first, first + 1 + more]));
  return {
    view, provenance, edition, decimals,
    notice: words.notice,
    models: places.map((place) => ({
      name: board.names[place],
      label: values("model", place),
      link: board.columns.find((column) => column.name === "model").links[place],
      ...Object.fromEntries(["domain", "base_model", "params", "engine", "revision"].map((of) => [of, values(of, place)])),
    })),
    cells: board.columns.filter((column) => column.kind === "score").map((column) => {
      const scores = places.map((place) => scoreOf(column, place, board.absent));
      return {
        name: column.name, title: column.title, group: column.group, part_of: column.part_of ?? null,
        help: column.help, tests: 0, scores,
        pairs: pairs.map((pair) => pairOf(column, pair, scores, names, decimals, words)),
      };
    }),
  };
}

function scoreOf(column, place, absent) {
  const value = column.values[place] ?? null;
  const [low, high] = [column.low[place] ?? null, column.high[place] ?? null];
  const missing = value === null ? column.missing[String(place)] ?? absent : null;
  return { value, low, high, n: column.n[place] ?? 0, missing };
}

function pairOf(column, [first, second], scores, names, decimals, words) {
  const lacking = [first, second].find((place) => scores[place].value === null);
  const known = lacking === undefined;
  const difference = known ? scores[first].value - scores[second].value : null;
  const reason = known
    ? words.reason
    : filled(words.missing, { name: names[lacking], reason: scores[lacking].missing });
  const sentence = filled(words[known ? signOf(difference) : "not compared"], {
    first: names[first],
    second: names[second],
    cell: words.cells[column.name] ?? (column.part_of ? `${column.part_of}, ${column.title}` : column.title),
    points: known ? Math.abs(difference).toFixed(decimals) : "",
    reason,
  });
  const unknown = { n: 0, low: null, high: null, p: null, p_adjusted: null, detectable: null, finding: null };
  return { ...unknown, first, second, difference, reason, sentence };
}

function signOf(difference) {
  if (Math.abs(difference) < EQUAL) return "equal";
  return difference > 0 ? "higher" : "lower";
}

function filled(template, told) {
  return template.replaceAll(/\{(\w+)\}/g, (_, name) => told[name] ?? "");
}
