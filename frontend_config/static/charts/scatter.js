// A scatter plot: marks that are links, names where they fit, whiskers, lines from mark to mark, and a front.

import { frameOf, grid, legendRows } from "./frame.js";
import { placeLabels } from "./labels.js";
import { svg, textWidth } from "./svg.js";

const MANY = 2000;
const REACH = 26;
const SAME = 1;
const LETTER = 12.5;
const LONGEST_NAME = 28;
const MOST_AVOIDED = 200;
const STRIDE = 10;
const KEYS = { ArrowRight: ["across", 1], ArrowLeft: ["across", -1], ArrowUp: ["up", 1], ArrowDown: ["up", -1] };

/** The path of a mark around its middle: a diamond, a circle, or a square where the training is not stated. */
export function markPath(shape, x = 0, y = 0, size = 6) {
  if (shape === "biomedical") {
    const s = size * 1.15;
    return `M${x} ${y - s}l${s} ${s}l${-s} ${s}l${-s} ${-s}z`;
  }
  if (shape === "general") {
    return `M${x - size} ${y}a${size} ${size} 0 1 0 ${size * 2} 0a${size} ${size} 0 1 0 ${-size * 2} 0z`;
  }
  return `M${x - size * 0.85} ${y - size * 0.85}h${size * 1.7}v${size * 1.7}h${-size * 1.7}z`;
}

export class Scatter {
  /** `tip` explains the mark under the pointer or with the focus. */
  constructor(tip) {
    this.tip = tip;
    this.node = svg("svg", { class: "chart scatter" });
    this.current = null;
    this.node.addEventListener("pointermove", (event) => this.point(event));
    this.node.addEventListener("pointerleave", () => this.leave());
    this.node.addEventListener("click", (event) => this.open(event));
    this.node.addEventListener("keydown", (event) => this.walk(event));
    this.node.addEventListener("focusin", (event) => this.focus(event));
    this.node.addEventListener("focusout", () => this.leave());
  }

  /**
   * Draws `points` (`{name, label, x, y, xLow, xHigh, yLow, yHigh, tone, shape, href, lines, marked}`) over the
   * axes `x` and `y` (`{title, logarithmic, text(value)}`).
   *
   * `ties` are pairs of places in `points`, `front` places from left to right, `labels` the places that should be
   * named, most important first; `intervals` asks for whiskers. `kept` (`{title, source, legend}`) is what only a
   * saved file shows. Above 2,000 points there is one path for each kind of mark: no lines, names of marked ones only,
   * nothing to tab to.
   */
  show(drawing) {
    const { points, x, y, title, kept, width } = drawing;
    const held = this.holdsFocus();
    this.drawing = drawing;
    this.many = points.length > MANY;
    const frame = frameOf(points, x, y, width, drawing.intervals);
    this.spots = points.map((point) => ({ point, x: frame.x(point.x), y: frame.y(point.y) }));
    const dim = points.some((point) => point.marked);
    this.node.setAttribute("viewBox", `0 0 ${frame.width} ${frame.height}`);
    this.node.setAttribute("role", this.many ? "img" : "group");
    this.node.setAttribute("aria-label", title);
    this.node.classList.toggle("some-marked", dim);
    this.ring = svg("circle", { class: "ring", r: 12, visibility: "hidden", "aria-hidden": "true" });
    this.node.replaceChildren(
      grid(frame, x, y),
      this.hidden("ties", this.many ? [] : this.ties(drawing.ties ?? [])),
      this.hidden("front", this.front(drawing.front ?? [], frame)),
      this.hidden(
        "whiskers",
        drawing.intervals && !this.many ? this.spots.flatMap((spot) => whiskers(spot, frame)) : [],
      ),
      this.ring,
      this.many ? this.hidden("marks", this.crowd()) : this.marks(),
      this.hidden(
        "names",
        this.names(this.many ? drawing.labels.filter((place) => points[place].marked) : drawing.labels, frame),
      ),
      legendRows(this.node, frame, kept, (each, at, base) =>
        svg("path", {
          class: `mark ${each.shape} ${each.tone ?? ""}`,
          d: markPath(each.shape, at, base),
        }),
      ),
    );
    if (held) this.takeFocus();
  }

  holdsFocus() {
    return this.node.contains(this.node.getRootNode().activeElement);
  }

