/** A box by its corners: x1 ≤ x2 to the right, y1 ≤ y2 downwards. */
export type Box = readonly [x1: number, y1: number, x2: number, y2: number]

/** Whether a point lies in a box, its borders included. */
export function insideBox(x: number, y: number, [x1, y1, x2, y2]: Box): boolean {
  return x >= x1 && x <= x2 && y >= y1 && y <= y2
}

/** Euclidean distance from a point to the nearest point of a box; 0 inside. */
export function distanceToBox(x: number, y: number, [x1, y1, x2, y2]: Box): number {
  return Math.hypot(Math.max(x1 - x, 0, x - x2), Math.max(y1 - y, 0, y - y2))
}

/** Intersection over union of two boxes, in [0, 1]; 0 when both have no area. */
export function boxIou(a: Box, b: Box): number {
  const width = Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0]))
  const height = Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]))
  const union = boxArea(a) + boxArea(b) - width * height
  return union > 0 ? (width * height) / union : 0
}

function boxArea([x1, y1, x2, y2]: Box): number {
  return Math.max(0, x2 - x1) * Math.max(0, y2 - y1)
}
