/** An axis-aligned box [x₁, y₁, x₂, y₂] in pixels or any one unit, x₁ ≤ x₂, y₁ ≤ y₂. */
export type Box = readonly [x1: number, y1: number, x2: number, y2: number]

/** True for four finite numbers with x₁ ≤ x₂ and y₁ ≤ y₂. */
export function isBox(value: unknown): value is Box {
  if (!isNumberList(value, 4)) return false
  return value[0] <= value[2] && value[1] <= value[3]
}

/** True for two finite numbers. */
export function isPoint(value: unknown): value is readonly [x: number, y: number] {
  return isNumberList(value, 2)
}

function isNumberList(value: unknown, length: number): value is number[] {
  return Array.isArray(value) && value.length === length && value.every(entry => Number.isFinite(entry))
}

/** Whether a point lies in a box, borders included. */
export function insideBox([x, y]: readonly [number, number], [x1, y1, x2, y2]: Box): boolean {
  return x >= x1 && x <= x2 && y >= y1 && y <= y2
}

/** Width × height. */
export function boxArea([x1, y1, x2, y2]: Box): number {
  return (x2 - x1) * (y2 - y1)
}

/** |a₁ − b₁| + … + |a₄ − b₄|. */
export function boxDistance(a: Box, b: Box): number {
  return Math.abs(a[0] - b[0]) + Math.abs(a[1] - b[1]) + Math.abs(a[2] - b[2]) + Math.abs(a[3] - b[3])
}

/**
 * Overlap of two boxes.
 *
 * iou = |a ∩ b| / |a ∪ b| ∈ [0, 1]; giou = iou − (|hull| − |a ∪ b|) / |hull| ∈ (−1, 1] (Rezatofighi et al. 2019), which
 * also tells how far apart disjoint boxes are. Two boxes without area have iou 0; a hull without area takes nothing
 * off.
 */
export function boxOverlap(a: Box, b: Box): { readonly iou: number; readonly giou: number } {
  const width = Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0]))
  const height = Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]))
  const shared = width * height
  const union = boxArea(a) + boxArea(b) - shared
  const iou = union > 0 ? shared / union : 0
  const hull = (Math.max(a[2], b[2]) - Math.min(a[0], b[0])) * (Math.max(a[3], b[3]) - Math.min(a[1], b[1]))
  return { iou, giou: hull > 0 ? iou - (hull - union) / hull : iou }
}
