/** What the window around the page does by itself, set right: its history, its popovers, tooltips under a finger. */

const BURST = 2000; // milliseconds in which several changes of the address come from one deed
const LEAVING = 10_000; // milliseconds at most from a click on a link to another page until the address says so
const FRAMES = 60; // to wait for a popover

export default function ({ parentElement }) {
  const place = (parentElement.host ?? parentElement).closest("[data-testid=stElementContainer]");
  if (place) place.style.display = "none"; // there is nothing to see, so no gap either
  if (window.explorerMended) return;
  window.explorerMended = true;
  mendHistory();
  mendPopovers();
  hideTooltipsOfTouch();
}

/**
 * One entry in the history for one deed, and each with the whole state.
 *
 * Streamlit makes an entry for each control that a story or a click sets, and one without any state
 * where a page is left: going back would lead through experiments that nobody chose.
 */
function mendHistory() {
  const push = history.pushState.bind(history);
  let last = performance.now(); // when the address has changed
  let left = null; // the address at the click on a link
  document.addEventListener("click", ({ target }) => {
    const link = target.closest?.("a[href]");
    if (link?.origin === location.origin && !isHere(link.href)) left = { url: location.href, at: performance.now() };
  }, true);
  history.pushState = (state, title, url) => {
    const now = performance.now();
    const [stays, leaving] = [isHere(url), left !== null && now - left.at < LEAVING];
    const follows = now - last < BURST;
    last = now;
    if (stays && (leaving || follows)) return history.replaceState(state, title, url);
    if (!stays && leaving) history.replaceState(history.state, title, left.url);
    left = null;
    return push(state, title, url);
  };
}

const isHere = (url) => new URL(url ?? location.href, location.href).pathname === location.pathname;

/** Who opens a popover by keyboard is in it, and comes out of it where they went in. */
function mendPopovers() {
  document.addEventListener("click", ({ target, detail }) => {
    const button = target.closest?.("[data-testid=stPopover] button");
    if (button && detail === 0) enter(button, FRAMES); // no detail: the keyboard's own click
  });
}

function enter(button, frames) {
  const body = document.querySelector("[data-testid=stPopoverBody]");
  if (!body && frames) requestAnimationFrame(() => enter(button, frames - 1));
  if (!body) return;
  body.tabIndex = -1;
  body.style.outline = "none";
  body.focus({ preventScroll: true });
  const back = () => requestAnimationFrame(() => button.focus({ preventScroll: true }));
  let key = "";
  body.addEventListener("keydown", (event) => {
    key = event.key;
    const out = key === "Tab" && event.shiftKey && event.target === body; // to the very end of the page
    if (out) event.preventDefault();
    if (out || key === "Escape") back();
  });
  body.addEventListener("focusout", ({ relatedTarget }) => {
    if (key === "Tab" && !body.contains(relatedTarget)) back(); // past the last or the first part of it
  });
}

/** A finger that scrolls over a chart leaves a tooltip behind, and none that asks for one gets it. */
function hideTooltipsOfTouch() {
  const style = document.head.appendChild(document.createElement("style"));
  style.textContent = "@media (hover: none) { #vg-tooltip-element { display: none !important; } }";
}
