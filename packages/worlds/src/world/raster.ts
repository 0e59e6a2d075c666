import { assertInteger } from '@guerdon/core'

/** A square picture of grey values in [0, 1]: row 0 is the top, entry `row·size + column`. */
export interface Raster {
  readonly size: number
  readonly pixels: Float32Array
  /** World coordinates of the left and lower border, and world units of a side. */
  readonly left: number
  readonly bottom: number
  readonly extent: number
}

/** What part of a world a raster shows, and how finely. */
export interface RasterFrame {
  readonly left: number
  readonly bottom: number
  readonly extent: number
  /** Pixels of a side. Default 64. */
  readonly size?: number | undefined
}

/** A black picture. @throws invalid_option for a size that is no integer ≥ 1 */
export function blankRaster({ left, bottom, extent, size = 64 }: RasterFrame): Raster {
  assertInteger(size, 'size', 1)
  return { size, pixels: new Float32Array(size * size), left, bottom, extent }
}

/**
 * Paints all points within `radius` of the segment from (x1, y1) to (x2, y2) — a disc where these are equal. A pixel
 * takes the larger of what it holds and `grey` times the share of it that is covered, which is taken from the distance of
 * its middle: clamp(½ + (radius − distance)/side of a pixel).
 */
export function paintSegment(
  raster: Raster,
  from: readonly [number, number],
  to: readonly [number, number],
  paint: { readonly radius: number; readonly grey: number },
): void {
  const { size, pixels, left, bottom, extent } = raster
  const side = extent / size
  const reach = paint.radius + side
  const column = (x: number) => Math.floor((x - left) / side)
  const row = (y: number) => Math.floor((bottom + extent - y) / side)
  const firstColumn = Math.max(0, column(Math.min(from[0], to[0]) - reach))
  const lastColumn = Math.min(size - 1, column(Math.max(from[0], to[0]) + reach))
  const firstRow = Math.max(0, row(Math.max(from[1], to[1]) + reach))
  const lastRow = Math.min(size - 1, row(Math.min(from[1], to[1]) - reach))
  const dx = to[0] - from[0]
  const dy = to[1] - from[1]
  const square = dx * dx + dy * dy
  for (let r = firstRow; r <= lastRow; r++) {
    const y = bottom + extent - (r + 0.5) * side - from[1]
    for (let c = firstColumn; c <= lastColumn; c++) {
      const x = left + (c + 0.5) * side - from[0]
      const share = square === 0 ? 0 : Math.min(1, Math.max(0, (x * dx + y * dy) / square))
      const distance = Math.sqrt((x - share * dx) ** 2 + (y - share * dy) ** 2)
      const covered = Math.min(1, Math.max(0, 0.5 + (paint.radius - distance) / side))
      const at = r * size + c
      pixels[at] = Math.max(pixels[at], paint.grey * covered)
    }
  }
}

/** Paints a disc. */
export function paintDisc(
  raster: Raster,
  middle: readonly [number, number],
  paint: { readonly radius: number; readonly grey: number },
): void {
  paintSegment(raster, middle, middle, paint)
}
