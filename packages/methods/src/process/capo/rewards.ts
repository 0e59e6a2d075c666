import { assertFiniteNumber, assertProbability, assertSameLength, GuerdonError } from '@guerdon/core'
import { groupMoments, groupsFromOffsets } from '../../shared/group-normalise.ts'
import { flatten, toRows } from '../../shared/ragged.ts'
import type { Span } from '../../shared/spans.ts'

/** Weights of the two parts of a token's reward. */
export interface CapoWeights {
  /** C, weight of the verified outcome. Default 2. */
  readonly wWhole?: number
  /** P, penalty of a token in a wrong step. Default 1; below C, or a right answer can end up under a wrong one. */
  readonly wProcess?: number
}

/** Reward of one token: r_v·C − w·P, w the weight of the step's verdict (1 wrong, 0 not, or the share of votes). */
export function tokenReward(outcome: number, wrongFraction: number, weights: CapoWeights = {}): number {
  const { wWhole = 2, wProcess = 1 } = weights
  return outcome * wWhole - wrongFraction * wProcess
}

/** True when a right answer with every step flagged still beats a wrong answer without a flaw (C > P). */
export function keepsOutcomeOrder(weights: CapoWeights = {}): boolean {
  return (weights.wWhole ?? 2) > (weights.wProcess ?? 1)
}

/**
 * Token rewards of one response: R_t = r_v·C − P·w(step of t). With C = 2, P = 1 and hard votes: right and clean 2, right
 * in a flawed step 1, wrong and clean 0, wrong in a flawed step −1.
 *
 * Tokens outside every step get the outcome part only; where steps overlap the penalty is paid once, by the worst verdict.
 *
 * @param response outcome r_v in [0, 1]; stepSpans [N] token ranges; wrongFraction [N] from `voteWrongSteps`; length T
 * @returns [T]
 * @throws invalid_input for a span outside [0, T]
 */
export function capoTokenRewards(
  response: {
    readonly outcome: number
    readonly stepSpans: readonly Span[]
    readonly wrongFraction: ArrayLike<number>
    readonly length: number
  },
  weights: CapoWeights = {},
): Float64Array {
  const { outcome, stepSpans, wrongFraction, length } = response
  assertProbability(outcome, 'outcome')
  assertSameLength(stepSpans, 'stepSpans', wrongFraction, 'wrongFraction')
  const worst = new Float64Array(length)
  stepSpans.forEach(([start, end], step) => {
    if (!(start >= 0 && start <= end && end <= length)) {
      throw new GuerdonError(
        'invalid_input',
        `expected step spans within [0, ${length}]; span ${step} is [${start}, ${end})`,
        { path: ['stepSpans', step], hint: 'give spans in token positions of the response' },
      )
    }
    for (let t = start; t < end; t++) worst[t] = Math.max(worst[t], wrongFraction[step])
  })
  return worst.map(fraction => tokenReward(outcome, fraction, weights))
}

/** Choices of `capoAdvantages`. */
export interface CapoAdvantageOptions {
  /** Added to the standard deviation. Default 1e-6 (not given in the paper). */
  readonly epsilon?: number
  /** Divisor of the variance is n − ddof. Default 1 (not given in the paper). */
  readonly ddof?: 0 | 1
}

/** Token advantages of one group and the statistics behind them. */
export interface CapoAdvantages {
  readonly mean: number
  /** Standard deviation without ε; 0 for fewer than 1 + ddof tokens. */
  readonly std: number
  /** [G][T] */
  readonly tokenAdvantages: readonly Float64Array[]
}

/**
 * Â_{i,t} = (R_{i,t} − mean)/(std + ε), mean and std over *all* policy tokens of all rollouts of the prompt pooled, so longer
 * responses weigh more. GRPO normalises one number a rollout instead.
 *
 * A group whose token rewards are all equal gets 0. A group of one keeps the differences between its own flagged and clean
 * tokens. Masked tokens take no part and get 0.
 *
 * @param tokenRewards [G][T]; rows may be empty
 * @param mask [G][T] 1 where the policy wrote the token; all when absent
 */
export function capoAdvantages(
  tokenRewards: readonly ArrayLike<number>[],
  options: CapoAdvantageOptions = {},
  mask?: readonly ArrayLike<number>[],
): CapoAdvantages {
  const { epsilon = 1e-6, ddof = 1 } = options
  assertFiniteNumber(epsilon, 'epsilon')
  const { offsets, values } = flatten(tokenRewards)
  const written = mask && flatten(mask).values
  if (written) assertSameLength(values, 'tokenRewards', written, 'mask')
  const pool = groupsFromOffsets([0, values.length])
  const { counts, means, squares } = groupMoments(values, pool, written)
  const std = counts[0] > ddof ? Math.sqrt(squares[0] / (counts[0] - ddof)) : 0
  const advantages = values.map((reward, t) =>
    std === 0 || (written && !written[t]) ? 0 : (reward - means[0]) / (std + epsilon),
  )
  return { mean: means[0], std, tokenAdvantages: toRows(advantages, offsets) }
}
