/** The plane as one or two networks see it: colours, decision boundary, points, and the numbers of a place. */

const LEVELS = 4095; // of a map's values: twelve bits
const STEP = 0.025; // of the plane, that an arrow moves the crosshair by
const GUESS = 4000; // milliseconds for which a colour that was asked for goes before that of the last answer
const panelOf = ({ name }, i) => `
  <figure data-panel="${i}">
    <figcaption><b></b><span class="numbers"></span></figcaption>
    <div class="plane"><canvas class="map" role="img"></canvas><canvas class="points"></canvas>
      <i class="cross"></i><span class="axis across"></span><span class="axis up"></span></div>
  </figure>`;
const PAGE = `
  <fieldset class="sides"><legend class="spoken">Network shown</legend></fieldset>
  <div class="panels" tabindex="0" role="application" aria-describedby="keys"></div>
  <div class="legend"><span class="title"></span><div class="scale"><canvas width="256" height="1"></canvas>
    <div class="ticks"></div></div><span class="classes"></span></div>
  <p class="spoken" id="keys">Arrow keys move a crosshair; the numbers of its place are read out.</p>
  <p class="spoken" role="status"></p>`;

const stages = new WeakMap(); // where it is mounted → the stage

export default function ({ data, parentElement }) {
  const stage = stages.get(parentElement) ?? build(parentElement.querySelector(".root"));
  stages.set(parentElement, stage);
  load(stage, data);
  return () => {
    stage.observer.disconnect();
    document.removeEventListener("click", stage.listen, true);
    stages.delete(parentElement);
  };
}

function build(root) {
  root.innerHTML = PAGE;
  const find = (where) => root.querySelector(where);
  const stage = { root, find, place: null, known: new Map(), guess: null };
  const panels = find(".panels");
  panels.onpointermove = (event) => point(stage, event);
  panels.onpointerdown = (event) => point(stage, event);
  panels.onpointerleave = ({ pointerType }) => pointerType === "mouse" && look(stage, null);
  panels.onkeydown = (event) => press(stage, event);
  panels.onblur = () => look(stage, null);
  find(".sides").onchange = ({ target }) => {
    root.dataset.side = target.value;
    paint(stage);
  };
  stage.observer = new ResizeObserver(() => paint(stage));
  stage.observer.observe(panels);
  stage.listen = (event) => guess(stage, event);
  document.addEventListener("click", stage.listen, true);
  return stage;
}

// Data

/** Takes what is to be shown; what was drawn stays until the new maps are there. */
async function load(stage, data) {
  stage.wanted = data;
  const texts = [...data.panels.map(({ maps }) => maps), ...(data.truth ? [data.truth] : [])];
  const maps = await Promise.all(texts.map((text) => unpacked(stage, text, data)));
  if (stage.wanted !== data) return; // others have come in the meantime
  stage.known = new Map(texts.map((text, i) => [text, maps[i]]));
  if (stage.data?.panels.length !== data.panels.length) buildPanels(stage, data);
  if (stage.guess && (data.quantity === stage.guess.quantity || performance.now() > stage.guess.until)) stage.guess = null;
  Object.assign(stage, { data, maps });
  paint(stage);
  look(stage, stage.place);
}

/** Maps of side × side values from 0 to 1, as `views.planes` packs them: differences along a row, high bytes first. */
async function unpacked({ known }, text, { side }) {
  if (known.has(text)) return known.get(text);
  const packed = await inflated(text);
  const [size, half] = [side * side, packed.length / 2];
  return Array.from({ length: half / size }, (_, map) => {
    const values = new Float32Array(size);
    for (let i = 0, last = 0; i < size; i++) {
      const at = map * size + i;
      last = ((i % side ? last : 0) + 256 * packed[at] + packed[half + at]) & 0xffff;
      values[i] = last / LEVELS;
    }
    return values;
  });
}

/** Probabilities of all classes in a cell, from those of all but the first. */
function probsOf(maps, cell, classes) {
  const rest = maps.slice(0, classes - 1).map((map) => map[cell]);
  return [Math.max(1 - rest.reduce((sum, p) => sum + p, 0), 0), ...rest];
}

const entropyOf = (probs) => -probs.reduce((sum, p) => sum + (p > 0 ? p * Math.log(p) : 0), 0);
const winnerOf = (probs) => probs.indexOf(Math.max(...probs));
const epistemicOf = (maps, cell, { classes, scale }) => (maps.length < classes ? 0 : maps[classes - 1][cell] * scale);

