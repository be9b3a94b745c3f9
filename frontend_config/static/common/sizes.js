// The groups that models are sorted into by size.

/** Sizes in billions of parameters: above the first number, up to and with the second. */
export const BANDS = {
  le3: { title: "≤ 3B", above: -Infinity, upTo: 3 },
  "3-10": { title: "3–10B", above: 3, upTo: 10 },
  "10-70": { title: "10–70B", above: 10, upTo: 70 },
  gt70: { title: "> 70B", above: 70, upTo: Infinity },
};

/** The band of a number of parameters, null when it is not known. */
export function bandOf(params) {
  if (params === null || params === undefined) return null;
  const billions = params / 1e9;
  return Object.keys(BANDS).find((name) => billions > BANDS[name].above && billions <= BANDS[name].upTo) ?? null;
}