  /** The mark that had the focus last has it again, if it is still there. */
  takeFocus() {
    this.anchors.find((_, place) => this.spots[place].point.name === this.current)?.focus();
  }

  hidden(name, children) {
    return svg("g", { class: name, "aria-hidden": "true" }, ...children);
  }

  marks() {
    this.anchors = this.spots.map(({ point, x, y }) =>
      svg(
        "a",
        {
          href: point.href,
          tabindex: -1,
          "aria-label": point.lines().join(". "),
          class: point.marked ? "point marked" : "point",
        },
        svg("path", {
          class: `mark ${point.shape} ${point.tone}`,
          d: markPath(point.shape, x, y, point.marked ? 7.5 : 6),
        }),
      ),
    );
    const first = this.spots.findIndex(({ point }) => point.name === this.current);
    this.anchors[first === -1 ? this.order("up").at(-1) : first]?.setAttribute("tabindex", 0);
    return svg("g", { class: "marks" }, ...this.anchors);
  }

  crowd() {
    this.anchors = [];
    const paths = new Map();
    for (const { point, x, y } of this.spots) {
      const kind = `mark ${point.shape} ${point.tone}${point.marked ? " marked" : ""}`;
      const path = markPath(point.shape, Math.round(x * 10) / 10, Math.round(y * 10) / 10, point.marked ? 7.5 : 3.5);
      paths.set(kind, `${paths.get(kind) ?? ""}${path}`);
    }
    return [...paths].sort(([one], [other]) => one.endsWith("marked") - other.endsWith("marked"))
      .map(([kind, d]) => svg("path", { class: kind, d }));
  }

  ties(pairs) {
    return pairs.map(([from, to]) => {
      const [one, other] = [this.spots[from], this.spots[to]];
      const length = Math.hypot(other.x - one.x, other.y - one.y);
      if (length < 24) return null;
      const [along, aside] = [(other.x - one.x) / length, (other.y - one.y) / length];
      const [x, y] = [other.x - along * 11, other.y - aside * 11];
      const barb = (turn) => `${x - along * 7 + turn * aside * 4} ${y - aside * 7 - turn * along * 4}`;
      return svg(
        "g",
        { class: other.point.tone },
        svg("path", { class: "tie", d: `M${one.x + along * 9} ${one.y + aside * 9}L${x} ${y}` }),
        svg("path", { class: "barb", d: `M${x} ${y}L${barb(1)}L${barb(-1)}z` }),
      );
    });
  }

  front(places, frame) {
    if (places.length === 0) return [];
    const [start, ...others] = places.map((place) => this.spots[place]);
    const steps = others.map(({ x, y }) => `H${x}V${y}`).join("");
    return [svg("path", { class: "step", d: `M${start.x} ${frame.bottom}V${start.y}${steps}H${frame.right}` })];
  }

  /** The strips that the front's line takes up, so that no name stands on it. */
  strips(places, frame) {
    const spots = places.map((place) => this.spots[place]);
    return spots.flatMap(({ x, y }, at) => {
      const [before, after] = [spots[at - 1]?.y ?? frame.bottom, spots[at + 1]?.x ?? frame.right];
      return [
        { left: x - 1, right: x + 1, top: y, bottom: before },
        { left: x, right: after, top: y - 1, bottom: y + 1 },
      ];
    });
  }

  /** Small boxes along the lines from mark to mark, for the same reason; not for so many that it would take long. */
  beads(pairs) {
    if (pairs.length > MOST_AVOIDED) return [];
    return pairs.flatMap(([from, to]) => {
      const [one, other] = [this.spots[from], this.spots[to]];
      const steps = Math.ceil(Math.hypot(other.x - one.x, other.y - one.y) / STRIDE);
      return Array.from({ length: steps + 1 }, (_, step) => {
        const [x, y] = ["x", "y"].map((axis) => one[axis] + ((other[axis] - one[axis]) * step) / steps);
        return { left: x - 2, right: x + 2, top: y - 2, bottom: y + 2 };
      });
    });
  }

