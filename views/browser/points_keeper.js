/** Keeps a visitor's own points while the page is open, for a server that has let the visit go meanwhile. */

import { component } from "./common.js";

/** @import { Given } from "./common.js" */
/**
 * @typedef {object} Data
 * @property {string | null} text the points that the server has, as a file of theirs
 * @property {boolean} settled whether it knows that it has these, or none; else the visit is new to it
 */
/** @type {{ text: string | null }} */
const kept = { text: null }; // by the page and not by the tab: loading it anew forgets them

export default component(() => ({}), update);

/** @param {object} _keeper @param {Given<Data>} given */
function update(_keeper, { data: { text, settled }, setTriggerValue }) {
  if (settled) kept.text = text;
  // Until the server says that it knows: what was offered to a visit that went too is offered to the next.
  else if (kept.text !== null) setTriggerValue("found", { text: kept.text });
}
