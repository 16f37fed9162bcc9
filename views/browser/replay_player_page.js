/** What the player consists of, as HTML: the plane, the losses, the units, the timeline and the controls. */

/** @param {string} path */
const icon = (path) => `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${path}"/></svg>`;
export const PLAY = `${icon("M6 3.5v17L20.5 12z")}<span>Play</span>`;
export const PAUSE = `${icon("M5.5 4h4.5v16H5.5zM14 4h4.5v16H14z")}<span>Pause</span>`;
/**
 * No tab stop, for the keys of the range do the same.
 * @param {string} name
 * @param {string} title
 * @param {string} path
 */
const move = (name, title, path) =>
  `<button type="button" data-do="${name}" title="${title}" tabindex="-1">${icon(path)}</button>`;
/** @param {number} times @param {string} name */
const speed = (times, name, checked = "") =>
  `<label><input type="radio" name="speed" value="${times}" ${checked}><span>${name}</span></label>`;

export const PAGE = `
  <p class="words"><b></b><span class="epoch"></span> <span class="loss"></span> <span class="note"></span></p>
  <div class="stage">
    <figure>
      <div class="plane"><canvas class="map" role="img" aria-label="The plane: each class's region in its colour,
        the decision boundary, and the training points"></canvas><canvas class="points"></canvas></div>
      <figcaption>Colour: the predicted class, fainter where it is less sure. Dots: training points.</figcaption>
    </figure>
    <div class="side">
      <p class="title">Loss <span class="val">validation</span><span class="train">training</span></p>
      <div class="chart" role="img">
        <svg viewBox="0 0 100 100" preserveAspectRatio="none"></svg>
        <svg viewBox="0 0 100 100" preserveAspectRatio="none" class="past"></svg>
        <i class="stop"></i><i class="cursor"></i><i class="dot"></i>
        <span class="y top"></span><span class="y half"></span><span class="y">0</span>
        <span class="x">0</span><span class="x middle">epoch</span><span class="x end"></span>
      </div>
      <div class="layers"></div>
    </div>
  </div>
  <div class="timeline"><div class="segments"></div><input type="range" aria-label="Frame of the film"></div>
  <div class="controls">
    <div role="group" aria-label="Playback"><button type="button" data-do="play">${PLAY}</button>
      ${move("first", "To the start", "M4 4h2.5v16H4zM20 4v16L8 12z")}
      ${move("back", "One frame back", "M17.5 4v16L5.5 12z")}
      ${move("on", "One frame on", "M6.5 4v16l12-8z")}
      ${move("next", "To the next phase", "M4 4v16l12-8zM17.5 4H20v16h-2.5z")}</div>
    <fieldset><legend class="spoken">Speed</legend>
      ${speed(0.5, "½×")}${speed(1, "1×", "checked")}${speed(2, "2×")}${speed(4, "4×")}</fieldset>
  </div>
  <p class="spoken" role="status"></p>`;
