/** A board on which a person draws points of several classes. A point is [x, y, class], x and y from −1 to 1. */

// How far a brush scatters, how many points at once, and how far it is dragged before it drops the next.
const BRUSHES = [
  { name: "one point", radius: 0, amount: 1, spacing: 0.07 },
  { name: "small", radius: 0.08, amount: 3, spacing: 0.09 },
  { name: "large", radius: 0.18, amount: 6, spacing: 0.16 },
];
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const [STEP, LEAP] = [0.05, 0.25]; // of the crosshair, and with Shift
const INSET = 12; // pixels between −1 or 1 and the edge of the board
const PAGE = `
  <div class="board">
    <canvas tabindex="0" role="application" aria-label="Drawing board" aria-describedby="keys"></canvas>
    <p class="hint">Click, tap or drag to place points</p>
    <p class="spoken" id="keys">Arrows move the crosshair, with Shift further; Enter or Space places points;
      a digit chooses the class; Backspace undoes.</p></div>
  <div class="panel"><div class="classes" role="radiogroup" aria-label="Class to draw"></div>
    <label class="brush"><span>Brush</span>
      <input type="range" min="0" max="${BRUSHES.length - 1}" value="1"><output aria-hidden="true"></output></label>
    <div class="buttons" role="group" aria-label="Start from">
      <span aria-hidden="true">Start from</span><span class="starts"></span></div>
    <div class="buttons"><button class="undo">Undo</button><button class="clear">Clear</button></div>
    <div><p class="counts"></p><p class="advice"></p></div>
    <div><button class="train" aria-describedby="reason">Train on these points</button>
      <p class="reason" id="reason"></p></div>
  </div><p class="spoken" role="status"></p>`;

const boards = new WeakMap(); // where it is mounted → the board
const KEPT = "explorer-pad"; // in this tab's storage, which may be closed to us
const left = { points: recalled() }; // what a board had when it was taken away, by opening another tab or loading anew

export default function ({ data, parentElement, setTriggerValue }) {
  const board = boards.get(parentElement) ?? build(parentElement.querySelector(".root"));
  boards.set(parentElement, board);
  if (board.data?.classes.length !== data.classes.length) drawClasses(board, data);
  show(Object.assign(board, { data, setTriggerValue }));
  return () => {
    board.observer.disconnect();
    cancelAnimationFrame(board.frame);
    boards.delete(parentElement);
    left.points = board.points;
  };
}

/** The points of this tab before the page was loaded anew; whatever else is found there counts for nothing. */
function recalled() {
  const legal = ([x, y, kind, ...more]) =>
    Math.abs(x) <= 1 && Math.abs(y) <= 1 && [0, 1, 2, 3, 4].includes(kind) && !more.length;
  try {
    const points = JSON.parse(sessionStorage.getItem(KEPT) ?? "[]");
    return Array.isArray(points) && points.every((row) => Array.isArray(row) && legal(row)) ? points : [];
  } catch {
    return [];
  }
}

function keep(points) {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(points));
  } catch {
    // Then they are gone when the page is loaded anew.
  }
}

// Points

const range = (count) => Array.from({ length: count }, (_, i) => i);
const clamped = (value) => Math.min(1, Math.max(-1, value));

/** What lies beyond the edge, mirrored back onto the board; three digits are enough. */
const folded = (value) => Math.round(1000 * (Math.abs(value) > 1 ? Math.sign(value) * 2 - value : value)) / 1000;

/** The i-th place of a sequence that fills the unit disc evenly (Roberts 2018); nothing is left to chance. */
function scattered(i) {
  const distance = Math.sqrt((0.5 + 0.7548776662 * i) % 1);
  const turn = 2 * Math.PI * (0.5 + 0.569840291 * i);
  return [distance * Math.cos(turn), distance * Math.sin(turn)];
}

/** Places every `spacing` on the way from one place to another, without the first. */
function along([x0, y0], [x1, y1], spacing) {
  const distance = Math.hypot(x1 - x0, y1 - y0);
  return range(Math.floor(distance / spacing)).map((i) => {
    const share = ((i + 1) * spacing) / distance;
    return [x0 + share * (x1 - x0), y0 + share * (y1 - y0)];
  });
}

// Words

const counted = (count) => `${count.toLocaleString("en")} point${count === 1 ? "" : "s"}`;
const written = (value) => (Math.round(100 * value) / 100 + 0).toFixed(2).replace("-", "−");
const sizesOf = ({ points, data }) => data.classes.map((_, kind) => points.filter((row) => row[2] === kind).length);

/** Why these points cannot be trained on yet; nothing if they can. */
function reason(sizes, { classes, points, of_class }) {
  const lack = (size, least) => (least - size === 1 ? "1 more point" : `${least - size} more points`);
  const total = sizes.reduce((sum, size) => sum + size);
  const short = sizes.findIndex((size) => size > 0 && size < of_class);
  if (sizes.filter(Boolean).length < classes) return `Draw points of at least ${classes} classes.`;
  if (short >= 0) return `Class ${short + 1} needs ${lack(sizes[short], of_class)}.`;
  return total < points ? `Draw ${lack(total, points)}.` : "";
}

