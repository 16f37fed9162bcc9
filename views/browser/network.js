/** A network drawn: connections on canvas, and a button for every hidden unit, which removes or restores it. */
// A node is a unit, an input or an output; a layer is a list of nodes.

const UNIT = 24; // CSS pixels from unit to unit, and the side of a button, where there is room
const SPREAD = 56; // from unit to unit of a small layer, at most
const REACH = 24; // how far from a unit a finger may land
const STRONGEST = 1500; // connections drawn of a matrix
const WIDEST = 4; // of a connection
const BESIDE = 14; // from a unit to its words
const NARROW = 110; // too little for these
const BUSY = 150; // milliseconds in which a unit is not clicked twice

const drawings = new WeakMap(); // by parentElement

export default function network({ data, parentElement, setTriggerValue }) {
  const drawing = drawings.get(parentElement) ?? build(parentElement.querySelector(".root"));
  drawings.set(parentElement, drawing);
  drawing.send = (click) => setTriggerValue("unit", click);
  receive(drawing, data);
  return () => {
    drawing.observer.disconnect();
    drawings.delete(parentElement);
  };
}

function element(tag, className, ...children) {
  const made = Object.assign(document.createElement(tag), { className });
  made.append(...children);
  return made;
}

function build(root) {
  const [edges, own] = [element("canvas", "edges"), element("canvas", "own")];
  const [tip, note, status] = [element("div", "tip"), element("p", "note"), element("div", "spoken")];
  const stage = element("div", "stage", edges, own, tip);
  stage.role = "group";
  stage.ariaLabel = "The network drawn. Arrow keys walk from unit to unit, Enter or Space removes or restores one.";
  tip.ariaHidden = "true"; // a unit's own label says the same
  status.role = "status";
  root.replaceChildren(stage, legend(), note, status);
  const drawing = { root, stage, edges, own, tip, note, status, layers: [], matrices: [], clicks: 0 };
  listen(drawing);
  drawing.observer = new ResizeObserver(() => stage.clientWidth !== drawing.width && show(drawing));
  drawing.observer.observe(stage);
  return drawing;
}

function legend() {
  const signs = [["positive", "positive weight"], ["negative", "negative weight"], ["wedge", "wider: larger weight"]];
  const units = [["kept", "kept"], ["gone", "removed"], ["touched", "changed by hand"]];
  const entries = [...signs, ...units].map(([mark, words]) => element("span", "", element("i", mark), words));
  return element("div", "legend", ...entries);
}

function listen(drawing) {
  const { stage } = drawing;
  const under = (event) => nodes(drawing).find((node) => node.element === event.target);
  const focused = () => nodes(drawing).find((node) => node.element.matches(":focus-visible"));
  stage.addEventListener("pointermove", (event) => pick(drawing, nearest(drawing, event) ?? focused()));
  stage.addEventListener("pointerleave", () => pick(drawing, focused()));
  stage.addEventListener("focusout", () => pick(drawing));
  stage.addEventListener("focusin", (event) => rove(drawing, under(event)));
  stage.addEventListener("focusin", () => pick(drawing, focused()));
  stage.addEventListener("keydown", (event) => press(drawing, event));
  stage.addEventListener("click", (event) => {
    const node = event.detail ? nearest(drawing, event) : under(event); // no detail: the keyboard's own click
    pick(drawing, node);
    if (node?.words) toggle(drawing, node);
  });
}

function receive(drawing, data) {
  const shape = JSON.stringify(data.layers.map((layer) => [layer.name, layer.labels ?? layer.kept.length]));
  if (shape !== drawing.shape) fill(drawing, data.layers);
  Object.assign(drawing, { shape, colours: data.colours, locked: data.locked, clicks: Math.max(drawing.clicks, data.heard) });
  const answered = nodes(drawing).find((node) => node.awaits && node.awaits <= data.heard);
  data.layers.forEach((layer, l) => drawing.layers[l].forEach((node) => update(node, layer, data.heard)));
  drawing.matrices = data.matrices.map((given, m) => {
    const old = drawing.matrices[m]?.given;
    return old?.weights === given.weights && old.largest === given.largest ? drawing.matrices[m] : matrix(given);
  });
  Object.entries(data.colours).forEach(([sign, colour]) => drawing.root.style.setProperty(`--${sign}`, colour));
  show(drawing);
  if (answered) drawing.status.textContent = summary(drawing, answered.layer);
}

