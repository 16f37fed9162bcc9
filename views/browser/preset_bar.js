/** The stories: a line of buttons, and what the open one has to say. A press is a deed with a number, no state. */

import { clamp, component, element, find, focusedBeside } from "./common.js";
import { reveal, watch } from "./preset_bar_reveal.js";

/** @import { Given } from "./common.js" */

/** @typedef {{ name: string, sentences: string, look_at: string, left: boolean, trial: boolean }} Told of a story */
/**
 * @typedef {object} Data
 * @property {string[]} names of the stories
 * @property {string | null} current the one whose settings stand
 * @property {Told | null} told of the open one
 * @property {string | null} target what it asks to look at, by the key of a part of the page
 * @property {number} turn how many stories were told
 * @property {string} visit
 */
/** @typedef {{ story: string | null } | { trial: string } | { close: string }} Deed */
/**
 * @typedef {object} Bar
 * @property {HTMLElement} root
 * @property {Data} data
 * @property {number} turn
 * @property {number} at the button that Tab stops at
 * @property {string} names that are drawn
 * @property {(deed: Deed) => void} send
 * @property {boolean} busy whether the visitor has done something since the last press
 * @property {AbortController | null} watching for that
 */

const PAGE = `
  <div class="bar" role="toolbar" aria-label="Stories: one press sets every control" hidden></div>
  <div class="told" hidden>
    <p class="words" role="status"></p>
    <button type="button" class="more" aria-expanded="false">More</button>
    <button type="button" class="try">Try it</button>
    <button type="button" class="close" aria-label="Close the story" title="Close the story">✕</button>
  </div>`;

export default component(build, update);

/** @param {HTMLElement} root @param {Data} data @returns {Bar} */
function build(root, data) {
  root.innerHTML = PAGE;
  /** @type {Bar} */
  const bar = { root, data, turn: data.turn, at: 0, names: "", send: () => {}, busy: false, watching: null };
  find(root, ".bar").onkeydown = (event) => walk(bar, event);
  find(root, ".more").onclick = () => fold(bar, find(root, ".told").classList.contains("short"));
  find(root, ".try").onclick = () => bar.data.told && bar.send({ trial: bar.data.told.name });
  find(root, ".close").onclick = () => close(bar);
  new ResizeObserver(() => measure(bar)).observe(find(root, ".words"));
  return bar;
}

/** @param {Bar} bar @param {Given<Data>} given */
function update(bar, { data, setStateValue }) {
  bar.data = data;
  bar.send = (deed) => setStateValue("press", { ...deed, number: Date.now(), visit: data.visit });
  drawBar(bar);
  drawTold(bar);
  if (data.turn !== bar.turn) reveal(bar);
  bar.turn = data.turn;
}

// The line of buttons

/** @param {Bar} bar */
const buttons = ({ root }) => [...find(root, ".bar").querySelectorAll("button")];

/** @param {Bar} bar */
function drawBar(bar) {
  const { names, current } = bar.data;
  const line = find(bar.root, ".bar");
  line.hidden = !names.length;
  if (names.join("\n") !== bar.names) {
    const stories = names.map((name) => button(name, "story", () => tell(bar, name)));
    line.replaceChildren(...stories, button("Start over", "again", () => tell(bar, null)));
    bar.names = names.join("\n");
    move(bar, Math.max(0, names.findIndex((name) => name === current)), false);
  }
  mark(bar, current);
}

/** @param {Bar} bar @param {string | null} current */
function mark(bar, current) {
  buttons(bar).forEach((each, i) => (each.ariaCurrent = String(bar.data.names[i] === current)));
}

/**
 * The button answers at once; what the story has to say comes with its pictures.
 * @param {Bar} bar
 * @param {string | null} name
 */
function tell(bar, name) {
  mark(bar, name ?? "");
  watch(bar);
  bar.send({ story: name });
}

/** @param {string} name @param {string} className @param {() => void} onclick */
const button = (name, className, onclick) =>
  Object.assign(element("button", className, name), { type: "button", onclick });

/**
 * One stop of the Tab key; within, the arrows go from story to story.
 * @param {Bar} bar
 * @param {KeyboardEvent} event
 */
function walk(bar, event) {
  const last = buttons(bar).length - 1;
  /** @type {Record<string, number | undefined>} */
  const ways = { ArrowRight: bar.at + 1, ArrowLeft: bar.at - 1, Home: 0, End: last };
  const to = ways[event.key];
  if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  move(bar, clamp(to, 0, last), true);
}

/** @param {Bar} bar @param {number} to @param {boolean} focus */
function move(bar, to, focus) {
  bar.at = to;
  buttons(bar).forEach((each, i) => {
    each.tabIndex = i === to ? 0 : -1;
    each.onfocus = () => move(bar, i, false);
  });
  if (focus) buttons(bar)[to].focus();
}

// What the open story has to say

/** @param {Bar} bar */
function drawTold(bar) {
  const { told } = bar.data;
  const words = find(bar.root, ".words");
  find(bar.root, ".told").hidden = !told;
  if (!told) return words.replaceChildren();
  const name = told.left ? `${told.name}, with other settings by now.` : `${told.name}.`;
  const look = told.look_at ? [" ", element("strong", "", "Look at this:"), ` ${told.look_at}`] : [];
  const parts = [element("strong", "", name), ` ${told.sentences}`, ...look];
  const text = parts.map((part) => (typeof part === "string" ? part : part.textContent)).join("");
  if (words.textContent === text) return;
  if (words.dataset.name !== told.name) fold(bar, false);
  words.dataset.name = told.name;
  words.replaceChildren(...parts);
  find(bar.root, ".try").hidden = !told.trial;
  measure(bar);
}

/**
 * On a narrow screen a story begins with two lines, and the rest comes when it is asked for.
 * @param {Bar} bar
 * @param {boolean} open
 */
function fold(bar, open) {
  find(bar.root, ".told").classList.toggle("short", !open);
  const more = find(bar.root, ".more");
  Object.assign(more, { textContent: open ? "Less" : "More", ariaExpanded: String(open) });
  measure(bar);
}

/** @param {Bar} bar */
function measure({ root }) {
  const words = find(root, ".words");
  const cut = words.scrollHeight > words.clientHeight + 2;
  find(root, ".more").hidden = !cut && find(root, ".told").classList.contains("short");
}

/** @param {Bar} bar */
function close(bar) {
  const { root, data } = bar;
  const within = focusedBeside(root) === find(root, ".close");
  find(root, ".told").hidden = true;
  if (data.told) bar.send({ close: data.told.name });
  if (within) buttons(bar)[bar.at]?.focus({ preventScroll: true });
}
