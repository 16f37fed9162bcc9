/** The player on the screen: the plane on canvas, the losses, the units, and where the film is. */

import { addBoundary, cleaned, find, findCanvas, findInput, paintCells, paintDot, strokeCells } from "./common.js";
import { epochOf, LEAVING, lossOf, noteOf, sentence } from "./replay_player_frames.js";

/** @import { Film, Player } from "./replay_player.js" */
/** @import { Phase } from "./replay_player_frames.js" */

const CODES = 51; // per class: how far it is ahead, from 0 to 50

/** @param {Player} player */
export function paint(player) {
  const { film, at, root, width } = player;
  if (!film || !width) return;
  const start = performance.now();
  const { data, frames } = film;
  const frame = frames[at];
  const { phase, epoch, index } = frame;
  if (player.phase !== phase) paintPhase(root, film, phase);
  player.phase = phase;
  paintPoints(player, film);
  paintMap(player, film);
  write(root, { ".epoch": epochOf(frame), ".loss": lossOf(frame), ".note": noteOf(frame) });
  const places = { at: epoch / Math.max(phase.last, 1), loss: (phase.val[epoch] ?? 0) / data.top };
  style(root, { ...places, ring: Math.max(1 - index / LEAVING, 0), played: at / (frames.length - 1) });
  Object.assign(findInput(root, "[type=range]"), { value: at, ariaValueText: sentence(frame) });
  performance.measure("player frame", { start });
}

/** @param {HTMLElement} root @param {Record<string, string | number>} texts by selector */
function write(root, texts) {
  Object.entries(texts).forEach(([where, text]) => (find(root, where).textContent = String(text)));
}

/** @param {HTMLElement} root @param {Record<string, string | number>} values */
function style(root, values) {
  Object.entries(values).forEach(([name, value]) => root.style.setProperty(`--${name}`, String(value)));
}

/**
 * What stays throughout the film: the units of the layers, and the segments of the timeline.
 * @param {HTMLElement} root
 * @param {Film} film
 */
export function buildPhases(root, { data, frames }) {
  /** @param {string} units */
  const dots = (units) => `<div class="dots">${"<i></i>".repeat(units.length)}</div>`;
  /** @param {string} units @param {number} i */
  const layer = (units, i) => `<div><p class="title">Hidden layer ${i + 1}<span></span></p>${dots(units)}</div>`;
  /** @param {Phase} phase */
  const segment = ({ epochs, colour, title, ratio }) =>
    `<div style="--frames: ${epochs.length}; --colour: ${colour}"><span>${title}</span><span>${ratio}</span></div>`;
  find(root, ".layers").innerHTML = data.phases[0].units.map(layer).join("");
  find(root, ".segments").innerHTML = data.phases.map(segment).join("");
  findInput(root, "[type=range]").max = String(frames.length - 1);
}

/**
 * What stays throughout a phase: the curves and the units.
 * @param {HTMLElement} root
 * @param {Film} film
 * @param {Phase} phase
 */
function paintPhase(root, { data }, phase) {
  /** @param {Phase["val"]} losses @param {number} start @param {string} name */
  const line = (losses, start, name) => `<path class="${name}" d="${curve(losses, start, phase.last, data.top)}"/>`;
  const lines = line(phase.train, 1, "train") + line(phase.val, 0, "val");
  root.querySelectorAll(".chart svg").forEach((svg) => (svg.innerHTML = lines));
  const stop = phase.last ? `early stop, epoch ${phase.stop}` : "";
  write(root, { b: phase.subject, ".stop": stop, ".end": phase.last || "", ".top": data.top, ".half": data.top / 2 });
  find(root, ".chart").ariaLabel = `Validation and training loss over ${phase.last} epochs. ${stop}`;
  find(root, ".stop").classList.toggle("late", phase.stop > phase.last / 2);
  style(root, { stop: phase.stop / Math.max(phase.last, 1), colour: phase.colour });
  [...find(root, ".layers").children].forEach((layer, i) => {
    const units = phase.units[i];
    find(layer, "span").textContent = `${units.split("1").length - 1} of ${units.length}`;
    layer.querySelectorAll("i").forEach((dot, unit) => (dot.dataset.unit = units[unit]));
  });
}

/**
 * An SVG path through values on a square of 100, the first at epoch `start`; a missing value is a gap.
 * @param {(number | null)[]} values
 * @param {number} start
 * @param {number} last
 * @param {number} top
 */
function curve(values, start, last, top) {
  /** @param {number} i */
  const pen = (i) => ((values[i - 1] ?? null) === null ? "M" : "L");
  /** @param {number} value @param {number} i */
  const point = (value, i) => `${pen(i)}${(100 * (start + i)) / Math.max(last, 1)} ${100 * (1 - value / top)}`;
  return values.map((value, i) => (value === null ? "" : point(value, i))).join("");
}

/**
 * The training points, which stay as long as the canvas has as many pixels.
 * @param {Player} player
 * @param {Film} film
 */
function paintPoints(player, { data }) {
  const { root, width } = player;
  const pixels = Math.round(width * devicePixelRatio);
  if (player.pixels === pixels) return;
  player.pixels = pixels;
  const pen = cleaned(findCanvas(root, ".points"), width, width);
  const rim = data.theme === "dark" ? data.colours.ink : data.colours.paper; // the lighter of the two
  for (const [x, y, label] of data.points) {
    const look = { fillStyle: data.colours.classes[label], strokeStyle: rim, lineWidth: 0.8 };
    paintDot(pen, [x * width, (1 - y) * width], Math.max(2.2, width / 150), look);
  }
}

/** The map through the palette, and the boundaries in it. @param {Player} player @param {Film} film */
function paintMap({ at, root, width }, { data, maps, palette }) {
  const { side, colours } = data;
  const codes = maps.subarray(side * side * at, side * side * (at + 1));
  const colour = Uint32Array.from(codes, (code) => palette[code]);
  const pen = cleaned(findCanvas(root, ".map"), width, width);
  paintCells(pen, new ImageData(new Uint8ClampedArray(colour.buffer), side), width, width);
  const line = new Path2D();
  for (let label = 1; label < palette.length / CODES; label++) addBoundary(line, lead(codes, label, side), side);
  strokeCells(pen, line, side, width, width, [[colours.paper, 5, []], [colours.ink, 2, []]]);
}

/**
 * How far a class is ahead, above 0 where it wins; smoothed, so that no steps are seen where all are nearly even.
 * @param {Uint8Array} codes
 * @param {number} label
 * @param {number} side
 */
function lead(codes, label, side) {
  /** @param {number} code */
  const ahead = (code) => (Math.floor(code / CODES) === label ? 1 : -1) * ((code % CODES) + 0.5);
  return smoothed(Float32Array.from(codes, ahead), side);
}

/**
 * A map smoothed over 3 × 3 cells, so that no steps are seen where it is nearly level.
 * @param {Float32Array} raw
 * @param {number} side
 */
function smoothed(raw, side) {
  const across = raw.map((own, i) => 2 * own + (i % side ? raw[i - 1] : own) + ((i + 1) % side ? raw[i + 1] : own));
  return across.map((own, i) => 2 * own + (across[i - side] ?? own) + (across[i + side] ?? own));
}
