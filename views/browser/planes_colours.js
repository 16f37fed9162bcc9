/** From values to colours: of the cells of a plane, and of the scale in its legend. */

import { clamp } from "./common.js";
import { NUMBERS, PROBABILITIES, winnerOf } from "./planes_values.js";

/** @import { Data } from "./planes.js" */
/** @import { Maps } from "./planes_values.js" */

/** Whether the plane shows probabilities of classes, not one number. @param {string} quantity */
export const isProbability = (quantity) => quantity in PROBABILITIES;

/**
 * The colour of a panel's cells, as [r, g, b].
 * @param {Data} data
 * @param {string} quantity
 * @param {Maps} maps
 * @param {Maps | null} truth
 * @returns {(cell: number) => number[]}
 */
export function cellColour(data, quantity, maps, truth) {
  if (isProbability(quantity)) {
    const colour = colourOfProbs(data);
    return (cell) => colour(PROBABILITIES[quantity](maps, truth, cell, data));
  }
  const colour = colourOfNumber(data, quantity);
  return (cell) => colour(NUMBERS[quantity](maps, truth, cell, data));
}

/**
 * The colour of the legend's scale at a share of its length.
 * @param {Data} data
 * @param {string} quantity
 * @returns {(share: number) => number[]}
 */
export function scaleColour(data, quantity) {
  const { classes, tops } = data;
  if (!isProbability(quantity)) {
    const colour = colourOfNumber(data, quantity);
    return (share) => colour(share * tops[quantity]);
  }
  const colour = colourOfProbs(data);
  if (classes === 2) return (share) => colour([1 - share, share]);
  return (share) => {
    const first = lowest(classes) + share * (1 - lowest(classes));
    return colour([first, ...Array(classes - 1).fill((1 - first) / (classes - 1))]);
  };
}

/**
 * Where the scale of probabilities begins: of more than two classes the winner has one part at least.
 * @param {number} classes
 */
export const lowest = (classes) => (classes > 2 ? 1 / classes : 0);

/**
 * A class's colour, as pale as the classes are evenly matched.
 * @param {Data} data
 * @returns {(probs: number[]) => number[]}
 */
function colourOfProbs({ colours, classes, strongest }) {
  const [paper, hues] = [rgb(colours.paper), colours.classes.map(rgb)];
  return (probs) => {
    const winner = winnerOf(probs);
    const lead = (probs[winner] - 1 / classes) / (1 - 1 / classes);
    return mixed(paper, hues[winner], strongest * clamp(lead, 0, 1));
  };
}

/** A place on the scale. @param {Data} data @param {string} quantity @returns {(value: number) => number[]} */
function colourOfNumber({ colours, tops }, quantity) {
  const scale = colours.sequence.map(rgb);
  return (value) => {
    const at = clamp(value / tops[quantity], 0, 1) * (scale.length - 1);
    const below = Math.min(Math.floor(at), scale.length - 2);
    return mixed(scale[below], scale[below + 1], at - below);
  };
}

/** @param {number[]} one @param {number[]} other @param {number} share */
function mixed([red, green, blue], other, share) {
  return [red + share * (other[0] - red), green + share * (other[1] - green), blue + share * (other[2] - blue)];
}
/** @param {string} colour */
const rgb = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
