/** The planes on canvas: panels with their map, boundary and points, and the legend below. */

import { cleaned, find, findCanvas, paintCells, paintDot, strokeCells, there } from "./common.js";
import { boundary } from "./planes_boundary.js";
import { cellColour, isProbability, lowest, scaleColour } from "./planes_colours.js";

/** @import { Stroke } from "./common.js" */
/** @import { Data, Panel, Scene, Stage } from "./planes.js" */
/** @import { Maps } from "./planes_values.js" */

/** @type {WeakMap<Maps, { of: unknown[], cells: ImageData }>} */
const COLOURED = new WeakMap(); // the last colours of a map's cells
/** @type {WeakMap<HTMLElement, unknown[]>} */
const PAINTED = new WeakMap(); // what a part was last made of

/** Whether a part was last made of something else. @param {HTMLElement} part @param {unknown[]} made */
function changed(part, ...made) {
  const before = PAINTED.get(part);
  PAINTED.set(part, made);
  return !before?.every((each, i) => each === made[i]);
}

/** What the planes are coloured by now. @param {Stage} stage @param {Data} data */
export const quantityOf = ({ guess }, data) => guess?.quantity ?? data.quantity;

/** @param {Stage} stage @param {Data} data */
export function buildPanels({ root }, { panels }) {
  /** @param {Panel} _ @param {number} i */
  const panelOf = (_, i) => `
  <figure data-panel="${i}">
    <figcaption><b></b><span class="numbers"></span></figcaption>
    <div class="plane"><canvas class="map" role="img"></canvas><canvas class="points"></canvas>
      <i class="cross"></i><span class="axis across"></span><span class="axis up"></span></div>
  </figure>`;
  /** @param {Panel} _ @param {number} i */
  const side = (_, i) => `<label><input type="radio" name="side" value="${i}"
    ${i === panels.length - 1 ? "checked" : ""}><span></span></label>`;
  find(root, ".panels").innerHTML = panels.map(panelOf).join("");
  find(root, ".sides").insertAdjacentHTML("beforeend", panels.length > 1 ? panels.map(side).join("") : "");
  root.dataset.side = String(panels.length - 1);
  root.dataset.panels = String(panels.length);
}

/**
 * @param {Stage} stage
 * @param {DOMRect[]} [known] sizes of the planes; measured if not given, for which the browser lays out the page
 */
export function paint(stage, known) {
  const { scene, root } = stage;
  if (!scene) return;
  const start = performance.now();
  const { data } = scene;
  const quantity = quantityOf(stage, data);
  const figures = data.panels.map((_, i) => find(root, `[data-panel="${i}"]`));
  const sizes = known ?? figures.map((figure) => find(figure, ".plane").getBoundingClientRect());
  stage.sizes = sizes;
  data.panels.forEach((panel, i) => {
    const [figure, { width, height }] = [figures[i], sizes[i]];
    const side = root.querySelectorAll(".sides span")[i];
    if (side && side.textContent !== panel.name) side.textContent = panel.name;
    if (!width) return; // the other side of the toggle
    const look = [scene.maps[i], scene.truth, scene.draws[i], stage.draw, data.points, panel.wrong, data.quantity];
    const frame = [width, height, devicePixelRatio, panel.name, data.axes];
    if (!changed(figure, ...look, quantity, data.tops[quantity], data.theme, ...frame)) return;
    find(figure, "b").textContent = panel.name;
    const map = findCanvas(figure, ".map");
    const words = `decision boundary over the plane, coloured by ${data.words[quantity].name}`;
    map.ariaLabel = `${panel.name} network: ${words}.`;
    const [across, up] = data.axes;
    find(figure, ".across").textContent = across;
    find(figure, ".up").textContent = up;
    paintMap(scene, map, i, stage.draw, quantity, width, height);
    paintPoints(data, findCanvas(figure, ".points"), panel, width, height);
    figure.dataset.drawn = `${panel.id} ${quantity} ${data.theme}`; // what can be seen by now
  });
  showStepper(stage, scene);
  paintLegend(root, data, quantity);
  root.dataset.quantity = quantity;
  performance.measure("planes", { start });
}

/**
 * The colours of a panel's cells; then the boundaries.
 * @param {Scene} scene
 * @param {HTMLCanvasElement} canvas
 * @param {number} panel
 * @param {number} draw the single sample that stands out, or 0
 * @param {string} quantity
 * @param {number} width
 * @param {number} height
 */