/** What colours the plane, for one cell of a panel's maps. Of the truth it is that of the task, whoever is asked. */
const VALUES = {
  probability: (maps, truth, cell, data) => probsOf(maps, cell, data.classes),
  entropy: (maps, truth, cell, data) => entropyOf(probsOf(maps, cell, data.classes)),
  aleatoric: (maps, truth, cell, data) =>
    Math.max(entropyOf(probsOf(maps, cell, data.classes)) - epistemicOf(maps, cell, data), 0),
  epistemic: (maps, truth, cell, data) => epistemicOf(maps, cell, data),
  error: (maps, truth, cell, data) => {
    const right = probsOf(truth, cell, data.classes);
    return probsOf(maps, cell, data.classes).reduce((sum, p, i) => sum + Math.abs(p - right[i]), 0) / 2;
  },
  truth: (maps, truth, cell, data) => probsOf(truth, cell, data.classes),
  noise: (maps, truth, cell, data) => entropyOf(probsOf(truth, cell, data.classes)),
};

const quantityOf = ({ data, guess }) => guess?.quantity ?? data.quantity;
const truthOf = ({ data, maps }) => (data.truth ? maps[data.panels.length] : null);

/** A colour is shown when its button is pressed; the answer of the server brings the words. */
function guess(stage, { target }) {
  const button = target.closest?.(".st-key-colour button");
  if (!button || !stage.data) return;
  const at = [...button.closest(".st-key-colour").querySelectorAll("button[data-testid*=segmented]")].indexOf(button);
  const quantity = stage.data.quantities[at];
  if (!quantity) return;
  stage.guess = { quantity, until: performance.now() + GUESS };
  paint(stage);
}

// Painting

function buildPanels({ find, root }, { panels }) {
  find(".panels").innerHTML = panels.map(panelOf).join("");
  const side = ({ name }, i) => `<label><input type="radio" name="side" value="${i}"
    ${i === panels.length - 1 ? "checked" : ""}><span>${name}</span></label>`;
  find(".sides").insertAdjacentHTML("beforeend", panels.length > 1 ? panels.map(side).join("") : "");
  root.dataset.side = panels.length - 1;
  root.dataset.panels = panels.length;
}

function paint(stage) {
  const { data, maps, root, find } = stage;
  if (!data) return;
  const start = performance.now();
  const quantity = quantityOf(stage);
  data.panels.forEach((panel, i) => {
    const figure = find(`[data-panel="${i}"]`);
    const { width, height } = figure.querySelector(".plane").getBoundingClientRect();
    if (!width) return; // the other side of the toggle
    figure.querySelector("b").textContent = panel.name;
    figure.querySelector(".map").ariaLabel = `${panel.name} network: decision boundary over the plane, coloured by ${data.words[quantity].name}.`;
    const [across, up] = data.axes;
    figure.querySelector(".across").textContent = across;
    figure.querySelector(".up").textContent = up;
    paintMap(stage, figure.querySelector(".map"), maps[i], quantity, width, height);
    paintPoints(data, figure.querySelector(".points"), panel, width, height);
    figure.dataset.drawn = `${panel.id} ${quantity} ${data.theme}`; // what can be seen by now
  });
  paintLegend(stage, quantity);
  root.dataset.quantity = quantity;
  performance.measure("planes", { start });
}

/** Gives a canvas the pixels that the screen has there; its pen, scaled to CSS pixels. */
function fitted(canvas, width, height) {
  const [across, down] = [Math.round(width * devicePixelRatio), Math.round(height * devicePixelRatio)];
  if (canvas.width !== across || canvas.height !== down) Object.assign(canvas, { width: across, height: down });
  const pen = canvas.getContext("2d");
  pen.setTransform(across / width, 0, 0, down / height, 0, 0);
  return pen;
}

