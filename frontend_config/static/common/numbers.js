// Large numbers in few letters.

const STEPS = [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "K"]];

/** 8030261248 as "8B", 3821079552 as "3.8B". */
export function shortCount(value) {
  const [size, letter] = STEPS.find(([least]) => value >= least) ?? [1, ""];
  const scaled = value / size;
  const short = scaled >= 99.95 ? String(Math.round(scaled)) : scaled.toFixed(1).replace(/\.0$/, "");
  return `${short}${letter}`;
}
