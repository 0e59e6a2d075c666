import { assertFinite, assertInRange, assertOneOf, assertSameLength, logSumExp, quantile } from '@guerdon/core'
import { placeOnTokens, type Span } from '../../shared/spans.ts'

/** Size of the score function of a categorical policy, and the entropies it is tied to. Nats. */
export interface ScoreNorm {
  /** E_{a∼p} ‖∇_logits log p(a)‖², from its definition. */
  readonly expectedSquaredNorm: number
  /** 1 − exp(−H₂): the same number by the identity. */
  readonly identityRhs: number
  /** Rényi-2 entropy H₂ = −log Σ p². */
  readonly renyi2: number
  readonly shannon: number
}

/**
 * The identity behind EMPG: for p = softmax(logits), E_{a∼p} ‖∇ log p(a)‖² = 1 − Σp² = 1 − exp(−H₂(p)). A confident policy
 * has small gradients whatever its steps deserve.
 */
export function expectedScoreNorm(logits: ArrayLike<number>): ScoreNorm {
  assertFinite(logits, 'logits')
  const normaliser = logSumExp(logits)
  const p = Float64Array.from(logits, logit => Math.exp(logit - normaliser))
  const collision = p.reduce((total, share) => total + share * share, 0)
  let expectedSquaredNorm = 0
  let shannon = 0
  for (let a = 0; a < p.length; a++) {
    expectedSquaredNorm += p[a] * (1 - 2 * p[a] + collision)
    shannon -= p[a] === 0 ? 0 : p[a] * (logits[a] - normaliser)
  }
  const renyi2 = -Math.log(collision)
  return { expectedSquaredNorm, identityRhs: -Math.expm1(-renyi2), renyi2, shannon }
}

/** Mean token entropy of the steps that have tokens. */
export interface StepEntropies {
  /** Nats, one a step in `steps`. */
  readonly entropies: Float64Array
  /** Positions of those steps in the list of spans; steps without tokens are left out. */
  readonly steps: Int32Array
}

/**
 * Mean of the token entropies over each step's span. Steps without tokens are left out: they must not enter the batch
 * statistics.
 *
 * @param tokenEntropies [L] Shannon entropies in nats of the full distribution under the behaviour policy
 * @throws not_finite for a NaN entropy inside a span (a deterministic step has entropy 0, not NaN)
 */
export function stepEntropies(tokenEntropies: ArrayLike<number>, spans: readonly Span[]): StepEntropies {
  const entropies: number[] = []
  const steps: number[] = []
  spans.forEach(([start, end], k) => {
    if (end <= start) return
    let total = 0
    for (let t = start; t < end; t++) total += tokenEntropies[t]
    assertFinite([total], `token entropies of step ${k}`)
    entropies.push(total / (end - start))
    steps.push(k)
  })
  return { entropies: Float64Array.from(entropies), steps: Int32Array.from(steps) }
}

/** Choices of `empgStepAdvantages`. */
export interface EmpgOptions {
  /** k: how strongly a step's entropy damps its advantage; 0 switches the scaling off. Default 1. */
  readonly k?: number
  /** k′: how strongly entropy dims the future clarity. Default 1. */
  readonly kFuture?: number
  /** ζ: weight of the future-clarity bonus. Default 0.05; the paper's listings have 0.05 and 0.1. */
  readonly zeta?: number
  /** Default 1e-8. */
  readonly epsilon?: number
  /**
   * What centring does with the bonus. `together`: one mean over all steps (paper), so the last steps of trajectories, which
   * have no bonus, end below 0 even where all advantages are 0. `with-successor`: the bonus is centred over the steps that
   * can have one. `mean-for-last`: last steps are given the mean bonus. Default `together`.
   */
  readonly bonusCentring?: 'together' | 'with-successor' | 'mean-for-last'
  /** Entropies are clipped to these quantiles of the batch before min–max, against outliers. Default off. */
  readonly clipQuantiles?: readonly [number, number] | null
}

/** Every part of the result, [trajectory][step]. */
export interface EmpgResult {
  /** Min–max over the batch, in [0, 1]. */
  readonly normalizedEntropies: readonly Float64Array[]
  /** g, mean 1 over the steps of the batch. */
  readonly gradientScale: readonly Float64Array[]
  /** f of the step itself; its predecessor gets the bonus. */
  readonly futureClarity: readonly Float64Array[]
  /** A·g + ζ·f(next). */
  readonly beforeCentering: readonly Float64Array[]
  /** ζ·f(next), before centring. */
  readonly bonus: readonly Float64Array[]
  /** What was subtracted (from everything; with `with-successor` the mean of the scaled part). */
  readonly mean: number
  readonly stepAdvantages: readonly Float64Array[]
}

