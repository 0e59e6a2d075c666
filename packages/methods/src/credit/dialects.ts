/**
 * The trainers' dialects of the group estimators: one name, different mathematics. Each row of `dialects` states every choice
 * one trainer makes; `dialectAdvantages` evaluates a row. A system that wants to know what a trainer will do with its rewards
 * asks here; a system that wants a sound estimator uses `grpo`, `rloo` … of `baselines-advantage`.
 */
import { assertSameLength, findNamed, GuerdonError } from '@guerdon/core'
import type { Grouping } from '../shared/group-normalise.ts'
import { float32Mean, float32SampleStd, float32SecondMomentStd } from './dialects/float32.ts'

/** Every choice of one trainer's estimator. */
export interface Dialect {
  /** `estimator.trainer`, the name of the stage as well. */
  readonly name: string
  /** The trainer and its own name for it. */
  readonly system: string
  /** What is subtracted from a score. */
  readonly baseline: 'mean' | 'others-mean' | 'length-weighted-mean'
  /** What the difference is divided by: a spread with n − 1 (`sample-std`), with n, that of the others, the mean, or nothing. */
  readonly scale: 'sample-std' | 'population-std' | 'others-std' | 'mean' | 'none'
  readonly epsilon: number
  /**
   * `added`: d + ε. `floored-variance`: √max(d², ε) + ε. `floored`: max(d, ε). `skipped-at-zero`: d + ε, no division at all
   * where d = 0. `zero-below`: 0 where d ≤ 0, else d.
   */
  readonly guard: 'added' | 'floored-variance' | 'floored' | 'skipped-at-zero' | 'zero-below'
  /** A group of one: 0, its raw score, no advantage at all (the group is dropped), or NaN. */
  readonly singleton: 'zero' | 'raw' | 'drop' | 'nan'
  /** Bounds put on the result. */
  readonly clamp?: readonly [number, number]
  /** How the trainer gets its float32 spread: from deviations, or as √(E[x²] − E[x]²), which cancels. Default deviations. */
  readonly float32Spread?: 'deviations' | 'second-moment'
  /** What one NaN reward does to its group in the trainer. */
  readonly missing?: 'poisons-group' | 'left-out'
}

const verlGrpo = {
  baseline: 'mean',
  scale: 'sample-std',
  epsilon: 1e-6,
  guard: 'added',
  singleton: 'raw',
} as const
const centredOnly = { baseline: 'mean', scale: 'none', epsilon: 0, guard: 'added', singleton: 'zero' } as const
const leaveOneOut = { baseline: 'others-mean', scale: 'none', epsilon: 0, guard: 'added' } as const

/** The dialects, one row each; values of every row are pinned in the test beside this file. */
export const dialects: readonly Dialect[] = [
  { name: 'grpo.verl', system: 'verl grpo', ...verlGrpo, missing: 'poisons-group' },
  { name: 'grpo.verlVectorized', system: 'verl grpo_vectorized', ...verlGrpo, guard: 'floored-variance' },
  { name: 'grpo.skyrl', system: 'SkyRL grpo', ...verlGrpo, missing: 'poisons-group' },
  {
    name: 'grpo.openrlhf',
    system: 'OpenRLHF group_norm',
    ...verlGrpo,
    epsilon: 1e-9,
    singleton: 'nan',
    clamp: [-10, 10],
  },
  { name: 'grpo.trl', system: 'TRL GRPO', ...verlGrpo, epsilon: 1e-4, singleton: 'zero', missing: 'left-out' },
  { name: 'grpo.msSwift', system: 'ms-swift grpo, scale group', ...verlGrpo, epsilon: 1e-4, singleton: 'zero' },
  { name: 'grpo.slime', system: 'slime grpo', ...verlGrpo, singleton: 'nan', missing: 'poisons-group' },
  { name: 'grpo.rllm', system: 'rLLM grpo', ...verlGrpo, scale: 'population-std' },
  { name: 'grpo.art', system: 'ART', ...verlGrpo, scale: 'population-std', singleton: 'drop' },
  {
    name: 'grpo.atropos',
    system: 'Atropos example trainer',
    ...verlGrpo,
    scale: 'population-std',
    epsilon: 1e-8,
    guard: 'floored',
  },
  {
    name: 'grpo.nemoRlLeaveOneOut',
    system: 'NeMo-RL GRPO, leave-one-out baseline',
    baseline: 'others-mean',
    scale: 'others-std',
    epsilon: 1e-6,
    guard: 'skipped-at-zero',
    singleton: 'zero',
    float32Spread: 'second-moment',
  },
  {
    name: 'grpo.nemoRl',
    system: 'NeMo-RL GRPO, no leave-one-out',
    ...verlGrpo,
    guard: 'skipped-at-zero',
    singleton: 'zero',
    float32Spread: 'second-moment',
  },
  { name: 'grpo.primeRl', system: 'prime-rl grpo', ...centredOnly },
  { name: 'grpo.tinker', system: 'Tinker GRPO', ...centredOnly },
  { name: 'drGrpo.openrlhf', system: 'OpenRLHF dr_grpo', ...centredOnly },
  {
    name: 'reinforceBaseline.openrlhf',
    system: 'OpenRLHF reinforce_baseline, before its batch normalisation',
    ...centredOnly,
  },
  {
    name: 'reinforcePlusPlus.tinker',
    system: 'Tinker REINFORCE++',
    ...verlGrpo,
    scale: 'population-std',
    epsilon: 1e-8,
    singleton: 'zero',
  },
  { name: 'rloo.verl', system: 'verl rloo', ...leaveOneOut, singleton: 'raw' },
  { name: 'rloo.verlVectorized', system: 'verl rloo_vectorized', ...leaveOneOut, singleton: 'zero' },
  { name: 'rloo.skyrl', system: 'SkyRL rloo', ...leaveOneOut, singleton: 'zero' },
  { name: 'rloo.rllm', system: 'rLLM rloo', ...leaveOneOut, singleton: 'raw' },
  {
    name: 'maxrl.skyrl',
    system: 'SkyRL maxrl',
    baseline: 'mean',
    scale: 'mean',
    epsilon: 1e-6,
    guard: 'added',
    singleton: 'raw',
  },
  {
    name: 'maxrl.primeRl',
    system: 'prime-rl max_rl',
    baseline: 'mean',
    scale: 'mean',
    epsilon: 0,
    guard: 'zero-below',
    singleton: 'zero',
  },
  {
    name: 'opo.verl',
    system: 'verl opo',
    baseline: 'length-weighted-mean',
    scale: 'none',
    epsilon: 0,
    guard: 'added',
    singleton: 'raw',
  },
]

