/** Strokes on the drawing board, by mouse, finger or key. */

import { ARROWS, clamp } from "./common.js";
import { measures } from "./drawing_board_painting.js";
import { along, BRUSHES, sprayed, strokeLine } from "./drawing_board_points.js";
import { repaint, say, show, undo } from "./drawing_board_state.js";

/** @import { Pair } from "./common.js" */
/** @import { Board } from "./drawing_board.js" */

const [STEP, LEAP] = [0.05, 0.25]; // of the crosshair, and with Shift

/** @param {number} value */
const inside = (value) => clamp(value, -1, 1);

/** Leave at a place what the brush holds. @param {Board} board @param {Pair} place */
function spray(board, place) {
  const { points, chosen, brush, data } = board;
  const added = sprayed(place, brush, chosen, points.length, data.limits);
  Object.assign(board, { points: [...points, ...added], at: place, dropped: place });
}

/** @param {Board} board @param {Pair} at */
function press(board, at) {
  board.before ??= board.points;
  spray(board, at);
}

/** @param {Board} board @param {Pair} at */
function drag(board, at) {
  along(board.dropped, at, BRUSHES[board.brush].spacing).forEach((place) => spray(board, place));
  show(board);
}

/** @param {Board} board */
function lift(board) {
  if (!board.before) return;
  const added = board.points.length - board.before.length;
  if (added) board.past.push(board.before);
  say(board, strokeLine(added, board.chosen, board.at, board.points.length));
  show(Object.assign(board, { before: null }));
}

/** @param {Board} board */
export function listenToPointer(board) {
  const { canvas } = board;
  /** @param {PointerEvent} event @returns {Pair} */
  const place = ({ offsetX, offsetY }) => {
    const [middle, unit] = measures(canvas);
    return [inside((offsetX - middle) / unit), inside((middle - offsetY) / unit)];
  };
  canvas.onpointerdown = (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    canvas.setPointerCapture(event.pointerId);
    press(board, place(event));
    show(Object.assign(board, { aim: "pointer" }));
  };
  canvas.onpointermove = (event) => {
    if (!event.isPrimary) return;
    if (board.before) drag(board, place(event));
    repaint(Object.assign(board, { at: place(event), aim: "pointer" }));
  };
  canvas.onpointerup = canvas.onpointercancel = () => lift(board);
  canvas.onpointerleave = () => repaint(Object.assign(board, { aim: "" }));
}

/** @param {Board} board */
export function listenToKeys(board) {
  const { canvas } = board;
  /** @param {Board["aim"]} how */
  const aim = (how) => repaint(Object.assign(board, { aim: how }));
  canvas.onkeydown = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !obeyed(board, event)) return;
    event.preventDefault();
    aim("keys");
  };
  canvas.onfocus = () => aim(canvas.matches(":focus-visible") ? "keys" : "");
  canvas.onblur = () => aim("");
}

/** Do what a key asks for; whether it asked for anything. @param {Board} board @param {KeyboardEvent} event */
function obeyed(board, { key, shiftKey }) {
  const [arrow, step] = [ARROWS[key], shiftKey ? LEAP : STEP];
  if (arrow) board.at = [inside(board.at[0] + arrow[0] * step), inside(board.at[1] + arrow[1] * step)];
  else if (key === "Backspace") undo(board);
  else if (Number(key) - 1 in board.data.classes) show(Object.assign(board, { chosen: Number(key) - 1 }));
  else if (key === "Enter" || key === " ") {
    press(board, board.at);
    lift(board);
  } else return false;
  return true;
}
