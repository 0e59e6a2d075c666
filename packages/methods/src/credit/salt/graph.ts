import { assertInteger, assertOneOf, assertSameLength } from '@guerdon/core'
import { placeOnTokens, type Span } from '../../shared/spans.ts'
import { drGrpo, grpo, rloo } from '../baselines-advantage/group-estimators.ts'

/** One step: canonical keys of the state, the parsed action and the state it led to (`null`: the episode ended). */
export type Transition = readonly [state: Key, action: Key, nextState: Key | null]
type Key = string | number

/** How the advantage of a whole trajectory is computed before it is shared out. */
export type SaltBase = 'grpo' | 'drGrpo' | 'rloo'

/** Choices of `saltStepAdvantages`. */
export interface SaltOptions {
  /**
   * Number of earlier transitions that must agree as well before two steps are merged; `all` (or Infinity) merges identical
   * prefixes only. Default 0: the plain (s, a, s′) rule.
   */
  readonly historyLength?: number | 'all'
  /** Count each trajectory once in an edge it passes several times. Default false: once per occurrence. */
  readonly dedupePerTrajectory?: boolean
}

/** Advantages by step, ragged: [trajectory][step]. */
export interface SaltResult {
  /** Number of the edge each step lies on, by first appearance. */
  readonly edgeGroupIds: readonly Int32Array[]
  /** 1 where at least two trajectories pass through the step's edge. */
  readonly sharedByTwoTrajectories: readonly Uint8Array[]
  readonly stepAdvantages: readonly Float64Array[]
  /** Share of steps on edges of at least two trajectories; 0 says the keys never match. */
  readonly mergeRate: number
}

/**
 * Base advantage of each trajectory of one group from its outcome rewards. A group of one gets 0.
 *
 * @param rewards [N]
 * @returns [N]
 */
export function saltBaseAdvantages(
  rewards: ArrayLike<number>,
  options: { readonly base?: SaltBase; readonly epsilon?: number } = {},
): Float64Array {
  const { base = 'grpo', epsilon = 1e-6 } = options
  assertOneOf(base, 'base', ['grpo', 'drGrpo', 'rloo'])
  const group = { index: new Int32Array(rewards.length), count: 1 }
  if (base === 'rloo') return rloo(rewards, group)
  return base === 'drGrpo' ? drGrpo(rewards, group) : grpo(rewards, group, { epsilon })
}

/**
 * SALT: the rollouts of one prompt form a graph whose edges are transitions (s, a, s′); a step's advantage is the mean of the
 * trajectory advantages A_i that pass through its edge, so a step shared by good and bad rollouts is nearly neutral and one
 * that only a single rollout took keeps A_i:
 *
 *   A_{i,t} = mean { A_j : step (j, u) has the key of (i, t) }
 *
 * The advantages are averaged, not re-normalised. The sum over all steps is unchanged within every edge. For a tabular
 * on-policy policy a gradient step is exactly that of the base estimator; it matters where members of an edge have different
 * gradients (language models).
 *
 * Li et al. 2025, arXiv 2510.20022; the history option and the per-trajectory count are readings of ours. GiGPO groups by
 * state alone and normalises returns inside the group.
 *
 * Linear in the number of steps (times the history length).
 *
 * @param trajectories transitions of each trajectory of one group
 * @param baseAdvantages [N] A_i
 */
export function saltStepAdvantages(
  trajectories: readonly (readonly Transition[])[],
  baseAdvantages: ArrayLike<number>,
  options: SaltOptions = {},
): SaltResult {
  const { dedupePerTrajectory = false } = options
  const historyLength = options.historyLength === Number.POSITIVE_INFINITY ? 'all' : (options.historyLength ?? 0)
  if (historyLength !== 'all') assertInteger(historyLength, 'historyLength')
  assertSameLength(trajectories, 'trajectories', baseAdvantages, 'baseAdvantages')
  const transitions = new Map<string, number>()
  const edges = new Map<string | number, number>()
  const sums: number[] = []
  const counts: number[] = []
  const lastTrajectory: number[] = []
  const trajectoryCounts: number[] = []
  const edgeGroupIds = trajectories.map((steps, i) => {
    const ids = Int32Array.from(steps, step => numberOf(transitions, JSON.stringify(step)))
    const onEdges = new Int32Array(steps.length)
    for (let t = 0; t < steps.length; t++) {
      const edge = numberOf(edges, edgeKey(ids, onEdges, t, historyLength))
      onEdges[t] = edge
      if (edge === sums.length) {
        sums.push(0)
        counts.push(0)
        lastTrajectory.push(-1)
        trajectoryCounts.push(0)
      }
      const first = lastTrajectory[edge] !== i
      if (first) {
        lastTrajectory[edge] = i
        trajectoryCounts[edge]++
      }
      if (first || !dedupePerTrajectory) {
        sums[edge] += baseAdvantages[i]
        counts[edge]++
      }
    }
    return onEdges
  })
  let steps = 0
  let merged = 0
  const sharedByTwoTrajectories = edgeGroupIds.map(row =>
    Uint8Array.from(row, edge => {
      const shared = trajectoryCounts[edge] > 1 ? 1 : 0
      steps++
      merged += shared
      return shared
    }),
  )
  const stepAdvantages = edgeGroupIds.map((row, i) =>
    Float64Array.from(row, edge => (trajectoryCounts[edge] > 1 ? sums[edge] / counts[edge] : baseAdvantages[i])),
  )
  return { edgeGroupIds, sharedByTwoTrajectories, stepAdvantages, mergeRate: steps === 0 ? 0 : merged / steps }
}

function numberOf<Key>(numbersByKey: Map<Key, number>, key: Key): number {
  let number = numbersByKey.get(key)
  if (number === undefined) numbersByKey.set(key, (number = numbersByKey.size))
  return number
}

/** The transition with its history; −1 stands before the start. A whole prefix is the edge before plus the transition. */
function edgeKey(ids: Int32Array, onEdges: Int32Array, t: number, historyLength: number | 'all'): string | number {
  if (historyLength === 0) return ids[t]
  if (historyLength === 'all') return `${t === 0 ? -1 : onEdges[t - 1]},${ids[t]}`
  let key = ''
  for (let back = historyLength; back >= 0; back--) key += `${t < back ? -1 : ids[t - back]},`
  return key
}

/**
 * Step advantages on the tokens of their spans; other tokens 0.
 *
 * @param spans token positions [start, end) of each step
 * @param lengths number of tokens of each trajectory
 */
export function saltTokenAdvantages(
  stepAdvantages: readonly Float64Array[],
  spans: readonly (readonly Span[])[],
  lengths: ArrayLike<number>,
): Float64Array[] {
  return stepAdvantages.map((values, i) => placeOnTokens(spans[i], values, lengths[i]))
}
