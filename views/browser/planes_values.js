/** What the maps of a plane hold: unpacked, and as the quantities that colour it or are told of a place. */

import { inflated, there } from "./common.js";

/** @import { Data } from "./planes.js" */
/** @typedef {Float32Array[]} Maps of a network or of the truth, each side × side values from 0 to 1 */
/**
 * What is known of one cell. Of the truth it is that of the task, whoever is asked.
 * @template Value
 * @typedef {(maps: Maps, truth: Maps | null, cell: number, data: Data) => Value} Quantity
 */

const LEVELS = 4095; // of a map's values: twelve bits

/**
 * Maps as `views.moons.planes` packs them: differences along a row, high bytes first.
 * @param {string} text
 * @param {number} side
 * @returns {Promise<Maps>}
 */
export async function unpacked(text, side) {
  const packed = await inflated(text);
  const [size, half] = [side * side, packed.length / 2];
  return Array.from({ length: half / size }, (_, map) => {
    const values = new Float32Array(size);
    for (let i = 0, last = 0; i < size; i++) {
      const at = map * size + i;
      last = ((i % side ? last : 0) + 256 * packed[at] + packed[half + at]) & 0xffff;
      values[i] = last / LEVELS;
    }
    return values;
  });
}

/**
 * Probabilities of all classes in a cell, from those of all but the first.
 * @param {Maps} maps
 * @param {number} cell
 * @param {number} classes
 */
export function probsOf(maps, cell, classes) {
  const probs = [1]; // asked of every cell while a hand moves a slider: no array but this one is made
  for (let label = 1; label < classes; label++) {
    probs.push(maps[label - 1][cell]);
    probs[0] -= probs[label];
  }
  if (probs[0] < 0) probs[0] = 0;
  return probs;
}

/** @param {number[]} probs */
export const winnerOf = (probs) => probs.indexOf(Math.max(...probs));
/** @param {number[]} probs */
function entropyOf(probs) {
  let sum = 0;
  for (const p of probs) if (p > 0) sum -= p * Math.log(p);
  return sum;
}
/** @param {Maps} maps @param {number} cell @param {Data} data */
const epistemicOf = (maps, cell, { classes }) =>
  maps.length < classes ? 0 : maps[classes - 1][cell] * Math.log(classes);

/** Those that are the probabilities of all classes. @type {Record<string, Quantity<number[]>>} */
export const PROBABILITIES = {
  probability: (maps, _, cell, data) => probsOf(maps, cell, data.classes),
  truth: (_, truth, cell, data) => probsOf(there(truth), cell, data.classes),
};

/** Those that are one number. @type {Record<string, Quantity<number>>} */
export const NUMBERS = {
  entropy: (maps, _, cell, data) => entropyOf(probsOf(maps, cell, data.classes)),
  aleatoric: (maps, _, cell, data) =>
    Math.max(entropyOf(probsOf(maps, cell, data.classes)) - epistemicOf(maps, cell, data), 0),
  epistemic: (maps, _, cell, data) => epistemicOf(maps, cell, data),
  error: (maps, truth, cell, data) => {
    const right = probsOf(there(truth), cell, data.classes);
    return probsOf(maps, cell, data.classes).reduce((sum, p, i) => sum + Math.abs(p - right[i]), 0) / 2;
  },
  noise: (_, truth, cell, data) => entropyOf(probsOf(there(truth), cell, data.classes)),
};
