// How scores, differences, intervals and counts are written, with a minus that is one and a dash for what is missing.

export const DASH = "–";
const MINUS = "−";
const STEPS = [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "K"]];

/** "+3.1", "−0.4" or "0.0"; null gives a dash. */
export function signed(value, decimals) {
  if (value === null || value === undefined) return DASH;
  const text = Math.abs(value).toFixed(decimals);
  if (Number(text) === 0) return text;
  return `${value < 0 ? MINUS : "+"}${text}`;
}

/** A score, or a dash. */
export function plain(value, decimals) {
  return value === null || value === undefined ? DASH : value.toFixed(decimals);
}

/** "−0.4 to +2.9" for both ends of a difference's interval; an empty string where there is none. */
export function signedInterval({ low, high }, decimals) {
  return hasInterval({ low, high }) ? `${signed(low, decimals)} to ${signed(high, decimals)}` : "";
}

/** "31.2 to 34.9", or an empty string. */
export function interval({ low, high }, decimals) {
  return hasInterval({ low, high }) ? `${low.toFixed(decimals)} to ${high.toFixed(decimals)}` : "";
}

/** Whether both ends are known. */
export function hasInterval({ low, high }) {
  return (low ?? null) !== null && (high ?? null) !== null;
}

/** "1 model", "2 models". */
export function counted(number, one, many = `${one}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

/** "a", "a and b", "a, b and c". */
export function listed(parts) {
  return parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
}

/** A p-value as it is usually read; an empty string where there is none. */
export function probability(p) {
  if (p === null || p === undefined) return "";
  return p < 0.001 ? "< 0.001" : p.toFixed(3);
}

/** 8030261248 as "8B", 3821079552 as "3.8B". */
export function shortCount(value) {
  const [size, letter] = STEPS.find(([least]) => value >= least) ?? [1, ""];
  const scaled = value / size;
  const short = scaled >= 99.95 ? String(Math.round(scaled)) : scaled.toFixed(1).replace(/\.0$/, "");
  return `${short}${letter}`;
}