/** One pixel a cell, enlarged; then the boundary. The outermost cells only tell how both go on. */
function paintMap(stage, canvas, maps, quantity, width, height) {
  const { data } = stage;
  const { side, colours, classes } = data;
  const truth = truthOf(stage);
  const colour = colourOf(data, quantity);
  const cells = new ImageData(side, side);
  for (let cell = 0; cell < side * side; cell++) {
    const [r, g, b] = colour(VALUES[quantity](maps, truth, cell, data));
    cells.data.set([r, g, b, 255], 4 * cell);
  }
  const small = new OffscreenCanvas(side, side);
  small.getContext("2d").putImageData(cells, 0, 0);
  const pen = fitted(canvas, width, height);
  const shown = side - 2;
  pen.clearRect(0, 0, width, height); // the last column may be covered by a little less than all of it
  pen.imageSmoothingQuality = "high";
  pen.drawImage(small, 1, 1, shown, shown, 0, 0, width, height);
  if (truth) stroke(pen, boundary(truth, data), data, width, height, [[colours.paper, 3.5, []], [colours.truth, 2, [5, 4]]]);
  stroke(pen, boundary(maps, data), data, width, height, [[colours.paper, 5, []], [colours.ink, 2, []]]);
}

/** Where the winning class changes, in cells. */
function boundary(maps, { side, classes }) {
  const pieces = [];
  const pen = { moveTo: (x, y) => pieces.push([[x, y]]), lineTo: (x, y) => pieces.at(-1).push([x, y]) };
  const lead = new Float32Array(side * side);
  for (let label = classes > 2 ? 0 : 1; label < classes; label++) {
    for (let cell = 0; cell < lead.length; cell++) {
      const probs = probsOf(maps, cell, classes);
      lead[cell] = probs[label] - Math.max(...probs.filter((_, other) => other !== label));
    }
    addBoundary(pen, lead, side);
  }
  const line = new Path2D();
  joined(pieces).forEach((places) => places.forEach(([x, y], i) => (i ? line.lineTo(x, y) : line.moveTo(x, y))));
  return line;
}

/** Draws a path that is given in cells, without making the line itself wider one way than the other. */
function stroke(pen, path, { side }, width, height, styles) {
  const scaled = new Path2D();
  scaled.addPath(path, new DOMMatrix([width / (side - 2), 0, 0, height / (side - 2), 0, 0]));
  for (const [strokeStyle, lineWidth, dash] of styles) {
    Object.assign(pen, { strokeStyle, lineWidth, lineCap: dash.length ? "butt" : "round" }).setLineDash(dash);
    pen.stroke(scaled);
  }
  pen.setLineDash([]);
}

/** Value → [r, g, b]: a class's colour as pale as the classes are evenly matched, or a place on the scale. */
function colourOf({ colours, classes, tops, strongest }, quantity) {
  const paper = rgb(colours.paper);
  const hues = colours.classes.map(rgb);
  const scale = colours.sequence.map(rgb);
  const mixed = (one, other, share) => one.map((value, i) => value + share * (other[i] - value));
  if (isProbability(quantity)) {
    return (probs) => {
      const winner = winnerOf(probs);
      const lead = (probs[winner] - 1 / classes) / (1 - 1 / classes);
      return mixed(paper, hues[winner], strongest * Math.min(Math.max(lead, 0), 1));
    };
  }
  return (value) => {
    const at = Math.min(Math.max(value / tops[quantity], 0), 1) * (scale.length - 1);
    const below = Math.min(Math.floor(at), scale.length - 2);
    return mixed(scale[below], scale[below + 1], at - below);
  };
}

const isProbability = (quantity) => quantity === "probability" || quantity === "truth";
const rgb = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));

function paintPoints({ points, colours, theme, quantity }, canvas, panel, width, height) {
  const pen = fitted(canvas, width, height);
  pen.clearRect(0, 0, width, height);
  // A class's points have its colour: by night, on strong colours, no dark rim would set them off.
  const rim = theme === "dark" && isProbability(quantity) ? colours.ink : colours.paper;
  const small = Math.max(2.4, Math.min(width, height) / 110);
  points.forEach(([x, y, label], i) => {
    const wrong = panel.wrong?.[i];
    Object.assign(pen, { fillStyle: colours.classes[label], strokeStyle: wrong ? colours.ink : rim, lineWidth: wrong ? 2.2 : 0.8 });
    pen.beginPath();
    pen.arc(x * width, (1 - y) * height, wrong ? 1.6 * small : small, 0, 2 * Math.PI);
    pen.fill();
    pen.stroke();
  });
}

