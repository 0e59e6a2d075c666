import { assertFinite, assertInRange, assertOneOf, assertSameLength, logSumExp, quantile } from '@guerdon/core'
import { flatten, toRows } from '../../shared/ragged.ts'
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
  const entropies = new Float64Array(spans.length)
  const steps = new Int32Array(spans.length)
  let count = 0
  for (let k = 0; k < spans.length; k++) {
    const start = spans[k][0]
    const end = spans[k][1]
    if (end <= start) continue
    let total = 0
    for (let t = start; t < end; t++) total += tokenEntropies[t]
    if (!Number.isFinite(total)) assertFinite([total], `token entropies of step ${k}`)
    entropies[count] = total / (end - start)
    steps[count++] = k
  }
  return { entropies: entropies.subarray(0, count), steps: steps.subarray(0, count) }
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
  const { offsets, values } = flatten(entropies)
  assertFinite(values, 'entropies')
  const { low, high } = entropyBounds(values, clipQuantiles)
  const count = values.length
  const normalized = values.map(h => (Math.min(Math.max(h, low), high) - low) / (high - low + epsilon))
  const scale = normalized.map(h => Math.exp(-k * h))
  const dampingMean = meanOf(scale)
  for (let s = 0; s < count; s++) scale[s] /= dampingMean + epsilon
  const clarity = normalized.map(h => Math.exp(-kFuture * h))
  const scaled = new Float64Array(count)
  const bonus = new Float64Array(count)
  const isLast = new Uint8Array(count)
  for (let i = 0; i < entropies.length; i++) {
    const end = offsets[i + 1]
    if (end > offsets[i]) isLast[end - 1] = 1
    for (let s = offsets[i]; s < end; s++) {
      scaled[s] = trajectoryAdvantages[i] * scale[s]
      bonus[s] = isLast[s] ? 0 : zeta * clarity[s + 1]
    }
  }
  const withBonus = isLast.reduce((left, last) => left - last, count)
  const bonusMean = withBonus === 0 ? 0 : bonus.reduce((total, value) => total + value, 0) / withBonus
  if (bonusCentring === 'mean-for-last') for (let s = 0; s < count; s++) if (isLast[s]) bonus[s] = bonusMean
  const before = scaled.map((value, s) => value + bonus[s])
  const apart = bonusCentring === 'with-successor'
  const mean = meanOf(apart ? scaled : before)
  const centred = apart
    ? scaled.map((value, s) => value - mean + (isLast[s] ? 0 : bonus[s] - bonusMean))
    : before.map(value => value - mean)
  return {
    normalizedEntropies: toRows(normalized, offsets),
    gradientScale: toRows(scale, offsets),
    futureClarity: toRows(clarity, offsets),
    beforeCentering: toRows(before, offsets),
    bonus: toRows(bonus, offsets),
    mean,
    stepAdvantages: toRows(centred, offsets),
  }
}

function entropyBounds(all: Float64Array, quantiles: readonly [number, number] | null) {
  if (all.length === 0) return { low: 0, high: 0 }
  if (quantiles) return { low: quantile(all, quantiles[0]), high: quantile(all, quantiles[1]) }
  return {
    low: all.reduce((a, b) => Math.min(a, b)),
    high: all.reduce((a, b) => Math.max(a, b)),
  }
}

function meanOf(values: Float64Array): number {
  return values.length === 0 ? 0 : values.reduce((total, value) => total + value, 0) / values.length
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
    const all = steps[i].steps.length === spans[i].length
    const kept = all ? spans[i] : Array.from(steps[i].steps, k => spans[i][k])
    return placeOnTokens(kept, stepAdvantages[i], row.length)
  })
}
