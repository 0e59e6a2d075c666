import {
  actionGaps,
  adaptiveInformativeness,
  designAdaptive,
  designExprd,
  explorationBonus,
  informativeness,
  learnerDistribution,
  lirpgMetaGradient,
  selectActiveStates,
  selfRsUpdate,
  sorsUpdate,
  teacherQuantities,
} from '@guerdon/methods/control/reward-design-thesis'
import { finiteMdp, shapeRewardTable, valueIteration } from '@guerdon/methods/shared/tabular'
import type { Adapters } from '../adapter.ts'

interface MdpInput {
  transitions: number[][][]
  rewards: number[][]
  gamma: number
  initialDistribution?: number[]
}

const mdpOf = (input: MdpInput) =>
  finiteMdp({
    transitions: input.transitions,
    rewards: input.rewards,
    discount: input.gamma,
    ...(input.initialDistribution && { initial: input.initialDistribution }),
  })

const flat = (table: number[][]) => table.flat()

function rows(table: ArrayLike<number>, actionCount: number): number[][] {
  const values = Array.from(table)
  return Array.from({ length: values.length / actionCount }, (_, s) =>
    values.slice(s * actionCount, (s + 1) * actionCount),
  )
}

const trajectory = (pairs: number[][], rewards: number[]) => ({
  states: pairs.map(([s]) => s),
  actions: pairs.map(([, a]) => a),
  rewards,
})

interface DesignInput extends MdpInput {
  rMax: number
  activeStates: number[] | null
  horizons: number[]
  deltaShrink: number
}

const designOptions = (input: DesignInput) => ({
  horizons: input.horizons,
  rMax: input.rMax,
  gapShrink: input.deltaShrink,
})

