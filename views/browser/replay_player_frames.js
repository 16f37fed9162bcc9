/** The frames of a film, and what is said of one. */

/**
 * A network and its training.
 * @typedef {object} Phase
 * @property {string} title
 * @property {string} subject
 * @property {string} ratio
 * @property {string} colour
 * @property {number[]} epochs of its frames
 * @property {(number | null)[]} train losses, null where one is not finite
 * @property {(number | null)[]} val
 * @property {number} last epoch; 0: it is not trained
 * @property {number} stop the epoch whose weights are kept
 * @property {string[]} units a layer each: 1 is kept, 0 is gone, - has just gone
 * @property {string} opening
 */
/** @typedef {{ phase: Phase, epoch: number, index: number }} Frame index: in the phase */

export const LEAVING = 10; // frames in which the units that have just gone are ringed

/** @param {Phase[]} phases @returns {Frame[]} */
export const framesOf = (phases) =>
  phases.flatMap((phase) => phase.epochs.map((epoch, index) => ({ phase, epoch, index })));
/** @param {Frame} frame */
export const isLast = ({ phase, index }) => index === phase.epochs.length - 1;

/** @param {Frame} frame */
export const lossOf = ({ phase, epoch }) => `validation loss ${phase.val[epoch]?.toFixed(3) ?? "not finite"}`;
/** @param {Frame} frame */
export const sentence = (frame) =>
  `${frame.phase.subject}${epochOf(frame)}, ${lossOf(frame)}`.replaceAll("\u2007", "");

/** With a space as wide as a digit. @param {number} number @param {number} widest */
const padded = (number, widest) => String(number).padStart(String(widest).length, "\u2007");
/** @param {Frame} frame */
export const epochOf = ({ phase: { last }, epoch }) =>
  last ? `, epoch ${padded(epoch, last)} of ${last}` : ", untrained";
/** @param {Frame} frame */
export function noteOf(frame) {
  const { phase, index } = frame;
  if (phase.last && isLast(frame)) return "The early stop: these weights are kept";
  return index < LEAVING ? phase.opening : "";
}
