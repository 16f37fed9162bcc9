/** The stories: a line of buttons, and what the open one has to say. A press is a deed with a number, and no state. */

const PAGE = `
  <div class="bar" role="toolbar" aria-label="Stories: one press sets every control" hidden></div>
  <div class="told" hidden>
    <p class="words" role="status"></p>
    <button type="button" class="more" aria-expanded="false">More</button>
    <button type="button" class="try">Try it</button>
    <button type="button" class="close" aria-label="Close the story" title="Close the story">✕</button>
  </div>`;
const STEADY = 3; // looks in a row at a part that has not moved, before it is scrolled to
const [LOOK, LONGEST] = [150, 6000]; // milliseconds between two looks, and for all of them
const HEADER = 64; // pixels of the window that the page's navigation takes
const HANDS = ["pointerdown", "keydown", "wheel", "touchstart"]; // who does something meanwhile, looks elsewhere

const bars = new WeakMap(); // where it is mounted → the bar

export default function ({ data, parentElement, setStateValue }) {
  const bar = bars.get(parentElement) ?? build(parentElement.querySelector(".root"), data);
  bars.set(parentElement, bar);
  Object.assign(bar, { data, send: (deed) => setStateValue("press", { ...deed, number: Date.now(), visit: data.visit }) });
  drawBar(bar);
  drawTold(bar);
  if (data.turn !== bar.turn) reveal(bar);
  bar.turn = data.turn;
  return () => bars.delete(parentElement);
}

function build(root, { turn }) {
  root.innerHTML = PAGE;
  const find = (selector) => root.querySelector(selector);
  const bar = { root, find, turn, at: 0, names: "" };
  find(".bar").onkeydown = (event) => walk(bar, event);
  find(".more").onclick = () => fold(bar, find(".told").classList.contains("short"));
  find(".try").onclick = () => bar.send({ trial: bar.data.told.name });
  find(".close").onclick = () => close(bar);
  new ResizeObserver(() => measure(bar)).observe(find(".words"));
  return bar;
}

function drawBar(bar) {
  const { names, current } = bar.data;
  const line = bar.find(".bar");
  line.hidden = !names.length;
  if (names.join("\n") !== bar.names) {
    const stories = names.map((name) => button(name, "story", () => tell(bar, name)));
    line.replaceChildren(...stories, button("Start over", "again", () => tell(bar, null)));
    bar.names = names.join("\n");
    move(bar, Math.max(0, names.indexOf(current)), false);
  }
  mark(bar, current);
}

const mark = (bar, current) =>
  [...bar.find(".bar").children].forEach((each, i) => (each.ariaCurrent = String(bar.data.names[i] === current)));

/** The button answers at once; what the story has to say comes with its pictures. */
function tell(bar, name) {
  mark(bar, name ?? "");
  watch(bar);
  bar.send({ story: name });
}

/** From now on, note whether the visitor does something. */
function watch(bar) {
  bar.watching?.abort();
  Object.assign(bar, { watching: new AbortController(), busy: false });
  const { signal } = bar.watching;
  HANDS.forEach((name) => addEventListener(name, () => (bar.busy = true), { capture: true, passive: true, signal }));
}

function button(name, className, onclick) {
  return Object.assign(document.createElement("button"), { type: "button", className, textContent: name, onclick });
}

/** One stop of the Tab key; within, the arrows go from story to story. */
function walk(bar, event) {
  const last = bar.find(".bar").children.length - 1;
  const to = { ArrowRight: bar.at + 1, ArrowLeft: bar.at - 1, Home: 0, End: last }[event.key];
  if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  move(bar, Math.min(Math.max(to, 0), last), true);
}

function move(bar, to, focus) {
  bar.at = to;
  [...bar.find(".bar").children].forEach((each, i) => {
    each.tabIndex = i === to ? 0 : -1;
    each.onfocus = () => move(bar, i, false);
  });
  if (focus) bar.find(".bar").children[to].focus();
}

function drawTold(bar) {
  const { told } = bar.data;
  const words = bar.find(".words");
  bar.find(".told").hidden = !told;
  if (!told) return words.replaceChildren();
  const name = told.left ? `${told.name}, with other settings by now.` : `${told.name}.`;
  const look = told.look_at ? [text(" "), strong("Look at this:"), text(` ${told.look_at}`)] : [];
  const parts = [strong(name), text(` ${told.sentences}`), ...look];
  if (words.textContent === parts.map((part) => part.textContent).join("")) return;
  if (words.dataset.name !== told.name) fold(bar, false);
  words.dataset.name = told.name;
  words.replaceChildren(...parts);
  bar.find(".try").hidden = !told.trial;
  measure(bar);
}

const text = (words) => document.createTextNode(words);

const strong = (words) => Object.assign(document.createElement("strong"), { textContent: words });

/** On a narrow screen a story begins with two lines, and the rest comes when it is asked for. */
function fold(bar, open) {
  bar.find(".told").classList.toggle("short", !open);
  const more = bar.find(".more");
  Object.assign(more, { textContent: open ? "Less" : "More", ariaExpanded: String(open) });
  measure(bar);
}

function measure(bar) {
  const words = bar.find(".words");
  const cut = words.scrollHeight > words.clientHeight + 2;
  bar.find(".more").hidden = !cut && bar.find(".told").classList.contains("short");
}

function close(bar) {
  const within = bar.root.getRootNode().activeElement === bar.find(".close");
  bar.find(".told").hidden = true;
  bar.send({ close: bar.data.told.name });
  if (within) bar.find(".bar").children[bar.at]?.focus({ preventScroll: true });
}

/** Scroll to what the story asks to look at, once it stands still; who has done something since the press is let be. */
function reveal(bar) {
  const { target } = bar.data;
  if (!target) return;
  const until = performance.now() + LONGEST;
  let [before, steady] = ["", 0];
  const look = () => {
    if (bar.busy) return;
    const part = document.querySelector(`.st-key-${CSS.escape(target)}`);
    const place = part ? JSON.stringify(part.getBoundingClientRect()) : "";
    steady = place && place === before ? steady + 1 : 0;
    before = place;
    if (steady < STEADY && performance.now() < until) return void setTimeout(look, LOOK);
    bar.watching?.abort();
    if (part && !isSeen(part)) scroll(part, bar.find(".told"));
  };
  look();
}

/** The room that a part may fill: the window below what stays at its top. */
const roomFor = (part) => innerHeight - parseFloat(getComputedStyle(part).scrollMarginTop);

/** Most of what is small, or of what is larger than the window enough to see what it is. */
function isSeen(part) {
  const { top, bottom, height } = part.getBoundingClientRect();
  const room = roomFor(part);
  const seen = Math.min(bottom, innerHeight) - Math.max(top, innerHeight - room);
  return seen >= (height < room ? 0.8 * height : 0.6 * room);
}

/** No farther than the story's own words can be read, if enough of the part is to be seen then. */
function scroll(part, told) {
  const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "instant" : "smooth";
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
