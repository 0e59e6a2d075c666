import { GuerdonError } from '@guerdon/core'

/** Gymnasium's definitions of an environment. */
export const environmentVersions = ['v4', 'v5'] as const
/** Which of them. */
export type EnvironmentVersion = (typeof environmentVersions)[number]

/** An open range; null: no limit. */
export type Range = readonly [low: number | null, high: number | null]

/** Whether low < value < high. NaN is in no range. */
export function strictlyWithin(value: number, [low, high]: Range): boolean {
  return (
    (low === null ? value > Number.NEGATIVE_INFINITY : value > low) &&
    (high === null ? value < Number.POSITIVE_INFINITY : value < high)
  )
}

/** Throws unless every one of these options is a finite number ≥ 0. */
export function assertWeights(weights: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(weights)) {
    if (Number.isFinite(value) && value >= 0) continue
    throw new GuerdonError('invalid_option', `expected ${name} ≥ 0 and finite; got ${value}`, { path: [name] })
  }
}
