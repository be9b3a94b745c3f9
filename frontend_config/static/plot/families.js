// Which family of base models a model belongs to, by its ancestors' names first and by its own last.

const LONGEST = 200;
const OTHER = { name: "other", title: "Other or not stated", tone: "tone-7" };

/** Families in the order of the legend; the first whose pattern is found in a name is that name's. */
export const FAMILIES = [
  { name: "llama-2", title: "Llama 2", tone: "tone-1", pattern: /llama-?2|meditron-(?:7|70)b|clinical-?camel/i },
  { name: "llama-3", title: "Llama 3", tone: "tone-2", pattern: /llama-?3/i },
  { name: "mistral", title: "Mistral, Mixtral", tone: "tone-3", pattern: /mi[sx]tral|ministral|zephyr/i },
  { name: "phi", title: "Phi", tone: "tone-4", pattern: /(?:^|[^a-z])phi-?\d/i },
  { name: "gemma", title: "Gemma", tone: "tone-5", pattern: /gemma/i },
  { name: "qwen", title: "Qwen", tone: "tone-6", pattern: /qwen|qwq/i },
  OTHER,
];

/** The family of a model with this line of names: itself first, then what it was made from, and so on. */
export function familyOf(line) {
  const known = FAMILIES.filter(({ pattern }) => pattern);
  for (const name of [...line].reverse()) {
    const found = known.find(({ pattern }) => pattern.test(name.slice(0, LONGEST)));
    if (found) return found;
  }
  return OTHER;
}
