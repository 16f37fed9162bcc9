/** A board on which a person draws points of several classes, to train networks on. */

import { component, element, find, findCanvas, findInput } from "./common.js";
import { BRUSHES, counted } from "./drawing_board_points.js";
import { change, lacking, recalled, repaint, say, show, undo } from "./drawing_board_state.js";
import { listenToKeys, listenToPointer } from "./drawing_board_strokes.js";

/** @import { Given, Pair } from "./common.js" */
/** @import { Limits, Point } from "./drawing_board_points.js" */
/** @typedef {{ shape: string, path: string, colour: string }} Kind of point: the class's marker, as an SVG path */
/**
 * @typedef {object} Data
 * @property {Kind[]} classes
 * @property {Record<string, Point[]>} starts by name
 * @property {Limits} limits
 * @property {string} advice
 * @property {string} paper
 * @property {string} ink
 */
/**
 * @typedef {object} Board
 * @property {HTMLElement} page
 * @property {HTMLCanvasElement} canvas
 * @property {ResizeObserver} observer
 * @property {number} frame of the browser, in which it is painted next
 * @property {Data} data
 * @property {number} drawn classes that can be chosen
 * @property {Point[]} points
 * @property {Point[][]} past what Undo leads back to
 * @property {Point[] | null} before the stroke that is being drawn
 * @property {Point[] | null} learned what was sent
 * @property {number} chosen class
 * @property {number} brush
 * @property {number} sent how often
 * @property {Pair} at the brush
 * @property {Pair} dropped where the brush has left points last
 * @property {"" | "pointer" | "keys"} aim by what; by nothing at all
 * @property {(name: string, value: unknown) => void} setTriggerValue
 */

const PAGE = `
  <div class="board">
    <canvas tabindex="0" role="application" aria-label="Drawing board" aria-describedby="keys"></canvas>
    <p class="hint">Click, tap or drag to place points</p>
    <p class="spoken" id="keys">Arrows move the crosshair, with Shift further; Enter or Space places points;
      a digit chooses the class; Backspace undoes.</p></div>
  <div class="panel"><div class="classes" role="radiogroup" aria-label="Class to draw"></div>
    <label class="brush"><span>Brush</span>
      <input type="range" min="0" max="${BRUSHES.length - 1}" value="1"><output aria-hidden="true"></output></label>
    <div class="buttons" role="group" aria-label="Start from">
      <span aria-hidden="true">Start from</span><span class="starts"></span></div>
    <div class="buttons"><button class="undo">Undo</button><button class="clear">Clear</button></div>
    <div><p class="counts"></p><p class="advice"></p></div>
    <div><button class="train" aria-describedby="reason">Train on these points</button>
      <p class="reason" id="reason"></p></div>
  </div><p class="spoken" role="status"></p>`;

const left = { points: recalled() }; // what a board had when it was taken away, or the page was loaded anew

export default component(build, update, remove);

/** @param {HTMLElement} root @param {Data} data */
function build(root, data) {
  const page = Object.assign(element("div", "pad"), { innerHTML: PAGE });
  const [canvas, brush] = [findCanvas(page, "canvas"), findInput(page, ".brush input")];
  const observer = new ResizeObserver(() => repaint(board));
  /** @type {Board} */
  const board = {
    ...{ page, canvas, observer, frame: 0, data, drawn: 0 },
    ...{ points: left.points, past: [], before: null, learned: null },
    ...{ chosen: 0, brush: 1, sent: 0, at: [0, 0], dropped: [0, 0], aim: "", setTriggerValue: () => {} },
  };
  observer.observe(canvas);
  find(page, ".classes").onchange = ({ target }) => {
    if (target instanceof HTMLInputElement) show(Object.assign(board, { chosen: Number(target.value) }));
  };
  brush.oninput = () => show(Object.assign(board, { brush: Number(brush.value) }));
  find(page, ".starts").onclick = ({ target }) => {
    const name = target instanceof Element ? target.textContent : "";
    const points = board.data.starts[name];
    if (points) change(board, points, `${name}: ${counted(points.length)}`);
  };
  find(page, ".undo").onclick = () => undo(board);
  find(page, ".clear").onclick = () => change(board, [], "Cleared.");
  find(page, ".train").onclick = () => send(board);
  listenToPointer(board);
  listenToKeys(board);
  root.replaceChildren(page);
  return board;
}

/** @param {Board} board @param {Given<Data>} given */
function update(board, { data, setTriggerValue }) {
  if (board.drawn !== data.classes.length) drawClasses(board, data);
  show(Object.assign(board, { data, setTriggerValue }));
}

/** @param {Board} board */
function remove(board) {
  board.observer.disconnect();
  cancelAnimationFrame(board.frame);
  left.points = board.points;
}

/**
 * The choices that depend on how many classes there are; points of a class that is gone go too.
 * @param {Board} board
 * @param {Data} data
 */
function drawClasses(board, { classes, starts }) {
  find(board.page, ".classes").innerHTML = classes.map(({ shape, path, colour }, kind) => `
    <label><input type="radio" name="class" value="${kind}" aria-label="Class ${kind + 1}, ${shape}">
      <svg viewBox="-1.6 -1.6 3.2 3.2" aria-hidden="true"><path d="${path}" fill="${colour}"/></svg>
      <span>${kind + 1}</span></label>`).join("");
  const buttons = Object.keys(starts).map((name) => `<button>${name}</button>`);
  find(board.page, ".starts").innerHTML = buttons.join("");
  board.points = board.points.filter((point) => point[2] < classes.length);
  board.past = [];
  board.chosen = Math.min(board.chosen, classes.length - 1);
  board.drawn = classes.length;
}

/** @param {Board} board */
function send(board) {
  if (lacking(board)) return;
  board.setTriggerValue("points", { rows: board.points, count: ++board.sent });
  show(Object.assign(board, { learned: board.points }));
  say(board, `${counted(board.points.length)} sent`);
}
