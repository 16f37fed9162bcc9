/** Plays a recorded training. Every frame comes along with the data: nothing is asked of the server. */

const FRAME = 50; // milliseconds at 1×
const HOLD = 600; // milliseconds for the last frame of a phase at 1×
const AWAY = 250; // milliseconds at most that are made up for when the page was busy or out of sight
const LEAVING = 10; // frames in which the units that have just gone are ringed
const CODES = 51; // per class: how far it is ahead, from 0 to 50
const icon = (path) => `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${path}"/></svg>`;
const PLAY = `${icon("M6 3.5v17L20.5 12z")}<span>Play</span>`;
const PAUSE = `${icon("M5.5 4h4.5v16H5.5zM14 4h4.5v16H14z")}<span>Pause</span>`;
const move = (name, title, path) => // no tab stop, for the keys of the range do the same
  `<button type="button" data-do="${name}" title="${title}" tabindex="-1">${icon(path)}</button>`;
const speed = (times, name, checked = "") =>
  `<label><input type="radio" name="speed" value="${times}" ${checked}><span>${name}</span></label>`;
const PAGE = `
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

const players = new WeakMap(); // where it is mounted → the player

export default function ({ data, parentElement }) {
  const player = players.get(parentElement) ?? build(parentElement.querySelector(".root"));
  players.set(parentElement, player);
  load(player, data);
  return () => {
    pause(player);
    player.observer.disconnect();
    players.delete(parentElement);
  };
}

function build(root) {
  root.innerHTML = PAGE;
  Object.assign(root, { tabIndex: -1, inert: true }); // a click anywhere gives it the keyboard, once there is a film
  const part = (where) => root.querySelector(where);
  const player = { root, part, width: 0, speed: 1, playing: 0 };
  root.onclick = ({ target }) => DO[target.closest("button")?.dataset.do]?.(player);
  root.onkeydown = (event) => pressed(player, event);
  part("[type=range]").oninput = ({ target }) => step(player, target.valueAsNumber - player.at);
  part("fieldset").onchange = ({ target }) => (player.speed = Number(target.value));
  player.observer = new ResizeObserver(([{ contentRect: { width } }]) => paint(Object.assign(player, { width })));
  player.observer.observe(part(".plane"));
  return player;
}

/** Goes to the first frame of another recording; a known one stays where it is, in other colours perhaps. */
async function load(player, data) {
  const { id, theme } = player.wanted ?? {};
  if (id === data.id && theme === data.theme) return;
  player.wanted = data;
  if (id !== data.id) player.inflating = inflated(data.frames);
  const maps = await player.inflating;
  if (player.wanted !== data) return; // others have come in the meantime
  if (player.data?.id !== data.id) {
    pause(player);
    Object.assign(player, { at: 0, frames: framesOf(data.phases) });
  }
  const palette = new Uint32Array(bytes(data.table).buffer);
  Object.assign(player, { data, maps, palette, pixels: 0, phase: undefined }).root.inert = false;
  buildPhases(player);
  paint(player);
}

const framesOf = (phases) => phases.flatMap((phase) => phase.epochs.map((epoch, index) => ({ phase, epoch, index })));
const isLast = ({ phase, index }) => index === phase.epochs.length - 1;
const atEnd = ({ at, frames }) => at === frames.length - 1;
const time = ({ at, frames, speed }) => (isLast(frames[at]) ? HOLD : FRAME) / speed;

const lossOf = ({ phase, epoch }) => `validation loss ${phase.val[epoch]?.toFixed(3) ?? "not finite"}`;
const sentence = (frame) => `${frame.phase.subject}${epochOf(frame)}, ${lossOf(frame)}`.replaceAll("\u2007", "");

const padded = (number, widest) => String(number).padStart(String(widest).length, "\u2007"); // a digit's width
const epochOf = ({ phase: { last }, epoch }) => (last ? `, epoch ${padded(epoch, last)} of ${last}` : ", untrained");
const noteOf = ({ phase, index }) => {
  if (phase.last && isLast({ phase, index })) return "The early stop: these weights are kept";
  return index < LEAVING ? phase.opening : "";
};

// Playing

function seek(player, at) {
  player.at = Math.min(Math.max(at, 0), player.frames.length - 1);
  player.due = performance.now() + time(player);
  paint(player);
}

function step(player, frames) {
  pause(player);
  seek(player, player.at + frames);
}

/** To the nearest start of a phase in this direction; from the last phase on, to the end of the film. */
function jump(player, direction) {
  const beyond = ({ index }, i) => index === 0 && (i - player.at) * direction > 0;
  const start = direction > 0 ? player.frames.findIndex(beyond) : player.frames.findLastIndex(beyond);
  seek(player, start < 0 ? direction * Infinity : start);
}

function play(player) {
  performance.clearMeasures("player frame"); // else they pile up
  seek(player, atEnd(player) ? 0 : player.at);
  player.playing = requestAnimationFrame((now) => tick(player, now));
  player.part("[data-do=play]").innerHTML = PAUSE;
}

function pause(player) {
  cancelAnimationFrame(player.playing);
  player.playing = 0;
  player.part("[data-do=play]").innerHTML = PLAY;
}

/** Pauses, and says where. */
function finish(player) {
  pause(player);
  player.part("[role=status]").textContent = `Paused. ${sentence(player.frames[player.at])}`;
}

function tick(player, now) {
  const before = player.at;
  player.due = Math.max(player.due, now - AWAY);
  while (now >= player.due && !atEnd(player)) {
    player.at += 1;
    player.due += time(player);
  }
  if (player.at !== before) paint(player);
  if (atEnd(player)) finish(player);
  else player.playing = requestAnimationFrame((next) => tick(player, next));
}

const DO = {
  play: (player) => (player.playing ? finish(player) : play(player)),
  first: (player) => seek(player, 0),
  back: (player) => step(player, -1),
  on: (player) => step(player, 1),
  next: (player) => jump(player, 1),
};

function pressed(player, event) {
  const direction = { PageUp: 1, PageDown: -1 }[event.key];
  const space = event.key === " " && !event.target.closest("button, label");
  if (direction || space) event.preventDefault();
  if (direction) jump(player, direction);
  if (space) DO.play(player);
}

// Painting

function paint(player) {
  const { maps, frames, at, data, part, width } = player;
  if (!maps || !width) return;
  const start = performance.now();
  const frame = frames[at];
  const { phase, epoch, index } = frame;
  if (player.phase !== phase) paintPhase(player, phase);
  fit(player);
  paintMap(player);
  write(player, { ".epoch": epochOf(frame), ".loss": lossOf(frame), ".note": noteOf(frame) });
  const places = { at: epoch / Math.max(phase.last, 1), loss: (phase.val[epoch] ?? 0) / data.top };
  style(player, { ...places, ring: Math.max(1 - index / LEAVING, 0), played: at / (frames.length - 1) });
  Object.assign(part("[type=range]"), { value: at, ariaValueText: sentence(frame) });
  performance.measure("player frame", { start });
}

const write = ({ part }, texts) => Object.entries(texts).forEach(([where, text]) => (part(where).textContent = text));
const style = ({ root }, values) =>
  Object.entries(values).forEach(([name, value]) => root.style.setProperty(`--${name}`, value));

/** What stays throughout the film: the units of the layers, and the segments of the timeline. */
function buildPhases({ data, frames, part }) {
  const dots = (units) => `<div class="dots">${"<i></i>".repeat(units.length)}</div>`;
  const layer = (units, i) => `<div><p class="title">Hidden layer ${i + 1}<span></span></p>${dots(units)}</div>`;
  const segment = ({ epochs, colour, title, ratio }) =>
    `<div style="--frames: ${epochs.length}; --colour: ${colour}"><span>${title}</span><span>${ratio}</span></div>`;
  part(".layers").innerHTML = data.phases[0].units.map(layer).join("");
  part(".segments").innerHTML = data.phases.map(segment).join("");
  part("[type=range]").max = frames.length - 1;
}

function paintPhase(player, phase) {
  const { data, part, root } = Object.assign(player, { phase });
  const line = (losses, start, name) => `<path class="${name}" d="${curve(losses, start, phase.last, data.top)}"/>`;
  const lines = line(phase.train, 1, "train") + line(phase.val, 0, "val");
  root.querySelectorAll(".chart svg").forEach((svg) => (svg.innerHTML = lines));
  const stop = phase.last ? `early stop, epoch ${phase.stop}` : "";
  write(player, { b: phase.subject, ".stop": stop, ".end": phase.last || "", ".top": data.top, ".half": data.top / 2 });
  part(".chart").ariaLabel = `Validation and training loss over ${phase.last} epochs. ${stop}`;
  part(".stop").classList.toggle("late", phase.stop > phase.last / 2);
  style(player, { stop: phase.stop / Math.max(phase.last, 1), colour: phase.colour });
  [...part(".layers").children].forEach((layer, i) => {
    const units = phase.units[i];
    layer.querySelector("span").textContent = `${units.split("1").length - 1} of ${units.length}`;
    layer.querySelectorAll("i").forEach((dot, unit) => (dot.dataset.unit = units[unit]));
  });
}

/** An SVG path through values on a square of 100, the first at epoch `start`; a missing value is a gap. */
function curve(values, start, last, top) {
  const pen = (i) => ((values[i - 1] ?? null) === null ? "M" : "L");
  const point = (value, i) => `${pen(i)}${(100 * (start + i)) / Math.max(last, 1)} ${100 * (1 - value / top)}`;
  return values.map((value, i) => (value === null ? "" : point(value, i))).join("");
}

/** Gives the canvases the pixels that the screen has there; then the points are painted, to stay. */
function fit(player) {
  const { data, width, part, root } = player;
  const pixels = Math.round(width * devicePixelRatio);
  if (player.pixels === pixels) return;
  player.pixels = pixels;
  root.querySelectorAll("canvas").forEach((canvas) => (canvas.width = canvas.height = pixels));
  const pen = part(".points").getContext("2d");
  const rim = data.theme === "dark" ? data.colours.ink : data.colours.paper; // the lighter of the two
  Object.assign(pen, { strokeStyle: rim, lineWidth: 0.8 / width }).scale(pixels, pixels);
  for (const [x, y, label] of data.points) {
    Object.assign(pen, { fillStyle: data.colours.classes[label] }).beginPath();
    pen.arc(x, 1 - y, Math.max(2.2, width / 150) / width, 0, 2 * Math.PI);
    pen.fill();
    pen.stroke();
  }
}

/** The map through the palette, one pixel per cell, enlarged. Its outermost cells only tell how the line goes on. */
function paintMap({ data, maps, at, palette, width, pixels, part }) {
  const { side, colours } = data;
  const codes = maps.subarray(side * side * at, side * side * (at + 1));
  const cells = new ImageData(new Uint8ClampedArray(Uint32Array.from(codes, (code) => palette[code]).buffer), side);
  const small = new OffscreenCanvas(side, side);
  small.getContext("2d").putImageData(cells, 0, 0);
  const pen = part(".map").getContext("2d");
  const shown = side - 2;
  pen.setTransform(pixels / shown, 0, 0, pixels / shown, 0, 0);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(small, 1, 1, shown, shown, 0, 0, shown, shown);
  const line = new Path2D();
  for (let label = 1; label < palette.length / CODES; label++) addBoundary(line, lead(codes, label, side), side);
  for (const [strokeStyle, thickness] of [[colours.paper, 5], [colours.ink, 2]]) {
    Object.assign(pen, { strokeStyle, lineWidth: (thickness * shown) / width, lineCap: "round" }).stroke(line);
  }
}

/** How far a class is ahead, above 0 where it wins; smoothed, so that no steps are seen where all are nearly even. */
function lead(codes, label, side) {
  const ahead = (code) => (Math.floor(code / CODES) === label ? 1 : -1) * ((code % CODES) + 0.5);
  return smoothed(Float32Array.from(codes, ahead), side);
}
