/** What the window around every page does for who uses it: tooltips, tables that are copied, a lost server. */

import { component, once } from "./common.js";

const PATIENCE = 4000; // milliseconds without a server before it is spoken of
const LOST =
  "The server does not answer. What you see stays, and the address keeps your settings: wait a moment, " +
  "then load the page again. If that does not help, tell whoever runs it.";
const BANNER = `position: fixed; inset: auto 0 0; z-index: 1000000; margin: 0; padding: 0.75rem 1rem;
  background: #7f1d1d; color: #fff; font: 1rem/1.4 sans-serif; text-align: center`;

export default component(build, () => {});

/** @param {HTMLElement} root */
function build(root) {
  once("pageWindow", () => {
    hideTooltipsOfTouch();
    copyTablesAsRows();
    tellOfLostServer();
  });
  return root;
}

/** A finger that scrolls over a chart leaves a tooltip behind, and none that asks for one gets it. */
function hideTooltipsOfTouch() {
  const style = document.head.appendChild(document.createElement("style"));
  style.textContent = "@media (hover: none) { #vg-tooltip-element { display: none !important; } }";
}

/** A table that is copied becomes rows of cells between tabs, as a spreadsheet takes them. */
function copyTablesAsRows() {
  document.addEventListener("copy", (event) => {
    const [chosen, table] = [document.getSelection(), document.querySelectorAll("[data-testid=stTable] tr")];
    const rows = [...table].filter((row) => chosen?.containsNode(row, true));
    if (rows.length < 2) return; // within one row the browser's own words are right
    /** @param {Element} row */
    const cells = (row) => [...row.children].map(text).join("\t");
    event.clipboardData?.setData("text/plain", rows.map(cells).join("\n"));
    event.preventDefault();
  });
}

/** @param {Element} cell */
const text = (cell) => (cell instanceof HTMLElement ? cell.innerText.trim() : "");

/** Where the server is gone, a sentence for those who did not start it; it goes when the server is back. */
function tellOfLostServer() {
  const note = Object.assign(document.createElement("p"), { role: "alert", hidden: true, textContent: LOST });
  note.style.cssText = BANNER;
  document.body.append(note);
  let since = 0; // when the connection was first seen to be lost
  setInterval(() => {
    const state = document.querySelector("[data-testid=stApp]")?.getAttribute("data-test-connection-state");
    since = state && state !== "CONNECTED" ? since || performance.now() : 0;
    // Writes only what changes: to write what stands there has the page drawn again.
    note.toggleAttribute("hidden", !since || performance.now() - since < PATIENCE);
    if (!note.hidden) closeErrorOfConnection();
  }, 1000);
}

/** What Streamlit says of it is for who has its terminal, and covers the page. */
function closeErrorOfConnection() {
  const dialogs = [...document.querySelectorAll("[role=dialog]")];
  const error = dialogs.find((each) => each.querySelector("h2")?.textContent === "Connection error");
  const close = error?.querySelector("[aria-label=Close]");
  if (close instanceof HTMLElement) close.click();
}
