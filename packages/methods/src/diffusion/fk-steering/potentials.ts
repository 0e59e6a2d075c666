import { assertFiniteNumber, assertOneOf, assertSameLength, GuerdonError, logSumExp } from '@guerdon/core'
import { effectiveSampleSize, type ResampleSchedule, resampleSchedule } from './resampling.ts'

/** What the intermediate rewards of a path are turned into. */
export const potentials = ['difference', 'max', 'sum', 'reward', 'bestOfN', 'importance'] as const
/** Name of a potential. */
export type Potential = (typeof potentials)[number]

/** Choices of steering. */
export interface FkOptions {
  /** Default `difference`. */
  readonly potential?: Potential
  /** λ > 0, sharpness of the tilt. Default 10. */
  readonly lambda?: number
  /**
   * What stands in the numerator at the last step for `max` and `sum`: the final reward, so that the potentials multiply to
   * exp(λ·r(x₀)) (`paper`), or the running max or sum (`official`). Default `paper`.
   */
  readonly terminalForm?: 'paper' | 'official'
  /** Resample only when the effective sample size is below this share of k; 1 resamples at every scored step. Default 0.5. */
  readonly essThreshold?: number
}

/** Per particle: reward kept for the next potential, log Π of potentials so far, log-weight since the last resampling. */
export interface FkState {
  /** null: nothing scored yet. */
  readonly running: readonly (number | null)[]
  readonly logProduct: readonly number[]
  readonly logWeight: readonly number[]
}

/** State of k particles before the first scored step. */
export function initialFkState(count: number): FkState {
  return {
    running: new Array<null>(count).fill(null),
    logProduct: new Array<number>(count).fill(0),
    logWeight: new Array<number>(count).fill(0),
  }
}

/** What a scored step says. */
export interface FkStep {
  /** State before any resampling; `resampleState` permutes it. */
  readonly state: FkState
  /** [k] normalised weights since the last resampling; uniform when every particle underflows or failed. */
  readonly weights: Float64Array
  readonly effectiveSampleSize: number
  readonly resample: boolean
  /** log of the mean unnormalised weight. */
  readonly logMeanWeight: number
  /** True when the weights fell back to uniform. */
  readonly degenerate: boolean
}

/**
 * Weighs k particles at a scored step. With r the intermediate reward and P the running one,
 *
 *   difference  log G = λ(r − P), P ← r (P = 0 at first)
 *   max         log G = λ·max(r, P), P ← max(r, P);     last step λ·r − log Π
 *   sum         log G = λ·(r + P),   P ← r + P;         last step λ·r − log Π
 *   reward      log G = λ·r;                            last step λ·r − log Π
 *   bestOfN, importance   nothing until the last step, then log G = λ·r
 *
 * In logarithms throughout, and weights accumulate until the next resampling, so that skipping one loses no potential. The
 * product along a path is exp(λ·r(x₀)) for every potential under `terminalForm: 'paper'`.
 *
 * Singhal et al., "A General Framework for Inference-time Scaling and Steering of Diffusion Models", arXiv 2501.06848.
 *
 * @param rewards [k]; `failed[i]` gives particle i weight 0
 * @throws not_finite for a reward that is NaN or infinite without being marked as failed
 */
export function weighParticles(
  state: FkState,
  rewards: ArrayLike<number>,
  terminal: boolean,
  options: FkOptions = {},
  failed?: ArrayLike<number | boolean>,
): FkStep {
  const { potential = 'difference', lambda = 10, terminalForm = 'paper', essThreshold = 0.5 } = options
  assertOneOf(potential, 'potential', potentials)
  assertSameLength(state.running, 'particles', rewards, 'rewards')
  if (!(lambda > 0))
    throw new GuerdonError('invalid_option', `expected lambda > 0; got ${lambda}`, { path: ['lambda'] })
  const count = rewards.length
  const [running, logProduct, logWeight] = [[...state.running], [...state.logProduct], [...state.logWeight]]
  for (let i = 0; i < count; i++) {
    if (failed?.[i]) {
      logWeight[i] = Number.NEGATIVE_INFINITY
      continue
    }
    const reward = rewards[i]
    assertFiniteNumber(reward, `rewards[${i}]`)
    const candidate = candidateReward(potential, reward, running[i])
    const logPotential = logPotentialOf(reward, candidate, running[i], logProduct[i])
    running[i] = candidate
    logProduct[i] += logPotential
    logWeight[i] += logPotential
  }
  const logTotal = logSumExp(logWeight)
  const degenerate = !Number.isFinite(logTotal)
  const weights = Float64Array.from(logWeight, value => (degenerate ? 1 / count : Math.exp(value - logTotal)))
  const size = effectiveSampleSize(weights)
  return {
    state: { running, logProduct, logWeight },
    weights,
    effectiveSampleSize: size,
    resample: degenerate || essThreshold >= 1 || size < essThreshold * count,
    logMeanWeight: logTotal - Math.log(count),
    degenerate,
  }

  function logPotentialOf(reward: number, candidate: number, previous: number | null, product: number): number {
    if (potential === 'difference') return lambda * (reward - (previous ?? 0))
    if (potential === 'bestOfN' || potential === 'importance') return terminal ? lambda * reward : 0
    if (!terminal) return lambda * candidate
    return lambda * (terminalForm === 'official' ? candidate : reward) - product
  }
}

/** The state after resampling: everything a particle carries moves with it, and weights start anew. */
export function resampleState(state: FkState, sources: ArrayLike<number>): FkState {
  const pick = <T>(values: readonly T[]): T[] => Array.from(sources, source => values[source])
  return {
    running: pick(state.running),
    logProduct: pick(state.logProduct),
    logWeight: new Array<number>(sources.length).fill(0),
  }
}

