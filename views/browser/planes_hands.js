/** The planes in somebody's hands: a crosshair by pointer and keyboard, what is told of its place, a button. */

import { ARROWS, clamp, find, hit } from "./common.js";
import { paint, quantityOf } from "./planes_painting.js";
import { NUMBERS, PROBABILITIES, probsOf, winnerOf } from "./planes_values.js";
import { answerSamples, hearSamples, tellSample } from "./single_sample.js";

/** @import { Scene, Stage } from "./planes.js" */
/** @import { Maps } from "./planes_values.js" */

const STEP = 0.025; // of the plane, that an arrow moves the crosshair by
const GUESS = 4000; // milliseconds for which a colour that was asked for goes before that of the last answer

/** @param {Stage} stage */
export function listen(stage) {
  const { root } = stage;
  const panels = find(root, ".panels");
  panels.onpointermove = (event) => point(stage, event);
  panels.onpointerdown = (event) => point(stage, event);
  panels.onpointerleave = ({ pointerType }) => pointerType === "mouse" && look(stage, null);
  panels.onkeydown = (event) => press(stage, event);
  panels.onblur = () => look(stage, null);
  find(root, ".sides").onchange = ({ target }) => {
    if (target instanceof HTMLInputElement) root.dataset.side = target.value;
    paint(stage);
  };
  find(root, ".draws").oninput = ({ target }) => {
    if (target instanceof HTMLInputElement) tellSample(Number(target.value));
  };
  const deafen = hearSamples((draw) => {
    if (draw === stage.draw) return;
    stage.draw = draw;
    paint(stage);
  });
  const silence = answerSamples(() => stage.draw);
  stage.leave = () => (deafen(), silence());
  tellSample(stage.draw); // whoever has heard of another one has heard of planes that are no more
  stage.listen = (event) => guess(stage, event);
  document.addEventListener("click", stage.listen, true);
}

/**
 * A colour is shown when its button is pressed; the answer of the server brings the words.
 * @param {Stage} stage
 * @param {MouseEvent} event
 */
function guess(stage, event) {
  const button = hit(event, ".st-key-colour button");
  const group = button?.closest(".st-key-colour");
  if (!button || !group || !stage.scene) return;
  const at = [...group.querySelectorAll("button[data-testid*=segmented]")].indexOf(button);
  const quantity = stage.scene.data.quantities[at];
  if (!quantity) return;
  stage.guess = { quantity, until: performance.now() + GUESS };
  paint(stage);
}

/** @param {Stage} stage @param {PointerEvent} event */
function point(stage, event) {
  const plane = hit(event, ".plane");
  if (!plane) return look(stage, null);
  const { left, top, width, height } = plane.getBoundingClientRect();
  look(stage, [(event.clientX - left) / width, 1 - (event.clientY - top) / height]);
}

/** @param {Stage} stage @param {KeyboardEvent} event */
function press(stage, event) {
  const move = ARROWS[event.key];
  if (!move && event.key !== "Escape") return;
  event.preventDefault();
  const [x, y] = stage.place ?? [0.5, 0.5];
  const leap = event.shiftKey ? 4 : 1;
  /** @param {number} at */
  const within = (at) => clamp(at, 0.001, 0.999);
  look(stage, move ? [within(x + leap * STEP * move[0]), within(y + leap * STEP * move[1])] : null);
  find(stage.root, "[role=status]").textContent = spoken(stage);
}

/**
 * Puts the crosshair of every panel there, and the numbers beside its name; null takes them away.
 * @param {Stage} stage
 * @param {Stage["place"]} place
 */
export function look(stage, place) {
  const at = place && place.every((share) => share >= 0 && share < 1) ? place : null;
  stage.place = at;
  const { scene, root } = stage;
  if (!scene) return;
  root.classList.toggle("looking", Boolean(at));
  scene.data.panels.forEach((_, i) => {
    const figure = find(root, `[data-panel="${i}"]`);
    find(figure, ".numbers").textContent = at ? numbers(stage, scene, scene.maps[i], at) : "";
    if (!at) return;
    figure.style.setProperty("--x", String(at[0]));
    figure.style.setProperty("--y", String(1 - at[1]));
  });
}

/**
 * @param {Stage} stage
 * @param {Scene} scene
 * @param {Maps} maps
 * @param {[number, number]} place
 */
function numbers(stage, { data, truth }, maps, [x, y]) {
  const shown = data.side - 2;
  const cell = (1 + Math.floor((1 - y) * shown)) * data.side + 1 + Math.floor(x * shown);
  const quantity = quantityOf(stage, data);
  const probs = probsOf(maps, cell, data.classes);
  const winner = winnerOf(probs);
  const first = `${data.names[winner]}: ${Math.max(...probs).toFixed(2)}`;
  if (quantity === "probability") return first;
  if (quantity === "truth") {
    return `${first}, truth ${PROBABILITIES.truth(maps, truth, cell, data)[winner].toFixed(2)}`;
  }
  return `${first}, ${data.words[quantity].short} ${NUMBERS[quantity](maps, truth, cell, data).toFixed(3)}`;
}

/** @param {Stage} stage */
function spoken(stage) {
  const { place, scene } = stage;
  if (!place || !scene) return "";
  const { data, maps } = scene;
  const [x0, x1, y0, y1] = data.extent;
  const where = `x ${(x0 + place[0] * (x1 - x0)).toFixed(2)}, y ${(y0 + place[1] * (y1 - y0)).toFixed(2)}`;
  return [where, ...data.panels.map(({ name }, i) => `${name}: ${numbers(stage, scene, maps[i], place)}`)].join(". ");
}
