/** The network drawn, brought up to date: what is said of it, and that it is laid out and painted again. */

import { grouped, find } from "./common.js";
import { place } from "./network_diagram_layout.js";
import { ofSample, thin } from "./network_diagram_sample.js";
import { connections, paint, paintPicked, STRONGEST } from "./network_diagram_painting.js";

/** @import { Drawing, Node } from "./network_diagram.js" */

/** @param {Drawing} drawing */
export const nodes = (drawing) => drawing.layers.flat();
/** @param {Node[]} list */
const tally = (list) => `${list.filter((node) => node.kept).length} of ${list.length}`;
/** @param {Drawing} drawing @param {number} l */
export const summary = ({ titles, layers }, l) => `${titles[l]}: ${tally(layers[l])} units kept`;

/** Bring everything up to date with what is kept and how much room there is. @param {Drawing} drawing */
export function show(drawing) {
  const { layers, matrices, groups, titles } = drawing;
  thin(drawing);
  for (const node of nodes(drawing)) {
    if (!node.words) continue;
    node.element.ariaPressed = String(node.kept);
    node.element.ariaLabel = node.dropped ? `${node.words} · dropped in this sample` : node.words;
    node.element.classList.toggle("hand", node.byHand);
  }
  layers.forEach((list, l) => {
    const hidden = Boolean(list[0].words);
    groups[l].ariaLabel = hidden ? summary(drawing, l) : titles[l];
    find(groups[l], ".heading span").textContent = hidden ? tally(list) : String(list.length);
  });
  drawing.lines = matrices.map((each, m) => connections(each, layers[m], layers[m + 1]));
  drawing.said.textContent = ofSample(drawing);
  drawing.note.textContent = drawn(drawing);
  place(drawing);
  paint(drawing);
  paintPicked(drawing);
}

/** How many connections are drawn of how many there are. @param {Drawing} drawing */
function drawn({ lines, titles }) {
  const parts = lines.map((all, m) => `${grouped(all.length)} from ${titles[m]} to ${titles[m + 1]}`);
  const cut = parts.filter((_, m) => lines[m].length > STRONGEST).join(" and of ");
  if (cut) return `Drawn are the ${grouped(STRONGEST)} strongest connections of ${cut}.`;
  return `All ${grouped(lines.flat().length)} connections are drawn.`;
}
