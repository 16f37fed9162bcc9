/** What the window around the page does by itself, set right: history, popovers, tooltips, tables, a lost server. */

const BURST = 2000; // milliseconds in which several changes of the address come from one deed
const LEAVING = 10_000; // milliseconds at most from a click on a link to another page until the address says so
const FRAMES = 60; // to wait for a popover
const PATIENCE = 4000; // milliseconds without a server before it is spoken of

export default function () {
  if (window.explorerMended) return;
  window.explorerMended = true;
  mendHistory();
  mendPopovers();
  hideTooltipsOfTouch();
  copyTablesAsRows();
  tellOfLostServer();
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

/** A table that is copied becomes rows of cells between tabs, as a spreadsheet takes them. */
function copyTablesAsRows() {
  document.addEventListener("copy", (event) => {
    const chosen = document.getSelection();
    const rows = [...document.querySelectorAll("[data-testid=stTable] tr")].filter((row) => chosen.containsNode(row, true));
    if (rows.length < 2) return; // within one row the browser's own words are right
    const cells = ({ children }) => [...children].map((cell) => cell.innerText.trim()).join("\t");
    event.clipboardData.setData("text/plain", rows.map(cells).join("\n"));
    event.preventDefault();
  });
}

/** Where the server is gone, a sentence for those who did not start it; it goes when the server is back. */
function tellOfLostServer() {
  const note = Object.assign(document.createElement("p"), { role: "alert", hidden: true });
  note.textContent =
    "The server does not answer. What you see stays, and the address keeps your settings: wait a moment, then load the page again. If that does not help, tell whoever runs it.";
  note.style.cssText =
    "position: fixed; inset: auto 0 0; z-index: 1000000; margin: 0; padding: 0.75rem 1rem; background: #7f1d1d; color: #fff; font: 1rem/1.4 sans-serif; text-align: center";
  document.body.append(note);
  let since = 0; // when the connection was first seen to be lost
  setInterval(() => {
    const state = document.querySelector("[data-testid=stApp]")?.dataset.testConnectionState;
    since = state && state !== "CONNECTED" ? since || performance.now() : 0;
    note.hidden = !since || performance.now() - since < PATIENCE;
    if (!note.hidden) closeErrorOfConnection();
  }, 1000);
}

/** What Streamlit says of it is for who has its terminal, and covers the page. */
function closeErrorOfConnection() {
  const dialogs = [...document.querySelectorAll("[role=dialog]")];
  const error = dialogs.find((each) => each.querySelector("h2")?.textContent === "Connection error");
  error?.querySelector("[aria-label=Close]")?.click();
}