/** New nodes for new layers; whoever had the focus keeps it as nearly as possible. */
function fill(drawing, layers) {
  const focused = drawing.stage.contains(drawing.stage.getRootNode().activeElement);
  const { layer = 1, unit = 0 } = drawing.current ?? {};
  drawing.picked = undefined;
  drawing.groups?.forEach((group) => group.remove());
  drawing.names = layers.map(({ name }) => name); // what a click sends
  drawing.titles = layers.map(({ title }) => title);
  drawing.layers = layers.map((each, l) => (each.labels ?? each.kept).map((_, u) => fresh(each, l, u)));
  drawing.groups = drawing.layers.map((list, l) => {
    const heading = element("div", "heading", element("b", "", layers[l].title), element("span", ""));
    heading.ariaHidden = "true"; // the group's label says the same
    return Object.assign(element("div", "layer", heading, ...list.map((node) => node.element)), { role: "group" });
  });
  drawing.tip.before(...drawing.groups);
  const near = drawing.layers[Math.min(layer, layers.length - 2)];
  rove(drawing, near[Math.min(unit, near.length - 1)]);
  if (focused) drawing.current.element.focus({ preventScroll: true });
}

function fresh({ labels }, layer, unit) {
  const end = (name) => element("div", `end layer${layer}`, element("i", ""), element("span", "", name));
  const button = () => Object.assign(element("button", "unit"), { type: "button", tabIndex: -1 });
  return { layer, unit, kept: true, awaits: 0, busy: 0, element: labels ? end(labels[unit]) : button() };
}

/** Take over what the data say of a node, unless they have not heard of the last click on it. */
function update(node, layer, heard) {
  if (layer.colours) node.element.style.setProperty("--colour", layer.colours[node.unit]);
  if (layer.labels || node.awaits > heard) return;
  const [kept, words, byHand] = [layer.kept, layer.words, layer.by_hand].map((list) => list[node.unit]);
  Object.assign(node, { kept, words, byHand, awaits: 0 });
}

/** Weights (units, inputs) as shares of the largest, and the order of those that are not 0, weakest first. */
function matrix(given) {
  const shares = new Float32Array(bytes(given.weights).buffer).map((weight) => Math.max(-1, Math.min(1, weight / given.largest)));
  const order = [...shares.keys()].filter((i) => shares[i]); // neither 0 nor NaN
  return { given, shares, order: order.sort((a, b) => Math.abs(shares[a]) - Math.abs(shares[b])) };
}

// What is to be seen

const nodes = (drawing) => drawing.layers.flat();
const number = (value) => value.toLocaleString("en");
const tally = (list) => `${list.filter((node) => node.kept).length} of ${list.length}`;
const summary = ({ titles, layers }, l) => `${titles[l]}: ${tally(layers[l])} units kept`;

/** Bring everything up to date with what is kept and how much room there is. */
function show(drawing) {
  const { layers, matrices, groups, titles } = drawing;
  for (const node of nodes(drawing).filter(({ words }) => words)) {
    node.element.ariaPressed = String(node.kept);
    node.element.ariaLabel = node.words;
    node.element.classList.toggle("hand", node.byHand);
  }
  layers.forEach((list, l) => {
    const hidden = Boolean(list[0].words);
    groups[l].ariaLabel = hidden ? summary(drawing, l) : titles[l];
    groups[l].querySelector(".heading span").textContent = hidden ? tally(list) : list.length;
  });
  drawing.lines = matrices.map((each, m) => connections(each, layers[m], layers[m + 1]));
  drawing.note.textContent = drawn(drawing);
  place(drawing);
  paint(drawing);
  paintPicked(drawing);
}