function paintLegend({ data, find }, quantity) {
  const { classes, colours, tops, words, names } = data;
  const probability = isProbability(quantity);
  const low = !probability ? 0 : classes > 2 ? 1 / classes : 0;
  const high = probability ? 1 : tops[quantity];
  const colour = colourOf(data, quantity);
  const value = (share) => {
    if (!probability) return share * high;
    if (classes === 2) return [1 - share, share];
    const first = low + share * (1 - low);
    return [first, ...Array(classes - 1).fill((1 - first) / (classes - 1))];
  };
  const canvas = find(".scale canvas");
  const strip = new ImageData(256, 1);
  for (let i = 0; i < 256; i++) strip.data.set([...colour(value(i / 255)), 255], 4 * i);
  canvas.getContext("2d").putImageData(strip, 0, 0);
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => low + share * (high - low));
  const tick = (value, i) => `<span style="--at: ${i / (ticks.length - 1)}">${written(value, high)}</span>`;
  find(".ticks").innerHTML = ticks.map(tick).join("");
  find(".legend .title").textContent = words[quantity].title;
  const dots = names.map((name, i) => `<span><i style="background: ${colours.classes[i]}"></i></span>`);
  find(".classes").innerHTML = dots.join("");
  find(".classes").querySelectorAll("span").forEach((place, i) => place.append(names[i])); // a stranger's words
  const best = `<span class="best" style="--line: ${colours.truth}" title="Bayes' boundary: no classifier decides better">Bayes</span>`;
  if (data.truth) find(".classes").insertAdjacentHTML("beforeend", best);
}

/** A tick of a scale, all with as many digits. */
const written = (tick, high) => (high >= 0.4 ? tick.toFixed(2) : tick.toFixed(3));

// The numbers of a place

function point(stage, { target, clientX, clientY }) {
  const plane = target.closest?.(".plane");
  if (!plane) return look(stage, null);
  const { left, top, width, height } = plane.getBoundingClientRect();
  look(stage, [(clientX - left) / width, 1 - (clientY - top) / height]);
}

function press(stage, event) {
  const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
  if (!move && event.key !== "Escape") return;
  event.preventDefault();
  const [x, y] = stage.place ?? [0.5, 0.5];
  const leap = event.shiftKey ? 4 : 1;
  const next = move && [x + leap * STEP * move[0], y + leap * STEP * move[1]];
  look(stage, next && next.map((at) => Math.min(Math.max(at, 0.001), 0.999)));
  stage.find("[role=status]").textContent = spoken(stage);
}

/** Puts the crosshair of every panel there, and the numbers beside its name; null takes them away. */
function look(stage, place) {
  stage.place = place && place.every((at) => at >= 0 && at < 1) ? place : null;
  const { data, maps, root } = stage;
  if (!data) return;
  root.classList.toggle("looking", Boolean(stage.place));
  data.panels.forEach((_, i) => {
    const figure = stage.find(`[data-panel="${i}"]`);
    figure.querySelector(".numbers").textContent = stage.place ? numbers(stage, maps[i]) : "";
    if (!stage.place) return;
    figure.style.setProperty("--x", stage.place[0]);
    figure.style.setProperty("--y", 1 - stage.place[1]);
  });
}

function cellOf({ data: { side }, place: [x, y] }) {
  const shown = side - 2;
  return (1 + Math.floor((1 - y) * shown)) * side + 1 + Math.floor(x * shown);
}

function numbers(stage, maps) {
  const { data } = stage;
  const [cell, quantity] = [cellOf(stage), quantityOf(stage)];
  const probs = probsOf(maps, cell, data.classes);
  const value = VALUES[quantity](maps, truthOf(stage), cell, data);
  const first = `${data.names[winnerOf(probs)]}: ${Math.max(...probs).toFixed(2)}`;
  if (quantity === "probability") return first;
  if (quantity === "truth") return `${first}, truth ${value[winnerOf(probs)].toFixed(2)}`;
  return `${first}, ${data.words[quantity].short} ${value.toFixed(3)}`;
}

function spoken(stage) {
  if (!stage.place) return "";
  const { data, maps, place } = stage;
  const [x0, x1, y0, y1] = data.extent;
  const where = `x ${(x0 + place[0] * (x1 - x0)).toFixed(2)}, y ${(y0 + place[1] * (y1 - y0)).toFixed(2)}`;
  return [where, ...data.panels.map(({ name }, i) => `${name}: ${numbers(stage, maps[i])}`)].join(". ");
}
