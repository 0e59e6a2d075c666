import { assertInteger, GuerdonError } from '@guerdon/core'
import { backpropagate, type TreeCounts, uctSelect } from './tree.ts'

/** What the search needs to know about solving a problem. */
export interface StepWorld<State> {
  /** `count` possible next states; fewer when there are fewer. */
  expand(state: State, count: number): readonly State[]
  isTerminal(state: State): boolean
  /** Plays on from a state to the end; 1 when the final answer is right, 0 when it is wrong or never given. */
  playOut(state: State, depth: number): 0 | 1
}

/** Choices of `annotateByMcts`. */
export interface MctsOptions {
  /** Default 500. */
  readonly iterations?: number
  /** Children created at once. Default 6. */
  readonly branching?: number
  /** w of UCT. Default 1. */
  readonly explorationWeight?: number
  /** Steps a solution may have. Default 8. */
  readonly depthLimit?: number
}

/** A searched tree; node 0 is the problem. */
export interface SearchTree<State> extends TreeCounts {
  readonly parents: readonly (number | null)[]
  readonly states: readonly State[]
  readonly depths: readonly number[]
}

/**
 * Monte-Carlo tree search with answer correctness as the only reward. Each iteration descends by UCT to an unvisited or
 * childless node; a visited one that is neither terminal nor at the depth limit gets `branching` children, the first of which
 * is played out; the outcome goes to that node and all above it. Expansion alone is no visit.
 */
export function annotateByMcts<State>(
  root: State,
  world: StepWorld<State>,
  options: MctsOptions = {},
): SearchTree<State> {
  const { iterations = 500, branching = 6, explorationWeight = 1, depthLimit = 8 } = options
  assertInteger(iterations, 'iterations')
  assertInteger(branching, 'branching', 1)
  const parents: (number | null)[] = [null]
  const states: State[] = [root]
  const depths = [0]
  const children: number[][] = [[]]
  const visits = [0]
  const correct = [0]
  const rollouts: { leaf: number; outcome: number }[] = []
  for (let iteration = 0; iteration < iterations; iteration++) {
    let node = 0
    while (children[node].length > 0 && visits[node] > 0) {
      const counts = children[node].map(child => ({ correct: correct[child], visits: visits[child] }))
      node = children[node][uctSelect(counts, visits[node], { explorationWeight }).selected]
    }
    if (visits[node] > 0 && depths[node] < depthLimit && !world.isTerminal(states[node])) {
      for (const state of world.expand(states[node], branching)) {
        children[node].push(states.length)
        parents.push(node)
        states.push(state)
        depths.push(depths[node] + 1)
        children.push([])
        visits.push(0)
        correct.push(0)
      }
      node = children[node][0] ?? node
    }
    const outcome = world.playOut(states[node], depths[node])
    rollouts.push({ leaf: node, outcome })
    for (let at: number | null = node; at !== null; at = parents[at]) {
      visits[at]++
      correct[at] += outcome
    }
  }
  return { parents, states, depths, ...backpropagate(parents, rollouts) }
}

/** States to search, by number; 0 is the problem. */
export interface BeamGraph {
  /** Next states in the order they were generated. */
  children(state: number): ArrayLike<number>
  score(state: number): number
  isTerminal(state: number): boolean
}

/** Choices of `beamSearch`. */
export interface BeamOptions {
  /** B; 1 is greedy search. Default 1. */
  readonly beamSize?: number
  /** Most steps. Default 8. */
  readonly depthLimit?: number
}

/** The beam when the search stopped. */
export interface BeamResult {
  /** From the problem to the best-scored state of the final beam. */
  readonly bestPath: number[]
  /** Best first. */
  readonly finalBeam: number[]
}

/**
 * Search guided by a step scorer: each step scores all next states of the beam and keeps the best B. Terminal states stay and
 * compete; ties keep the order of generation. Stops when the whole beam is terminal, nothing was generated, or the depth
 * limit is reached.
 *
 * @throws not_finite for a score that is NaN or ±Infinity
 */
export function beamSearch(graph: BeamGraph, options: BeamOptions = {}): BeamResult {
  const { beamSize = 1, depthLimit = 8 } = options
  assertInteger(beamSize, 'beamSize', 1)
  assertInteger(depthLimit, 'depthLimit')
  let beam: { state: number; path: number[]; score: number }[] = [{ state: 0, path: [0], score: 0 }]
  for (let depth = 0; depth < depthLimit; depth++) {
    let generated = 0
    const candidates = beam.flatMap(entry => {
      if (graph.isTerminal(entry.state)) return [entry]
      const next = Array.from(graph.children(entry.state))
      generated += next.length
      return next.map(state => ({ state, path: [...entry.path, state], score: finiteScore(graph, state) }))
    })
    if (generated === 0) break
    beam = candidates.sort((a, b) => b.score - a.score).slice(0, beamSize)
  }
  return { bestPath: beam[0].path, finalBeam: beam.map(entry => entry.state) }
}

function finiteScore(graph: BeamGraph, state: number): number {
  const score = graph.score(state)
  if (Number.isFinite(score)) return score
  throw new GuerdonError('not_finite', `expected a finite score; got ${score} for state ${state}`, {
    path: ['score', state],
  })
}
