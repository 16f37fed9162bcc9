/** A card that shows a person round the page, step by step. Nothing of it is sent anywhere. */

const REMEMBERED = "explorer-tour"; // in the browser's storage, which may be closed to us
const HEADER = 64; // pixels at the top of the page that Streamlit lays over it
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
  const tour = tours.get(parentElement) ?? build(root, !data.quiet && !wasHere());
  tours.set(parentElement, tour);
  if (JSON.stringify(tour.steps) !== JSON.stringify(data.steps)) drawSteps(tour, data.steps);
  show(tour);
  return () => {
    tour.sight.disconnect();
    tour.outline.remove();
    document.removeEventListener("keydown", tour.onKey);
    tours.delete(parentElement);
  };
}

function wasHere() {
  try {
    return localStorage.getItem(REMEMBERED) === "done";
  } catch {
    return false;
  }
}

function remember() {
  try {
    localStorage.setItem(REMEMBERED, "done");
  } catch {
    // Then the tour offers itself again next time.
  }
}

function build(root, open) {
  root.innerHTML = PAGE;
  const find = (selector) => root.querySelector(selector);
  const outline = document.head.appendChild(document.createElement("style"));
  const tour = { root, find, outline, open, steps: [], at: 0, moved: false, inSight: true };
  tour.onKey = (event) => event.key === "Escape" && tour.open && isOurs(tour) && close(tour);
  document.addEventListener("keydown", tour.onKey);
  const look = ([entry]) => show(Object.assign(tour, { inSight: entry.intersectionRatio >= 0.5 }));
  tour.sight = new IntersectionObserver(look, { threshold: 0.5, rootMargin: `-${HEADER}px 0px 0px` });
  tour.sight.observe(root);
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
function show({ root, find, outline, open, steps, at, moved, inSight }) {
  find(".card").hidden = !open;
  find(".again").hidden = open;
  [...find(".steps").children].forEach((step, i) => step.classList.toggle("current", i === at));
  find(".back").ariaDisabled = String(at === 0);
  find(".next").textContent = at + 1 < steps.length ? "Next" : "Done";
  const afloat = open && moved && !inSight;
  root.style.height = afloat ? `${root.getBoundingClientRect().height}px` : "";
  find(".card").classList.toggle("afloat", afloat);
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
  show(Object.assign(tour, { at, moved: true }));
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
  part.scrollIntoView({ block: "start", behavior: still ? "instant" : "smooth" });
}

function close(tour) {
  const within = tour.root.getRootNode().activeElement;
  const afloat = tour.find(".afloat") && part(tour); // then the button that starts it is out of sight
  remember();
  show(Object.assign(tour, { open: false }));
  tour.find(".spoken").textContent = "";
  if (within) (afloat ? part(tour) : tour.find(".again")).focus({ preventScroll: true });
}

/** The part of the page that the current step is about, able to take the focus. */
function part({ steps, at }) {
  const found = document.querySelector(selector(steps[at].target));
  if (found) found.tabIndex = -1;
  return found;
}

/** Whether a key that is pressed now can be meant for the tour: the focus is in it, or nowhere. */
const isOurs = ({ root }) => root.getRootNode().activeElement !== null || document.activeElement === document.body;
