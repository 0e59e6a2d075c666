import { assertInRange, assertNotEmpty, assertSameLength, GuerdonError, median } from '@guerdon/core'
import { type LinearRow, solveLinearProgramme } from '../../shared/linear-programme.ts'
import { evaluatePolicy, type FiniteMdp, oneHotPolicy, valueIteration } from '../../shared/tabular.ts'
import { advantageOperator, discountedAdvantageOperator, type HorizonTerms } from './advantage-operator.ts'

/**
 * Action gaps δ_s = min_{a: π_s(a|s)=0} [Q^π(s, π_d(s)) − Q^π(s, a)] with exact policy evaluation; 0 where no action is
 * suboptimal.
 *
 * @param policy [S] the target policy π_d
 * @param stochasticPolicy [S·A] π_s, positive exactly on the optimal actions
 * @returns [S]
 * Source: Devidze et al. 2021, `get_delta_s_given_policy`.
 */
export function actionGaps(
  mdp: FiniteMdp,
  policy: ArrayLike<number>,
  stochasticPolicy: ArrayLike<number>,
): Float64Array {
  const gaps = stateActionGaps(mdp, policy)
  return Float64Array.from({ length: mdp.stateCount }, (_, s) => {
    let gap = Number.POSITIVE_INFINITY
    for (let a = 0; a < mdp.actionCount; a++) {
      const row = s * mdp.actionCount + a
      if (stochasticPolicy[row] === 0) gap = Math.min(gap, gaps[row])
    }
    return Number.isFinite(gap) ? gap : 0
  })
}

/** Q^π(s, π_d(s)) − Q^π(s, a) of every state and action, `[S·A]`. */
export function stateActionGaps(mdp: FiniteMdp, policy: ArrayLike<number>): Float64Array {
  const { q } = evaluatePolicy(mdp, oneHotPolicy(policy, mdp.actionCount))
  return q.map((value, row) => {
    const s = Math.floor(row / mdp.actionCount)
    return q[s * mdp.actionCount + policy[s]] - value
  })
}

/** How the shortfall of the short-horizon advantages is measured. */
export interface InformativenessOptions {
  /** Horizons ℋ. Default {1, 4, 8, 16, 32}. */
  readonly horizons?: readonly number[]
  /** Whether the H-step sum runs over h = 0 … H (2021) or 0 … H−1 (2024). Default `inclusive`. */
  readonly terms?: HorizonTerms
  /** `hinge` max(0, x), `linear` x, `exponential` exp(x / 10). Default `hinge`. */
  readonly shape?: 'hinge' | 'linear' | 'exponential'
  /** Over the wrong actions of a state: the largest shortfall or their sum. Default `max`. */
  readonly over?: 'max' | 'sum'
}

const defaultHorizons = [1, 4, 8, 16, 32]
const EXPONENTIAL_SCALE = 10

function shapeOf(x: number, shape: 'hinge' | 'linear' | 'exponential'): number {
  if (shape === 'hinge') return Math.max(0, x)
  return shape === 'linear' ? x : Math.exp(x / EXPONENTIAL_SCALE)
}

/**
 * Informativeness of a reward table, as reported:
 * I(R̂) = −1/(|ℋ|·S) Σ_H Σ_s max(0, max_{a≠π_d(s)} [δ_s − (A_H R̂)(s,a)]).
 * 0 is best (short-horizon planning already separates right from wrong actions); shaping by Φ = V* attains it.
 *
 * @param rewards [S·A] the candidate table R̂
 * @param gaps [S] δ_s, or [S·A] for a gap of its own for every action
 * Source: Devidze et al. 2021, eq. for I(R); `calculate_I_R`.
 */
export function informativeness(
  mdp: FiniteMdp,
  rewards: ArrayLike<number>,
  policy: ArrayLike<number>,
  gaps: ArrayLike<number>,
  options: InformativenessOptions = {},
): number {
  const { horizons = defaultHorizons, terms = 'inclusive', shape = 'hinge', over = 'max' } = options
  const { stateCount, actionCount } = mdp
  assertNotEmpty(horizons, 'horizons')
  assertSameLength(mdp.rewards, 'the table of the MDP', rewards, 'rewards')
  const perAction = gaps.length === stateCount * actionCount && actionCount > 1
  let total = 0
  for (const horizon of horizons) {
    const operator = advantageOperator(mdp, policy, { horizon, terms })
    for (let s = 0; s < stateCount; s++) {
      let shortfall = over === 'max' ? Number.NEGATIVE_INFINITY : 0
      let wrong = 0
      for (let a = 0; a < actionCount; a++) {
        if (a === policy[s]) continue
        const row = s * actionCount + a
        let advantage = 0
        for (let k = 0; k < rewards.length; k++) advantage += operator[row * rewards.length + k] * rewards[k]
        const missing = (perAction ? gaps[row] : gaps[s]) - advantage
        shortfall = over === 'max' ? Math.max(shortfall, missing) : shortfall + missing
        wrong++
      }
      if (wrong > 0) total += shapeOf(shortfall, shape)
    }
  }
  return -total / (horizons.length * stateCount)
}

