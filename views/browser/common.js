/** What more than one part that lives in the browser needs: mounting, elements, storage, numbers, maps on canvas. */

/**
 * What Streamlit hands a component at every run of the page.
 * @template Data
 * @typedef {object} Given
 * @property {Data} data
 * @property {HTMLElement | ShadowRoot} parentElement where it is mounted
 * @property {(name: string, value: unknown) => void} setTriggerValue
 * @property {(name: string, value: unknown) => void} setStateValue
 */
/** @typedef {readonly [number, number]} Pair x and y, or across and down */
/** @typedef {[colour: string, width: number, dash: number[]]} Stroke of a line, in CSS pixels */
/** @typedef {{ fillStyle: string, strokeStyle: string, lineWidth: number }} Look of a dot: its colour, its rim */

// Mounting

/**
 * A component whose state lasts from its first data until it is taken away.
 * @template {object} State
 * @template Data
 * @param {(root: HTMLElement, data: Data) => State} build at the first data
 * @param {(state: State, given: Given<Data>) => void} update at all data, the first included
 * @param {(state: State) => void} [remove]
 */
export function component(build, update, remove) {
  /** @type {WeakMap<HTMLElement | ShadowRoot, State>} */
  const mounted = new WeakMap();
  /** @param {Given<Data>} given */
  return (given) => {
    const { data, parentElement } = given;
    const state = mounted.get(parentElement) ?? build(find(parentElement, ".root"), data);
    mounted.set(parentElement, state);
    update(state, given);
    return () => {
      remove?.(state);
      mounted.delete(parentElement);
    };
  };
}

/**
 * Do something once for as long as the window is open, however often it is asked for.
 * @param {string} name of what is done
 * @param {() => void} act
 */
export function once(name, act) {
  const { dataset } = document.documentElement;
  if (dataset[name]) return;
  dataset[name] = "done";
  act();
}

// Elements

/**
 * What is known to be there.
 * @template Value
 * @param {Value} value
 * @returns {NonNullable<Value>}
 */
export function there(value) {
  if (value === null || value === undefined) throw new TypeError("something is missing that is always there");
  return value;
}

/**
 * The first element that fits and is known to be there, and of this kind.
 * @template {Element} Kind
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => Kind} kind
 * @returns {Kind}
 */
export function findKind(root, selector, kind) {
  const found = root.querySelector(selector);
  if (found instanceof kind) return found;
  throw new TypeError(`no ${kind.name} is ${selector}`);
}

/** @param {ParentNode} root @param {string} selector */
export const find = (root, selector) => findKind(root, selector, HTMLElement);
/** @param {ParentNode} root @param {string} selector */
export const findCanvas = (root, selector) => findKind(root, selector, HTMLCanvasElement);
/** @param {ParentNode} root @param {string} selector */
export const findInput = (root, selector) => findKind(root, selector, HTMLInputElement);

/**
 * What an event has hit, or the nearest element around that which fits.
 * @param {Event} event
 * @param {string} selector
 * @returns {HTMLElement | null}
 */
export function hit({ target }, selector) {
  const found = target instanceof Element ? target.closest(selector) : null;
  return found instanceof HTMLElement ? found : null;
}

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} className
 * @param {(Node | string)[]} children
 */
export function element(tag, className, ...children) {
  const made = Object.assign(document.createElement(tag), { className });
  made.append(...children);
  return made;
}

/** What has the keyboard's focus, of what is mounted where this is. @param {Node} node */
export function focusedBeside(node) {
  const root = node.getRootNode();
  return root instanceof ShadowRoot || root instanceof Document ? root.activeElement : null;
}

/** The selector of a part of the page, by its key. @param {string} key */
export const keyed = (key) => `.st-key-${CSS.escape(key)}`;

/** How to scroll. @returns {ScrollBehavior} */
export const gait = () => (matchMedia("(prefers-reduced-motion: reduce)").matches ? "instant" : "smooth");

/** Which way an arrow key points, across and up. @type {Record<string, Pair | undefined>} */
export const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

// The browser's storage, which may be closed to us

/** @param {"localStorage" | "sessionStorage"} storage @param {string} key */
export function recall(storage, key) {
  try {
    return window[storage].getItem(key);
  } catch {
    return null;
  }
}

