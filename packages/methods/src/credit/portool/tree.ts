import { assertInRange, assertOneOf, assertProbability, assertSameLength, GuerdonError } from '@guerdon/core'
import { groupNormalise } from '../../shared/group-normalise.ts'

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
  const nodes = numberNodes(trajectoryStepIds, kept)
  const through = nodes.trajectories
  const fromOutcomes = new Float64Array(nodes.ids.length).fill(aggregate === 'max' ? Number.NEGATIVE_INFINITY : 0)
  const decay = Float64Array.from({ length: longest }, (_, distance) => gamma ** distance)
  kept.forEach((k, i) => {
    const steps = nodes.steps[i]
    for (let t = 0; t < steps.length; t++) {
      const decayed = decay[steps.length - t - 1] * (outcomes[k] ?? 0)
      const node = steps[t]
      fromOutcomes[node] = aggregate === 'max' ? Math.max(fromOutcomes[node], decayed) : fromOutcomes[node] + decayed
    }
  })
  const formatting = Float64Array.from(
    nodes.ids,
    id => formattingReward(tree.formattingScores?.[id] ?? 0.5, { gamma, maxDepth }).reward,
  )
  const rewards = formatting.map(
    (format, n) => (aggregate === 'max' ? fromOutcomes[n] : fromOutcomes[n] / through[n]) + format,
  )
  const scale = normaliseByStd ? 'std' : 'none'
  const fork = groupNormalise(rewards, { index: nodes.siblings, count: nodes.ids.length + 1 }, { scale, epsilon })
  const scores = kept.map((k, i) => {
    const steps = nodes.steps[i]
    if (steps.length === 0) return outcomes[k] ?? 0
    const meanOf = (values: Float64Array) => steps.reduce((total, node) => total + values[node], 0) / steps.length
    if (trajectoryReward === 'firstStepReward') return rewards[steps[0]]
    return trajectoryReward === 'meanStepReward' ? meanOf(rewards) : (outcomes[k] ?? 0) + meanOf(formatting)
  })
  const compared = groupNormalise(scores, { index: new Int32Array(kept.length), count: 1 }, { scale, epsilon })
  const place = <T>(value: (i: number) => T) => {
    const placed = new Array<T | null>(outcomes.length).fill(null)
    kept.forEach((k, i) => {
      placed[k] = value(i)
    })
    return placed
  }
  return {
    formattingRewards: byId(nodes.ids, formatting),
    stepRewards: byId(nodes.ids, rewards),
    forkAdvantages: byId(nodes.ids, fork),
    trajectoryRewards: place(i => scores[i]),
    trajectoryAdvantages: place(i => compared[i]),
    advantages: place(i =>
      Float64Array.from(nodes.steps[i], node => {
        const blend = trajectoryWeight * compared[i] + forkWeight * fork[node]
        return sharedPrefix === 'divided' ? blend / through[node] : blend
      }),
    ),
  }
}

/** Without a prototype, so that any text can be an id. */
function byId(ids: readonly string[], values: Float64Array): Readonly<Record<string, number>> {
  const record: Record<string, number> = Object.create(null)
  for (let n = 0; n < ids.length; n++) record[ids[n]] = values[n]
  return record
}

/** The nodes of a tree by number, in the order they are first met. */
interface NumberedNodes {
  readonly ids: readonly string[]
  /** Number of trajectories through each node. */
  readonly trajectories: Int32Array
  /** Nodes with one parent share a number: the parent's, or one more than the last for the first steps. */
  readonly siblings: Int32Array
  /** Nodes of each kept trajectory. */
  readonly steps: readonly Int32Array[]
}

function numberNodes(trajectories: readonly (readonly string[])[], kept: readonly number[]): NumberedNodes {
  const numbers = new Map<string, number>()
  const ids: string[] = []
  const parents: number[] = []
  const through: number[] = []
  const last: number[] = []
  const steps = kept.map(k => {
    const row = new Int32Array(trajectories[k].length)
    for (let t = 0, parent = -1; t < row.length; parent = row[t++]) {
      const id = trajectories[k][t]
      let node = numbers.get(id)
      if (node === undefined) {
        numbers.set(id, (node = ids.length))
        ids.push(id)
        parents.push(parent)
        through.push(0)
        last.push(-1)
      } else if (parents[node] !== parent || last[node] === k) {
        throw new GuerdonError('invalid_input', `expected node "${id}" to stand in one place of the tree; it has two`, {
          path: ['trajectoryStepIds', k, t],
          hint: 'give steps an id of their own, also when their text is the same',
        })
      }
      through[node]++
      last[node] = k
      row[t] = node
    }
    return row
  })
  const siblings = Int32Array.from(parents, parent => (parent < 0 ? ids.length : parent))
  return { ids, trajectories: Int32Array.from(through), siblings, steps }
}