/** The row of this name. Throws `unknown_name`, suggesting the nearest. */
export function findDialect(name: string): Dialect {
  return findNamed(name, dialects, {
    kind: 'dialect',
    nameOf: dialect => dialect.name,
    hint: `they are ${dialects.map(dialect => dialect.name).join(', ')}`,
  })
}

/** Choices of `dialectAdvantages`. */
export interface DialectOptions {
  /** [R] 1 where the rollout is scored. All when absent. */
  readonly scored?: ArrayLike<number>
  /** [R] policy tokens of each rollout; needed by the length-weighted baseline. */
  readonly lengths?: ArrayLike<number>
  /**
   * `released`: the trainer's float32 arithmetic with its residues, NaN for a group of one where the trainer gives NaN, and
   * its treatment of a missing reward. Without it: float64, a group of equal scores (or equal others) recognised by exact
   * equality, and an error where the trainer would give NaN.
   */
  readonly compat?: 'released'
}

/** Advantages under a dialect. */
export interface DialectResult {
  /** [R] 0 for unscored and dropped rollouts. */
  readonly advantages: Float64Array
  /** [R] 1 where the trainer drops the rollout's group. */
  readonly dropped: Uint8Array
}

/**
 * Advantages as the named trainer computes them from one score a rollout, before they are laid on tokens.
 *
 * @param scores [R]
 * @throws invalid_input for a group of one where the trainer gives NaN (unless `compat: 'released'`), or a missing `lengths`
 * @throws not_finite for a scored NaN or ±Infinity
 */
export function dialectAdvantages(
  scores: ArrayLike<number>,
  groups: Grouping,
  dialect: Dialect,
  options: DialectOptions = {},
): DialectResult {
  assertSameLength(scores, 'scores', groups.index, 'groups')
  const { scored, lengths, compat } = options
  if (dialect.baseline === 'length-weighted-mean' && !lengths) {
    throw new GuerdonError('invalid_input', `expected the length of each rollout for ${dialect.name}; got none`, {
      path: ['lengths'],
    })
  }
  const advantages = new Float64Array(scores.length)
  const dropped = new Uint8Array(scores.length)
  for (const all of membersOf(scores, groups)) {
    const members = scored ? all.filter(i => scored[i]) : all
    const poisoned = compat === 'released' && dialect.missing === 'poisons-group' && members.length < all.length
    if (members.length === 0) continue
    if (poisoned) for (const i of members) advantages[i] = Number.NaN
    else if (members.length === 1) placeAlone(members[0], scores, dialect, { advantages, dropped, compat })
    else {
      const group = members.map(i => scores[i])
      const weights = lengths && members.map(i => lengths[i])
      const results =
        compat === 'released' ? releasedGroup(group, dialect, weights) : soundGroup(group, dialect, weights)
      for (const [k, i] of members.entries()) advantages[i] = results[k]
    }
  }
  return { advantages, dropped }
}

