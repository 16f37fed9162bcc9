/** What several parts that live in the browser share; the part's own script follows. */

/** base64 → bytes. */
const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** Deflated bytes in base64 → the bytes. */
async function inflated(text) {
  const stream = new Blob([bytes(text)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** A map smoothed over 3 × 3 cells, so that no steps are seen where it is nearly level. */
function smoothed(raw, side) {
  const across = raw.map((own, i) => 2 * own + (i % side ? raw[i - 1] : own) + ((i + 1) % side ? raw[i + 1] : own));
  return across.map((own, i) => 2 * own + (across[i - side] ?? own) + (across[i + side] ?? own));
}

/** Pieces of a line, [[x, y], [x, y]], each end on one of another: as few lines as they make, for a dash to run along. */
function joined(pieces) {
  const key = ([x, y]) => `${x.toFixed(4)} ${y.toFixed(4)}`;
  const at = new Map(); // an end → the pieces that have it
  pieces.forEach((piece) => piece.forEach((end) => at.set(key(end), [...(at.get(key(end)) ?? []), piece])));
  const used = new Set();
  const follow = (line) => {
    for (let end = line.at(-1), piece; (piece = at.get(key(end)).find((each) => !used.has(each))); end = line.at(-1)) {
      used.add(piece);
      line.push(key(piece[0]) === key(end) ? piece[1] : piece[0]);
    }
    return line;
  };
  return pieces.flatMap((piece) => {
    if (used.has(piece)) return [];
    used.add(piece);
    return [follow(follow([...piece]).reverse())];
  });
}

/** Marching squares, each cut into two triangles: adds the line where the lead is 0 to a path, in cells. */
function addBoundary(path, lead, side) {
  const centre = (cell) => [(cell % side) - 0.5, Math.floor(cell / side) - 0.5];
  const crossing = ([from, to]) => {
    const share = lead[from] / (lead[from] - lead[to]);
    return centre(from).map((place, axis) => place + share * (centre(to)[axis] - place));
  };
  for (let cell = 0; cell < side * (side - 1); cell++) {
    const across = cell + side + 1;
    for (const corner of cell % side < side - 1 ? [cell + 1, cell + side] : []) {
      const edges = [[cell, corner], [corner, across], [across, cell]];
      const [one, other] = edges.filter(([from, to]) => lead[from] > 0 !== lead[to] > 0); // two, or none
      if (!one) continue;
      path.moveTo(...crossing(one));
      path.lineTo(...crossing(other));
    }
  }
}