  names(places, frame) {
    const wishes = places.map((place) => {
      const { point, x, y } = this.spots[place];
      const text = shortName(point.label);
      return {
        x,
        y,
        text,
        must: point.marked,
        marked: point.marked,
        width: textWidth(text, LETTER, point.marked ? 650 : 400) + 2,
      };
    });
    const avoid = [...this.strips(this.drawing.front ?? [], frame), ...this.beads(this.drawing.ties ?? [])];
    return placeLabels(wishes, this.many ? [] : this.spots, { ...frame, right: frame.width }, avoid).map(
      ({ wish, x, y, anchor }) =>
        svg(
          "text",
          { x, y, "text-anchor": anchor, class: wish.marked ? "name marked" : "name", "data-name": wish.text },
          wish.text,
        ),
    );
  }

  /** Places in `points` in the order in which the arrow keys reach them: across by x, up by y. */
  order(way) {
    const [first, second] = way === "across" ? ["x", "y"] : ["y", "x"];
    const of = ({ point }) => [point[first], point[second]];
    const places = this.spots.map((_, place) => place);
    return places.sort(
      (a, b) => of(this.spots[a])[0] - of(this.spots[b])[0] || of(this.spots[a])[1] - of(this.spots[b])[1] || a - b,
    );
  }

  walk(event) {
    if (event.key === "Escape") this.leave();
    const here = this.anchors.indexOf(event.target.closest("a"));
    if (here === -1) return;
    const [way, by] = KEYS[event.key] ?? ["across", 0];
    const order = this.order(way);
    const last = order.length - 1;
    const next = { Home: 0, End: last }[event.key] ?? Math.min(last, Math.max(0, order.indexOf(here) + by));
    if (!KEYS[event.key] && event.key !== "Home" && event.key !== "End") return;
    event.preventDefault();
    this.anchors[here].setAttribute("tabindex", -1);
    this.anchors[order[next]].setAttribute("tabindex", 0);
    this.anchors[order[next]].focus();
  }

  focus(event) {
    const place = this.anchors.indexOf(event.target.closest("a"));
    if (place === -1) return;
    this.current = this.spots[place].point.name;
    this.explain(this.spots[place]);
  }

  point(event) {
    const spot = this.nearest(event);
    this.node.classList.toggle("over", Boolean(spot));
    if (spot) this.explain(spot);
    else this.leave();
  }

  /** A press near a mark opens it; on a screen that is touched the first press only explains. */
  open(event) {
    const spot = this.nearest(event);
    const armed = this.armed;
    this.armed = spot;
    const explains = event.pointerType === "touch" && spot && spot !== armed;
    if (explains) {
      event.preventDefault();
      this.explain(spot);
    } else if (spot && !event.target.closest("a") && event.detail > 0) {
      location.assign(spot.point.href);
    }
  }

  nearest(event) {
    const box = this.node.getBoundingClientRect();
    const ratio = this.node.viewBox.baseVal.width / box.width;
    const [x, y] = [(event.clientX - box.left) * ratio, (event.clientY - box.top) * ratio];
    let best = null;
    let reach = REACH;
    for (const spot of this.spots) {
      const away = Math.hypot(spot.x - x, spot.y - y);
      if (away < reach) [best, reach] = [spot, away];
    }
    return best;
  }

  explain(spot) {
    this.ring.setAttribute("cx", spot.x);
    this.ring.setAttribute("cy", spot.y);
    this.ring.setAttribute("visibility", "visible");
    const here = this.spots.filter((other) => Math.hypot(other.x - spot.x, other.y - spot.y) < SAME).length - 1;
    const more = here > 0 && `${here} more ${here === 1 ? "model stands" : "models stand"} here`;
    this.tip.show(this.ring, [...spot.point.lines(), more]);
  }

  leave() {
    this.node.classList.remove("over");
    this.ring?.setAttribute("visibility", "hidden");
    this.tip.hide();
  }
}

/** The last part of a name, cut where it is too long to stand in a drawing. */
function shortName(name) {
  const last = name.slice(name.lastIndexOf("/") + 1).slice(0, 200) || name.slice(0, 200);
  return last.length > LONGEST_NAME ? `${last.slice(0, LONGEST_NAME - 1)}…` : last;
}

function whiskers({ point, x, y }, frame) {
  const found = [];
  if (point.yLow !== null) found.push([`M${x} ${frame.y(point.yLow)}V${frame.y(point.yHigh)}`]);
  if (point.xLow !== null) found.push([`M${frame.x(point.xLow)} ${y}H${frame.x(point.xHigh)}`]);
  return found.map(([d]) => svg("path", { class: `whisker ${point.tone}`, d }));
}
