import { assertInRange, assertOneOf, assertProbability, assertSameLength, GuerdonError } from '@guerdon/core'
import { groupItems, groupNormalise } from '../../shared/group-normalise.ts'

/** Rollouts of one query that share their first steps. */
export interface RolloutTree {
  /** Node ids of each trajectory from root to leaf; trajectories that share a prefix share its ids. */
  readonly trajectoryStepIds: readonly (readonly string[])[]
  /** +1 correct, 0 unfinished or unanswerable, −1 wrong, null when the judge gave none: the trajectory is then dropped. */
  readonly outcomes: readonly (number | null)[]
  /** Raw formatting score of each node in [0, 1]; ½ (no effect) where missing. */
  readonly formattingScores?: Readonly<Record<string, number>>
}

/** Score by which whole trajectories are compared. */
export const trajectoryRewardModes = ['meanStepReward', 'outcomePlusMeanFormat', 'firstStepReward'] as const
/** Name of a score by which whole trajectories are compared. */
export type TrajectoryRewardMode = (typeof trajectoryRewardModes)[number]

/** Choices of `portoolAdvantages`. */
export interface PortoolOptions {
  /** Decay γ of an outcome per step of distance to the end of its trajectory. Default 0.95. */
  readonly gamma?: number
  /** T_max: bounds the formatting reward; no trajectory may be longer. Default: the longest one. */
  readonly maxDepth?: number
  /** How the outcomes of the trajectories through a node are combined. Default `mean`; `max` asks whether any succeeds. */
  readonly aggregate?: 'mean' | 'max'
  /** Default `meanStepReward`. */
  readonly trajectoryReward?: TrajectoryRewardMode
  /** ω₁. Default 1. */
  readonly trajectoryWeight?: number
  /** ω₂. Default 1. */
  readonly forkWeight?: number
  /** Divide both advantages by their sample deviation. Default true. */
  readonly normaliseByStd?: boolean
  /** Default 1e-6. */
  readonly epsilon?: number
  /** Weight of a node in each of the |m(s)| trajectories through it: 1, or 1/|m(s)| so that a shared prefix counts once. Default `full`. */
  readonly sharedPrefix?: 'full' | 'divided'
}

/** Every part of the advantage; nodes by id. */
export interface PortoolResult {
  readonly formattingRewards: Readonly<Record<string, number>>
  readonly stepRewards: Readonly<Record<string, number>>
  readonly forkAdvantages: Readonly<Record<string, number>>
  /** [N] null for dropped trajectories, here and below. */
  readonly trajectoryRewards: readonly (number | null)[]
  readonly trajectoryAdvantages: readonly (number | null)[]
  /** [N][steps] */
  readonly advantages: readonly (Float64Array | null)[]
}

/**
 * Formatting reward R_fm = (r̃ − ½)·γ^T_max of a raw score r̃ ∈ [0, 1], and its bound γ^T_max / 2: smaller than any decayed
 * outcome, so form can never outweigh correctness.
 */
export function formattingReward(
  rawScore: number,
  options: { readonly gamma?: number; readonly maxDepth: number },
): { readonly reward: number; readonly bound: number } {
  const { gamma = 0.95, maxDepth } = options
  assertInRange(rawScore, 'rawScore', 0, 1)
  assertProbability(gamma, 'gamma')
  const cap = gamma ** maxDepth
  return { reward: (rawScore - 0.5) * cap, bound: cap / 2 }
}

interface Node {
  readonly parent: string | null
  readonly depth: number
  readonly trajectories: number[]
}

/**
 * PORTool: every node (step) of a rollout tree is rewarded by the outcomes of the trajectories through it, decayed by the
 * distance to their ends, plus the formatting reward; siblings under one fork are compared with each other, trajectories
 * with each other, and the blend trains the policy:
 *
 *   R(s) = G{ γ^(T_k − t)·R_out(τ_k) + R_fm(s) : τ_k through s }
 *   A_F(s) = (R(s) − mean_siblings) / (std + ε),  A_T(τ_k) likewise over trajectories
 *   A(s in τ_k) = ω₁·A_T(τ_k) + ω₂·A_F(s)
 *
 * A node without siblings has A_F = 0, a lone trajectory A_T = 0; first steps are siblings under the query. A trajectory
 * without an outcome is dropped and everything derived again. Wu et al. 2025, arXiv 2510.26020; the normalisers, the
 * trajectory score and the weights are readings of ours.
 *
 * @throws invalid_input when a node stands under two parents, twice in a trajectory, or a trajectory exceeds `maxDepth`
 */
