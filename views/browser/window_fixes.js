/** Two things that Streamlit does to the window, set right: its history, and the focus at its popovers. */
// What is held to be so of Streamlit is so in the versions that window_fixes.py knows; for others this stays away.

import { component, hit, once } from "./common.js";

const BURST = 2000; // milliseconds in which several changes of the address come from one deed
const LEAVING = 10_000; // milliseconds at most from a click on a link to another page until the address says so
const FRAMES = 60; // to wait for a popover

export default component(build, () => {});

/** @param {HTMLElement} root */
function build(root) {
  once("windowFixes", () => {
    mendHistory();
    mendPopovers();
  });
  return root;
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
  /** @type {{ url: string, at: number } | null} */
  let left = null; // the address at the click on a link
  document.addEventListener("click", (event) => {
    const link = hit(event, "a[href]");
    if (!(link instanceof HTMLAnchorElement)) return;
    if (link.origin === location.origin && !isHere(link.href)) left = { url: location.href, at: performance.now() };
  }, true);
  history.pushState = (state, title, url) => {
    const now = performance.now();
    const from = left && now - left.at < LEAVING ? left : null;
    const [stays, follows] = [isHere(url), now - last < BURST];
    last = now;
    if (stays && (from || follows)) return history.replaceState(state, title, url);
    if (!stays && from) history.replaceState(history.state, title, from.url);
    left = null;
    return push(state, title, url);
  };
}

/** @param {string | URL | null} [url] */
const isHere = (url) => new URL(url ?? location.href, location.href).pathname === location.pathname;

/** Who opens a popover by keyboard is in it, and comes out of it where they went in. */
function mendPopovers() {
  document.addEventListener("click", (event) => {
    const button = hit(event, "[data-testid=stPopover] button");
    if (button && event.detail === 0) enter(button, FRAMES); // no detail: the keyboard's own click
  });
}

/** @param {HTMLElement} button @param {number} frames left to wait */
function enter(button, frames) {
  const body = document.querySelector("[data-testid=stPopoverBody]");
  if (!body && frames) requestAnimationFrame(() => enter(button, frames - 1));
  if (!(body instanceof HTMLElement)) return;
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
    const within = relatedTarget instanceof Node && body.contains(relatedTarget);
    if (key === "Tab" && !within) back(); // past the last or the first part of it
  });
}
