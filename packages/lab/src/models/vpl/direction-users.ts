import type { Random } from '@guerdon/core'
import type { Comparison } from '@guerdon/learn'

/** Numbers of a thing that is compared. */
export const dimensions = 4

/** Users who value things by a unit direction: two opposite ones, or four at random. */
export function drawDirections(count: 2 | 4, random: Random): Float64Array[] {
  const directions = Array.from({ length: count }, () => unit(random.normals(dimensions)))
  return count === 2 ? [directions[0], directions[0].map(value => -value)] : directions
}

/** What one user said: comparisons in order, the last to be predicted. */
export interface AnnotatedSet {
  /** Index of the user, which no model is told. */
  readonly user: number
  readonly comparisons: readonly Comparison[]
}

/** Sets of users drawn at random: things N(0, 1) in each number, preferred by w·x without noise. */
export function drawSets(
  directions: readonly Float64Array[],
  options: { readonly count: number; readonly size: number; readonly random: Random },
): AnnotatedSet[] {
  const { count, size, random } = options
  return Array.from({ length: count }, () => {
    const user = random.integer(directions.length)
    const comparisons = Array.from({ length: size }, () => compare(directions[user], random))
    return { user, comparisons }
  })
}

function compare(direction: Float64Array, random: Random): Comparison {
  const [first, second] = [random.normals(dimensions), random.normals(dimensions)]
  const [chosen, rejected] = value(direction, first) >= value(direction, second) ? [first, second] : [second, first]
  return { chosen: { prompt: [], candidate: chosen }, rejected: { prompt: [], candidate: rejected } }
}

function value(direction: Float64Array, thing: ArrayLike<number>): number {
  return direction.reduce((sum, weight, i) => sum + weight * thing[i], 0)
}

function unit(values: Float64Array): Float64Array {
  const length = Math.hypot(...values)
  return values.map(entry => entry / length)
}