/** The connections of a matrix between nodes that are kept, weakest first; many are drawn finer than few. */
function connections({ shares, order }, from, to) {
  const widest = Math.max(2, Math.min(WIDEST, 60 / Math.sqrt(shares.length)));
  const ends = (i) => ({ from: from[i % from.length], to: to[Math.floor(i / from.length)] });
  const lines = order.map((i) => ({ ...ends(i), share: shares[i], widest }));
  return lines.filter((line) => line.from.kept && line.to.kept);
}

/** How many connections are drawn of how many there are. */
function drawn({ lines, titles }) {
  const parts = lines.map((all, m) => `${number(all.length)} from ${titles[m]} to ${titles[m + 1]}`);
  const cut = parts.filter((_, m) => lines[m].length > STRONGEST).join(" and of ");
  if (cut) return `Drawn are the ${number(STRONGEST)} strongest connections of ${cut}.`;
  return `All ${number(lines.flat().length)} connections are drawn.`;
}

function paint({ edges, lines, colours }) {
  const start = performance.now();
  const pen = cleaned(edges);
  lines.flatMap((all) => all.slice(-STRONGEST)).forEach((line) => trace(pen, line, colours, 0.06));
  performance.clearMeasures("network drawn");
  performance.measure("network drawn", { start });
}

/** What is pointed at or has the keyboard's focus: its own connections, all of them, and its words. */
function paintPicked(drawing) {
  const { picked, stage, tip, own, lines, colours } = drawing;
  const pen = cleaned(own);
  stage.classList.toggle("picking", Boolean(picked));
  stage.classList.toggle("aiming", Boolean(picked?.words));
  if (!picked) return;
  const ends = lines.flat().filter((line) => line.from === picked || line.to === picked);
  ends.forEach((line) => trace(pen, { ...line, widest: WIDEST }, colours, 0.45));
  tip.textContent = picked.words ?? "";
  if (picked.words) placeTip(drawing);
}

/** Between the unit's layer and the next one, where only connections are; below all, where that is too narrow. */
function placeTip({ picked, stage, tip, layers }) {
  const all = layers.map((list) => list.map(({ x }) => x));
  const left = Math.max(...all[picked.layer]) + BESIDE;
  const room = Math.min(...all[picked.layer + 1]) - BESIDE - left;
  tip.style.maxWidth = room < NARROW ? "100%" : `${room}px`;
  const top = Math.min(Math.max(picked.y - tip.offsetHeight / 2, 0), stage.clientHeight - tip.offsetHeight);
  tip.style.translate = room < NARROW ? `0 ${stage.clientHeight}px` : `${left}px ${top}px`;
}

/** The canvas's pen in CSS pixels; the canvas empty, and as fine as the screen. */
function cleaned(canvas) {
  const fineness = window.devicePixelRatio;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((side) => Math.round(side * fineness));
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const pen = canvas.getContext("2d");
  pen.setTransform(fineness, 0, 0, fineness, 0, 0);
  pen.clearRect(0, 0, width, height);
  return pen;
}

/** One connection: the largest weight has all of its colour, the smallest a share of `palest`. */
function trace(pen, { from, to, share, widest }, colours, palest) {
  const [size, bend] = [Math.abs(share), (to.x - from.x) / 2];
  pen.strokeStyle = share > 0 ? colours.positive : colours.negative;
  pen.globalAlpha = palest + (1 - palest) * size ** 1.5;
  pen.lineWidth = 0.5 + (widest - 0.5) * size;
  pen.beginPath();
  pen.moveTo(from.x, from.y);
  pen.bezierCurveTo(from.x + bend, from.y, to.x - bend, to.y, to.x, to.y);
  pen.stroke();
}

// Where everything is

