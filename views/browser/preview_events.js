/** What passes between the planes and a slider that is moved: a pair to be shown, and word of a new one. */

/** @import { Maps } from "./planes_values.js" */
/** @typedef {{ name: string, id: string, wrong: boolean[], maps: Maps }} Side of a pair: a network */
/** @typedef {{ panels: Side[], top: number }} Sides of a stop; top: where the scale of epistemic uncertainty ends */
/**
 * @typedef {object} Proposal
 * @property {string[]} known all pairs that belong together, as `idOf` names them
 * @property {Sides | null} pair to be shown in place of what the server has drawn; null for that itself
 * @property {boolean} later whether it is only to be made ready
 * @property {boolean} taken whether it is shown: not where it is drawn already, nor in place of a stranger
 */

export const PROPOSED = "explorer-proposed"; // a pair to be shown, with a `Proposal`
export const DRAWN = "explorer-drawn"; // a pair that the server has sent is there

/** @param {{ id: string }[]} panels */
export const idOf = (panels) => panels.map(({ id }) => id).join(" ");

/**
 * Whether the planes show this pair by now.
 * @param {string[]} known
 * @param {Sides | null} pair
 * @param {boolean} [later]
 */
export function propose(known, pair, later = false) {
  /** @type {Proposal} */
  const detail = { known, pair, later, taken: false };
  document.dispatchEvent(new CustomEvent(PROPOSED, { detail }));
  return detail.taken;
}
