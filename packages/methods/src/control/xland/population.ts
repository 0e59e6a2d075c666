import { assertNotEmpty, assertSameLength, GuerdonError, quantile, type Random } from '@guerdon/core'
import { solveLinearProgramme } from '../../shared/linear-programme.ts'

/** Scores of a population on a set of tasks, comparable across tasks. */
export interface NormalisedPercentiles {
  /** Tasks with a positive normaliser; the others are dropped. */
  readonly tasksUsed: readonly number[]
  /** [agents][tasks used] score / normaliser. */
  readonly normalised: readonly Float64Array[]
  /** [agents][k] percentiles over tasks; null for an agent when no task is left. */
  readonly percentiles: readonly (Float64Array | null)[]
  /** [agents] fraction of used tasks with score > 0; over all tasks when none is used. */
  readonly participation: Float64Array
}

/**
 * Normalises each task's scores and reads percentiles over tasks (linear interpolation). Low percentiles are what force
 * generality: a mean can be bought by easy tasks. Compare only vectors made with the same normalisers.
 *
 * @param scores [agents][tasks]
 * @param normalisers [tasks]
 * @param percentiles in [0, 100]. Default 10, 20, 50, 80
 */
export function normalisedPercentiles(
  scores: readonly ArrayLike<number>[],
  normalisers: ArrayLike<number>,
  percentiles: readonly number[] = [10, 20, 50, 80],
): NormalisedPercentiles {
  const tasksUsed: number[] = []
  for (let task = 0; task < normalisers.length; task++) if (normalisers[task] > 0) tasksUsed.push(task)
  const normalised = scores.map(row => {
    assertSameLength(normalisers, 'normalisers', row, 'scores of an agent')
    return Float64Array.from(tasksUsed, task => row[task] / normalisers[task])
  })
  return {
    tasksUsed,
    normalised,
    percentiles: normalised.map(row =>
      row.length === 0 ? null : Float64Array.from(percentiles, k => quantile(row, k / 100)),
    ),
    participation: Float64Array.from(scores, (row, agent) => {
      const counted: ArrayLike<number> = tasksUsed.length > 0 ? normalised[agent] : row
      let positive = 0
      for (let i = 0; i < counted.length; i++) if (counted[i] > 0) positive++
      return counted.length === 0 ? 0 : positive / counted.length
    }),
  }
}

/** Single-player normaliser: the best score any agent reaches on each task. `scores` [agents][tasks]. */
export function bestAgentNormaliser(scores: readonly ArrayLike<number>[]): Float64Array {
  assertNotEmpty(scores, 'scores')
  return Float64Array.from({ length: scores[0].length }, (_, task) => Math.max(...scores.map(row => row[task])))
}

/** Value and a maximin mixture of a zero-sum matrix game. */
export interface NashMixture {
  readonly value: number
  /** [rows] probabilities of the row player. Not unique when several mixtures reach the value. */
  readonly mixture: Float64Array
}

/**
 * Multi-player normaliser: the equilibrium of the zero-sum meta-game between population members, a linear programme
 * max v s.t. Σᵢ pᵢ·Mᵢⱼ ≥ v for every column j, p a distribution.
 *
 * @param payoff [rows][columns] what the row player gets; it maximises
 */
export function nashNormaliser(payoff: readonly ArrayLike<number>[]): NashMixture {
  assertNotEmpty(payoff, 'payoff')
  const rows = payoff.length
  const columns = payoff[0].length
  let smallest = Number.POSITIVE_INFINITY
  let largest = Number.NEGATIVE_INFINITY
  for (const row of payoff) {
    assertSameLength(payoff[0], 'the first row of payoff', row, 'another row')
    for (let j = 0; j < columns; j++) {
      smallest = Math.min(smallest, row[j])
      largest = Math.max(largest, row[j])
    }
  }
  const result = solveLinearProgramme({
    cost: [...new Array<number>(rows).fill(0), -1],
    rows: [
      { coefficients: [...new Array<number>(rows).fill(1), 0], lower: 1, upper: 1 },
      ...Array.from({ length: columns }, (_, j) => ({
        coefficients: [...payoff.map(row => row[j]), -1],
        lower: 0,
      })),
    ],
    lower: [...new Array<number>(rows).fill(0), smallest],
    upper: [...new Array<number>(rows).fill(1), largest],
  })
  if (result.status !== 'optimal')
    throw new GuerdonError('invalid_input', 'expected a finite payoff matrix; its game has no value')
  return { value: result.x[rows], mixture: result.x.slice(0, rows) }
}

/** True iff `first` is at least `second` everywhere and greater somewhere. */
export function paretoDominates(first: ArrayLike<number>, second: ArrayLike<number>): boolean {
  assertSameLength(first, 'first', second, 'second')
  let better = false
  for (let i = 0; i < first.length; i++) {
    if (first[i] < second[i]) return false
    if (first[i] > second[i]) better = true
  }
  return better
}

/** Fitness of an agent: its percentiles, and its participation while that is still below 1. */
export interface AgentFitness {
  readonly percentiles: ArrayLike<number>
  readonly participation?: number
}

/**
 * Fitness schedule: while either participation is below 1, participation decides first and percentiles break its ties;
 * afterwards percentiles alone, by Pareto dominance.
 */
export function fitterThan(first: AgentFitness, second: AgentFitness): boolean {
  const own = first.participation ?? 1
  const other = second.participation ?? 1
  if ((own < 1 || other < 1) && own !== other) return own > other
  return paretoDominates(first.percentiles, second.percentiles)
}

/**
 * Population-based training, exploit step: an agent copies its rival's weights and hyper-parameters iff the rival's
 * percentile vector dominates its own. Incomparable agents keep what they have.
 */
export function pbtExploit(agent: ArrayLike<number>, rival: ArrayLike<number>): boolean {
  return paretoDominates(rival, agent)
}

/**
 * Explore step: every numeric hyper-parameter × or ÷ `factor` (default 1.2), one coin each from `random` in key order.
 */
export function pbtMutate<Parameters extends Readonly<Record<string, number>>>(
  parameters: Parameters,
  random: Random,
  options: { readonly factor?: number } = {},
): Record<keyof Parameters, number> {
  const { factor = 1.2 } = options
  const entries = Object.entries(parameters).map(([name, value]) => [
    name,
    random.bernoulli(0.5) ? value * factor : value / factor,
  ])
  return Object.fromEntries(entries) as Record<keyof Parameters, number>
}

/** w(t) = initial·max(0, 1 − t/endStep): weight of KL(teacher ‖ student) at an absolute step. */
export function distillationWeight(
  step: number,
  options: { /** Default 1. */ readonly initial?: number /** Default 4e9. */; readonly endStep?: number } = {},
): number {
  const { initial = 1, endStep = 4e9 } = options
  if (!(endStep > 0))
    throw new GuerdonError('invalid_option', `expected endStep > 0; got ${endStep}`, { path: ['endStep'] })
  return initial * Math.max(0, 1 - step / endStep)
}
