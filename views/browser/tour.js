/** A card that shows a person round the page, step by step. Nothing of it is sent anywhere. */

const REMEMBERED = "explorer-tour-"; // and the page: in the browser's storage, which may be closed to us
const CONTROLS = ".st-key-controls, .st-key-looks, .st-key-stories, [data-testid=stSidebar]"; // who moves one knows enough
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

const tours = new WeakMap(); // where it is mounted → the tour

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".root");
  const tour = tours.get(parentElement) ?? build(root, data, !data.quiet && !wasHere(data) && !matchMedia(NARROW).matches);
  tours.set(parentElement, tour);
  if (JSON.stringify(tour.steps) !== JSON.stringify(data.steps)) drawSteps(tour, data.steps);
  show(tour);
  return () => {
    tour.outline.remove();
    document.removeEventListener("keydown", tour.onKey, true);
    document.removeEventListener("pointerdown", tour.onPress, true);
    tours.delete(parentElement);
  };
}

function wasHere({ page }) {
  try {
    return localStorage.getItem(REMEMBERED + page) === "done";
  } catch {
    return false;
  }
}

function remember({ page }) {
  try {
    localStorage.setItem(REMEMBERED + page, "done");
  } catch {
    // Then the tour offers itself again next time.
  }
}

function build(root, { page }, open) {
  root.innerHTML = PAGE;
  const find = (selector) => root.querySelector(selector);
  const outline = document.head.appendChild(document.createElement("style"));
  const tour = { root, page, find, outline, open, steps: [], at: 0 };
  const moves = ({ key, target }) => !["Tab", "Shift"].includes(key) && target.closest?.(CONTROLS);
  tour.onKey = (event) => tour.open && (moves(event) || (event.key === "Escape" && isOurs(tour))) && close(tour);
  tour.onPress = (event) => tour.open && moves(event) && close(tour);
  document.addEventListener("keydown", tour.onKey, true);
  document.addEventListener("pointerdown", tour.onPress, true);
  find(".again").onclick = () => start(tour);
  find(".skip").onclick = () => close(tour);
  find(".back").onclick = () => go(tour, tour.at - 1);
  find(".next").onclick = () => (tour.at + 1 < tour.steps.length ? go(tour, tour.at + 1) : close(tour));
  return tour;
}

/** All steps at once, one above the other: the card is as high as the longest of them and never jumps. */
function drawSteps(tour, steps) {
  const drawn = steps.map(({ title, text }, i) => {
    const step = element("div", "step");
    const texts = { title, count: `${i + 1} of ${steps.length}`, text };
    step.append(...Object.entries(texts).map(([name, words]) => element("p", name, words)));
    return step;
  });
  tour.find(".steps").replaceChildren(...drawn);
  Object.assign(tour, { steps, at: Math.min(tour.at, steps.length - 1) });
}

const element = (tag, className, textContent = "") =>
  Object.assign(document.createElement(tag), { className, textContent });

/** Bring the page in line with the state. */
function show({ root, find, outline, open, steps, at }) {
  find(".card").hidden = !open;
  find(".again").hidden = open;
  [...find(".steps").children].forEach((step, i) => step.classList.toggle("current", i === at));
  find(".back").ariaDisabled = String(at === 0);
  find(".next").textContent = at + 1 < steps.length ? "Next" : "Done";
  outline.textContent = open ? outlined(steps[at].target, colour(root)) : "";
}

const colour = (root) => getComputedStyle(root).getPropertyValue("--st-primary-color") || "currentColor";

const outlined = (target, line) => `
  ${selector(target)} {
    outline: 2px solid color-mix(in srgb, ${line} 65%, transparent);
    outline-offset: 0.5rem;
    border-radius: 0.25rem;
    scroll-margin-top: 5rem;
  }`;

const selector = (target) => `.st-key-${CSS.escape(target)}`;

function start(tour) {
  tour.open = true;
  go(tour, 0);
  tour.find(".next").focus({ preventScroll: true });
}

function go(tour, at) {
  if (!(at in tour.steps)) return;
  show(Object.assign(tour, { at }));
  const { title, text, target } = tour.steps[at];
  tour.find(".spoken").textContent = `${at + 1} of ${tour.steps.length}: ${title}. ${text}`;
  reveal(document.querySelector(selector(target)));
}

/** Scroll to a part of the page, unless half of it, or half a screen of it, is in sight. */
function reveal(part) {
  if (!part) return;
  const { top, bottom, height } = part.getBoundingClientRect();
  const seen = Math.min(bottom, innerHeight) - Math.max(top, 0);
  if (seen >= Math.min(height, innerHeight) / 2) return;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  part.scrollIntoView({ block: "nearest", behavior: still ? "instant" : "smooth" });
}

function close(tour) {
  const within = tour.root.getRootNode().activeElement;
  remember(tour);
  show(Object.assign(tour, { open: false }));
  tour.find(".spoken").textContent = "";
  if (within) tour.find(".again").focus({ preventScroll: true });
}

/** Whether a key that is pressed now can be meant for the tour: the focus is in it, or nowhere. */
const isOurs = ({ root }) => root.getRootNode().activeElement !== null || document.activeElement === document.body;
