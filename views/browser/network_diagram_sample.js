/** The network drawn as a single sample has it: the units that it keeps are lit, those that it drops are dimmed. */

import { grouped } from "./common.js";

/** @import { Drawing } from "./network_diagram.js" */
/** @typedef {{ named: string, colour: string, kept: string[][] }} Thinned of a layer and a sample: 1 for kept, 0 */

/** What the sample that stands out keeps, layer by layer; nothing where there is none. @param {Drawing} drawing */
function shownOf({ thinned, sample }) {
  return thinned?.kept.map((samples) => samples[sample - 1] ?? "").filter(Boolean) ?? [];
}

/** Have every hidden unit know whether the sample that stands out drops it. @param {Drawing} drawing */
export function thin(drawing) {
  const kept = shownOf(drawing);
  drawing.root.style.setProperty("--lit", drawing.thinned?.colour ?? "");
  drawing.layers.slice(1, -1).forEach((list, l) =>
    list.forEach((node) => {
      node.dropped = node.kept && kept[l]?.[node.unit] === "0";
      node.element.classList.toggle("dropped", node.dropped);
      node.element.classList.toggle("lit", node.kept && kept[l]?.[node.unit] === "1");
    }),
  );
}

/** A sentence on the sample that stands out; empty where none does. @param {Drawing} drawing */
export function ofSample(drawing) {
  const { thinned, sample, layers, titles } = drawing;
  if (!thinned || !shownOf(drawing).length) return "";
  const parts = layers.slice(1, -1).map((list, l) => {
    const there = list.filter((node) => node.kept);
    const lit = there.filter((node) => !node.dropped);
    return `${grouped(lit.length)} of ${grouped(there.length)} units in ${titles[l + 1]}`;
  });
  const which = `${thinned.named} ${sample} of ${thinned.kept[0].length}`;
  return `${which} keeps ${parts.join(" and ")}: they are lit, the others dimmed.`;
}