function candidateReward(potential: Potential, reward: number, running: number | null): number {
  if (potential === 'max') return running === null ? reward : Math.max(reward, running)
  if (potential === 'sum') return reward + (running ?? 0)
  return reward
}

/** log[(1/m)·Σ_j exp rⱼ] for each particle: the intermediate reward from m draws of the clean sample. */
export function logMeanExpReward(scoresPerParticle: readonly ArrayLike<number>[]): Float64Array {
  return Float64Array.from(scoresPerParticle, scores => logSumExp(scores) - Math.log(scores.length))
}

/** One step of the released classes, before the draw. */
export interface ReleasedFkInput {
  /** The two implementations: `image` tests the effective sample size at the end too, `text` only when adaptive. */
  readonly variant: 'image' | 'text'
  readonly potential: Potential
  readonly lambda: number
  readonly rewards: ArrayLike<number>
  readonly populationRewards: ArrayLike<number>
  readonly productOfPotentials: ArrayLike<number>
  readonly step: number
  readonly schedule: ResampleSchedule
  readonly adaptive: boolean
  /** Text only: test the effective sample size at the last step. */
  readonly adaptiveAtEnd?: boolean
  readonly essThreshold: number
}

/** What the released classes compute at a scored step; `scheduled: false` and nothing else otherwise. */
export interface ReleasedFkStep {
  readonly scheduled: boolean
  readonly resampled: boolean
  readonly candidateRewards?: Float64Array
  readonly weights?: Float64Array
  readonly ess?: number
  readonly sourceIndex?: Int32Array
  readonly newPopulationRewards?: Float64Array
  readonly newProductOfPotentials?: Float64Array
}

/**
 * The step exactly as released (`compat: 'released'` of `weighParticles`): weights in linear space clamped to [0, 1e10] with
 * NaN as 0, the running max or sum in the last numerator, and a skipped resampling that forgets its potential. When all
 * weights vanish the text class falls back to uniform ones; the image class fails, or where it tests the effective sample
 * size finds NaN and leaves the particles as they are. Best-of-n only sorts them, NaN first. Source: both `fkd_class.py` of
 * zacharyhorvitz/Fk-Diffusion-Steering.
 *
 * @param draw sources for given weights: the multinomial draw of the reference
 */
export function releasedFkStep(
  input: ReleasedFkInput,
  draw: (weights: Float64Array) => ArrayLike<number>,
): ReleasedFkStep {
  const { variant, potential, lambda, rewards, populationRewards, productOfPotentials, step, schedule } = input
  const terminal = step === schedule.steps - 1
  const early = (potential === 'bestOfN' || potential === 'importance') && !terminal
  if (early || !resampleSchedule(schedule).includes(step)) return { scheduled: false, resampled: false }
  const count = rewards.length
  const candidates = new Float64Array(count)
  const weights = new Float64Array(count)
  for (let i = 0; i < count; i++) {
    const [reward, population] = [rewards[i], populationRewards[i]]
    candidates[i] =
      potential === 'max' ? Math.max(reward, population) : potential === 'sum' ? reward + population : reward
    let weight = Math.exp(lambda * (potential === 'difference' ? reward - population : candidates[i]))
    if (terminal && (potential === 'max' || potential === 'sum' || potential === 'reward'))
      weight /= productOfPotentials[i]
    weights[i] = Number.isNaN(weight) ? 0 : Math.min(Math.max(weight, 0), 1e10)
  }
  if (potential === 'bestOfN') {
    return {
      scheduled: true,
      resampled: false,
      candidateRewards: candidates,
      weights,
      sourceIndex: descending(candidates),
      newPopulationRewards: Float64Array.from(populationRewards),
      newProductOfPotentials: Float64Array.from(productOfPotentials),
    }
  }
  const tested = input.adaptive || (terminal && (variant === 'image' || input.adaptiveAtEnd === true))
  const vanished = weights.every(weight => weight === 0)
  if (vanished) {
    if (variant === 'image' && !tested) {
      throw new GuerdonError('invalid_input', 'expected a weight above 0; all underflow or belong to NaN rewards', {
        path: ['rewards'],
        hint: 'weighParticles works in logarithms and falls back to uniform weights',
      })
    }
    if (variant === 'text') weights.fill(1)
  }
  const ess = vanished && variant === 'image' ? Number.NaN : effectiveSampleSize(weights)
  const resampled = !tested || ess < input.essThreshold * count
  const sources = resampled ? Int32Array.from(draw(weights)) : Int32Array.from(candidates.keys())
  return {
    scheduled: true,
    resampled,
    candidateRewards: candidates,
    weights,
    ess,
    sourceIndex: sources,
    newPopulationRewards: Float64Array.from(sources, source => candidates[source]),
    newProductOfPotentials: Float64Array.from(
      sources,
      source => productOfPotentials[source] * (resampled ? weights[source] : 1),
    ),
  }
}

/** Indices from the largest to the smallest value, the first of equals first, NaN before all, as torch sorts. */
function descending(values: Float64Array): Int32Array {
  const rank = (value: number): number => (Number.isNaN(value) ? Number.POSITIVE_INFINITY : value)
  const order = Array.from(values.keys())
  order.sort((a, b) => {
    if (Number.isNaN(values[a]) !== Number.isNaN(values[b])) return Number.isNaN(values[a]) ? -1 : 1
    return rank(values[b]) > rank(values[a]) ? 1 : rank(values[b]) < rank(values[a]) ? -1 : 0
  })
  return Int32Array.from(order)
}
