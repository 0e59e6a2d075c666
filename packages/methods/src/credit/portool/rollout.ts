import { assertInteger, assertOneOf, GuerdonError, type Random } from '@guerdon/core'

/** One depth of a tree rollout. */
export interface RolloutLevel {
  /** From 1. */
  readonly depth: number
  /** Next steps proposed. */
  readonly candidates: number
  /** Of them executed. */
  readonly kept: number
  /** Trajectories finished after this depth. */
  readonly completedAfter: number
}

/** What to plan for. */
export interface RolloutPlanOptions {
  /** n: trajectories wanted for the query. */
  readonly trajectoriesPerQuery: number
  /** f: candidate next steps of each unfinished trajectory from depth 2 on. */
  readonly forkFactor: number
  /** How many trajectories finish at depth 1, 2, …; none at depths beyond the list. */
  readonly finishPerDepth: readonly number[]
  /** Depth at which generation stops. */
  readonly maxDepth: number
}

/**
 * Arithmetic of the tree rollout: depth 1 samples n first steps; then each of the n − n_c unfinished trajectories proposes f
 * next steps, and n − n_c of all candidates are kept, until all are finished or the depth limit is reached.
 *
 * @throws invalid_input when more trajectories finish at a depth than are kept there
 */
export function rolloutPlan(options: RolloutPlanOptions): {
  readonly levels: readonly RolloutLevel[]
  /** Trajectories cut off by the depth limit: outcome 0. */
  readonly unfinished: number
} {
  const { trajectoriesPerQuery, forkFactor, finishPerDepth, maxDepth } = options
  assertInteger(trajectoriesPerQuery, 'trajectoriesPerQuery', 1)
  assertInteger(forkFactor, 'forkFactor', 1)
  assertInteger(maxDepth, 'maxDepth', 1)
  const levels: RolloutLevel[] = []
  let completed = 0
  for (let depth = 1; depth <= maxDepth && completed < trajectoriesPerQuery; depth++) {
    const unfinished = trajectoriesPerQuery - completed
    const candidates = depth === 1 ? trajectoriesPerQuery : unfinished * forkFactor
    const kept = Math.min(unfinished, candidates)
    const finished = finishPerDepth[depth - 1] ?? 0
    assertInteger(finished, `finishPerDepth[${depth - 1}]`)
    if (finished > kept) {
      throw new GuerdonError(
        'invalid_input',
        `expected at most ${kept} trajectories to finish at depth ${depth}; got ${finished}`,
        {
          path: ['finishPerDepth', depth - 1],
        },
      )
    }
    completed += finished
    levels.push({ depth, candidates, kept, completedAfter: completed })
  }
  return { levels, unfinished: trajectoriesPerQuery - completed }
}

/** Choices of `selectCandidates`. */
export interface SelectOptions {
  /**
   * `uniform`: without replacement. `one-per-parent`: first one of every parent, as far as they go, then uniform.
   * `diverse`: first candidates whose text no kept one has, then uniform. Default `uniform`.
   */
  readonly policy?: 'uniform' | 'one-per-parent' | 'diverse'
  /** Texts of the candidates, for `diverse`. */
  readonly texts?: readonly string[]
}

/**
 * Which candidates to keep and execute, in ascending order. Draws one permutation of the candidates from `random` and takes
 * them in its order, those that satisfy the policy first.
 *
 * @param parents unfinished trajectory each candidate continues
 * @param count how many to keep, at most the number of candidates
 */
export function selectCandidates(
  parents: ArrayLike<number>,
  count: number,
  random: Random,
  options: SelectOptions = {},
): Int32Array {
  const { policy = 'uniform', texts } = options
  assertOneOf(policy, 'policy', ['uniform', 'one-per-parent', 'diverse'])
  assertInteger(count, 'count')
  if (count > parents.length || (policy === 'diverse' && texts?.length !== parents.length)) {
    throw new GuerdonError(
      'invalid_input',
      `expected at least ${count} candidates${policy === 'diverse' ? ' with a text each' : ''}; got ${parents.length}`,
      { path: ['parents'] },
    )
  }
  const order = random.permutation(parents.length)
  const seen = new Set<number | string>()
  const preferred: number[] = []
  const rest: number[] = []
  for (const i of order) {
    const key = policy === 'diverse' ? (texts?.[i] ?? '') : parents[i]
    if (policy !== 'uniform' && seen.has(key)) rest.push(i)
    else preferred.push(i)
    seen.add(key)
  }
  return Int32Array.from([...preferred, ...rest].slice(0, count)).sort()
}
