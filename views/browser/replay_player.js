/** Plays a recorded training. Every frame comes along with the data: nothing is asked of the server. */

import { bytes, clamp, component, find, findInput, hit, inflated } from "./common.js";
import { buildPhases, paint } from "./replay_player_painting.js";
import { PAGE, PAUSE, PLAY } from "./replay_player_page.js";
import { framesOf, isLast, sentence } from "./replay_player_frames.js";

/** @import { Frame, Phase } from "./replay_player_frames.js" */
/**
 * @typedef {object} Data
 * @property {string} id of the recording
 * @property {string} frames the maps of all frames, one behind the other
 * @property {number} side of a map, in cells, with one around what is shown
 * @property {Phase[]} phases
 * @property {number} top where the scale of the losses ends
 * @property {string} theme
 * @property {string} table the colour of every code in the maps
 * @property {{ classes: string[], paper: string, ink: string }} colours
 * @property {[x: number, y: number, label: number][]} points as shares of the plane
 */
/** @typedef {{ data: Data, maps: Uint8Array, palette: Uint32Array, frames: Frame[] }} Film at least one frame */
/**
 * @typedef {object} Player
 * @property {HTMLElement} root
 * @property {ResizeObserver} observer
 * @property {number} width of the plane, in CSS pixels
 * @property {number} pixels of the canvas on which the points are painted; 0: not yet
 * @property {Data | null} wanted
 * @property {Promise<Uint8Array> | null} inflating
 * @property {Film | null} film
 * @property {number} at the frame
 * @property {Phase | null} phase that is painted
 * @property {number} speed
 * @property {number} playing the next frame of the browser; 0: paused
 * @property {number} due when the next frame of the film is
 */

const FRAME = 50; // milliseconds at 1×
const HOLD = 600; // milliseconds for the last frame of a phase at 1×
const AWAY = 250; // milliseconds at most that are made up for when the page was busy or out of sight
/** Keys that lead to another phase. @type {Record<string, number | undefined>} */
const WAYS = { PageUp: 1, PageDown: -1 };

export default component(build, (player, { data }) => void load(player, data), remove);

/** @param {HTMLElement} root */
function build(root) {
  root.innerHTML = PAGE;
  Object.assign(root, { tabIndex: -1, inert: true }); // a click anywhere gives it the keyboard, once there is a film
  const observer = new ResizeObserver(([{ contentRect: { width } }]) => paint(Object.assign(player, { width })));
  /** @type {Player} */
  const player = {
    ...{ root, observer, width: 0, pixels: 0, wanted: null, inflating: null, film: null },
    ...{ at: 0, phase: null, speed: 1, playing: 0, due: 0 },
  };
  root.onclick = (event) => DO[hit(event, "button")?.dataset.do ?? ""]?.(player);
  root.onkeydown = (event) => pressed(player, event);
  const timeline = findInput(root, "[type=range]");
  timeline.oninput = () => step(player, timeline.valueAsNumber - player.at);
  find(root, "fieldset").onchange = ({ target }) => {
    if (target instanceof HTMLInputElement) player.speed = Number(target.value);
  };
  observer.observe(find(root, ".plane"));
  return player;
}

/** @param {Player} player */
function remove(player) {
  pause(player);
  player.wanted = null; // frames that are still being inflated find nothing to be painted on
  player.observer.disconnect();
}

/**
 * Goes to the first frame of another recording; a known one stays where it is, in other colours perhaps.
 * @param {Player} player
 * @param {Data} data
 */
async function load(player, data) {
  const { id, theme } = player.wanted ?? {};
  if (id === data.id && theme === data.theme) return;
  player.wanted = data;
  if (id !== data.id || !player.inflating) player.inflating = inflated(data.frames);
  const maps = await player.inflating;
  if (player.wanted !== data) return; // others have come in the meantime
  if (player.film?.data.id !== data.id) {
    pause(player);
    player.at = 0;
  }
  const palette = new Uint32Array(bytes(data.table).buffer);
  player.film = { data, maps, palette, frames: framesOf(data.phases) };
  Object.assign(player, { pixels: 0, phase: null }).root.inert = false;
  buildPhases(player.root, player.film);
  paint(player);
}

// Playing

/** @param {Player} player @param {number} at */
function seek(player, at) {
  if (!player.film) return;
  player.at = clamp(at, 0, player.film.frames.length - 1);
  player.due = performance.now() + time(player, player.film);
  paint(player);
}

/** @param {Player} player @param {number} frames */
function step(player, frames) {
  pause(player);
  seek(player, player.at + frames);
}

/**
 * To the nearest start of a phase in this direction; from the last phase on, to the end of the film.
 * @param {Player} player
 * @param {number} direction
 */
function jump(player, direction) {
  const frames = player.film?.frames ?? [];
  /** @param {Frame} frame @param {number} i */
  const beyond = ({ index }, i) => index === 0 && (i - player.at) * direction > 0;
  const start = direction > 0 ? frames.findIndex(beyond) : frames.findLastIndex(beyond);
  seek(player, start < 0 ? direction * Infinity : start);
}

/** @param {Player} player */
function play(player) {
  performance.clearMeasures("player frame"); // else they pile up
  seek(player, player.film && atEnd(player, player.film) ? 0 : player.at);
  player.playing = requestAnimationFrame((now) => tick(player, now));
  find(player.root, "[data-do=play]").innerHTML = PAUSE;
}

/** @param {Player} player */
function pause(player) {
  cancelAnimationFrame(player.playing);
  player.playing = 0;
  find(player.root, "[data-do=play]").innerHTML = PLAY;
}

/** Pauses, and says where. @param {Player} player */
function finish(player) {
  pause(player);
  const frame = player.film?.frames[player.at];
  if (frame) find(player.root, "[role=status]").textContent = `Paused. ${sentence(frame)}`;
}

/** @param {Player} player @param {number} now */
function tick(player, now) {
  const { film, at: before } = player;
  if (!film) return;
  player.due = Math.max(player.due, now - AWAY);
  while (now >= player.due && !atEnd(player, film)) {
    player.at += 1;
    player.due += time(player, film);
  }
  if (player.at !== before) paint(player);
  if (atEnd(player, film)) finish(player);
  else player.playing = requestAnimationFrame((next) => tick(player, next));
}

/** @param {Player} player @param {Film} film */
const atEnd = ({ at }, { frames }) => at === frames.length - 1;
/** How long the frame stays. @param {Player} player @param {Film} film */
const time = ({ at, speed }, { frames }) => (isLast(frames[at]) ? HOLD : FRAME) / speed;

/** What the buttons do. @type {Record<string, ((player: Player) => void) | undefined>} */
const DO = {
  play: toggle,
  first: (player) => seek(player, 0),
  back: (player) => step(player, -1),
  on: (player) => step(player, 1),
  next: (player) => jump(player, 1),
};

/** @param {Player} player */
function toggle(player) {
  if (player.playing) finish(player);
  else play(player);
}

/** @param {Player} player @param {KeyboardEvent} event */
function pressed(player, event) {
  const direction = WAYS[event.key];
  const space = event.key === " " && !hit(event, "button, label");
  if (direction || space) event.preventDefault();
  if (direction) jump(player, direction);
  if (space) toggle(player);
}