/**
 * EMPG: the advantage of a trajectory, re-scaled step by step by a decreasing function of the step's entropy, plus a bonus
 * for steps after which the policy is certain. Over all steps of the update batch (all prompts together):
 *
 *   H̃ = (H − min)/(max − min + ε)
 *   g = exp(−kH̃) / (mean exp(−kH̃) + ε)
 *   f = exp(−k′H̃)
 *   A′_{i,t} = A_i·g_{i,t} + ζ·f_{i,t+1}  (no bonus on the last step), less the mean of A′ over all steps
 *
 * Confident steps get stronger credit and stronger blame, uncertain ones less of both. A z-score afterwards would undo it.
 * Wang et al. 2025, arXiv 2509.09265.
 *
 * @param entropies [trajectory][step] step entropies in nats
 * @param trajectoryAdvantages one A_i a trajectory, group-normalised
 */
export function empgStepAdvantages(
  entropies: readonly ArrayLike<number>[],
  trajectoryAdvantages: ArrayLike<number>,
  options: EmpgOptions = {},
): EmpgResult {
  const { k = 1, kFuture = 1, zeta = 0.05, epsilon = 1e-8, bonusCentring = 'together', clipQuantiles = null } = options
  assertSameLength(entropies, 'entropies', trajectoryAdvantages, 'trajectoryAdvantages')
  assertFinite(trajectoryAdvantages, 'trajectoryAdvantages')
  assertFinite([k, kFuture, zeta], 'k, kFuture, zeta')
  assertInRange(epsilon, 'epsilon', 0, 1)
  assertOneOf(bonusCentring, 'bonusCentring', ['together', 'with-successor', 'mean-for-last'])
  const all = entropies.flatMap(row => Array.from(row))
  assertFinite(all, 'entropies')
  const bounds = entropyBounds(all, clipQuantiles)
  const normalizedEntropies = entropies.map(row =>
    Float64Array.from(row, h => {
      const clipped = Math.min(Math.max(h, bounds.low), bounds.high)
      return (clipped - bounds.low) / (bounds.high - bounds.low + epsilon)
    }),
  )
  const damping = normalizedEntropies.map(row => row.map(h => Math.exp(-k * h)))
  const dampingMean = meanOf(damping)
  const gradientScale = damping.map(row => row.map(value => value / (dampingMean + epsilon)))
  const futureClarity = normalizedEntropies.map(row => row.map(h => Math.exp(-kFuture * h)))
  const scaled = gradientScale.map((row, i) => row.map(g => trajectoryAdvantages[i] * g))
  const own = futureClarity.map(row => row.map((_, t) => (t + 1 < row.length ? zeta * row[t + 1] : 0)))
  const bonusMean = meanOf(own.map(row => row.subarray(0, Math.max(0, row.length - 1))))
  const isLast = (t: number, row: Float64Array) => t === row.length - 1
  const bonus =
    bonusCentring === 'mean-for-last' ? own.map(row => row.map((b, t) => (isLast(t, row) ? bonusMean : b))) : own
  const beforeCentering = scaled.map((row, i) => row.map((value, t) => value + bonus[i][t]))
  const mean = meanOf(bonusCentring === 'with-successor' ? scaled : beforeCentering)
  const stepAdvantages =
    bonusCentring === 'with-successor'
      ? scaled.map((row, i) => row.map((value, t) => value - mean + (isLast(t, row) ? 0 : bonus[i][t] - bonusMean)))
      : beforeCentering.map(row => row.map(value => value - mean))
  return { normalizedEntropies, gradientScale, futureClarity, beforeCentering, bonus, mean, stepAdvantages }
}

function entropyBounds(all: readonly number[], quantiles: readonly [number, number] | null) {
  if (all.length === 0) return { low: 0, high: 0 }
  if (quantiles) return { low: quantile(all, quantiles[0]), high: quantile(all, quantiles[1]) }
  return {
    low: all.reduce((a, b) => Math.min(a, b)),
    high: all.reduce((a, b) => Math.max(a, b)),
  }
}

function meanOf(rows: readonly Float64Array[]): number {
  let total = 0
  let count = 0
  for (const row of rows) {
    for (const value of row) total += value
    count += row.length
  }
  return count === 0 ? 0 : total / count
}

/**
 * End to end on tokens: step entropies from token entropies, `empgStepAdvantages`, broadcast over the spans; tokens outside
 * every step get 0.
 *
 * @param tokenEntropies [trajectory][L]
 * @param spans [trajectory][step]
 */
export function empgTokenAdvantages(
  tokenEntropies: readonly ArrayLike<number>[],
  spans: readonly (readonly Span[])[],
  trajectoryAdvantages: ArrayLike<number>,
  options: EmpgOptions = {},
): Float64Array[] {
  assertSameLength(tokenEntropies, 'tokenEntropies', spans, 'spans')
  const steps = tokenEntropies.map((row, i) => stepEntropies(row, spans[i]))
  const { stepAdvantages } = empgStepAdvantages(
    steps.map(step => step.entropies),
    trajectoryAdvantages,
    options,
  )
  return tokenEntropies.map((row, i) => {
    const kept = Array.from(steps[i].steps, k => spans[i][k])
    return placeOnTokens(kept, stepAdvantages[i], row.length)
  })
}
