/** The network drawn, in somebody's hands: what is pointed at, where the keyboard's focus walks, what is clicked. */

import { nearest } from "./network_diagram_layout.js";
import { nodes, show } from "./network_diagram_look.js";
import { paintPicked } from "./network_diagram_painting.js";

/** @import { Drawing, Node } from "./network_diagram.js" */

const BUSY = 150; // milliseconds in which a unit is not clicked twice

/** @param {Drawing} drawing */
export function listen(drawing) {
  const { stage } = drawing;
  /** @param {Event} event */
  const under = (event) => nodes(drawing).find((node) => node.element === event.target);
  const focused = () => nodes(drawing).find((node) => node.element.matches(":focus-visible"));
  stage.addEventListener("pointermove", (event) => pick(drawing, nearest(drawing, event) ?? focused()));
  stage.addEventListener("pointerleave", () => pick(drawing, focused()));
  stage.addEventListener("focusout", () => pick(drawing));
  stage.addEventListener("focusin", (event) => {
    const node = under(event);
    if (node) rove(drawing, node);
    pick(drawing, focused());
  });
  stage.addEventListener("keydown", (event) => press(drawing, event));
  stage.addEventListener("click", (event) => {
    const node = event.detail ? nearest(drawing, event) : under(event); // no detail: the keyboard's own click
    pick(drawing, node);
    if (node?.words) toggle(drawing, node, node.words);
  });
}

/** @param {Drawing} drawing @param {Node} [node] none: let go */
function pick(drawing, node) {
  if (node === drawing.picked) return;
  drawing.picked?.element.classList.remove("picked");
  node?.element.classList.add("picked");
  drawing.picked = node;
  paintPicked(drawing);
}

/** Make a unit the one that Tab stops at. @param {Drawing} drawing @param {Node} node */
export function rove(drawing, node) {
  if (drawing.current) drawing.current.element.tabIndex = -1;
  node.element.tabIndex = 0;
  drawing.current = node;
}

/**
 * Walk along the layer, or to as high a place in the one beside it; at an end, stay.
 * @param {Drawing} drawing
 * @param {KeyboardEvent} event
 */
function press(drawing, event) {
  if (event.key === "Escape") pick(drawing);
  if (!drawing.current) return;
  const { layer, unit } = drawing.current;
  const [left, list, right] = [layer - 1, layer, layer + 1].map((l) => drawing.layers[l]);
  /** @param {Node[]} other */
  const beside = (other) => other[Math.floor(((unit + 0.5) / list.length) * other.length)];
  const along = { ArrowUp: list[unit - 1], ArrowDown: list[unit + 1], Home: list[0], End: list.at(-1) };
  /** @type {Record<string, Node | undefined>} */
  const ways = { ...along, ArrowLeft: beside(left), ArrowRight: beside(right) };
  if (!(event.key in ways)) return;
  event.preventDefault();
  if (ways[event.key]?.words) ways[event.key]?.element.focus();
}

/**
 * Show at once what a click will do, and send it; data that have heard of it settle the matter.
 * @param {Drawing} drawing
 * @param {Node} node
 * @param {string} words
 */
function toggle(drawing, node, words) {
  const now = performance.now();
  if (drawing.locked || now < node.busy) return;
  drawing.clicks += 1;
  Object.assign(node, { busy: now + BUSY, kept: !node.kept, awaits: drawing.clicks });
  node.words = `${words.split(": ")[0]}: ${node.kept ? "restoring" : "removing"} …`;
  show(drawing);
  drawing.send({ layer: drawing.names[node.layer], unit: node.unit, count: drawing.clicks });
}