function membersOf(scores: ArrayLike<number>, groups: Grouping): number[][] {
  const members: number[][] = Array.from({ length: groups.count }, () => [])
  for (let i = 0; i < scores.length; i++) members[groups.index[i]].push(i)
  return members
}

function placeAlone(
  i: number,
  scores: ArrayLike<number>,
  dialect: Dialect,
  target: { advantages: Float64Array; dropped: Uint8Array; compat?: 'released' },
): void {
  if (dialect.singleton === 'raw') {
    target.advantages[i] = scores[i]
  } else if (dialect.singleton === 'drop') target.dropped[i] = 1
  else if (dialect.singleton === 'nan') {
    if (target.compat !== 'released') {
      throw new GuerdonError(
        'invalid_input',
        `expected groups of at least 2 scored rollouts; ${dialect.system} turns the group of rollout ${i}, which has 1, into NaN`,
        { path: ['scores', i], hint: 'drop the group before this step, or use grpo' },
      )
    }
    target.advantages[i] = Number.NaN
  }
}

/** One group in float64, equality tested before arithmetic. */
function soundGroup(group: readonly number[], dialect: Dialect, weights?: readonly number[]): number[] {
  group.forEach((score, k) => {
    if (!Number.isFinite(score))
      throw new GuerdonError('not_finite', `expected finite scores; got ${score}`, { path: [k] })
  })
  if (group.every(score => score === group[0])) return group.map(() => 0)
  const n = group.length
  const mean = group.reduce((total, score) => total + score, 0) / n
  const squares = group.reduce((total, score) => total + (score - mean) ** 2, 0)
  return group.map((score, k) => {
    if (dialect.scale === 'others-std') return guarded(...apartFromOthers(group, k), dialect)
    const spread = dialect.scale === 'population-std' ? Math.sqrt(squares / n) : Math.sqrt(squares / (n - 1))
    return guarded(
      score - baselineOf(score, { group, mean, dialect, weights }),
      dialect.scale === 'mean' ? mean : spread,
      dialect,
    )
  })
}

function baselineOf(
  score: number,
  {
    group,
    mean,
    dialect,
    weights,
  }: { group: readonly number[]; mean: number; dialect: Dialect; weights?: readonly number[] },
): number {
  const n = group.length
  if (dialect.baseline === 'others-mean') return mean - (score - mean) / (n - 1)
  if (dialect.baseline === 'mean' || !weights) return mean
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return total > 0 ? group.reduce((sum, value, k) => sum + weights[k] * value, 0) / total : mean
}

/** Difference from, and sample spread of, the other members; the spread is exactly 0 where they are equal or one alone. */
function apartFromOthers(group: readonly number[], k: number): [difference: number, spread: number] {
  const others = group.filter((_, j) => j !== k)
  if (others.every(score => score === others[0])) return [group[k] - others[0], 0]
  const mean = others.reduce((total, score) => total + score, 0) / others.length
  const squares = others.reduce((total, score) => total + (score - mean) ** 2, 0)
  return [group[k] - mean, Math.sqrt(squares / (others.length - 1))]
}

function guarded(difference: number, spread: number, dialect: Dialect): number {
  const { epsilon, guard, scale, clamp } = dialect
  let result = difference
  if (scale !== 'none') {
    if (guard === 'added') result = difference / (spread + epsilon)
    else if (guard === 'floored-variance')
      result = difference / (Math.sqrt(Math.max(spread * spread, epsilon)) + epsilon)
    else if (guard === 'floored') result = difference / Math.max(spread, epsilon)
    else if (guard === 'zero-below') result = spread > 0 ? difference / spread : 0
    else result = spread === 0 ? difference : difference / (spread + epsilon)
  }
  return clamp ? Math.min(Math.max(result, clamp[0]), clamp[1]) : result
}

/** One group in the trainer's float32, residues and all. */
function releasedGroup(given: readonly number[], dialect: Dialect, weights?: readonly number[]): number[] {
  const f = Math.fround
  const group = given.map(f)
  const mean = float32Mean(group)
  const spreadOf = dialect.float32Spread === 'second-moment' ? float32SecondMomentStd : float32SampleStd
  const n = group.length
  return group.map((score, k) => {
    const others = group.filter((_, j) => j !== k)
    const population = dialect.scale === 'population-std' ? Math.sqrt((n - 1) / n) : 1
    const spread =
      dialect.scale === 'mean' ? mean : f(spreadOf(dialect.scale === 'others-std' ? others : group) * population)
    const baseline =
      dialect.baseline === 'others-mean'
        ? dialect.scale === 'others-std'
          ? float32Mean(others)
          : f(f(f(mean * n) - score) / (n - 1))
        : f(baselineOf(score, { group, mean, dialect, weights }))
    return f(guarded(f(score - baseline), spread, dialect))
  })
}
