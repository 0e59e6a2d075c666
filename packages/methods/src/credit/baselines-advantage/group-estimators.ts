import { assertFiniteNumber, assertOneOf, assertSameLength, GuerdonError } from '@guerdon/core'
import { type Grouping, groupMoments, groupNormalise } from '../../shared/group-normalise.ts'

/**
 * What becomes of a group with one scored member: no signal (`zero`), its raw score (`raw`, what verl does), or an error.
 * The default everywhere is `zero`: a lone rollout has nothing to be compared with.
 */
export type SingletonPolicy = 'zero' | 'raw' | 'error'

/** What every group estimator takes. */
export interface GroupOptions {
  /** Default `zero`. */
  readonly singleton?: SingletonPolicy
  /** [R] 1 where the rollout is scored; the others leave the statistics and get 0. All when absent. */
  readonly scored?: ArrayLike<number>
}

/** Choices of `grpo`. */
export interface GrpoOptions extends GroupOptions {
  /** Divide by the group's sample standard deviation; false gives Dr. GRPO's advantage. Default true. */
  readonly normaliseByStd?: boolean
  /** Added to the standard deviation. Default 1e-6. */
  readonly epsilon?: number
}

/**
 * GRPO: Aᵢ = (sᵢ − mean_g) / (std_g + ε), std with n − 1 (Shao et al. 2024, arXiv 2402.03300).
 * With `normaliseByStd: false` it is Dr. GRPO's sᵢ − mean_g (arXiv 2503.20783), to be used with the loss aggregation
 * `seq-mean-token-sum-norm`.
 *
 * Dividing by the spread gives easy and hard prompts larger weight; subtracting a mean that includes oneself shrinks the
 * gradient by (n−1)/n. A group of equal scores gives exactly 0.
 *
 * @param scores [R] one score a rollout
 * @returns [R]
 */
export function grpo(scores: ArrayLike<number>, groups: Grouping, options: GrpoOptions = {}): Float64Array {
  const { normaliseByStd = true, epsilon = 1e-6, singleton = 'zero', scored } = options
  const scale = normaliseByStd ? 'std' : 'none'
  const advantages = groupNormalise(scores, groups, { scale, epsilon, singleton }, scored)
  if (singleton === 'raw' && normaliseByStd) {
    const { counts } = groupMoments(scores, groups, scored)
    for (let i = 0; i < scores.length; i++) if (counts[groups.index[i]] === 1) advantages[i] /= 1 + epsilon
  }
  return advantages
}

/** Dr. GRPO: Aᵢ = sᵢ − mean_g, no division (Liu et al. 2025, arXiv 2503.20783). [R] */
export function drGrpo(scores: ArrayLike<number>, groups: Grouping, options: GroupOptions = {}): Float64Array {
  return grpo(scores, groups, { ...options, normaliseByStd: false })
}

/**
 * RLOO: Aᵢ = sᵢ − mean of the *other* members = n/(n−1)·(sᵢ − mean_g) (Ahmadian et al. 2024, arXiv 2402.14740). The
 * baseline does not contain the rollout itself, so the policy gradient is unbiased. [R]
 */
export function rloo(scores: ArrayLike<number>, groups: Grouping, options: GroupOptions = {}): Float64Array {
  const { singleton = 'zero', scored } = options
  return groupNormalise(scores, groups, { baseline: 'leave-one-out', scale: 'none', singleton }, scored)
}

/**
 * OPO: Aᵢ = sᵢ − Σⱼ lenⱼsⱼ / Σⱼ lenⱼ, the baseline of least variance when gradient norms grow with length (Hao et al. 2025,
 * arXiv 2505.23585). Equal lengths give Dr. GRPO. A group without any token falls back to the plain mean.
 *
 * @param lengths [R] number of policy tokens of each rollout, ≥ 0
 * @returns [R]
 */
export function opo(
  scores: ArrayLike<number>,
  lengths: ArrayLike<number>,
  groups: Grouping,
  options: GroupOptions = {},
): Float64Array {
  assertSameLength(scores, 'scores', lengths, 'lengths')
  const { singleton = 'zero', scored } = options
  const { counts, means, allEqual } = momentsWithPolicy(scores, groups, singleton, scored)
  const weighted = new Float64Array(groups.count)
  const weights = new Float64Array(groups.count)
  for (let i = 0; i < scores.length; i++) {
    if (scored && !scored[i]) continue
    weighted[groups.index[i]] += lengths[i] * scores[i]
    weights[groups.index[i]] += lengths[i]
  }
  return centred(scores, groups, { counts, allEqual, singleton, scored }, g =>
    weights[g] > 0 ? weighted[g] / weights[g] : means[g],
  )
}

/** Choices of `gpg`. */
export interface GpgOptions extends GroupOptions {
  /** Divides every advantage. Default 1. */
  readonly fNorm?: number
}

/**
 * GPG: Aᵢ = α·(sᵢ − mean_g)/fNorm with α = B / max(1, number of non-zero scores in the batch), which makes up for the
 * rollouts that carry no gradient (Chu et al. 2025, arXiv 2504.02546). α sees the whole batch, so a group's advantages
 * depend on the other groups. [R]
 */
