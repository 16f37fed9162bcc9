/** The network drawn: where everything is, and what is nearest to a place. */

import { find, range } from "./common.js";

/** @import { Drawing, Node } from "./network_diagram.js" */

const UNIT = 24; // CSS pixels from unit to unit, and the side of a button, where there is room
const SPREAD = 56; // from unit to unit of a small layer, at most
const REACH = 24; // how far from a unit a finger may land

/** Layers from left to right, with equal gaps between them. @param {Drawing} drawing */
export function place(drawing) {
  const { stage, layers, groups } = drawing;
  const [width, height] = [stage.clientWidth, stage.clientHeight];
  /** @param {Node[]} list of inputs or outputs, whose words stand beside them */
  const margin = (list) => 22 + Math.max(...list.map((node) => find(node.element, "span").offsetWidth));
  const inner = width - margin(layers[0]) - margin(layers[layers.length - 1]);
  const blocks = layers.map((list) => lattice(list.length, height, (0.45 * inner) / (layers.length - 2)));
  const gap = (inner - blocks.reduce((sum, block) => sum + block.width, 0)) / (layers.length - 1);
  let left = margin(layers[0]);
  layers.forEach((list, l) => {
    find(groups[l], ".heading").style.left = `${left + blocks[l].width / 2}px`;
    groups[l].style.setProperty("--target", `${blocks[l].target}px`);
    for (const node of list) {
      const { x, y } = blocks[l].spots[node.unit];
      Object.assign(node, { x: left + x, y });
      node.element.style.translate = `${node.x}px ${node.y}px`;
    }
    left += blocks[l].width + gap;
  });
  drawing.width = width;
}

/**
 * Spots of n units from top to bottom, in as many staggered columns as keep them apart; at most `room` wide.
 * @param {number} n
 * @param {number} height
 * @param {number} room
 */
function lattice(n, height, room) {
  /** @param {number} columns */
  const across = (columns) => Math.min(UNIT, room / Math.max(1, columns - 1));
  /** @param {number} columns */
  const down = (columns) => Math.min(SPREAD, (height - UNIT) / (Math.ceil(n / columns) - (columns > 1 ? 0.5 : 1)));
  let columns = 1;
  while (columns < n && down(columns) < across(columns)) columns += 1;
  const [dx, dy] = [across(columns), down(columns)];
  const slots = range(columns).sort((a, b) => (a % 2) - (b % 2) || a - b); // the higher spots first
  const spots = range(n).map((unit) => {
    const column = slots[unit % columns];
    return { x: column * dx, y: (Math.floor(unit / columns) + (column % 2) / 2) * dy };
  });
  const top = (height - spots[n - 1].y) / 2;
  spots.forEach((spot) => (spot.y += top));
  return { spots, width: (columns - 1) * dx, target: Math.min(UNIT, dx, dy) };
}

/**
 * The node nearest to the pointer, if it is within reach.
 * @param {Drawing} drawing
 * @param {MouseEvent} event
 * @returns {Node | undefined}
 */
export function nearest({ stage, layers }, { clientX, clientY }) {
  const { left, top } = stage.getBoundingClientRect();
  /** @param {Node} node */
  const far = (node) => Math.hypot(node.x + left - clientX, node.y + top - clientY);
  return layers.flat().filter((node) => far(node) <= REACH).sort((a, b) => far(a) - far(b))[0];
}