/** Choices of the EXPRD linear programme. */
export interface ExprdOptions extends InformativenessOptions {
  /** Z: the states whose actions may carry reward. All when absent. */
  readonly activeStates?: readonly number[]
  /** |R̂| ≤ rMax. Default 10. */
  readonly rMax?: number
  /** Factor on the gaps that keeps a zero-slack programme numerically feasible. Default 1/(1 + 1e-5). */
  readonly gapShrink?: number
  /**
   * `strong` keeps at least the original gap at every state; `weak` only asks for min(δ_s, weakGap). Default `strong`.
   */
  readonly optimality?: 'strong' | 'weak'
  /** A constant, or the median of the gaps. Default `median`. */
  readonly weakGap?: number | 'median'
  /** C₁, weight of the informativeness. Default 1. */
  readonly informativenessWeight?: number
  /** C₂, weight of ‖R̂‖₁. Default 0. */
  readonly sparsityWeight?: number
  /** R̂(s, ·) equal over the actions. Default false. */
  readonly stateOnly?: boolean
  /** Gap of a state for all its actions, or of each action. Default `state`. */
  readonly gapOf?: 'state' | 'state-action'
  /** Tolerance of the value iteration that finds the target policy. Default 1e-10. */
  readonly tolerance?: number
  /** Deterministic target policies `[S]` that must stay optimal; the first best actions when absent. */
  readonly policies?: readonly ArrayLike<number>[]
  /** [S·A] π_s, positive exactly on optimal actions; uniform over ties of the value iteration when absent. */
  readonly stochasticPolicy?: ArrayLike<number>
}

/**
 * Every deterministic policy that is optimal under π_s: one action with π_s > 0 in each state. Give them as `policies`
 * so that tied actions stay optimal too.
 *
 * @throws invalid_input for more than `limit` (default 64) of them
 */
export function optimalPolicies(
  stochasticPolicy: ArrayLike<number>,
  actionCount: number,
  options: { readonly limit?: number } = {},
): readonly Int32Array[] {
  const { limit = 64 } = options
  let policies: Int32Array[] = [new Int32Array(stochasticPolicy.length / actionCount)]
  for (let s = 0; s * actionCount < stochasticPolicy.length; s++) {
    const choices = Array.from({ length: actionCount }, (_, a) => a).filter(
      a => stochasticPolicy[s * actionCount + a] > 0,
    )
    policies = policies.flatMap(policy =>
      choices.map(action => {
        const copy = policy.slice()
        copy[s] = action
        return copy
      }),
    )
    if (policies.length > limit)
      throw new GuerdonError('invalid_input', `expected at most ${limit} optimal policies; there are more`, {
        hint: 'leave the terminal state out of the ties, or keep one action of each tie',
      })
  }
  return policies
}

/**
 * A table rounded as the released designs are: to `decimals` (default 8), entries within `tolerance` (default 1e-10) of
 * 0 set to 0.
 */
export function roundedTable(
  rewards: ArrayLike<number>,
  options: { readonly decimals?: number; readonly tolerance?: number } = {},
): Float64Array {
  const { decimals = 8, tolerance = 1e-10 } = options
  const scale = 10 ** decimals
  return Float64Array.from(rewards, reward => {
    const rounded = Math.round(reward * scale) / scale
    return Math.abs(rounded) <= tolerance ? 0 : rounded
  })
}

/** A designed table, or the finding that the active states cannot carry the constraints. */
export type ExprdResult =
  | {
      readonly feasible: true
      /** [S·A] */
      readonly rewards: Float64Array
      /** The minimised value C₁·(−I) + C₂·‖R̂‖₁; 0 is best. */
      readonly objective: number
    }
  | { readonly feasible: false }

/**
 * EXPRD for a fixed set of active states: maximise C₁·I(R̂) − C₂·‖R̂‖₁ subject to (I_π − I)(I − γP_π)⁻¹R̂ ≥ b (the
 * target policy stays optimal with at least its gap), |R̂| ≤ rMax and R̂ = 0 outside the active states. A linear
 * programme solved exactly (exponential shape: by tangent cuts to 1e-9).
 *
 * The optimum is not unique: compare objectives, not tables. Inside the programme the maximum runs over actions with
 * π_s = 0 and uses the shrunk gaps.
 * Source: Devidze et al. 2021, eq. (P3); `reward_design_model_based`.
 */