export function gpg(scores: ArrayLike<number>, groups: Grouping, options: GpgOptions = {}): Float64Array {
  const { fNorm = 1, singleton = 'zero', scored } = options
  assertFiniteNumber(fNorm, 'fNorm')
  if (fNorm === 0) throw new GuerdonError('invalid_option', 'expected fNorm other than 0', { path: ['fNorm'] })
  const advantages = groupNormalise(scores, groups, { scale: 'none', singleton }, scored)
  let batch = 0
  let nonZero = 0
  for (let i = 0; i < scores.length; i++) {
    if (scored && !scored[i]) continue
    batch++
    if (scores[i] !== 0) nonZero++
  }
  const alpha = batch / Math.max(1, nonZero)
  for (let i = 0; i < advantages.length; i++) advantages[i] = (alpha * advantages[i]) / fNorm
  return advantages
}

/** Choices of `passAtK`. */
export interface PassAtKOptions extends Omit<GroupOptions, 'singleton'> {
  /** Divide by the group's sample standard deviation + ε. Default true. */
  readonly normaliseByStd?: boolean
  /** Default 1e-6. */
  readonly epsilon?: number
  /** A group with fewer than two scored members: an error (there is no second best) or 0. Default `error`. */
  readonly singleton?: 'zero' | 'error'
}

/**
 * Pass@k advantage: only the best rollout of a group gets one, (max − second best) / (std_g + ε); a tie at the top gives 0
 * (Walder & Karkhanis 2025; arXiv 2503.19595). [R]
 */
export function passAtK(scores: ArrayLike<number>, groups: Grouping, options: PassAtKOptions = {}): Float64Array {
  const { normaliseByStd = true, epsilon = 1e-6, singleton = 'error', scored } = options
  const { counts, squares } = momentsWithPolicy(scores, groups, singleton, scored)
  const best = new Int32Array(groups.count).fill(-1)
  const second = new Float64Array(groups.count).fill(Number.NEGATIVE_INFINITY)
  for (let i = 0; i < scores.length; i++) {
    if (scored && !scored[i]) continue
    const g = groups.index[i]
    if (best[g] < 0) best[g] = i
    else if (scores[i] > scores[best[g]]) {
      second[g] = scores[best[g]]
      best[g] = i
    } else if (scores[i] > second[g]) second[g] = scores[i]
  }
  const advantages = new Float64Array(scores.length)
  for (let g = 0; g < groups.count; g++) {
    if (counts[g] < 2) continue
    const gap = scores[best[g]] - second[g]
    advantages[best[g]] = gap === 0 || !normaliseByStd ? gap : gap / (Math.sqrt(squares[g] / (counts[g] - 1)) + epsilon)
  }
  return advantages
}

/** Choices of `maxRl`. */
export interface MaxRlOptions extends GroupOptions {
  /** Added to the mean it is divided by. Default 0. */
  readonly epsilon?: number
}

/**
 * MaxRL: Aᵢ = (sᵢ − mean_g) / (mean_g + ε): for 0/1 scores each success of a group that succeeds k times in n gets
 * n/k − 1, so rare successes count more. A group whose mean is not positive gives 0. [R]
 */
export function maxRl(scores: ArrayLike<number>, groups: Grouping, options: MaxRlOptions = {}): Float64Array {
  const { epsilon = 0, singleton = 'zero', scored } = options
  const advantages = groupNormalise(scores, groups, { scale: 'none', singleton }, scored)
  const { counts, means } = groupMoments(scores, groups, scored)
  for (let i = 0; i < advantages.length; i++) {
    const g = groups.index[i]
    if (counts[g] > 1) advantages[i] = means[g] > 0 ? advantages[i] / (means[g] + epsilon) : 0
  }
  return advantages
}

function momentsWithPolicy(
  scores: ArrayLike<number>,
  groups: Grouping,
  singleton: SingletonPolicy,
  scored?: ArrayLike<number>,
) {
  assertSameLength(scores, 'scores', groups.index, 'groups')
  assertOneOf(singleton, 'singleton', ['zero', 'raw', 'error'])
  const moments = groupMoments(scores, groups, scored)
  const alone = singleton === 'error' ? moments.counts.indexOf(1) : -1
  if (alone >= 0) {
    const item = groups.index.findIndex((g, i) => g === alone && (scored === undefined || scored[i] !== 0))
    throw new GuerdonError(
      'invalid_input',
      `expected groups of at least 2 scored rollouts; the group of rollout ${item} has 1`,
      { path: ['scores', item], hint: 'drop the group, or choose singleton: "zero"' },
    )
  }
  return moments
}

interface CentreOptions {
  readonly counts: Int32Array
  readonly allEqual: Uint8Array
  readonly singleton: SingletonPolicy
  readonly scored?: ArrayLike<number>
}

function centred(
  scores: ArrayLike<number>,
  groups: Grouping,
  { counts, allEqual, singleton, scored }: CentreOptions,
  baseline: (group: number) => number,
): Float64Array {
  const advantages = new Float64Array(scores.length)
  for (let i = 0; i < scores.length; i++) {
    if (scored && !scored[i]) continue
    const g = groups.index[i]
    if (counts[g] === 1) advantages[i] = singleton === 'raw' ? scores[i] : 0
    else if (!allEqual[g]) advantages[i] = scores[i] - baseline(g)
  }
  return advantages
}
