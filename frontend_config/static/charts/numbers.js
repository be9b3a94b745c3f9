// Numbers in words that fit an axis.

/** A number for an axis: no more decimals than it needs. */
export function plain(value) {
  return String(Number(value.toFixed(6)));
}
