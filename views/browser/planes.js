/** The plane as one or two networks see it: colours, decision boundary, points, and the numbers of a place. */

import { component, find } from "./common.js";
import { listen, look } from "./planes_hands.js";
import { buildPanels, paint } from "./planes_painting.js";
import { take } from "./planes_preview.js";
import { unpacked } from "./planes_values.js";
import { DRAWN, PROPOSED } from "./preview_events.js";

/** @import { Maps } from "./planes_values.js" */
/**
 * @typedef {object} Panel of a network
 * @property {string} name
 * @property {string} id
 * @property {string} maps
 * @property {boolean[]} wrong of its points
 * @property {string | null} draws the maps of single samples, one after the other
 */
/** @typedef {{ name: string, title: string, short: string }} Words in a sentence, above the scale, beside a number */
/**
 * @typedef {object} Colours as #rrggbb
 * @property {string[]} classes
 * @property {string[]} sequence
 * @property {string} paper
 * @property {string} ink
 * @property {string} truth
 * @property {string} draw of the single sample that stands out
 */
/**
 * @typedef {object} Data
 * @property {Panel[]} panels
 * @property {string | null} truth the maps of the task itself
 * @property {number} side of a map, in cells, with one around what is shown
 * @property {number} classes
 * @property {string[]} names of the classes
 * @property {string} drawn what a single sample is called
 * @property {[across: string, up: string]} axes
 * @property {[x0: number, x1: number, y0: number, y1: number]} extent
 * @property {[x: number, y: number, label: number][]} points as shares of the extent
 * @property {string} quantity
 * @property {string[]} quantities in the order of their buttons
 * @property {Record<string, Words>} words by quantity
 * @property {Record<string, number>} tops where the scale of a quantity ends
 * @property {string} theme
 * @property {number} strongest share of a class's colour
 * @property {Colours} colours
 */
/**
 * @typedef {{ data: Data, maps: Maps[], truth: Maps | null, draws: Maps[][] }} Scene what is shown; maps, draws: of
 * the panels
 */
/**
 * @typedef {object} Stage
 * @property {HTMLElement} root
 * @property {ResizeObserver} observer
 * @property {(event: MouseEvent) => void} listen to clicks beside it
 * @property {(event: Event) => void} take what is proposed while a slider is moved
 * @property {() => void} leave those who tell each other which sample stands out
 * @property {Data | null} wanted
 * @property {Scene | null} drawn what the server has sent
 * @property {Scene | null} scene what is shown
 * @property {Map<string, Maps>} known unpacked by now
 * @property {[x: number, y: number] | null} place of the crosshair, as shares
 * @property {{ quantity: string, until: number } | null} guess a colour that was asked for
 * @property {DOMRect[]} sizes of the planes when they were last measured
 * @property {number} draw which single sample stands out, from 1 on; 0 for none
 */

const PAGE = `
  <fieldset class="sides"><legend class="spoken">Network shown</legend></fieldset>
  <div class="panels" tabindex="0" role="application" aria-describedby="keys"></div>
  <label class="draws" hidden><span></span><input type="range" min="0" value="0"><output></output></label>
  <div class="legend"><span class="title"></span><div class="scale"><canvas width="256" height="1"></canvas>
    <div class="ticks"></div></div><span class="classes"></span></div>
  <p class="spoken" id="keys">Arrow keys move a crosshair; the numbers of its place are read out.</p>
  <p class="spoken" role="status"></p>`;

export default component(build, (stage, { data }) => void load(stage, data), remove);

/** @param {HTMLElement} root */
function build(root) {
  root.innerHTML = PAGE;
  const observer = new ResizeObserver(() => paint(stage));
  /** @type {Stage} */
  const stage = {
    ...{ root, observer, listen: () => {}, leave: () => {}, wanted: null, drawn: null, scene: null },
    take: (event) => event instanceof CustomEvent && take(stage, event.detail),
    ...{ known: new Map(), place: null, guess: null, sizes: [], draw: 0 },
  };
  listen(stage);
  document.addEventListener(PROPOSED, stage.take);
  observer.observe(find(root, ".panels"));
  return stage;
}

/** @param {Stage} stage */
function remove(stage) {
  stage.wanted = stage.drawn = stage.scene = null; // maps that are still being unpacked find nothing to be painted on
  stage.observer.disconnect();
  stage.leave();
  document.removeEventListener("click", stage.listen, true);
  document.removeEventListener(PROPOSED, stage.take);
}

/**
 * Takes what is to be shown; what was drawn stays until the new maps are there.
 * @param {Stage} stage
 * @param {Data} data
 */
async function load(stage, data) {
  stage.wanted = data;
  const draws = data.panels.map((panel) => panel.draws ?? "");
  const texts = [...data.panels.map(({ maps }) => maps), ...draws, ...(data.truth ? [data.truth] : [])];
  /** @param {string} text */
  const known = (text) => stage.known.get(text) ?? (text ? unpacked(text, data.side) : []);
  const maps = await Promise.all(texts.map(known));
  if (stage.wanted !== data) return; // others have come in the meantime
  stage.known = new Map(texts.map((text, i) => [text, maps[i]]));
  if (stage.scene?.data.panels.length !== data.panels.length) buildPanels(stage, data);
  const { guess } = stage;
  if (guess && (data.quantity === guess.quantity || performance.now() > guess.until)) stage.guess = null;
  const count = data.panels.length;
  const split = maps.slice(count, 2 * count).map((layers) => inDraws(layers, data.classes - 1));
  stage.drawn = { data, maps: maps.slice(0, count), truth: maps.at(2 * count) ?? null, draws: split };
  stage.scene = stage.drawn;
  document.dispatchEvent(new Event(DRAWN)); // a slider may be elsewhere by now, and say so
  paint(stage);
  look(stage, stage.place);
}

/** Layers of all samples as maps of each. @param {Maps} layers @param {number} size @returns {Maps[]} */
const inDraws = (layers, size) =>
  Array.from({ length: layers.length / size }, (_, draw) => layers.slice(draw * size, (draw + 1) * size));
