/** The decision boundary of a plane, in as few lines as possible, so that dashes run along it. */

import { addBoundary } from "./common.js";
import { probsOf } from "./planes_values.js";

/** @import { Pair } from "./common.js" */
/** @import { Data } from "./planes.js" */
/** @import { Maps } from "./planes_values.js" */

/** @type {WeakMap<Maps, Path2D>} */
const BOUNDARIES = new WeakMap(); // what colours the plane does not move them

/** Where the winning class changes, in cells; worked out once. @param {Maps} maps @param {Data} data */
export function boundary(maps, data) {
  const line = BOUNDARIES.get(maps) ?? traced(maps, data);
  BOUNDARIES.set(maps, line);
  return line;
}

/** @param {Maps} maps @param {Data} data */
function traced(maps, { side, classes }) {
  /** @type {Pair[][]} */
  const pieces = [];
  const pen = {
    /** @param {number} x @param {number} y */
    moveTo: (x, y) => pieces.push([[x, y]]),
    /** @param {number} x @param {number} y */
    lineTo: (x, y) => pieces[pieces.length - 1].push([x, y]),
  };
  if (classes === 2) addBoundary(pen, maps[0].map((p) => 2 * p - 1), side);
  const lead = new Float32Array(side * side);
  for (let label = 0; label < classes && classes > 2; label++) {
    for (let cell = 0; cell < lead.length; cell++) {
      const probs = probsOf(maps, cell, classes);
      lead[cell] = probs[label] - Math.max(...probs.filter((_, other) => other !== label));
    }
    addBoundary(pen, lead, side);
  }
  const line = new Path2D();
  joined(pieces).forEach((places) => places.forEach(([x, y], i) => (i ? line.lineTo(x, y) : line.moveTo(x, y))));
  return line;
}

/**
 * Pieces of a line, each end on one of another: as few lines as they make.
 * @param {Pair[][]} pieces each of two ends
 */
function joined(pieces) {
  /** @param {Pair} end */
  const key = ([x, y]) => `${x.toFixed(4)} ${y.toFixed(4)}`;
  /** @type {Map<string, Pair[][]>} */
  const at = new Map(); // an end → the pieces that have it
  pieces.forEach((piece) => piece.forEach((end) => at.set(key(end), [...(at.get(key(end)) ?? []), piece])));
  const used = new Set();
  /** @param {Pair[]} line */
  const follow = (line) => {
    for (;;) {
      const end = key(line[line.length - 1]);
      const piece = at.get(end)?.find((each) => !used.has(each));
      if (!piece) return line;
      used.add(piece);
      line.push(key(piece[0]) === end ? piece[1] : piece[0]);
    }
  };
  return pieces.flatMap((piece) => {
    if (used.has(piece)) return [];
    used.add(piece);
    return [follow(follow([...piece]).reverse())];
  });
}
