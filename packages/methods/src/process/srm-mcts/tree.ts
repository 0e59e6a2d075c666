import { assertInteger, GuerdonError } from '@guerdon/core'

/** Visits N and correct rollouts c of one node; its value is V = c/N. */
export interface NodeCounts {
  readonly correct: number
  readonly visits: number
}

/** The chosen child and the scores it was chosen by. */
export interface UctChoice {
  readonly selected: number
  /** [children]; absent when an unvisited child decided. */
  readonly scores?: Float64Array
}

/**
 * UCT: the child with the largest c/N + w·√(ln N_parent / N). An unvisited child is taken first, the lowest index of several;
 * ties go to the lowest index. N_parent is the parent's own visit count, the logarithm is natural.
 *
 * @param options explorationWeight w, default 1
 * @throws empty without children
 */
export function uctSelect(
  children: readonly NodeCounts[],
  parentVisits: number,
  options: { readonly explorationWeight?: number } = {},
): UctChoice {
  const { explorationWeight = 1 } = options
  if (children.length === 0) {
    throw new GuerdonError('empty', 'expected at least one child to select from; got none', { path: ['children'] })
  }
  const unvisited = children.findIndex(child => child.visits === 0)
  if (unvisited >= 0) return { selected: unvisited }
  const logParent = Math.log(Math.max(parentVisits, 1))
  const scores = Float64Array.from(
    children,
    ({ correct, visits }) => correct / visits + explorationWeight * Math.sqrt(logParent / visits),
  )
  let selected = 0
  for (let i = 1; i < scores.length; i++) if (scores[i] > scores[selected]) selected = i
  return { selected, scores }
}

/** Counts of every node of a tree. */
export interface TreeCounts {
  /** [nodes] N. */
  readonly visits: Int32Array
  /** [nodes] c. */
  readonly correct: Float64Array
  /** [nodes] V = c/N, 0 for an unvisited node. */
  readonly values: Float64Array
}

/**
 * Adds rollouts to a tree: every node from the rollout's start up to the root gets one visit and the outcome.
 *
 * @param parents [nodes] parent of each node, null for a root
 * @param rollouts node each rollout started from, and its outcome, 1 correct or 0
 * @throws invalid_input for a parent or leaf that does not exist, or a cycle
 */
export function backpropagate(
  parents: readonly (number | null)[],
  rollouts: readonly { readonly leaf: number; readonly outcome: number }[],
): TreeCounts {
  const visits = new Int32Array(parents.length)
  const correct = new Float64Array(parents.length)
  rollouts.forEach(({ leaf, outcome }, i) => {
    let node: number | null = leaf
    for (let depth = 0; node !== null; depth++) {
      if (!Number.isInteger(node) || node < 0 || node >= parents.length || depth > parents.length) {
        throw new GuerdonError(
          'invalid_input',
          `expected a path to the root of ${parents.length} nodes; rollout ${i} reaches ${node}`,
          { path: ['rollouts', i] },
        )
      }
      visits[node]++
      correct[node] += outcome
      node = parents[node]
    }
  })
  return { visits, correct, values: nodeValues(visits, correct) }
}

/** V = c/N; 0 where N = 0. */
export function nodeValues(visits: ArrayLike<number>, correct: ArrayLike<number>): Float64Array {
  return Float64Array.from({ length: visits.length }, (_, node) =>
    visits[node] > 0 ? correct[node] / visits[node] : 0,
  )
}

/** Choices of `preferencePairs`. */
export interface PairOptions {
  /** A pair needs a strictly larger difference of values. Default 0.7. */
  readonly minGap?: number
  /** Nodes with fewer visits form no pairs; at least 1. Default 1. */
  readonly minVisits?: number
}

/**
 * Step preferences: every ordered pair of visited *siblings* (a, b) with V(a) − V(b) > minGap, a preferred. The comparison is
 * made on whole counts, c_a·N_b − c_b·N_a against minGap·N_a·N_b, so that a difference of exactly the gap is excluded whatever
 * its rounding.
 *
 * A policy that rarely succeeds has no such gap early in a solution: report the depth of pairs, and scale the gap to it.
 *
 * @returns [preferred, rejected], ascending
 */
export function preferencePairs(
  tree: {
    readonly parents: readonly (number | null)[]
    readonly visits: ArrayLike<number>
    readonly correct: ArrayLike<number>
  },
  options: PairOptions = {},
): [preferred: number, rejected: number][] {
  const { minGap = 0.7, minVisits = 1 } = options
  const { parents, visits, correct } = tree
  assertInteger(minVisits, 'minVisits', 1)
  const siblings = new Map<number, number[]>()
  parents.forEach((parent, node) => {
    if (parent === null || visits[node] < minVisits) return
    const others = siblings.get(parent)
    if (others) others.push(node)
    else siblings.set(parent, [node])
  })
  const pairs: [number, number][] = []
  for (const nodes of siblings.values()) {
    for (const a of nodes) for (const b of nodes) if (a !== b && gapExceeds(a, b)) pairs.push([a, b])
  }
  return pairs.sort(([a, b], [c, d]) => a - c || b - d)

  function gapExceeds(a: number, b: number): boolean {
    const weight = visits[a] * visits[b]
    const difference = correct[a] * visits[b] - correct[b] * visits[a]
    return difference - minGap * weight > 1e-12 * weight
  }
}

/**
 * Pairs without repetitions: the same two texts in the same order count once, and a pair of equal texts not at all.
 *
 * @param texts text of each node's state
 */
export function distinctPairs(
  pairs: readonly (readonly [preferred: number, rejected: number])[],
  texts: readonly string[],
): [preferred: number, rejected: number][] {
  const seen = new Set<string>()
  const kept: [number, number][] = []
  for (const [preferred, rejected] of pairs) {
    const key = JSON.stringify([texts[preferred], texts[rejected]])
    if (texts[preferred] === texts[rejected] || seen.has(key)) continue
    seen.add(key)
    kept.push([preferred, rejected])
  }
  return kept
}

/**
 * Number of pairs by depth of the step they decide (1 = the first step): an empty beginning means the scorer will be untrained
 * on early steps.
 */
export function pairDepths(
  pairs: readonly (readonly [preferred: number, rejected: number])[],
  parents: readonly (number | null)[],
): number[] {
  const histogram: number[] = []
  for (const [preferred] of pairs) {
    let depth = 0
    for (let node = parents[preferred]; node !== null; node = parents[node]) depth++
    while (histogram.length <= depth) histogram.push(0)
    histogram[depth]++
  }
  return histogram
}
