// Where names fit beside their marks: the first wish wins, and a name that fits nowhere is left out.

const GAP = 10;
const HEIGHT = 16;
const MARK = 8;

/**
 * Places for names, as `[{wish, x, y, anchor}]`; `y` is the base line.
 *
 * `wishes` come most important first and hold `x`, `y`, `width` and whether they `must` be shown; no name covers one of
 * the `marks` in the drawing or leaves the `frame`, and none stands on the boxes to `avoid` if it can stand elsewhere.
 */
export function placeLabels(wishes, marks, frame, avoid = []) {
  const taken = [];
  const placed = [];
  for (const wish of wishes) {
    const offers = around(wish).filter((offer) => within(offer.box, frame));
    const free = offers.filter(({ box }) => !taken.some((other) => overlap(box, other)) && !covers(box, marks, wish));
    const best = free.find(({ box }) => !avoid.some((other) => overlap(box, other)));
    const offer = best ?? free[0] ?? (wish.must ? offers[0] : null);
    if (!offer) continue;
    taken.push(offer.box);
    placed.push({ wish, x: offer.x, y: offer.y, anchor: offer.anchor });
  }
  return placed;
}

function around({ x, y, width }) {
  const middle = 4;
  const near = GAP * 0.7;
  const offers = [
    [x + GAP, y + middle, "start"], [x - GAP, y + middle, "end"],
    [x, y - GAP, "middle"], [x, y + GAP + 11, "middle"],
    [x + near, y - near, "start"], [x - near, y - near, "end"],
    [x + near, y + near + 9, "start"], [x - near, y + near + 9, "end"],
  ];
  return offers.map(([at, base, anchor]) => {
    const left = { start: at, middle: at - width / 2, end: at - width }[anchor];
    return { x: at, y: base, anchor, box: { left, right: left + width, top: base - HEIGHT + 4, bottom: base + 4 } };
  });
}

function within(box, frame) {
  return box.left >= frame.left && box.right <= frame.right && box.top >= frame.top && box.bottom <= frame.bottom;
}

function overlap(one, other) {
  return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
}

function covers(box, marks, own) {
  return marks.some(({ x, y }) => (x !== own.x || y !== own.y)
    && x + MARK > box.left && x - MARK < box.right && y + MARK > box.top && y - MARK < box.bottom);
}
