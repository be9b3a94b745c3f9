// A mean of the visitor's own: weights by task, and the column they make.

export const MOST = 10;
export const CUSTOM = "custom_average";
export const UNNAMED = "Custom average";
const NAME_LENGTH = 40;

/** The tasks that can be weighed: what levels are made of. */
export function tasksOf(data) {
  const isTask = (column) => column.kind === "score" && !column.part_of && column.group.startsWith("Level");
  return data.columns.filter(isTask);
}

/** "mednli:3,meqsum:0.5" as a map from task to a weight of 0 to 10; what is neither is left out. */
export function parseWeights(text) {
  const weights = new Map();
  for (const part of text.split(",")) {
    const [name, number] = part.split(":");
    const weight = Number(number);
    if (name && number && Number.isFinite(weight) && weight > 0) weights.set(name, Math.min(MOST, weight));
  }
  return weights;
}

/** Weights as the text that `parseWeights` reads. */
export function weightsText(weights) {
  return [...weights].filter(([, weight]) => weight > 0).map(([name, weight]) => `${name}:${weight}`).join(",");
}

/**
 * The weighted mean Σ wᵢxᵢ / Σ wᵢ as a column, or null when no task of this view has a weight. A row that
 * misses a part has no mean. It has no interval, and never takes part in rank ranges.
 */
export function customColumn(data, text, name) {
  const weights = parseWeights(text);
  const parts = tasksOf(data).filter((task) => weights.has(task.name));
  if (parts.length === 0) return null;
  const total = parts.reduce((sum, task) => sum + weights.get(task.name), 0);
  const values = new Array(data.rows);
  const missing = {};
  for (let place = 0; place < data.rows; place += 1) {
    const absent = parts.filter((task) => task.values[place] === null);
    if (absent.length) missing[place] = `Not complete: ${absent.map((task) => task.title).join(", ")} missing.`;
    const sum = parts.reduce((before, task) => before + weights.get(task.name) * task.values[place], 0);
    values[place] = absent.length ? null : sum / total;
  }
  const made = parts.map((task) => `${task.title} × ${weights.get(task.name)}`).join(", ");
  const none = new Array(data.rows).fill(null);
  return {
    name: CUSTOM, title: name.trim().slice(0, NAME_LENGTH) || UNNAMED, group: "Averages", kind: "score", custom: true,
    shown: true, values, low: none, high: none, n: none, missing,
    help: `Your own weights: ${made}. It has no interval and no rank range.`,
  };
}