/** Layers from left to right, with equal gaps between them. */
function place(drawing) {
  const { stage, layers, groups } = drawing;
  const [width, height] = [stage.clientWidth, stage.clientHeight];
  const margin = (list) => 22 + Math.max(...list.map((node) => node.element.lastChild.offsetWidth));
  const inner = width - margin(layers[0]) - margin(layers.at(-1));
  const blocks = layers.map((list) => lattice(list.length, height, (0.45 * inner) / (layers.length - 2)));
  const gap = (inner - blocks.reduce((sum, block) => sum + block.width, 0)) / (layers.length - 1);
  let left = margin(layers[0]);
  layers.forEach((list, l) => {
    groups[l].firstChild.style.left = `${left + blocks[l].width / 2}px`;
    groups[l].style.setProperty("--target", `${blocks[l].target}px`);
    for (const node of list) {
      const { x, y } = blocks[l].spots[node.unit];
      Object.assign(node, { x: left + x, y });
      node.element.style.translate = `${node.x}px ${node.y}px`;
    }
    left += blocks[l].width + gap;
  });
  drawing.width = width;
}

/** Spots of n units from top to bottom, in as many staggered columns as keep them apart; at most `room` wide. */
function lattice(n, height, room) {
  const across = (columns) => Math.min(UNIT, room / Math.max(1, columns - 1));
  const down = (columns) => Math.min(SPREAD, (height - UNIT) / (Math.ceil(n / columns) - (columns > 1 ? 0.5 : 1)));
  let columns = 1;
  while (columns < n && down(columns) < across(columns)) columns += 1;
  const [dx, dy] = [across(columns), down(columns)];
  const slots = [...Array(columns).keys()].sort((a, b) => (a % 2) - (b % 2) || a - b); // the higher spots first
  const spots = [...Array(n).keys()].map((unit) => {
    const column = slots[unit % columns];
    return { x: column * dx, y: (Math.floor(unit / columns) + (column % 2) / 2) * dy };
  });
  const top = (height - spots.at(-1).y) / 2;
  spots.forEach((spot) => (spot.y += top));
  return { spots, width: (columns - 1) * dx, target: Math.min(UNIT, dx, dy) };
}

/** The node nearest to the pointer, if it is within reach. */
function nearest(drawing, { clientX, clientY }) {
  const { left, top } = drawing.stage.getBoundingClientRect();
  const far = (node) => Math.hypot(node.x + left - clientX, node.y + top - clientY);
  return nodes(drawing).filter((node) => far(node) <= REACH).sort((a, b) => far(a) - far(b))[0];
}

function pick(drawing, node) {
  if (node === drawing.picked) return;
  drawing.picked?.element.classList.remove("picked");
  node?.element.classList.add("picked");
  drawing.picked = node;
  paintPicked(drawing);
}

/** Make a unit the one that Tab stops at. */
function rove(drawing, node) {
  if (drawing.current) drawing.current.element.tabIndex = -1;
  node.element.tabIndex = 0;
  drawing.current = node;
}

/** Walk along the layer, or to as high a place in the one beside it; at an end, stay. */
function press(drawing, event) {
  const { layer, unit } = drawing.current;
  const [left, list, right] = [layer - 1, layer, layer + 1].map((l) => drawing.layers[l]);
  const beside = (other) => other[Math.floor(((unit + 0.5) / list.length) * other.length)];
  const along = { ArrowUp: list[unit - 1], ArrowDown: list[unit + 1], Home: list[0], End: list.at(-1) };
  const ways = { ...along, ArrowLeft: beside(left), ArrowRight: beside(right) };
  if (event.key === "Escape") pick(drawing);
  if (!(event.key in ways)) return;
  event.preventDefault();
  if (ways[event.key]?.words) ways[event.key].element.focus();
}

/** Show at once what a click will do, and send it; data that have heard of it settle the matter. */
function toggle(drawing, node) {
  const now = performance.now();
  if (drawing.locked || now < node.busy) return;
  drawing.clicks += 1;
  Object.assign(node, { busy: now + BUSY, kept: !node.kept, awaits: drawing.clicks });
  node.words = `${node.words.split(": ")[0]}: ${node.kept ? "restoring" : "removing"} …`;
  show(drawing);
  drawing.send({ layer: drawing.names[node.layer], unit: node.unit, count: drawing.clicks });
}
