/** A network drawn: connections on canvas, and a button for every hidden unit, which removes or restores it. */
// A node is a unit, an input or an output; a layer is a list of nodes.

import { component, element, focusedBeside } from "./common.js";
import { listen, rove } from "./network_diagram_hands.js";
import { nodes, show, summary } from "./network_diagram_look.js";
import { matrix } from "./network_diagram_painting.js";
import { hearSamples } from "./single_sample.js";

/** @import { Given } from "./common.js" */
/** @import { Matrix, Line, Signs } from "./network_diagram_painting.js" */
/** @import { Thinned } from "./network_diagram_sample.js" */
/** @typedef {{ name: string, title: string, labels: string[], colours?: string[] }} EndLayer inputs or outputs */
/** @typedef {{ name: string, title: string, kept: boolean[], by_hand: boolean[], words: string[] }} HiddenLayer */
/** @typedef {EndLayer | HiddenLayer} Layer */
/** @typedef {{ weights: string, largest: number }} Weights (units, inputs) in base64, and what is drawn widest */
/** @typedef {{ layers: Layer[], matrices: Weights[], colours: Signs, thinned: Thinned | null }} Picture */
/** @typedef {Picture & { heard: number, locked: boolean }} Data */
/** @typedef {{ layer: string, unit: number, count: number }} Click */
/**
 * @typedef {object} Node
 * @property {number} layer
 * @property {number} unit
 * @property {HTMLElement} element
 * @property {boolean} kept
 * @property {string} [words] of a hidden unit alone
 * @property {boolean} byHand
 * @property {boolean} dropped by the single sample that stands out
 * @property {number} awaits the click that the data have not answered yet; 0: none
 * @property {number} busy until when it is not clicked again
 * @property {number} x
 * @property {number} y
 */
/**
 * @typedef {object} Drawing
 * @property {HTMLElement} root
 * @property {HTMLElement} stage
 * @property {HTMLCanvasElement} edges
 * @property {HTMLCanvasElement} own for the connections of what is picked
 * @property {HTMLElement} tip
 * @property {HTMLElement} note
 * @property {HTMLElement} said of a single sample
 * @property {HTMLElement} status
 * @property {ResizeObserver} observer
 * @property {string} shape
 * @property {string[]} names what a click sends
 * @property {string[]} titles
 * @property {Node[][]} layers
 * @property {HTMLElement[]} groups an element a layer
 * @property {Matrix[]} matrices
 * @property {Line[][]} lines
 * @property {Signs} colours
 * @property {boolean} locked
 * @property {Thinned | null} thinned the units of single samples
 * @property {number} sample which of them stands out, from 1 on; 0: none
 * @property {() => void} deafen
 * @property {number} clicks
 * @property {number} width that it was drawn for
 * @property {Node} [picked] pointed at, or with the keyboard's focus
 * @property {Node} [current] what Tab stops at
 * @property {(click: Click) => void} send
 */

export default component(build, update, ({ observer, deafen }) => (observer.disconnect(), deafen()));

/** @param {HTMLElement} root @returns {Drawing} */
function build(root) {
  const [edges, own] = [element("canvas", "edges"), element("canvas", "own")];
  const [tip, note, status] = [element("div", "tip"), element("p", "note"), element("div", "spoken")];
  const said = element("p", "sample");
  const stage = element("div", "stage", edges, own, tip);
  stage.role = "group";
  stage.ariaLabel = "The network drawn. Arrow keys walk from unit to unit, Enter or Space removes or restores one.";
  tip.ariaHidden = "true"; // a unit's own label says the same
  status.role = "status";
  root.replaceChildren(stage, legend(), said, note, status);
  const observer = new ResizeObserver(() => stage.clientWidth !== drawing.width && show(drawing));
  /** @type {Drawing} */
  const drawing = {
    ...{ root, stage, edges, own, tip, note, said, status, observer },
    ...{ shape: "", names: [], titles: [], layers: [], groups: [], matrices: [], lines: [] },
    ...{ colours: { positive: "", negative: "" }, locked: false, clicks: 0, width: 0 },
    ...{ thinned: null, sample: 0, deafen: () => {} },
    send: () => {},
  };
  listen(drawing);
  drawing.deafen = hearSamples((sample) => {
    drawing.sample = sample;
    if (drawing.shape) show(drawing);
  });
  observer.observe(stage);
  return drawing;
}

