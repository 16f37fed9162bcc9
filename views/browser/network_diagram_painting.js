/** The network drawn, on canvas: its connections, and those of what is picked with its words. */

import { bytes, clamp, cleaned, range } from "./common.js";

/** @import { Drawing, Node, Weights } from "./network_diagram.js" */
/** @typedef {{ positive: string, negative: string }} Signs the colour of each */
/** @typedef {{ given: Weights, shares: Float32Array, order: number[] }} Matrix */
/** @typedef {{ from: Node, to: Node, share: number, widest: number }} Line a connection */

export const STRONGEST = 1500; // connections drawn of a matrix
const WIDEST = 4; // of a connection
const BESIDE = 14; // from a unit to its words
const NARROW = 110; // too little for these

/**
 * Weights as shares of the largest, and the order of those that are not 0, weakest first.
 * @param {Weights} given
 * @returns {Matrix}
 */
export function matrix(given) {
  const weights = new Float32Array(bytes(given.weights).buffer);
  const shares = weights.map((weight) => clamp(weight / given.largest, -1, 1));
  const order = range(shares.length).filter((i) => shares[i]); // neither 0 nor NaN
  return { given, shares, order: order.sort((a, b) => Math.abs(shares[a]) - Math.abs(shares[b])) };
}

/**
 * The connections of a matrix between nodes that are there, weakest first; many are drawn finer than few.
 * @param {Matrix} matrix
 * @param {Node[]} from
 * @param {Node[]} to
 * @returns {Line[]}
 */
export function connections({ shares, order }, from, to) {
  const widest = Math.max(2, Math.min(WIDEST, 60 / Math.sqrt(shares.length)));
  /** @param {number} i */
  const ends = (i) => ({ from: from[i % from.length], to: to[Math.floor(i / from.length)] });
  const lines = order.map((i) => ({ ...ends(i), share: shares[i], widest }));
  /** @param {Node} node */
  const there = (node) => node.kept && !node.dropped;
  return lines.filter((line) => there(line.from) && there(line.to));
}

/** @param {Drawing} drawing */
export function paint({ edges, lines, colours }) {
  const start = performance.now();
  const pen = cleaned(edges, edges.clientWidth, edges.clientHeight);
  lines.flatMap((all) => all.slice(-STRONGEST)).forEach((line) => trace(pen, line, colours, 0.06));
  performance.clearMeasures("network drawn");
  performance.measure("network drawn", { start });
}

/**
 * What is pointed at or has the keyboard's focus: its own connections, all of them, and its words.
 * @param {Drawing} drawing
 */
export function paintPicked(drawing) {
  const { picked, stage, tip, own, lines, colours } = drawing;
  const pen = cleaned(own, own.clientWidth, own.clientHeight);
  stage.classList.toggle("picking", Boolean(picked));
  stage.classList.toggle("aiming", Boolean(picked?.words));
  if (!picked) return;
  const ends = lines.flat().filter((line) => line.from === picked || line.to === picked);
  ends.forEach((line) => trace(pen, { ...line, widest: WIDEST }, colours, 0.45));
  tip.textContent = picked.words ?? "";
  if (picked.words) placeTip(drawing, picked);
}

/**
 * Between the unit's layer and the next one, where only connections are; below all, where that is too narrow.
 * @param {Drawing} drawing
 * @param {Node} picked
 */
function placeTip({ stage, tip, layers }, picked) {
  const all = layers.map((list) => list.map(({ x }) => x));
  const left = Math.max(...all[picked.layer]) + BESIDE;
  const room = Math.min(...all[picked.layer + 1]) - BESIDE - left;
  tip.style.maxWidth = room < NARROW ? "100%" : `${room}px`;
  const top = Math.min(Math.max(picked.y - tip.offsetHeight / 2, 0), stage.clientHeight - tip.offsetHeight);
  tip.style.translate = room < NARROW ? `0 ${stage.clientHeight}px` : `${left}px ${top}px`;
}

/**
 * One connection: the largest weight has all of its colour, the smallest a share of `palest`.
 * @param {CanvasRenderingContext2D} pen
 * @param {Line} line
 * @param {Signs} colours
 * @param {number} palest
 */
function trace(pen, { from, to, share, widest }, colours, palest) {
  const [size, bend] = [Math.abs(share), (to.x - from.x) / 2];
  pen.strokeStyle = share > 0 ? colours.positive : colours.negative;
  pen.globalAlpha = palest + (1 - palest) * size ** 1.5;
  pen.lineWidth = 0.5 + (widest - 0.5) * size;
  pen.beginPath();
  pen.moveTo(from.x, from.y);
  pen.bezierCurveTo(from.x + bend, from.y, to.x - bend, to.y, to.x, to.y);
  pen.stroke();
}
