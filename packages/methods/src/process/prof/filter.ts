import { assertInteger, assertOneOf, assertSameLength, GuerdonError, type Random } from '@guerdon/core'
import { groupItems } from '../../shared/group-normalise.ts'
import { assertBinary, penaliseStepCounts, type StepCountPenalty } from './consistency.ts'

/** How many rollouts of each class are removed from a group. */
export interface RemovalCounts {
  readonly correct: number
  readonly incorrect: number
}

/**
 * How many correct and incorrect rollouts to drop so that what is kept is as balanced as it can be.
 *
 * With Δ = n₊ − n₋ and R′ = min(R, n₊ + n₋): k₊ = clamp(round((Δ + R′)/2), 0, R′), k₋ = min(R′ − k₊, n₋).
 *
 * Halves are rounded to even as in the released code (`half-to-even`, default); the paper prints a ceiling (`up`). They
 * differ only when Δ + R′ is odd, never for n = 8 and R = 4.
 */
export function removalCounts(
  group: { readonly correct: number; readonly incorrect: number },
  remove: number,
  options: { readonly rounding?: 'half-to-even' | 'up' } = {},
): RemovalCounts {
  const { correct, incorrect } = group
  assertInteger(correct, 'correct')
  assertInteger(incorrect, 'incorrect')
  const removed = Math.min(Math.max(remove, 0), correct + incorrect)
  const half = (correct - incorrect + removed) / 2
  const rounded = options.rounding === 'up' ? Math.ceil(half) : roundHalfToEven(half)
  const fromCorrect = Math.max(0, Math.min(rounded, removed, correct))
  return { correct: fromCorrect, incorrect: Math.min(removed - fromCorrect, incorrect) }
}

function roundHalfToEven(x: number): number {
  const below = Math.floor(x)
  if (x - below !== 0.5) return Math.round(x)
  return below % 2 === 0 ? below : below + 1
}

/** Which class is ranked by consistency; the other loses rollouts uniformly at random. */
export const filterModes = ['both', 'correct', 'incorrect', 'pooled', 'random'] as const
/** Name of a way to choose which rollouts are dropped by consistency. */
export type FilterMode = (typeof filterModes)[number]

/** Choices of `filterTrajectories`. */
export interface FilterOptions extends StepCountPenalty {
  /** R, rollouts removed from each group. Default 4 (n = 8 sampled, m = 4 kept). */
  readonly remove?: number
  /**
   * `both`: the least consistent of each class. `correct` / `incorrect`: only that class is ranked, the other is thinned at
   * random. `random`: both thinned at random (the balanced control). `pooled`: the least consistent of the whole group,
   * without separating the classes (the paper's ablation: it removes mostly incorrect rollouts). Default `both`.
   */
  readonly mode?: FilterMode
  /** Rounding of the removal counts. Default `half-to-even`. */
  readonly rounding?: 'half-to-even' | 'up'
  /** Where random removals come from: one draw a removal, groups in order of first appearance, correct before incorrect. */
  readonly random?: Random
}

/**
 * Removes the rollouts of each group whose process values disagree most with their outcome; the outcome reward itself is
 * never touched. Ranking is stable and ascending in uᵢ, so ties fall in input order.
 *
 * A group of R or fewer rollouts is removed whole.
 *
 * @param data one entry a rollout: group id, consistency cᵢ before the step-count penalty, Sᵢ, outcome 0 or 1
 * @returns indices of the kept rollouts, ascending
 * @throws invalid_input for an outcome other than 0 and 1, or a random choice without a generator
 */
export function filterTrajectories(
  data: {
    readonly groups: ArrayLike<string | number>
    readonly scores: ArrayLike<number>
    readonly stepCounts: ArrayLike<number>
    readonly outcomes: ArrayLike<number>
  },
  options: FilterOptions = {},
): Int32Array {
  const { remove = 4, mode = 'both', rounding = 'half-to-even', random } = options
  const { groups, scores, stepCounts, outcomes } = data
  assertOneOf(mode, 'mode', filterModes)
  assertSameLength(groups, 'groups', scores, 'scores')
  assertSameLength(groups, 'groups', outcomes, 'outcomes')
  const ranks = penaliseStepCounts(scores, stepCounts, options)
  const grouping = groupItems(groups)
  const members: number[][] = Array.from({ length: grouping.count }, () => [])
  for (let i = 0; i < groups.length; i++) {
    assertBinary(outcomes[i], i)
    members[grouping.index[i]].push(i)
  }
  const kept = new Uint8Array(groups.length).fill(1)
  const drop = (candidates: readonly number[], count: number, ranked: boolean) => {
    const order = ranked ? candidates.toSorted((a, b) => ranks[a] - ranks[b]) : pickAtRandom(candidates, count, random)
    for (const i of order.slice(0, count)) kept[i] = 0
  }
  for (const group of members) {
    if (mode === 'pooled') {
      drop(group, Math.min(remove, group.length), true)
      continue
    }
    const correct = group.filter(i => outcomes[i] === 1)
    const incorrect = group.filter(i => outcomes[i] === 0)
    const counts = removalCounts({ correct: correct.length, incorrect: incorrect.length }, remove, { rounding })
    drop(correct, counts.correct, mode === 'both' || mode === 'correct')
    drop(incorrect, counts.incorrect, mode === 'both' || mode === 'incorrect')
  }
  return Int32Array.from(groups, (_, i) => i).filter(i => kept[i] === 1)
}

/** `count` of `items` without replacement; takes no draw when there is nothing to choose. */
function pickAtRandom(items: readonly number[], count: number, random: Random | undefined): number[] {
  if (count === 0 || count === items.length) return [...items]
  if (random === undefined) {
    throw new GuerdonError('invalid_option', `expected a generator to remove ${count} of ${items.length} at random`, {
      path: ['random'],
      hint: 'pass random: new Random(seed), or choose mode: "both"',
    })
  }
  const pool = [...items]
  for (let k = 0; k < count; k++) {
    const j = k + random.integer(pool.length - k)
    const held = pool[k]
    pool[k] = pool[j]
    pool[j] = held
  }
  return pool
}
