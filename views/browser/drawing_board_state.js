/** The state of a drawing board: how it changes, and the page brought in line with it. */

import { find, findInput, keep, recall } from "./common.js";
import { paint } from "./drawing_board_painting.js";
import { arePoints, BRUSHES, counted, reason } from "./drawing_board_points.js";

/** @import { Board } from "./drawing_board.js" */
/** @import { Point } from "./drawing_board_points.js" */

const KEPT = "explorer-pad"; // in this tab's storage

/**
 * The points of this tab before the page was loaded anew; whatever else is found there counts for nothing.
 * @returns {Point[]}
 */
export function recalled() {
  try {
    const points = JSON.parse(recall("sessionStorage", KEPT) ?? "[]");
    return arePoints(points) ? points : [];
  } catch {
    return [];
  }
}

/** @param {Board} board */
const sizesOf = ({ points, data }) =>
  data.classes.map((_, kind) => points.filter((point) => point[2] === kind).length);
/** Why it cannot be trained on yet; nothing if it can. @param {Board} board */
export const lacking = (board) => reason(sizesOf(board), board.data.limits);

/** Bring the page in line with the state. @param {Board} board */
export function show(board) {
  const { data, page, points } = board;
  const [lack, brush] = [lacking(board), BRUSHES[board.brush].name];
  const ready = points === board.learned ? ", which the networks learn." : ", ready.";
  const texts = {
    ".brush output": brush,
    ".counts": sizesOf(board).map((size, kind) => `Class\u00a0${kind + 1}:\u00a0${size}`).join(" · "),
    ".advice": data.advice,
    ".reason": lack || `${counted(points.length)}${ready}`,
  };
  Object.entries(texts).forEach(([selector, text]) => (find(page, selector).textContent = text));
  const disabled = { ".undo": !board.past.length, ".clear": !points.length, ".train": Boolean(lack) };
  Object.entries(disabled).forEach(([selector, off]) => (find(page, selector).ariaDisabled = String(off)));
  findInput(page, `[value="${board.chosen}"]`).checked = true;
  find(page, ".brush input").ariaValueText = brush;
  find(page, ".hint").hidden = points.length > 0;
  keep("sessionStorage", KEPT, JSON.stringify(points));
  repaint(board);
}

/** @param {Board} board */
export function repaint(board) {
  cancelAnimationFrame(board.frame);
  board.frame = requestAnimationFrame(() => paint(board));
}

/** @param {Board} board @param {string} words */
export function say(board, words) {
  find(board.page, "[role=status]").textContent = words;
}

/** @param {Board} board @param {Point[]} points @param {string} words */
export function change(board, points, words) {
  if (!points.length && !board.points.length) return;
  board.past.push(board.points);
  say(board, words);
  show(Object.assign(board, { points }));
}

/** @param {Board} board */
export function undo(board) {
  const points = board.before ? undefined : board.past.pop();
  if (!points) return;
  show(Object.assign(board, { points }));
  say(board, `Undone; ${counted(board.points.length)}`);
}