export function portoolAdvantages(tree: RolloutTree, options: PortoolOptions = {}): PortoolResult {
  const { gamma = 0.95, aggregate = 'mean', trajectoryReward = 'meanStepReward', epsilon = 1e-6 } = options
  const { trajectoryWeight = 1, forkWeight = 1, normaliseByStd = true, sharedPrefix = 'full' } = options
  assertProbability(gamma, 'gamma')
  assertOneOf(aggregate, 'aggregate', ['mean', 'max'])
  assertOneOf(trajectoryReward, 'trajectoryReward', trajectoryRewardModes)
  const { trajectoryStepIds, outcomes } = tree
  assertSameLength(trajectoryStepIds, 'trajectoryStepIds', outcomes, 'outcomes')
  const longest = trajectoryStepIds.reduce((most, steps) => Math.max(most, steps.length), 0)
  const { maxDepth = longest } = options
  if (longest > maxDepth) {
    throw new GuerdonError(
      'invalid_input',
      `expected trajectories of at most maxDepth ${maxDepth} steps; got ${longest}`,
      {
        path: ['trajectoryStepIds'],
      },
    )
  }
  const kept = [...outcomes.keys()].filter(k => outcomes[k] !== null)
  const nodes = nodesOf(trajectoryStepIds, kept)
  const formattingRewards: Record<string, number> = {}
  const stepRewards: Record<string, number> = {}
  for (const [id, node] of nodes) {
    formattingRewards[id] = formattingReward(tree.formattingScores?.[id] ?? 0.5, { gamma, maxDepth }).reward
    const decayed = node.trajectories.map(k => gamma ** (trajectoryStepIds[k].length - node.depth) * (outcomes[k] ?? 0))
    const combined =
      aggregate === 'max' ? Math.max(...decayed) : decayed.reduce((total, value) => total + value, 0) / decayed.length
    stepRewards[id] = combined + formattingRewards[id]
  }
  const scale = normaliseByStd ? 'std' : 'none'
  const ids = [...nodes.keys()]
  const siblings = groupItems(ids.map(id => JSON.stringify(nodes.get(id)?.parent ?? null)))
  const fork = groupNormalise(
    ids.map(id => stepRewards[id]),
    siblings,
    { scale, epsilon },
  )
  const forkAdvantages = Object.fromEntries(ids.map((id, i) => [id, fork[i]]))
  const scores = kept.map(k => {
    const steps = trajectoryStepIds[k]
    if (steps.length === 0) return outcomes[k] ?? 0
    const meanOf = (values: Record<string, number>) => steps.reduce((total, id) => total + values[id], 0) / steps.length
    if (trajectoryReward === 'firstStepReward') return stepRewards[steps[0]]
    return trajectoryReward === 'meanStepReward' ? meanOf(stepRewards) : (outcomes[k] ?? 0) + meanOf(formattingRewards)
  })
  const group = { index: new Int32Array(kept.length), count: 1 }
  const compared = groupNormalise(scores, group, { scale, epsilon })
  const at = new Map(kept.map((k, i) => [k, i]))
  const place = <T>(value: (i: number, k: number) => T) =>
    outcomes.map((_, k) => {
      const i = at.get(k)
      return i === undefined ? null : value(i, k)
    })
  return {
    formattingRewards,
    stepRewards,
    forkAdvantages,
    trajectoryRewards: place(i => scores[i]),
    trajectoryAdvantages: place(i => compared[i]),
    advantages: place((i, k) =>
      Float64Array.from(trajectoryStepIds[k], id => {
        const blend = trajectoryWeight * compared[i] + forkWeight * forkAdvantages[id]
        return sharedPrefix === 'divided' ? blend / (nodes.get(id)?.trajectories.length ?? 1) : blend
      }),
    ),
  }
}

function nodesOf(trajectories: readonly (readonly string[])[], kept: readonly number[]): Map<string, Node> {
  const nodes = new Map<string, Node>()
  for (const k of kept) {
    trajectories[k].forEach((id, t) => {
      const parent = t === 0 ? null : trajectories[k][t - 1]
      const known = nodes.get(id)
      if (!known) nodes.set(id, { parent, depth: t + 1, trajectories: [k] })
      else if (known.parent !== parent || known.trajectories.at(-1) === k) {
        throw new GuerdonError('invalid_input', `expected node "${id}" to stand in one place of the tree; it has two`, {
          path: ['trajectoryStepIds', k, t],
          hint: 'give steps an id of their own, also when their text is the same',
        })
      } else known.trajectories.push(k)
    })
  }
  return nodes
}
