/** Which single sample stands out: the planes say so, and whatever shows it on the page hears of it. */

const [SAID, ASKED] = ["explorer sample", "explorer sample?"]; // events of the document

/** @param {number} draw from 1 on; 0: none */
export const tellSample = (draw) => document.dispatchEvent(new CustomEvent(SAID, { detail: draw }));

/**
 * Hear what is told from now on, and at once what stands out already; what is returned ends that.
 * @param {(draw: number) => void} listener
 */
export function hearSamples(listener) {
  /** @param {Event} event */
  const heard = (event) => event instanceof CustomEvent && listener(Number(event.detail));
  document.addEventListener(SAID, heard);
  document.dispatchEvent(new Event(ASKED));
  return () => document.removeEventListener(SAID, heard);
}

/**
 * Tell whoever asks; what is returned ends that.
 * @param {() => number} draw
 */
export function answerSamples(draw) {
  const answer = () => draw() && tellSample(draw());
  document.addEventListener(ASKED, answer);
  return () => document.removeEventListener(ASKED, answer);
}