/** What a stroke that ended somewhere has added, for those who do not see it. */
function strokeLine(added, kind, [x, y], total) {
  if (!added) return `The board is full: ${counted(total)}.`;
  const what = added === 1 ? "point" : counted(added);
  return `${what} of class ${kind + 1} at ${written(x)}, ${written(y)}; ${counted(total)}`;
}

// The board and its state

function build(root) {
  const page = Object.assign(document.createElement("div"), { className: "pad", innerHTML: PAGE });
  const find = (selector) => page.querySelector(selector);
  const board = { find, canvas: find("canvas"), ...left, past: [], chosen: 0, brush: 1, sent: 0, at: [0, 0] };
  board.observer = new ResizeObserver(() => repaint(board));
  board.observer.observe(board.canvas);
  find(".classes").onchange = (event) => show(Object.assign(board, { chosen: Number(event.target.value) }));
  find(".brush input").oninput = (event) => show(Object.assign(board, { brush: Number(event.target.value) }));
  find(".starts").onclick = ({ target: { textContent: name } }) => {
    const points = board.data.starts[name];
    if (points) change(board, points, `${name}: ${counted(points.length)}`);
  };
  find(".undo").onclick = () => undo(board);
  find(".clear").onclick = () => change(board, [], "Cleared.");
  find(".train").onclick = () => send(board);
  listenToPointer(board);
  listenToKeys(board);
  root.replaceChildren(page);
  return board;
}

/** The choices that depend on how many classes there are; points of a class that is gone go too. */
function drawClasses(board, { classes, starts }) {
  board.find(".classes").innerHTML = classes.map(({ shape, path, colour }, kind) => `
    <label><input type="radio" name="class" value="${kind}" aria-label="Class ${kind + 1}, ${shape}">
      <svg viewBox="-1.6 -1.6 3.2 3.2" aria-hidden="true"><path d="${path}" fill="${colour}"/></svg>
      <span>${kind + 1}</span></label>`).join("");
  const buttons = Object.keys(starts).map((name) => `<button>${name}</button>`);
  board.find(".starts").innerHTML = buttons.join("");
  board.points = board.points.filter((point) => point[2] < classes.length);
  board.past = [];
  board.chosen = Math.min(board.chosen, classes.length - 1);
}

/** Bring the page in line with the state. */
function show(board) {
  const { data, find, points } = board;
  const [sizes, brush] = [sizesOf(board), BRUSHES[board.brush].name];
  const lacking = reason(sizes, data.limits);
  const texts = {
    ".brush output": brush,
    ".counts": sizes.map((size, kind) => `Class\u00a0${kind + 1}:\u00a0${size}`).join(" · "),
    ".advice": data.advice,
    ".reason": lacking || `${counted(points.length)}${points === board.learned ? ", which the networks learn." : ", ready."}`,
  };
  Object.entries(texts).forEach(([selector, text]) => (find(selector).textContent = text));
  const disabled = { ".undo": !board.past.length, ".clear": !points.length, ".train": Boolean(lacking) };
  Object.entries(disabled).forEach(([selector, off]) => (find(selector).ariaDisabled = String(off)));
  find(`[value="${board.chosen}"]`).checked = true;
  find(".brush input").ariaValueText = brush;
  find(".hint").hidden = points.length > 0;
  keep(points);
  repaint(board);
}

const say = (board, words) => (board.find("[role=status]").textContent = words);

function change(board, points, words) {
  if (!points.length && !board.points.length) return;
  board.past.push(board.points);
  say(board, words);
  show(Object.assign(board, { points }));
}

function undo(board) {
  if (!board.past.length || board.before) return;
  show(Object.assign(board, { points: board.past.pop() }));
  say(board, `Undone; ${counted(board.points.length)}`);
}

function send(board) {
  if (reason(sizesOf(board), board.data.limits)) return;
  board.setTriggerValue("points", { rows: board.points, count: ++board.sent });
  show(Object.assign(board, { learned: board.points }));
  say(board, `${counted(board.points.length)} sent`);
}

// Strokes, by mouse, finger or key

/** Leave at a place what the brush holds, no more than there is room for. */
function spray(board, [x, y]) {
  const { points, chosen, data } = board;
  const { amount, radius } = BRUSHES[board.brush];
  const added = range(Math.min(amount, data.limits.most - points.length)).map((i) => {
    const [dx, dy] = scattered(points.length + i);
    return [folded(x + radius * dx), folded(y + radius * dy), chosen];
  });
  Object.assign(board, { points: [...points, ...added], at: [x, y], dropped: [x, y] });
}

function press(board, at) {
  board.before ??= board.points;
  spray(board, at);
}