/** @param {"localStorage" | "sessionStorage"} storage @param {string} key @param {string} value */
export function keep(storage, key, value) {
  try {
    window[storage].setItem(key, value);
  } catch {
    // Then it is not known next time.
  }
}

// Numbers

/** From 0 on. @param {number} count */
export const range = (count) => Array.from({ length: count }, (_, i) => i);
/** @param {number} value @param {number} low @param {number} high */
export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
/** With commas between thousands. @param {number} value */
export const grouped = (value) => value.toLocaleString("en");

/** base64 → bytes. @param {string} text */
export const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** Deflated bytes in base64 → the bytes. @param {string} text */
export async function inflated(text) {
  const stream = new Blob([bytes(text)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// Canvas

/**
 * The pen of a canvas, in CSS pixels; the canvas empty, with the pixels that the screen has there.
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {number} height
 */
export function cleaned(canvas, width, height) {
  const [across, down] = [width, height].map((side) => Math.round(side * devicePixelRatio));
  if (canvas.width !== across || canvas.height !== down) Object.assign(canvas, { width: across, height: down });
  const pen = there(canvas.getContext("2d"));
  pen.setTransform(across / width, 0, 0, down / height, 0, 0);
  pen.clearRect(0, 0, width, height);
  return pen;
}

/**
 * A map of one pixel a cell, enlarged. Its outermost cells only tell how it goes on.
 * @param {CanvasRenderingContext2D} pen
 * @param {ImageData} cells
 * @param {number} width
 * @param {number} height
 */
export function paintCells(pen, cells, width, height) {
  const small = new OffscreenCanvas(cells.width, cells.height);
  there(small.getContext("2d")).putImageData(cells, 0, 0);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(small, 1, 1, cells.width - 2, cells.height - 2, 0, 0, width, height);
}

/**
 * Marching squares, each cut into two triangles: adds the line where the lead is 0 to a path, in cells.
 * @param {Pick<Path2D, "moveTo" | "lineTo">} path
 * @param {ArrayLike<number>} lead
 * @param {number} side
 */
export function addBoundary(path, lead, side) {
  /** @param {number} cell @returns {Pair} */
  const centre = (cell) => [(cell % side) - 0.5, Math.floor(cell / side) - 0.5];
  /** @param {Pair} edge @returns {Pair} */
  const crossing = ([from, to]) => {
    const share = lead[from] / (lead[from] - lead[to]);
    const [[x0, y0], [x1, y1]] = [centre(from), centre(to)];
    return [x0 + share * (x1 - x0), y0 + share * (y1 - y0)];
  };
  for (let cell = 0; cell < side * (side - 1); cell++) {
    const [across, wins] = [cell + side + 1, lead[cell] > 0];
    if (cell % side === side - 1) continue;
    if (wins === lead[cell + 1] > 0 && wins === lead[cell + side] > 0 && wins === lead[across] > 0) continue;
    for (const corner of [cell + 1, cell + side]) {
      /** @type {Pair[]} */
      const edges = [[cell, corner], [corner, across], [across, cell]];
      const [one, other] = edges.filter(([from, to]) => lead[from] > 0 !== lead[to] > 0); // two, or none
      if (!one) continue;
      path.moveTo(...crossing(one));
      path.lineTo(...crossing(other));
    }
  }
}

/**
 * Draws a path that is given in cells, without making the line itself wider one way than the other.
 * @param {CanvasRenderingContext2D} pen
 * @param {Path2D} path
 * @param {number} side
 * @param {number} width
 * @param {number} height
 * @param {Stroke[]} strokes
 */
export function strokeCells(pen, path, side, width, height, strokes) {
  const scaled = new Path2D();
  scaled.addPath(path, new DOMMatrix([width / (side - 2), 0, 0, height / (side - 2), 0, 0]));
  for (const [strokeStyle, lineWidth, dash] of strokes) {
    Object.assign(pen, { strokeStyle, lineWidth, lineCap: dash.length ? "butt" : "round" }).setLineDash(dash);
    pen.stroke(scaled);
  }
  pen.setLineDash([]);
}

/** @param {CanvasRenderingContext2D} pen @param {Pair} place @param {number} radius @param {Look} look */
export function paintDot(pen, [x, y], radius, look) {
  Object.assign(pen, look).beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fill();
  pen.stroke();
}