export function designExprd(mdp: FiniteMdp, options: ExprdOptions = {}): ExprdResult {
  const { horizons = defaultHorizons, terms = 'inclusive', shape = 'hinge', over = 'max', rMax = 10 } = options
  const { informativenessWeight = 1, sparsityWeight = 0, stateOnly = false, tolerance = 1e-10 } = options
  const { stateCount, actionCount } = mdp
  assertNotEmpty(horizons, 'horizons')
  assertInRange(rMax, 'rMax', 0, Number.MAX_VALUE)
  const solution = valueIteration(mdp, { tolerance })
  const policies = options.policies ?? [solution.policy]
  const target = options.stochasticPolicy ?? solution.stochasticPolicy
  const { required, aimed } = gapsOf(mdp, policies[0], target, options)

  const active = [...(options.activeStates ?? Array.from({ length: stateCount }, (_, s) => s))].sort((a, b) => a - b)
  const unknowns = stateOnly ? active.length : active.length * actionCount
  // which unknown a table entry is; −1 for a state without reward
  const unknownOf = new Int32Array(stateCount * actionCount).fill(-1)
  active.forEach((s, i) => {
    if (!(s >= 0 && s < stateCount))
      throw new GuerdonError('invalid_option', `expected active states in [0, ${stateCount}); got ${s}`, {
        path: ['activeStates'],
      })
    for (let a = 0; a < actionCount; a++) unknownOf[s * actionCount + a] = stateOnly ? i : i * actionCount + a
  })
  const builder = new ProgrammeBuilder(unknowns, rMax)
  const n = stateCount * actionCount
  const weight = informativenessWeight / (policies.length * horizons.length * stateCount)
  const curved: { slack: number; coefficients: Float64Array; constant: number }[] = []
  for (const policy of policies) {
    const optimal = discountedAdvantageOperator(mdp, policy)
    for (let row = 0; row < n; row++)
      builder.atLeast(project(optimal, row, n, unknownOf, unknowns), target[row] === 0 ? required[row] : 0)
    for (const horizon of horizons) {
      const operator = advantageOperator(mdp, policy, { horizon, terms })
      for (let s = 0; s < stateCount; s++) {
        const shortfalls: { coefficients: Float64Array; constant: number }[] = []
        for (let a = 0; a < actionCount; a++) {
          const row = s * actionCount + a
          if (target[row] !== 0) continue
          shortfalls.push({ coefficients: project(operator, row, n, unknownOf, unknowns), constant: aimed[row] })
        }
        if (shortfalls.length === 0) continue
        const pieces = over === 'max' ? shortfalls : [sumOf(shortfalls)]
        const slack = builder.slack(weight, shape)
        for (const piece of pieces) {
          if (shape === 'exponential') curved.push({ slack, ...piece })
          else builder.aboveShortfall(slack, piece.coefficients, piece.constant, 1, 0)
        }
      }
    }
  }
  if (sparsityWeight > 0)
    for (let j = 0; j < unknowns; j++) builder.absolute(j, sparsityWeight * (stateOnly ? actionCount : 1))
  const x = builder.minimise(curved)
  if (!x) return { feasible: false }
  const rewards = Float64Array.from(unknownOf, j => (j < 0 ? 0 : x.values[j]))
  return { feasible: true, rewards, objective: x.objective }
}

/** Gaps the constraints require and the objective aims at, `[S·A]` each. */
function gapsOf(
  mdp: FiniteMdp,
  policy: ArrayLike<number>,
  target: ArrayLike<number>,
  options: ExprdOptions,
): { required: Float64Array; aimed: Float64Array } {
  const { gapShrink = 1 / (1 + 1e-5), optimality = 'strong', weakGap = 'median', gapOf = 'state' } = options
  const original = actionGaps(mdp, policy, target)
  const cap = optimality === 'strong' ? Number.POSITIVE_INFINITY : weakGap === 'median' ? median(original) : weakGap
  const perState = original.map(gap => Math.min(gap * gapShrink, cap))
  const required = new Float64Array(mdp.rewards.length)
  for (let row = 0; row < required.length; row++) required[row] = perState[Math.floor(row / mdp.actionCount)]
  if (gapOf === 'state') return { required, aimed: required }
  return { required, aimed: stateActionGaps(mdp, policy).map(gap => gap * gapShrink) }
}

function project(
  operator: Float64Array,
  row: number,
  n: number,
  unknownOf: Int32Array,
  unknowns: number,
): Float64Array {
  const coefficients = new Float64Array(unknowns)
  for (let k = 0; k < n; k++) if (unknownOf[k] >= 0) coefficients[unknownOf[k]] += operator[row * n + k]
  return coefficients
}