export const adapters = {
  valueIteration: (input: MdpInput & { tolerance: number }) => {
    const mdp = mdpOf(input)
    const { q, v, policy, stochasticPolicy } = valueIteration(mdp, { tolerance: input.tolerance })
    return {
      q: rows(q, mdp.actionCount),
      v,
      deterministicPolicy: policy,
      stochasticPolicy: rows(stochasticPolicy, mdp.actionCount),
    }
  },
  deltaS: (input: MdpInput & { deterministicPolicy: number[]; stochasticPolicy: number[][] }) => ({
    deltaS: actionGaps(mdpOf(input), input.deterministicPolicy, flat(input.stochasticPolicy)),
  }),
  potentialBasedReward: (input: MdpInput) => {
    const mdp = mdpOf(input)
    const { v } = valueIteration(mdp, { tolerance: 1e-10 })
    return { shapedRewards: rows(shapeRewardTable(mdp, v), mdp.actionCount) }
  },
  informativeness: (
    input: MdpInput & {
      candidateRewards: number[][]
      deterministicPolicy: number[]
      deltaS: number[]
      horizons: number[]
    },
  ) => ({
    informativeness: informativeness(
      mdpOf(input),
      flat(input.candidateRewards),
      input.deterministicPolicy,
      input.deltaS,
      { horizons: input.horizons },
    ),
  }),
  exprdOptimum: (input: DesignInput) => {
    const design = designExprd(mdpOf(input), {
      ...designOptions(input),
      ...(input.activeStates && { activeStates: input.activeStates }),
    })
    return { feasible: design.feasible, objective: design.feasible ? design.objective : null }
  },
  exprdGreedySelection: (
    input: DesignInput & { budget: number; initialActiveStates: number[]; candidateStates: number[] },
  ) => {
    const { states, objectives } = selectActiveStates(mdpOf(input), {
      ...designOptions(input),
      initialActiveStates: input.initialActiveStates,
      candidateStates: input.candidateStates,
      budget: input.budget,
    })
    return { selectedStatesInOrder: states, objectives }
  },
  teacherQuantities: (input: MdpInput & { teacherPolicy: number[][]; epsilonGreedy: number }) => {
    const mdp = mdpOf(input)
    const result = teacherQuantities(mdp, flat(input.teacherPolicy), { epsilon: input.epsilonGreedy })
    return { advantage: rows(result.advantage, mdp.actionCount), stateDistribution: result.stateDistribution }
  },
  adaptiveInformativeness: (
    input: MdpInput & {
      candidateRewards: number[][]
      learnerPolicy: number[][]
      teacherAdvantage: number[][]
      teacherStateDistribution: number[]
    },
  ) => {
    const mdp = mdpOf(input)
    const learner = flat(input.learnerPolicy)
    return {
      ...adaptiveInformativeness(mdp, flat(input.candidateRewards), learner, {
        advantage: Float64Array.from(flat(input.teacherAdvantage)),
        stateDistribution: Float64Array.from(input.teacherStateDistribution),
      }),
      learnerStateActionDistribution: rows(learnerDistribution(mdp, learner), mdp.actionCount),
    }
  },
  expAdaRdOptimum: (
    input: MdpInput & {
      rMax: number
      learnerPolicy: number[][]
      epsilonGreedy: number
      features: 'one-hot state-action' | number[][]
    },
  ) => {
    const design = designAdaptive(mdpOf(input), flat(input.learnerPolicy), {
      rMax: input.rMax,
      epsilon: input.epsilonGreedy,
      ...(typeof input.features !== 'string' && { features: input.features }),
    })
    return { feasible: design.feasible, objective: design.feasible ? design.objective : null }
  },
  explorationBonus: (input: {
    lambda: number
    bMax: number
    visitCounts: number[]
    terminalStateIndex: number | null
  }) => ({
    bonus: input.visitCounts.map((visits, state) =>
      explorationBonus(state, visits, {
        lambda: input.lambda,
        maximum: input.bMax,
        terminalState: input.terminalStateIndex,
      }),
    ),
  }),
  selfRsUpdate: (input: {
    rewards: number[][]
    gamma: number
    learnerPolicy: number[][]
    episodes: number[][][]
    value: number[]
    phi: number[][]
    etaPhi: number
    etaCritic: number
    clipping: number | null
  }) => {
    const result = selfRsUpdate(
      flat(input.phi),
      input.value,
      input.episodes.map(episode =>
        episode.map(([state, action]) => ({
          state,
          action,
          reward: input.rewards[state][action],
          probabilities: input.learnerPolicy[state],
        })),
      ),
      { discount: input.gamma, step: input.etaPhi, criticStep: input.etaCritic, clip: input.clipping },
    )
    return { phi: rows(result.phi, input.phi[0].length), value: result.value }
  },
  sorsUpdate: (input: {
    rewards: number[][]
    gamma: number
    episodes: number[][][]
    phi: number[][]
    etaPhi: number
    maxPairs: number
  }) => {
    const actionCount = input.phi[0].length
    const phi = sorsUpdate(
      flat(input.phi),
      input.episodes.map(episode =>
        episode.map(([state, action]) => ({ state, action, reward: input.rewards[state][action] })),
      ),
      { discount: input.gamma, actionCount, step: input.etaPhi, maxPairs: input.maxPairs },
    )
    return { phi: rows(phi, actionCount) }
  },
  lirpgMetaGradient: (input: {
    theta: number[][]
    intrinsicReward: number[][]
    trajectory: number[][]
    extrinsicRewards: number[]
    metaTrajectory: number[][]
    metaExtrinsicRewards: number[]
    gamma: number
    lambda: number
    alpha: number
  }) => {
    const result = lirpgMetaGradient(
      input.theta,
      flat(input.intrinsicReward),
      trajectory(input.trajectory, input.extrinsicRewards),
      trajectory(input.metaTrajectory, input.metaExtrinsicRewards),
      { discount: input.gamma, lambda: input.lambda, step: input.alpha },
    )
    const actionCount = input.theta[0].length
    return { updatedTheta: rows(result.theta, actionCount), metaGradient: rows(result.gradient, actionCount) }
  },
} satisfies Adapters