function legend() {
  const signs = [["positive", "positive weight"], ["negative", "negative weight"], ["wedge", "wider: larger weight"]];
  const units = [["kept", "kept"], ["gone", "removed"], ["touched", "changed by hand"]];
  const entries = [...signs, ...units].map(([mark, words]) => element("span", "", element("i", mark), words));
  return element("div", "legend", ...entries);
}

// What the data say

/** @param {Drawing} drawing @param {Given<Data>} given */
function update(drawing, { data, setTriggerValue }) {
  drawing.send = (click) => setTriggerValue("unit", click);
  const shape = JSON.stringify(data.layers.map(shapeOf));
  if (shape !== drawing.shape) fill(drawing, data.layers);
  const clicks = Math.max(drawing.clicks, data.heard);
  const { colours, locked, thinned = null } = data;
  Object.assign(drawing, { shape, colours, locked, thinned, clicks });
  const answered = nodes(drawing).find((node) => node.awaits && node.awaits <= data.heard);
  data.layers.forEach((layer, l) => drawing.layers[l].forEach((node) => updateNode(node, layer, data.heard)));
  drawing.matrices = data.matrices.map((given, m) => {
    const old = drawing.matrices[m]?.given;
    return old?.weights === given.weights && old.largest === given.largest ? drawing.matrices[m] : matrix(given);
  });
  Object.entries(data.colours).forEach(([sign, colour]) => drawing.root.style.setProperty(`--${sign}`, colour));
  show(drawing);
  if (answered) drawing.status.textContent = summary(drawing, answered.layer);
}

/** @param {Layer} layer */
const shapeOf = (layer) => [layer.name, "labels" in layer ? layer.labels : layer.kept.length];

/**
 * New nodes for new layers; whoever had the focus keeps it as nearly as possible.
 * @param {Drawing} drawing
 * @param {Layer[]} layers
 */
function fill(drawing, layers) {
  const focused = drawing.stage.contains(focusedBeside(drawing.stage));
  const { layer = 1, unit = 0 } = drawing.current ?? {};
  drawing.picked = undefined;
  drawing.groups.forEach((group) => group.remove());
  drawing.names = layers.map(({ name }) => name);
  drawing.titles = layers.map(({ title }) => title);
  drawing.layers = layers.map((layer, l) => {
    const units = "labels" in layer ? layer.labels : layer.kept;
    return units.map((_, u) => fresh(layer, l, u));
  });
  drawing.groups = drawing.layers.map((list, l) => {
    const heading = element("div", "heading", element("b", "", layers[l].title), element("span", ""));
    heading.ariaHidden = "true"; // the group's label says the same
    return Object.assign(element("div", "layer", heading, ...list.map((node) => node.element)), { role: "group" });
  });
  drawing.tip.before(...drawing.groups);
  const near = drawing.layers[Math.min(layer, layers.length - 2)];
  const current = near[Math.min(unit, near.length - 1)];
  rove(drawing, current);
  if (focused) current.element.focus({ preventScroll: true });
}

/** @param {Layer} of @param {number} layer @param {number} unit @returns {Node} */
function fresh(of, layer, unit) {
  /** @param {string} name */
  const end = (name) => element("div", `end layer${layer}`, element("i", ""), element("span", "", name));
  const button = () => Object.assign(element("button", "unit"), { type: "button", tabIndex: -1 });
  const made = "labels" in of ? end(of.labels[unit]) : button();
  return { layer, unit, element: made, kept: true, byHand: false, dropped: false, awaits: 0, busy: 0, x: 0, y: 0 };
}

/**
 * Take over what the data say of a node, unless they have not heard of the last click on it.
 * @param {Node} node
 * @param {Layer} layer
 * @param {number} heard
 */
function updateNode(node, layer, heard) {
  if ("labels" in layer) {
    if (layer.colours) node.element.style.setProperty("--colour", layer.colours[node.unit]);
  } else if (node.awaits <= heard) {
    const { unit } = node;
    Object.assign(node, { kept: layer.kept[unit], words: layer.words[unit], byHand: layer.by_hand[unit], awaits: 0 });
  }
}