function sumOf(pieces: readonly { coefficients: Float64Array; constant: number }[]): {
  coefficients: Float64Array
  constant: number
} {
  const coefficients = new Float64Array(pieces[0].coefficients.length)
  let constant = 0
  for (const piece of pieces) {
    constant += piece.constant
    for (let j = 0; j < coefficients.length; j++) coefficients[j] += piece.coefficients[j]
  }
  return { coefficients, constant }
}

/** Collects rows over the unknowns and over slacks that are created on the way. */
class ProgrammeBuilder {
  readonly #unknowns: number
  readonly #rMax: number
  readonly #rows: { coefficients: Float64Array; slacks: [number, number][]; lower: number }[] = []
  readonly #slackCosts: number[] = []
  readonly #slackLower: number[] = []

  constructor(unknowns: number, rMax: number) {
    this.#unknowns = unknowns
    this.#rMax = rMax
  }

  atLeast(coefficients: Float64Array, lower: number): void {
    this.#rows.push({ coefficients, slacks: [], lower })
  }

  slack(cost: number, shape: 'hinge' | 'linear' | 'exponential'): number {
    this.#slackCosts.push(cost)
    // a linear shortfall may be negative; 1e6·rMax is beyond anything the bounded table can reach
    this.#slackLower.push(shape === 'linear' ? -1e6 * Math.max(1, this.#rMax) : 0)
    return this.#slackCosts.length - 1
  }

  /** slack ≥ offset + slope·(constant − coefficients·x) */
  aboveShortfall(slack: number, coefficients: Float64Array, constant: number, slope: number, offset: number): void {
    this.#rows.push({
      coefficients: coefficients.map(c => slope * c),
      slacks: [[slack, 1]],
      lower: offset + slope * constant,
    })
  }

  absolute(unknown: number, cost: number): void {
    const slack = this.slack(cost, 'hinge')
    for (const sign of [-1, 1]) {
      const coefficients = new Float64Array(this.#unknowns)
      coefficients[unknown] = sign
      this.#rows.push({ coefficients, slacks: [[slack, 1]], lower: 0 })
    }
  }

  minimise(
    curved: readonly { slack: number; coefficients: Float64Array; constant: number }[],
  ): { values: Float64Array; objective: number } | undefined {
    for (const piece of curved) this.#tangent(piece, 0)
    for (let round = 0; round < 400; round++) {
      const solved = this.#solve()
      if (!solved) return undefined
      let worst = 0
      for (const piece of curved) {
        let shortfall = piece.constant
        for (let j = 0; j < this.#unknowns; j++) shortfall -= piece.coefficients[j] * solved.values[j]
        const missing = Math.exp(shortfall / EXPONENTIAL_SCALE) - solved.values[this.#unknowns + piece.slack]
        worst = Math.max(worst, missing)
        if (missing > 1e-9) this.#tangent(piece, shortfall)
      }
      if (worst <= 1e-9) return solved
    }
    throw new GuerdonError(
      'internal',
      'the tangent cuts of the exponential informativeness did not close within 400 rounds',
    )
  }

  /** Adds the tangent of exp(y/10) at y = `at`. */
  #tangent(piece: { slack: number; coefficients: Float64Array; constant: number }, at: number): void {
    const height = Math.exp(at / EXPONENTIAL_SCALE)
    const slope = height / EXPONENTIAL_SCALE
    this.aboveShortfall(piece.slack, piece.coefficients, piece.constant, slope, height - slope * at)
  }

  #solve(): { values: Float64Array; objective: number } | undefined {
    const slacks = this.#slackCosts.length
    const size = this.#unknowns + slacks
    const cost = new Float64Array(size)
    const lower = new Float64Array(size).fill(-this.#rMax)
    const upper = new Float64Array(size).fill(this.#rMax)
    for (let k = 0; k < slacks; k++) {
      cost[this.#unknowns + k] = this.#slackCosts[k]
      lower[this.#unknowns + k] = this.#slackLower[k]
      upper[this.#unknowns + k] = Number.POSITIVE_INFINITY
    }
    const rows: LinearRow[] = this.#rows.map(row => {
      const coefficients = new Float64Array(size)
      coefficients.set(row.coefficients)
      for (const [slack, value] of row.slacks) coefficients[this.#unknowns + slack] = value
      return { coefficients, lower: row.lower }
    })
    const result = solveLinearProgramme({ cost, rows, lower, upper })
    return result.status === 'optimal' ? { values: result.x, objective: result.objective } : undefined
  }
}
