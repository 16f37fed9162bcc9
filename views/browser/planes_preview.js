/** The planes while a slider is moved: those of the stop that it passes, until the server has drawn them. */

import { paint, prime } from "./planes_painting.js";
import { look } from "./planes_hands.js";
import { idOf } from "./preview_events.js";

/** @import { Scene, Stage } from "./planes.js" */
/** @import { Proposal, Sides } from "./preview_events.js" */

/** Shows what is proposed, or again what was drawn. @param {Stage} stage @param {Proposal} proposal */
export function take(stage, proposal) {
  const { drawn } = stage;
  const own = drawn && idOf(drawn.data.panels);
  if (!drawn || !own || !proposal.known.includes(own)) return; // the stops of another run, or one plane by itself
  const { pair, later } = proposal;
  if (later) return pair && prime(stage, sceneOf(drawn, pair));
  proposal.taken = pair !== null && idOf(pair.panels) !== own;
  const wanted = pair && proposal.taken ? idOf(pair.panels) : own;
  if (stage.scene && idOf(stage.scene.data.panels) === wanted) return;
  stage.scene = pair && proposal.taken ? sceneOf(drawn, pair) : drawn;
  paint(stage, stage.sizes); // a resized page paints by itself
  if (stage.place) look(stage, stage.place);
}

/** What was drawn, with other networks. @param {Scene} drawn @param {Sides} pair @returns {Scene} */
function sceneOf(drawn, { panels, top }) {
  const { data } = drawn;
  const shown = panels.map(({ name, id, wrong }, i) => ({
    ...{ ...data.panels[i], name, id },
    wrong: data.panels[i].wrong.length ? wrong : [], // of training points, or of none, there is nothing to be said
  }));
  const tops = { ...data.tops, epistemic: top };
  return { ...drawn, data: { ...data, panels: shown, tops }, maps: panels.map(({ maps }) => maps) };
}
