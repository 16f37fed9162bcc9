/** The points of a drawing board: where a brush drops them, whether they will do, and what is said of them. */

import { grouped, range } from "./common.js";

/** @import { Pair } from "./common.js" */
/** @typedef {[x: number, y: number, kind: number]} Point x and y from −1 to 1, and the number of its class from 0 */
/** @typedef {{ classes: number, points: number, of_class: number, most: number }} Limits at least, and at most */

export const BRUSHES = [
  { name: "one point", radius: 0, amount: 1, spacing: 0.07 },
  { name: "small", radius: 0.08, amount: 3, spacing: 0.09 },
  { name: "large", radius: 0.18, amount: 6, spacing: 0.16 },
]; // how far each scatters, how many points at once, and how far it is dragged before it drops the next
const KINDS = [0, 1, 2, 3, 4];

/** What lies beyond the edge, mirrored back onto the board; three digits are enough. @param {number} value */
const folded = (value) => Math.round(1000 * (Math.abs(value) > 1 ? Math.sign(value) * 2 - value : value)) / 1000;

/**
 * The i-th place of a sequence that fills the unit disc evenly (Roberts 2018); nothing is left to chance.
 * @param {number} i
 */
function scattered(i) {
  const distance = Math.sqrt((0.5 + 0.7548776662 * i) % 1);
  const turn = 2 * Math.PI * (0.5 + 0.569840291 * i);
  return [distance * Math.cos(turn), distance * Math.sin(turn)];
}

/**
 * What the brush leaves at a place on a board with so many points, no more than there is room for.
 * @param {Pair} place
 * @param {number} brush
 * @param {number} kind
 * @param {number} count
 * @param {Limits} limits
 * @returns {Point[]}
 */
export function sprayed([x, y], brush, kind, count, { most }) {
  const { amount, radius } = BRUSHES[brush];
  return range(Math.min(amount, most - count)).map((i) => {
    const [dx, dy] = scattered(count + i);
    return [folded(x + radius * dx), folded(y + radius * dy), kind];
  });
}

/**
 * Places every `spacing` on the way from one place to another, without the first.
 * @param {Pair} from
 * @param {Pair} to
 * @param {number} spacing
 * @returns {Pair[]}
 */
export function along([x0, y0], [x1, y1], spacing) {
  const distance = Math.hypot(x1 - x0, y1 - y0);
  return range(Math.floor(distance / spacing)).map((i) => {
    const share = ((i + 1) * spacing) / distance;
    return [x0 + share * (x1 - x0), y0 + share * (y1 - y0)];
  });
}

/** Whether this is a list of points, wherever it comes from. @param {unknown} value @returns {value is Point[]} */
export function arePoints(value) {
  return Array.isArray(value) && value.every((row) => Array.isArray(row) && isPoint(row));
}

/** @param {unknown[]} row */
const isPoint = ([x, y, kind, ...more]) =>
  [x, y].every((at) => typeof at === "number" && Math.abs(at) <= 1) && KINDS.some((k) => k === kind) && !more.length;

// Words

/** @param {number} count */
export const counted = (count) => `${grouped(count)} point${count === 1 ? "" : "s"}`;
/** @param {number} value */
const written = (value) => (Math.round(100 * value) / 100 + 0).toFixed(2).replace("-", "−");

/**
 * Why these points cannot be trained on yet; nothing if they can.
 * @param {number[]} sizes of the classes
 * @param {Limits} limits
 */
export function reason(sizes, { classes, points, of_class }) {
  /** @param {number} size @param {number} least */
  const lack = (size, least) => (least - size === 1 ? "1 more point" : `${least - size} more points`);
  const total = sizes.reduce((sum, size) => sum + size);
  const short = sizes.findIndex((size) => size > 0 && size < of_class);
  if (sizes.filter(Boolean).length < classes) return `Draw points of at least ${classes} classes.`;
  if (short >= 0) return `Class ${short + 1} needs ${lack(sizes[short], of_class)}.`;
  return total < points ? `Draw ${lack(total, points)}.` : "";
}

/**
 * What a stroke that ended somewhere has added, for those who do not see it.
 * @param {number} added
 * @param {number} kind
 * @param {Pair} place
 * @param {number} total
 */
export function strokeLine(added, kind, [x, y], total) {
  if (!added) return `The board is full: ${counted(total)}.`;
  const what = added === 1 ? "point" : counted(added);
  return `${what} of class ${kind + 1} at ${written(x)}, ${written(y)}; ${counted(total)}`;
}
