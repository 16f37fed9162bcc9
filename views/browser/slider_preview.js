/** A slider that is moved: planes, curves and headline show the stop it passes, until the server has answered. */

import { component, element, find, hit, keyed } from "./common.js";
import { unpacked } from "./planes_values.js";
import { DRAWN, idOf, propose } from "./preview_events.js";

/** @import { Given } from "./common.js" */
/** @import { Maps } from "./planes_values.js" */
/** @import { Sides } from "./preview_events.js" */
/**
 * @typedef {object} Stop
 * @property {string} value what the slider says there
 * @property {{ name: string, id: string, wrong: boolean[] }[]} panels
 * @property {number} top where the scale of epistemic uncertainty ends
 * @property {string} words the headline, as markdown
 */
/**
 * @typedef {object} Data the same wherever among them the slider stands
 * @property {string} control the key of the slider
 * @property {string} id of what all stops have in common
 * @property {boolean} eager whether to ask for the stops once nothing is under way, or as a hand comes near
 * @property {boolean} marked whether the curves mark a stop of it, one a stop
 * @property {Stop[] | null} stops null until they have been asked for
 * @property {Record<string, string>} maps by the panels' ids
 * @property {number} side of a map, in cells
 */
/**
 * @typedef {object} Preview
 * @property {HTMLElement} root
 * @property {Data} data
 * @property {Map<string, Maps>} maps unpacked by now
 * @property {() => void} ask for the stops
 * @property {number} timer
 * @property {number} at which stop is shown; -1 for none
 * @property {() => void} leave
 */

const REST = 400; // milliseconds without an answer of the server, after which the stops are asked for
/** @param {() => void} act */
const IDLE = (act) => ("requestIdleCallback" in window ? requestIdleCallback(act) : setTimeout(act, 50));

export default component(build, update, (preview) => preview.leave());

/** @param {HTMLElement} root @param {Data} data */
function build(root, data) {
  root.append(element("p", ""));
  const watch = new MutationObserver(() => follow(preview));
  watch.observe(document.body, { subtree: true, attributeFilter: ["aria-valuetext"] });
  const drawn = () => {
    follow(preview);
    prepare(preview);
  };
  /** @param {Event} event */
  const near = (event) => {
    if (preview.data.stops || data.eager || preview.timer || !hit(event, keyed(data.control))) return;
    preview.timer = setTimeout(preview.ask, REST); // a key that comes with the focus is to be answered first
  };
  const signs = ["pointermove", "pointerdown", "focusin"];
  document.addEventListener(DRAWN, drawn);
  for (const kind of signs) document.addEventListener(kind, near);
  const leave = () => {
    show(preview, -1);
    clearTimeout(preview.timer);
    watch.disconnect();
    document.removeEventListener(DRAWN, drawn);
    for (const kind of signs) document.removeEventListener(kind, near);
  };
  /** @type {Preview} */
  const preview = { root, data, maps: new Map(), ask: () => {}, timer: 0, at: -1, leave };
  return preview;
}

/** @param {Preview} preview @param {Given<Data>} given */
function update(preview, { data, setTriggerValue }) {
  const isNew = data.id !== preview.data.id || (data.stops && !preview.maps.size);
  preview.data = data;
  clearTimeout(preview.timer);
  preview.timer = 0;
  preview.ask = () => {
    preview.ask = () => clearTimeout(preview.timer); // once, until the server says more
    preview.ask();
    setTriggerValue("asked", data.id);
  };
  if (isNew) void unpack(preview);
  if (data.stops === null && data.eager) preview.timer = setTimeout(preview.ask, REST);
}

/** @param {Preview} preview */
async function unpack(preview) {
  const { id, maps, side } = preview.data;
  const known = (preview.maps = new Map());
  for (const [panel, text] of Object.entries(maps)) {
    known.set(panel, await unpacked(text, side));
    if (preview.data.id !== id) return; // others have come in the meantime
  }
  preview.root.dataset.stops = String(preview.data.stops?.length ?? 0); // that can be followed by now
  follow(preview);
  prepare(preview);
}

/**
 * Has the stops made ready one by one, whenever nothing else is to be done, so that a hand finds them so.
 * @param {Preview} preview
 * @param {number} [at]
 */
function prepare(preview, at = 0) {
  const { id, stops } = preview.data;
  const pair = stops?.[at] && sidesOf(preview, stops[at]);
  if (!stops || !pair) return;
  IDLE(() => {
    if (preview.data.id !== id) return;
    propose(namesOf(stops), pair, true);
    prepare(preview, at + 1);
  });
}

/** Shows the stop at which a hand has left the slider, unless it is what is drawn. @param {Preview} preview */
function follow(preview) {
  const { data, at: before } = preview;
  const stops = data.stops ?? [];
  const input = document.querySelector(`${keyed(data.control)} [aria-valuetext]`);
  // Who moves it has the focus on it; else the page has set it, and stops of another run may follow.
  const value = input && input === document.activeElement ? input.getAttribute("aria-valuetext") : null;
  const at = stops.findIndex((stop) => stop.value === value);
  const pair = at < 0 ? null : sidesOf(preview, stops[at]);
  if (!pair && before < 0) return; // the other slider may be under way
  const taken = propose(namesOf(stops), pair);
  show(preview, taken ? at : -1);
}

/** @param {Stop[]} stops */
const namesOf = (stops) => stops.map(({ panels }) => idOf(panels));

/** Both networks of a stop, once their maps are unpacked. @param {Preview} preview @param {Stop} stop */
function sidesOf({ maps }, { panels, top }) {
  /** @type {Sides["panels"]} */
  const sides = panels.flatMap((panel) => {
    const own = maps.get(panel.id);
    return own ? [{ ...panel, maps: own }] : [];
  });
  return sides.length === panels.length ? { panels: sides, top } : null;
}

/**
 * The words and the marks of a stop in place of those of the server; -1 gives way to them.
 * @param {Preview} preview
 * @param {number} at
 */
function show(preview, at) {
  const { data, root } = preview;
  if (at < 0 && preview.at < 0) return;
  preview.at = at;
  if (data.marked) mark(data.stops?.length ?? 0, at);
  if (at >= 0) find(root, "p").replaceChildren(...written(data.stops?.[at].words ?? ""));
  const headline = document.querySelector(keyed("headline"));
  if (headline instanceof HTMLElement && at >= 0) headline.dataset.preview = data.control;
  else headline?.removeAttribute("data-preview");
}

/** Moves the ring on every curve, where one is seen of all stops. @param {number} stops @param {number} at */
function mark(stops, at) {
  /** @param {Element} ring */
  const across = (ring) => Number(/\((.*?)[,)]/.exec(ring.getAttribute("transform") ?? "")?.[1]);
  for (const chart of document.querySelectorAll("[class*=st-key-curve_slot]")) {
    const rings = [...chart.querySelectorAll('path[stroke-width="2.5"]')].sort((a, b) => across(a) - across(b));
    const seen = rings.length === stops ? rings[at] : null;
    for (const ring of rings) {
      // Its style goes before what the chart itself has drawn, and leaves that as it is.
      if (ring instanceof SVGElement) ring.style.opacity = seen ? String(Number(ring === seen)) : "";
    }
  }
}

/** Markdown with what is bold and what is slanted, which is all that a headline has. @param {string} text */
function written(text) {
  return text.split(/(\*\*?[^*]+\*\*?)/).map((part) => {
    if (part.startsWith("**")) return element("strong", "", part.slice(2, -2));
    return part.startsWith("*") ? element("em", "", part.slice(1, -1)) : part;
  });
}
