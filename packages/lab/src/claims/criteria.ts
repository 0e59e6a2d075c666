import { GuerdonError, mean, median } from '@guerdon/core'
import type { Criterion } from './claim.ts'

/** The numbers of one arm, by metric, one entry a seed, all arms in the same order of seeds; missing where a run failed. */
export type ArmNumbers = (arm: string, metric: string) => readonly (number | undefined)[]

/** What came of one criterion. */
export interface CriterionOutcome {
  readonly about: string
  readonly metric: string
  readonly arm: string
  readonly against?: string
  /** One entry a seed that both arms finished. */
  readonly values: readonly number[]
  /** The mean or median that decided; for a share of seeds, that share. */
  readonly measured: number
  /** The bound in words: `≥ 0.03 in 5 of 6 seeds`. */
  readonly bound: string
  readonly holds: boolean
}

/**
 * Evaluates a criterion on per-seed numbers, paired by seed. A seed one of whose runs failed is left out of a mean and
 * counts as not holding in a share of seeds.
 *
 * @param stand a control arm that takes the method's place: the criterion as it would be if it were the method
 * @throws not_finite when a run reported NaN or ±Infinity; empty when no seed finished
 */
export function evaluateCriterion(
  criterion: Criterion,
  numbers: ArmNumbers,
  metric: string,
  stand?: { readonly method: string; readonly control: string },
): CriterionOutcome {
  const name = criterion.metric ?? metric
  const who = (id: string): string => (stand?.method === id ? stand.control : id)
  const arm = who(criterion.arm)
  const own = numbers(arm, name)
  const other = criterion.against === undefined ? undefined : numbers(who(criterion.against), name)
  const values: number[] = []
  own.forEach((value, seed) => {
    const rival = other?.[seed]
    if (value === undefined || (other && rival === undefined)) return
    values.push(rival === undefined ? value : criterion.compare === 'ratio' ? value / rival : value - rival)
  })
  if (values.length === 0) {
    throw new GuerdonError('empty', `expected at least one finished seed of ${arm} with ${name}; there is none`)
  }
  const wrong = values.find(value => !Number.isFinite(value))
  if (wrong !== undefined) {
    throw new GuerdonError('not_finite', `expected finite numbers for "${criterion.about}"; got ${wrong} of ${arm}`)
  }
  const { atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY, over = 'mean' } = criterion
  const within = (value: number): boolean => value >= atLeast && value <= atMost
  const share = values.filter(within).length / own.length
  const measured = typeof over === 'object' ? share : over === 'median' ? median(values) : mean(values)
  return {
    about: criterion.about,
    metric: name,
    arm,
    ...(criterion.against !== undefined && { against: who(criterion.against) }),
    values,
    measured,
    bound: describeBound(criterion, own.length),
    holds: typeof over === 'object' ? share >= over.share - 1e-12 : within(measured),
  }
}

function describeBound({ atLeast, atMost, over = 'mean' }: Criterion, seeds: number): string {
  const bounds = [atLeast === undefined ? '' : `≥ ${atLeast}`, atMost === undefined ? '' : `≤ ${atMost}`]
  const range = bounds.filter(Boolean).join(' and ')
  if (typeof over !== 'object') return over === 'mean' ? range : `${range} (median)`
  const needed = Math.ceil(over.share * seeds - 1e-12)
  return needed === seeds ? `${range} in every seed` : `${range} in ${needed} of ${seeds} seeds`
}
