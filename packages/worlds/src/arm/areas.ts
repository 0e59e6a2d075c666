import { GuerdonError } from '@guerdon/core'

/** A disc that pays more towards its middle. */
export interface RewardArea {
  readonly x: number
  readonly y: number
  readonly radius: number
}

/** What a final position is paid. */
export interface AreaPayment {
  readonly reward: number
  /** Index of the area; −1 outside all of them. */
  readonly area: number
}

/** (R − ‖p − centre‖)/R in the first area that holds p (its rim included), 0 outside all. */
export function payArea(x: number, y: number, areas: readonly RewardArea[]): AreaPayment {
  for (let area = 0; area < areas.length; area++) {
    const { x: centreX, y: centreY, radius } = areas[area]
    const distance = Math.sqrt((x - centreX) ** 2 + (y - centreY) ** 2)
    if (distance <= radius) return { reward: (radius - distance) / radius, area }
  }
  return { reward: 0, area: -1 }
}

/** Throws unless every area is finite and has a radius > 0. */
export function assertAreas(areas: readonly RewardArea[]): void {
  for (const [i, { x, y, radius }] of areas.entries()) {
    if (Number.isFinite(x) && Number.isFinite(y) && radius > 0 && Number.isFinite(radius)) continue
    throw new GuerdonError('invalid_option', `expected a disc with radius > 0; got ${x}, ${y}, radius ${radius}`, {
      path: ['areas', i],
    })
  }
}
