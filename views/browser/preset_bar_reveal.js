/** After a story is told: scroll to what it asks to look at, unless the visitor has done something meanwhile. */

import { find, gait, keyed } from "./common.js";

/** @import { Bar } from "./preset_bar.js" */

const STEADY = 3; // looks in a row at a part that has not moved, before it is scrolled to
const [LOOK, LONGEST] = [150, 6000]; // milliseconds between two looks, and for all of them
const HEADER = 64; // pixels of the window that the page's navigation takes
const HANDS = ["pointerdown", "keydown", "wheel", "touchstart"]; // who does something meanwhile, looks elsewhere

/** From now on, note whether the visitor does something. @param {Bar} bar */
export function watch(bar) {
  bar.watching?.abort();
  const watching = new AbortController();
  Object.assign(bar, { watching, busy: false });
  const { signal } = watching;
  HANDS.forEach((name) => addEventListener(name, () => (bar.busy = true), { capture: true, passive: true, signal }));
}

/** Scroll there, once it stands still; who has done something since the press is let be. @param {Bar} bar */
export function reveal(bar) {
  const { target } = bar.data;
  if (!target) return;
  const until = performance.now() + LONGEST;
  let [before, steady] = ["", 0];
  const look = () => {
    if (bar.busy) return;
    const part = document.querySelector(keyed(target));
    const place = part ? JSON.stringify(part.getBoundingClientRect()) : "";
    steady = place && place === before ? steady + 1 : 0;
    before = place;
    if (steady < STEADY && performance.now() < until) return void setTimeout(look, LOOK);
    bar.watching?.abort();
    if (part && !isSeen(part)) scroll(part, find(bar.root, ".told"));
  };
  look();
}

/** The room that a part may fill: the window below what stays at its top. @param {Element} part */
const roomFor = (part) => innerHeight - parseFloat(getComputedStyle(part).scrollMarginTop);

/** Most of what is small, or of what is larger than the window enough to see what it is. @param {Element} part */
function isSeen(part) {
  const { top, bottom, height } = part.getBoundingClientRect();
  const room = roomFor(part);
  const seen = Math.min(bottom, innerHeight) - Math.max(top, innerHeight - room);
  return seen >= (height < room ? 0.8 * height : 0.6 * room);
}

/**
 * No farther than the story's own words can be read, if enough of the part is to be seen then.
 * @param {Element} part
 * @param {Element} told
 */
function scroll(part, told) {
  const behavior = gait();
  const { top, height } = part.getBoundingClientRect();
  const room = roomFor(part);
  const most = told.getBoundingClientRect().top - HEADER;
  if (innerHeight - (top - most) >= 0.4 * Math.min(height, room)) {
    const goal = Math.min(top - innerHeight + Math.min(height, room), most);
    part.closest("[data-testid=stMain]")?.scrollBy({ top: Math.max(goal, 0), behavior });
  } else {
    part.scrollIntoView({ block: height < 0.7 * room ? "center" : "start", behavior });
  }
}
