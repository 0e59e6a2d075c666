import { assertInRange, assertSameLength, GuerdonError } from '@guerdon/core'
import { assertRows, type FloatArray, type RaggedRows, rowCount } from '../../shared/ragged.ts'

/** Choices of `implicitStepRewards`. */
export interface StepRewardOptions {
  /** β: scale of the log-ratio. Default 0.05. */
  readonly beta?: number
  /** One reward a step on its last token, or one on every token. Default `step`. */
  readonly granularity?: 'step' | 'token'
  /** Divide by the largest |reverse cumulative sum along a row| of the batch + 1e-6. Default false. */
  readonly batchNorm?: boolean
  /** `released`: with `token` granularity the last token of every row gets no reward. */
  readonly compat?: 'released'
}

/** What the implicit reward model says about every step. */
export interface StepRewards {
  /** [T] q = log π_φ − log π_old, 0 on masked tokens. */
  readonly tokenLogRatio: Float64Array
  /** [R] β Σ q. */
  readonly stepRewards: Float64Array
  /** [T] rewards where they are placed, normalised when asked. */
  readonly tokenRewards: Float64Array
}

const normEpsilon = 1e-6

/**
 * The step reward of an implicit process reward model π_φ: r_φ(t) = β Σ_k [log π_φ(a_{t,k}) − log π_old(a_{t,k})] over the
 * step's tokens. The reference is the *behaviour* policy; with the initial policy the reward would be a cumulative preference
 * and explode. A row without tokens gets 0 and no placement.
 *
 * @param prmLogProbs [T] under π_φ; rows are steps (turns)
 * @param oldLogProbs [T] under the behaviour policy, same tokeniser
 */
export function implicitStepRewards(
  prmLogProbs: FloatArray,
  oldLogProbs: FloatArray,
  rows: RaggedRows,
  options: StepRewardOptions = {},
): StepRewards {
  const { beta = 0.05, granularity = 'step', batchNorm = false, compat } = options
  assertInRange(beta, 'beta', 0, Number.MAX_VALUE)
  assertRows(prmLogProbs, 'prmLogProbs', rows)
  assertSameLength(prmLogProbs, 'prmLogProbs', oldLogProbs, 'oldLogProbs')
  const { offsets, mask } = rows
  const tokenLogRatio = new Float64Array(prmLogProbs.length)
  const tokenRewards = new Float64Array(prmLogProbs.length)
  const stepRewards = new Float64Array(rowCount(rows))
  let largest = 0
  for (let r = 0; r < stepRewards.length; r++) {
    let last = -1
    for (let t = offsets[r]; t < offsets[r + 1]; t++) {
      if (mask && !mask[t]) continue
      tokenLogRatio[t] = prmLogProbs[t] - oldLogProbs[t]
      tokenRewards[t] = granularity === 'token' ? beta * tokenLogRatio[t] : 0
      stepRewards[r] += beta * tokenLogRatio[t]
      last = t
    }
    if (!Number.isFinite(stepRewards[r])) {
      throw new GuerdonError(
        'not_finite',
        `expected finite log-probabilities; step ${r} has reward ${stepRewards[r]}`,
        {
          path: ['prmLogProbs'],
        },
      )
    }
    if (last >= 0 && granularity === 'step') tokenRewards[last] = stepRewards[r]
    if (last >= 0 && granularity === 'token' && compat === 'released') tokenRewards[last] = 0
    let running = 0
    for (let t = offsets[r + 1] - 1; t >= offsets[r]; t--) {
      running += tokenRewards[t]
      largest = Math.max(largest, Math.abs(running))
    }
  }
  if (batchNorm) for (let t = 0; t < tokenRewards.length; t++) tokenRewards[t] /= largest + normEpsilon
  return { tokenLogRatio, stepRewards, tokenRewards }
}
