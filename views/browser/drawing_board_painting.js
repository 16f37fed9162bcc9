/** The drawing board on canvas: its grid, its points, and where the brush is. */

import { cleaned } from "./common.js";
import { BRUSHES } from "./drawing_board_points.js";

/** @import { Pair } from "./common.js" */
/** @import { Board, Kind } from "./drawing_board.js" */
/** @typedef {CanvasRenderingContext2D} Pen */
/** @typedef {(place: Pair) => [number, number]} Pixel of a place on the board */

const INSET = 12; // pixels between −1 or 1 and the edge of the board

/** The pixel of 0, the same across and down, and the pixels of 1. @param {HTMLElement} canvas */
export const measures = ({ clientWidth }) => [clientWidth / 2, clientWidth / 2 - INSET];

/** @param {Board} board */
export function paint({ canvas, data, points, brush, aim, at }) {
  const [middle, unit] = measures(canvas);
  /** @type {Pixel} */
  const pixel = ([x, y]) => [middle + unit * x, middle - unit * y];
  const pen = cleaned(canvas, canvas.clientWidth, canvas.clientWidth);
  pen.fillStyle = data.paper;
  pen.fillRect(0, 0, 2 * middle, 2 * middle);
  Object.assign(pen, { strokeStyle: data.ink, fillStyle: data.ink, lineWidth: 1 });
  paintGrid(pen, pixel);
  if (aim === "keys") paintLines(pen, pixel, at, 0.5);
  for (const [x, y, kind] of points) paintPoint(pen, pixel([x, y]), Math.max(4, unit / 44), data.classes[kind]);
  const ring = new Path2D();
  ring.arc(...pixel(at), Math.max(3, unit * BRUSHES[brush].radius), 0, 2 * Math.PI);
  if (aim) pen.stroke(ring);
}

/**
 * A line across and one down, through a place.
 * @param {Pen} pen
 * @param {Pixel} pixel
 * @param {Pair} place
 * @param {number} opacity
 */
function paintLines(pen, pixel, place, opacity) {
  const [x, y] = pixel(place).map((value) => Math.floor(value) + 0.5);
  const [[left, top], [right, bottom]] = [pixel([-1, 1]), pixel([1, -1])];
  pen.globalAlpha = opacity;
  pen.stroke(new Path2D(`M${left} ${y}H${right}M${x} ${top}V${bottom}`));
  pen.globalAlpha = 1;
}

/** @param {Pen} pen @param {Pixel} pixel */
function paintGrid(pen, pixel) {
  for (let line = -1; line <= 1; line += 0.25) paintLines(pen, pixel, [line, line], line ? 0.08 : 0.25);
  const [[left, middle], [centre, top], [right, bottom]] = [pixel([-1, 0]), pixel([0, 1]), pixel([1, -1])];
  Object.assign(pen, { font: "11px sans-serif", globalAlpha: 0.7 });
  pen.fillText("−1", left + 4, middle - 5);
  pen.fillText("1", right - 10, middle - 5);
  pen.fillText("−1", centre + 5, bottom - 5);
  pen.fillText("1", centre + 5, top + 13);
  pen.globalAlpha = 1;
}

/** @param {Pen} pen @param {Pair} place @param {number} radius @param {Kind} kind */
function paintPoint(pen, [x, y], radius, { path, colour }) {
  const outline = new Path2D();
  outline.addPath(new Path2D(path), new DOMMatrix([radius, 0, 0, radius, x, y]));
  pen.fillStyle = colour;
  pen.fill(outline);
  pen.stroke(outline);
}
