/** A card that shows a person round the page, step by step. Nothing of it is sent anywhere. */

import { component, element, find, focusedBeside, gait, keep, keyed, recall } from "./common.js";

/** @typedef {{ title: string, text: string, target: string }} Step target: the key of a part of the page */
/** @typedef {{ page: string, steps: Step[], quiet: boolean }} Data quiet: it does not open by itself */
/**
 * @typedef {object} Tour
 * @property {HTMLElement} root
 * @property {string} page
 * @property {HTMLStyleElement} outline of the part that the step is about
 * @property {boolean} open
 * @property {Step[]} steps
 * @property {number} at
 * @property {(event: KeyboardEvent) => void} onKey
 * @property {(event: PointerEvent) => void} onPress
 */

const REMEMBERED = "explorer-tour-"; // and the page: in the browser's storage
// Who moves one of these knows enough.
const CONTROLS = ".st-key-controls, .st-key-looks, .st-key-stories, [data-testid=stSidebar]";
const NARROW = "(width < 40rem)"; // where the card would push down what one has come for
const PAGE = `
  <button type="button" class="again">Take the tour</button>
  <section class="card" aria-label="Tour" hidden>
    <div class="steps"></div>
    <div class="buttons">
      <button type="button" class="back">Back</button>
      <button type="button" class="next"></button>
      <button type="button" class="skip" aria-label="Skip the tour" title="Skip the tour">✕</button>
    </div>
  </section>
  <p class="spoken" role="status"></p>`;

export default component(build, update, remove);

/** @param {HTMLElement} root @param {Data} data */
function build(root, { page, quiet }) {
  root.innerHTML = PAGE;
  const open = !quiet && !wasHere(page) && !matchMedia(NARROW).matches;
  const outline = document.head.appendChild(document.createElement("style"));
  /** @param {Event} event */
  const moves = ({ target }) => target instanceof Element && target.closest(CONTROLS) !== null;
  /** @param {KeyboardEvent} event */
  const leaves = (event) =>
    (!["Tab", "Shift"].includes(event.key) && moves(event)) || (event.key === "Escape" && isOurs(tour));
  /** @type {Tour} */
  const tour = {
    ...{ root, page, outline, open, steps: [], at: 0 },
    onKey: (event) => tour.open && leaves(event) && close(tour),
    onPress: (event) => tour.open && moves(event) && close(tour),
  };
  document.addEventListener("keydown", tour.onKey, true);
  document.addEventListener("pointerdown", tour.onPress, true);
  find(root, ".again").onclick = () => start(tour);
  find(root, ".skip").onclick = () => close(tour);
  find(root, ".back").onclick = () => go(tour, tour.at - 1);
  find(root, ".next").onclick = () => (tour.at + 1 < tour.steps.length ? go(tour, tour.at + 1) : close(tour));
  return tour;
}

/** @param {Tour} tour @param {{ data: Data }} given */
function update(tour, { data: { steps } }) {
  if (JSON.stringify(tour.steps) !== JSON.stringify(steps)) drawSteps(tour, steps);
  show(tour);
}

/** @param {Tour} tour */
function remove({ outline, onKey, onPress }) {
  outline.remove();
  document.removeEventListener("keydown", onKey, true);
  document.removeEventListener("pointerdown", onPress, true);
}

/** @param {string} page */
const wasHere = (page) => recall("localStorage", REMEMBERED + page) === "done";

/**
 * All steps at once, one above the other: the card is as high as the longest of them and never jumps.
 * @param {Tour} tour
 * @param {Step[]} steps
 */
function drawSteps(tour, steps) {
  const drawn = steps.map(({ title, text }, i) => {
    const texts = { title, count: `${i + 1} of ${steps.length}`, text };
    return element("div", "step", ...Object.entries(texts).map(([name, words]) => element("p", name, words)));
  });
  find(tour.root, ".steps").replaceChildren(...drawn);
  Object.assign(tour, { steps, at: Math.min(tour.at, steps.length - 1) });
}

/** Bring the page in line with the state. @param {Tour} tour */
function show({ root, outline, open, steps, at }) {
  find(root, ".card").hidden = !open;
  find(root, ".again").hidden = open;
  [...find(root, ".steps").children].forEach((step, i) => step.classList.toggle("current", i === at));
  find(root, ".back").ariaDisabled = String(at === 0);
  find(root, ".next").textContent = at + 1 < steps.length ? "Next" : "Done";
  outline.textContent = open ? outlined(steps[at].target, colour(root)) : "";
}

/** @param {HTMLElement} root */
const colour = (root) => getComputedStyle(root).getPropertyValue("--st-primary-color") || "currentColor";

/** @param {string} target @param {string} line */
const outlined = (target, line) => `
  ${keyed(target)} {
    outline: 2px solid color-mix(in srgb, ${line} 65%, transparent);
    outline-offset: 0.5rem;
    border-radius: 0.25rem;
    scroll-margin-top: 5rem;
  }`;

/** @param {Tour} tour */
function start(tour) {
  tour.open = true;
  go(tour, 0);
  find(tour.root, ".next").focus({ preventScroll: true });
}

/** @param {Tour} tour @param {number} at */
function go(tour, at) {
  if (!(at in tour.steps)) return;
  show(Object.assign(tour, { at }));
  const { title, text, target } = tour.steps[at];
  find(tour.root, ".spoken").textContent = `${at + 1} of ${tour.steps.length}: ${title}. ${text}`;
  reveal(document.querySelector(keyed(target)));
}

/**
 * Scroll to a part of the page, unless half of it, or half a screen of it, is in sight.
 * @param {Element | null} part
 */
function reveal(part) {
  if (!part) return;
  const { top, bottom, height } = part.getBoundingClientRect();
  const seen = Math.min(bottom, innerHeight) - Math.max(top, 0);
  if (seen >= Math.min(height, innerHeight) / 2) return;
  part.scrollIntoView({ block: "nearest", behavior: gait() });
}

/** @param {Tour} tour */
function close(tour) {
  const within = focusedBeside(tour.root);
  keep("localStorage", REMEMBERED + tour.page, "done");
  show(Object.assign(tour, { open: false }));
  find(tour.root, ".spoken").textContent = "";
  if (within) find(tour.root, ".again").focus({ preventScroll: true });
}

/** Whether a key that is pressed now can be meant for the tour: the focus is in it, or nowhere. @param {Tour} tour */
const isOurs = ({ root }) => focusedBeside(root) !== null || document.activeElement === document.body;