function paintMap({ data, truth, maps: all, draws }, canvas, panel, draw, quantity, width, height) {
  const { side, colours } = data;
  const maps = all[panel];
  const pen = cleaned(canvas, width, height); // the last column may be covered by a little less than all of it
  paintCells(pen, coloured(data, quantity, maps, truth), width, height);
  /** @param {Maps} of @param {Stroke[]} strokes */
  const line = (of, strokes) => strokeCells(pen, boundary(of, data), side, width, height, strokes);
  const fine = draws[panel];
  pen.globalAlpha = draw ? 0.25 : 0.7;
  fine.forEach((own) => line(own, [[colours.ink, 0.9, []]]));
  pen.globalAlpha = 1;
  if (truth) line(truth, [[colours.paper, 3.5, []], [colours.truth, 2, [5, 4]]]);
  line(maps, [[colours.paper, 5, []], [colours.ink, 2, []]]);
  if (fine[draw - 1]) line(fine[draw - 1], [[colours.paper, 5, []], [colours.draw, 2.5, []]]);
}

/** Works out what painting a scene takes, without painting it. @param {Stage} stage @param {Scene} scene */
export function prime(stage, { data, maps, truth }) {
  for (const each of maps) {
    boundary(each, data);
    coloured(data, quantityOf(stage, data), each, truth);
  }
}

/**
 * The cells of a panel, one pixel each.
 * @param {Data} data
 * @param {string} quantity
 * @param {Maps} maps
 * @param {Maps | null} truth
 */
function coloured(data, quantity, maps, truth) {
  const [of, before] = [[quantity, data.tops[quantity], data.theme, truth], COLOURED.get(maps)];
  if (before?.of.every((part, i) => part === of[i])) return before.cells;
  const colour = cellColour(data, quantity, maps, truth);
  const cells = new ImageData(data.side, data.side);
  for (let cell = 0, at = 0; cell < data.side ** 2; cell++) {
    const [red, green, blue] = colour(cell);
    cells.data[at++] = red;
    cells.data[at++] = green;
    cells.data[at++] = blue;
    cells.data[at++] = 255;
  }
  COLOURED.set(maps, { of, cells });
  return cells;
}

/** The stepper through single samples, where there are any. @param {Stage} stage @param {Scene} scene */
function showStepper({ root, draw }, { data, draws }) {
  const count = Math.max(...draws.map(({ length }) => length));
  const row = find(root, ".draws");
  row.hidden = count < 2;
  if (row.hidden) return;
  find(row, "span").textContent = `Which ${data.drawn}`;
  const slider = row.querySelector("input");
  if (slider) Object.assign(slider, { max: String(count), value: String(draw) });
  find(row, "output").textContent = draw ? `${draw} of ${count}` : `all ${count}`;
}

/**
 * @param {Data} data
 * @param {HTMLCanvasElement} canvas
 * @param {Panel} panel
 * @param {number} width
 * @param {number} height
 */
function paintPoints({ points, colours, theme, quantity }, canvas, panel, width, height) {
  const pen = cleaned(canvas, width, height);
  // A class's points have its colour: by night, on strong colours, no dark rim would set them off.
  const rim = theme === "dark" && isProbability(quantity) ? colours.ink : colours.paper;
  const small = Math.max(2.4, Math.min(width, height) / 110);
  points.forEach(([x, y, label], i) => {
    const wrong = panel.wrong[i];
    const outline = wrong ? { strokeStyle: colours.ink, lineWidth: 2.2 } : { strokeStyle: rim, lineWidth: 0.8 };
    const look = { fillStyle: colours.classes[label], ...outline };
    paintDot(pen, [x * width, (1 - y) * height], wrong ? 1.6 * small : small, look);
  });
}

/** @param {HTMLElement} root @param {Data} data @param {string} quantity */
function paintLegend(root, data, quantity) {
  const { classes, colours, tops, words, names } = data;
  if (!changed(root, quantity, tops[quantity], classes, colours, words, names, data.truth)) return;
  const probability = isProbability(quantity);
  const low = probability ? lowest(classes) : 0;
  const high = probability ? 1 : tops[quantity];
  const colour = scaleColour(data, quantity);
  const strip = new ImageData(256, 1);
  for (let i = 0; i < 256; i++) strip.data.set([...colour(i / 255), 255], 4 * i);
  there(findCanvas(root, ".scale canvas").getContext("2d")).putImageData(strip, 0, 0);
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => low + share * (high - low));
  /** @param {number} value @param {number} i */
  const tick = (value, i) => `<span style="--at: ${i / (ticks.length - 1)}">${written(value, high)}</span>`;
  find(root, ".ticks").innerHTML = ticks.map(tick).join("");
  find(root, ".legend .title").textContent = words[quantity].title;
  const dots = names.map((_, i) => `<span><i style="background: ${colours.classes[i]}"></i></span>`);
  const places = find(root, ".classes");
  places.innerHTML = dots.join("");
  places.querySelectorAll("span").forEach((place, i) => place.append(names[i])); // a stranger's words
  const title = "Bayes' boundary: no classifier decides better";
  const best = `<span class="best" style="--line: ${colours.truth}" title="${title}">Bayes</span>`;
  if (data.truth) places.insertAdjacentHTML("beforeend", best);
}

/** A tick of a scale, all with as many digits. @param {number} tick @param {number} high */
const written = (tick, high) => (high >= 0.4 ? tick.toFixed(2) : tick.toFixed(3));
