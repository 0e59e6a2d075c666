import { assertFinite, assertInteger, assertSameLength, GuerdonError } from '@guerdon/core'

/** One annotated key: a decoded observation with the action taken there, and how many reasons were given for it. */
export interface AnnotatedKey {
  readonly key: string
  readonly reasons: number
}

/** Rewards of (observation, action) keys from batch annotations. */
export interface RewardTable {
  readonly counts: ReadonlyMap<string, number>
  /** In [0, 1]; undefined when the released rule divides by zero. */
  readonly rewards: ReadonlyMap<string, number> | undefined
}

/**
 * Reward table of recorded trajectories: reasons counted over all annotations, scaled to (count − min)/(max − min) over the
 * final counts, 1 for all when they are equal. `released` takes the minimum over the *running* counts (normally 1), and has
 * no table when it equals the maximum.
 *
 * @param annotations one list a trajectory; keys belong to the step *before* the reported time
 */
export function rewardTable(
  annotations: readonly (readonly AnnotatedKey[])[],
  options: { readonly compat?: 'released' | null } = {},
): RewardTable {
  const counts = new Map<string, number>()
  let smallestSeen = Number.POSITIVE_INFINITY
  for (const { key, reasons } of annotations.flat()) {
    assertInteger(reasons, 'reasons')
    const count = (counts.get(key) ?? 0) + reasons
    counts.set(key, count)
    smallestSeen = Math.min(smallestSeen, count)
  }
  const released = options.compat === 'released'
  const minimum = released ? smallestSeen : Math.min(...counts.values())
  const maximum = Math.max(...counts.values())
  if (released && counts.size > 0 && maximum === minimum) return { counts, rewards: undefined }
  const scaled = (count: number) => (maximum === minimum ? 1 : (count - minimum) / (maximum - minimum))
  return { counts, rewards: new Map([...counts].map(([key, count]) => [key, scaled(count)])) }
}

/** r + β·table[key]; a key without an entry adds 0. */
export function tableReward(
  table: ReadonlyMap<string, number>,
  step: { readonly key: string; readonly reward: number },
  options: { readonly beta?: number } = {},
): { readonly intrinsic: number; readonly reward: number } {
  const intrinsic = table.get(step.key) ?? 0
  return { intrinsic, reward: step.reward + (options.beta ?? 0.1) * intrinsic }
}

/** The subgoals and what they pay. */
export interface SubgoalOptions {
  /** Names in their order. */
  readonly subgoals: readonly string[]
  /** b: one for all, or one a name (others 1). Default 1. */
  readonly bonus?: number | Readonly<Record<string, number>>
  /** Each subgoal pays once an episode. Default true; else picking up and dropping is optimal. */
  readonly oncePerEpisode?: boolean
  /** A subgoal counts only after its predecessors. Default true. */
  readonly ordered?: boolean
}

/** Rewards of one episode with the subgoals' bonuses. */
export interface SubgoalRewards {
  /** [T] r̃_t = r_t + Σ_g b_g·[g terminates at t]. */
  readonly rewards: Float64Array
  /** [T] the bonus alone. */
  readonly bonuses: Float64Array
  /** [T] subgoals whose option terminated at t. */
  readonly terminated: string[][]
  /** [T] subgoals done *before* step t, in their order: what extends the policy's state, so that paying once stays Markov. */
  readonly doneBefore: string[][]
}

/**
 * Adds a bonus at every step at which a subgoal was achieved. Names outside `subgoals` are ignored; several in one step are
 * credited in the order of `subgoals`, so with `ordered` a chain can complete in one step.
 *
 * The bonus is not potential based: it can change which policy is best, so anneal it; and paying once makes the reward
 * non-Markov unless the policy sees which subgoals are done.
 *
 * @param rewards [T] of the environment
 * @param achieved [T] names achieved at each step
 */
export function subgoalRewards(
  rewards: ArrayLike<number>,
  achieved: readonly Iterable<string>[],
  options: SubgoalOptions,
): SubgoalRewards {
  const { subgoals, bonus = 1, oncePerEpisode = true, ordered = true } = options
  assertSameLength(rewards, 'rewards', achieved, 'achieved')
  assertFinite(rewards, 'rewards')
  const done = new Set<string>()
  const bonuses = new Float64Array(rewards.length)
  const doneBefore: string[][] = []
  const terminated = achieved.map((names, t) => {
    const here = new Set(names)
    doneBefore.push(subgoals.filter(goal => done.has(goal)))
    return subgoals.filter((goal, g) => {
      if (!here.has(goal) || (oncePerEpisode && done.has(goal))) return false
      if (ordered && subgoals.slice(0, g).some(earlier => !done.has(earlier))) return false
      done.add(goal)
      bonuses[t] += typeof bonus === 'number' ? bonus : (bonus[goal] ?? 1)
      return true
    })
  })
  return { rewards: bonuses.map((extra, t) => rewards[t] + extra), bonuses, terminated, doneBefore }
}

/** Half-open ranges of steps in which one option ran. */
export interface OptionSegments {
  readonly segments: [start: number, end: number][]
  /** The last segment ends with a termination, not with the episode. */
  readonly lastComplete: boolean
}

/**
 * Cuts an episode of `length` steps after every termination.
 *
 * @throws invalid_input for a step outside the episode
 */
export function optionSegments(length: number, terminations: ArrayLike<number>): OptionSegments {
  assertInteger(length, 'length')
  const steps = [...new Set(Array.from(terminations))].sort((a, b) => a - b)
  for (const step of steps) {
    if (Number.isInteger(step) && step >= 0 && step < length) continue
    throw new GuerdonError('invalid_input', `expected termination steps within [0, ${length}); got ${step}`, {
      path: ['terminations'],
    })
  }
  const ends = steps.map(step => step + 1)
  const lastComplete = length > 0 && ends.at(-1) === length
  if (!lastComplete && length > 0) ends.push(length)
  return { segments: ends.map((end, i) => [i === 0 ? 0 : ends[i - 1], end]), lastComplete }
}

/**
 * Verdict of several judge calls on one transition: a subgoal counts when more than half of the readable answers name it.
 * Cache this vote, not the first answer; undefined when no answer could be read.
 *
 * @param answers achieved names of each call; null where an answer could not be read
 */
export function votedVerdict(answers: readonly (ReadonlySet<string> | null)[]): ReadonlySet<string> | undefined {
  const readable = answers.filter(answer => answer !== null)
  if (readable.length === 0) return undefined
  const names = new Set(readable.flatMap(answer => [...answer]))
  return new Set([...names].filter(name => 2 * readable.filter(answer => answer.has(name)).length > readable.length))
}