function drag(board, at) {
  along(board.dropped, at, BRUSHES[board.brush].spacing).forEach((place) => spray(board, place));
  show(board);
}

function lift(board) {
  if (!board.before) return;
  const added = board.points.length - board.before.length;
  if (added) board.past.push(board.before);
  say(board, strokeLine(added, board.chosen, board.at, board.points.length));
  show(Object.assign(board, { before: null }));
}

function listenToPointer(board) {
  const { canvas } = board;
  const place = ({ offsetX, offsetY }) => {
    const [middle, unit] = measures(canvas);
    return [clamped((offsetX - middle) / unit), clamped((middle - offsetY) / unit)];
  };
  canvas.onpointerdown = (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    canvas.setPointerCapture(event.pointerId);
    press(board, place(event));
    show(Object.assign(board, { aim: "pointer" }));
  };
  canvas.onpointermove = (event) => {
    if (!event.isPrimary) return;
    if (board.before) drag(board, place(event));
    repaint(Object.assign(board, { at: place(event), aim: "pointer" }));
  };
  canvas.onpointerup = canvas.onpointercancel = () => lift(board);
  canvas.onpointerleave = () => repaint(Object.assign(board, { aim: "" }));
}

function listenToKeys(board) {
  const { canvas } = board;
  const aim = (how) => repaint(Object.assign(board, { aim: how }));
  canvas.onkeydown = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !obeyed(board, event)) return;
    event.preventDefault();
    aim("keys");
  };
  canvas.onfocus = () => aim(canvas.matches(":focus-visible") ? "keys" : "");
  canvas.onblur = () => aim("");
}

/** Do what a key asks for; whether it asked for anything. */
function obeyed(board, { key, shiftKey }) {
  const step = (axis) => ARROWS[key][axis] * (shiftKey ? LEAP : STEP);
  if (key in ARROWS) board.at = board.at.map((value, axis) => clamped(value + step(axis)));
  else if (key === "Backspace") undo(board);
  else if (Number(key) - 1 in board.data.classes) show(Object.assign(board, { chosen: Number(key) - 1 }));
  else if (key === "Enter" || key === " ") {
    press(board, board.at);
    lift(board);
  } else return false;
  return true;
}

// Painting

/** The pixel of 0, the same across and down, and the pixels of 1. */
const measures = ({ clientWidth }) => [clientWidth / 2, clientWidth / 2 - INSET];

function repaint(board) {
  cancelAnimationFrame(board.frame);
  board.frame = requestAnimationFrame(() => paint(board));
}

function paint(board) {
  const { canvas, data, points, aim, at } = board;
  const [middle, unit] = measures(canvas);
  const pixel = ([x, y]) => [middle + unit * x, middle - unit * y];
  const size = Math.round(canvas.clientWidth * devicePixelRatio);
  if (canvas.width !== size) canvas.width = canvas.height = size;
  const context = canvas.getContext("2d");
  context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  context.fillStyle = data.paper;
  context.fillRect(0, 0, 2 * middle, 2 * middle);
  Object.assign(context, { strokeStyle: data.ink, fillStyle: data.ink, lineWidth: 1 });
  paintGrid(context, pixel);
  if (aim === "keys") paintLines(context, pixel, at, 0.5);
  for (const point of points) paintPoint(context, pixel(point), Math.max(4, unit / 44), data.classes[point[2]]);
  const brush = new Path2D();
  brush.arc(...pixel(at), Math.max(3, unit * BRUSHES[board.brush].radius), 0, 2 * Math.PI);
  if (aim) context.stroke(brush);
}

/** A line across and one down, through a place. */
function paintLines(context, pixel, place, opacity) {
  const [x, y] = pixel(place).map((value) => Math.floor(value) + 0.5);
  const [[left, top], [right, bottom]] = [pixel([-1, 1]), pixel([1, -1])];
  context.globalAlpha = opacity;
  context.stroke(new Path2D(`M${left} ${y}H${right}M${x} ${top}V${bottom}`));
  context.globalAlpha = 1;
}

function paintGrid(context, pixel) {
  for (let line = -1; line <= 1; line += 0.25) paintLines(context, pixel, [line, line], line ? 0.08 : 0.25);
  const [[left, middle], [centre, top], [right, bottom]] = [pixel([-1, 0]), pixel([0, 1]), pixel([1, -1])];
  const labels = [["−1", left + 4, middle - 5], ["1", right - 10, middle - 5], ["−1", centre + 5, bottom - 5]];
  Object.assign(context, { font: "11px sans-serif", globalAlpha: 0.7 });
  for (const [text, x, y] of [...labels, ["1", centre + 5, top + 13]]) context.fillText(text, x, y);
  context.globalAlpha = 1;
}

function paintPoint(context, [x, y], radius, { path, colour }) {
  const outline = new Path2D();
  outline.addPath(new Path2D(path), new DOMMatrix([radius, 0, 0, radius, x, y]));
  context.fillStyle = colour;
  context.fill(outline);
  context.stroke(outline);
}
