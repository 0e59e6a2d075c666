import {
  baselineAdvantages,
  blockAdvantages,
  epsilonGreedyPolicy,
  nStepReturns,
  ppoLoss,
  qLearningUpdate,
  reinforceLosses,
  sacCriticTarget,
  shapeEpisode,
  shapingInvariance,
  softmaxPolicy,
  squashedGaussian,
  tabularReinforceUpdate,
} from '@guerdon/methods/control/envs-and-baselines-rl'
import { initialMeanStd, updateMeanStd } from '@guerdon/methods/shared/running-mean-std'
import { finiteMdp } from '@guerdon/methods/shared/tabular'
import { interpret } from '@guerdon/tensor'
import { acrobot } from '@guerdon/worlds/control/acrobot'
import { cartPole } from '@guerdon/worlds/control/cart-pole'
import { type Dynamics, follow } from '@guerdon/worlds/control/dynamics'
import { mountainCar } from '@guerdon/worlds/control/mountain-car'
import { mountainCarContinuous } from '@guerdon/worlds/control/mountain-car-continuous'
import { pendulum } from '@guerdon/worlds/control/pendulum'
import { chain } from '@guerdon/worlds/grid/chain'
import { fourRoom } from '@guerdon/worlds/grid/four-room'
import { lineKey } from '@guerdon/worlds/grid/line-key'
import { minigridSuccessReward } from '@guerdon/worlds/grid/minigrid'
import { type TabularWorld, transitionsOf } from '@guerdon/worlds/grid/tabular-world'
import type { Adapters } from '../adapter.ts'

interface RolloutInput {
  initialState: number[]
  actions: number[]
}

const rollout = (dynamics: Dynamics) => (input: RolloutInput) => follow(dynamics, input.initialState, input.actions)

const queried = (world: TabularWorld, queries: [number, number][]) =>
  queries.map(([state, action]) => transitionsOf(world, state, action))

function rows(table: ArrayLike<number>, width: number): number[][] {
  const values = Array.from(table)
  return Array.from({ length: values.length / width }, (_, i) => values.slice(i * width, (i + 1) * width))
}

const tabular = (episodes: number[][][]) =>
  episodes.map(episode => episode.map(([state, action, reward, nextState]) => ({ state, action, reward, nextState })))

type Scalars = { [name: string]: { readonly data: ArrayLike<number> } }
const firsts = (result: Scalars) =>
  Object.fromEntries(Object.entries(result).map(([name, array]) => [name, array.data[0]]))

export const adapters = {
  cartPoleRollout: rollout(cartPole),
  mountainCarRollout: rollout(mountainCar),
  mountainCarContinuousRollout: rollout(mountainCarContinuous),
  pendulumRollout: rollout(pendulum),
  acrobotRollout: rollout(acrobot),
  fourRoomTransitions: (input: {
    gridSize: number
    randomMoveProb: number
    rMax: number
    subgoalReward: number
    queries: [number, number][]
  }) =>
    queried(
      fourRoom({
        size: input.gridSize,
        noise: input.randomMoveProb,
        goalReward: input.rMax,
        distractorReward: input.subgoalReward,
      }),
      input.queries,
    ),
  lineKeyTransitions: (input: {
    chainLength: number
    randomMoveProb: number
    rMax: number
    keyPosition: number
    queries: [number, number][]
  }) =>
    queried(
      lineKey({
        length: input.chainLength,
        slip: input.randomMoveProb,
        goalReward: input.rMax,
        keyPosition: input.keyPosition,
      }),
      input.queries,
    ),
  chainTransitions: (input: {
    n1: number
    n2: number
    rMax: number
    distractorReward: number
    distractorOffset: number
    randomMoveProb: number
    queries: [number, number][]
  }) =>
    queried(
      chain({
        rightCells: input.n1,
        leftCells: input.n2,
        goalReward: input.rMax,
        distractorReward: input.distractorReward,
        distractorOffset: input.distractorOffset,
        noise: input.randomMoveProb,
      }),
      input.queries,
    ),
  qLearningEpisodeUpdate: (input: {
    q: number[][]
    episodes: number[][][]
    gamma: number
    alpha: number
    epsilon: number
  }) => {
    const actionCount = input.q[0].length
    const q = qLearningUpdate(input.q.flat(), tabular(input.episodes), {
      actionCount,
      discount: input.gamma,
      step: input.alpha,
    })
    const policy = epsilonGreedyPolicy(q, actionCount, { epsilon: input.epsilon })
    return { q: rows(q, actionCount), epsilonGreedyPolicy: rows(policy, actionCount) }
  },
  tabularReinforceUpdate: (input: { theta: number[][]; episodes: number[][][]; gamma: number; etaActor: number }) => {
    const actionCount = input.theta[0].length
    const theta = tabularReinforceUpdate(input.theta.flat(), tabular(input.episodes), {
      actionCount,
      discount: input.gamma,
      step: input.etaActor,
    })
    return { theta: rows(theta, actionCount), policy: rows(softmaxPolicy(theta, actionCount), actionCount) }
  },
  runningMeanStd: (input: { batches: (number | number[])[][]; initialCount: number }) => {
    const scalar = typeof input.batches[0][0] === 'number'
    const batches = input.batches.map(batch => batch.map(row => (typeof row === 'number' ? [row] : row)))
    const { mean, variance, count } = batches.reduce(
      updateMeanStd,
      initialMeanStd(batches[0][0].length, { initialCount: input.initialCount }),
    )
    return scalar ? { mean: mean[0], var: variance[0], count } : { mean, var: variance, count }
  },
  gae: (input: {
    rewards: number[][]
    values: number[][]
    dones: number[][]
    nextValue: number[]
    nextDone: number[]
    gamma: number
    lambda: number
  }) => {
    const width = input.nextValue.length
    const { advantages, returns } = blockAdvantages(
      {
        rewards: input.rewards.flat(),
        values: input.values.flat(),
        dones: input.dones.flat(),
        nextValue: input.nextValue,
        nextDone: input.nextDone,
      },
      { gamma: input.gamma, lambda: input.lambda },
    )
    return { advantages: rows(advantages, width), returns: rows(returns, width) }
  },
  ppoLoss: (input: {
    newLogProb: number[]
    oldLogProb: number[]
    advantages: number[]
    newValues: number[]
    oldValues: number[]
    returns: number[]
    entropy: number[]
    clip: number
    normalizeAdvantages: boolean
    clipValueLoss: boolean
    entropyCoef: number
    valueCoef: number
  }) => {
    const { newLogProb, oldLogProb, advantages, newValues, oldValues, returns, entropy } = input
    const evaluate = interpret((batch: Parameters<typeof ppoLoss>[0]) =>
      ppoLoss(batch, {
        clip: input.clip,
        normalizeAdvantages: input.normalizeAdvantages,
        clipValueLoss: input.clipValueLoss,
        entropyCoefficient: input.entropyCoef,
        valueCoefficient: input.valueCoef,
      }),
    )
    return firsts(
      evaluate({ newLogProb, oldLogProb, advantages, newValues, oldValues, returns, entropy }) as unknown as Scalars,
    )
  },
  reinforceWithBaseline: (input: { rewards: number[]; baseline: number[]; logProbs: number[]; gamma: number }) => {
    const { returns, advantages } = baselineAdvantages(input.rewards, input.baseline, { gamma: input.gamma })
    const losses = interpret(reinforceLosses)(input.logProbs, input.baseline, returns)
    return { returns, advantages, ...firsts(losses as unknown as Scalars) }
  },
  nStepReturns: (input: {
    rewards: number[]
    values: number[]
    gamma: number
    n: number
    lastStateIsTerminal: boolean
  }) => ({ targets: nStepReturns(input.rewards, input.values, input) }),
  sacActionAndLogProb: (input: {
    mean: number[]
    rawLogStd: number[]
    noise: number[]
    low: number[]
    high: number[]
  }) => {
    const result = interpret(squashedGaussian)(
      [input.mean],
      [input.rawLogStd],
      [input.noise],
      [input.low],
      [input.high],
    )
    return {
      logStd: result.logStd.data,
      action: result.action.data,
      logProb: result.logProb.data[0],
      deterministicAction: result.deterministic.data,
    }
  },
  sacCriticTarget: (input: {
    rewards: number[]
    terminations: number[]
    targetQ1: number[]
    targetQ2: number[]
    nextLogProb: number[]
    alpha: number
    gamma: number
  }) => {
    const { rewards, terminations, targetQ1, targetQ2, nextLogProb, alpha, gamma } = input
    const evaluate = interpret((batch: Parameters<typeof sacCriticTarget>[0]) =>
      sacCriticTarget(batch, { alpha, gamma }),
    )
    return { targets: evaluate({ rewards, terminated: terminations, targetQ1, targetQ2, nextLogProb }).data }
  },
  potentialShapingInvariance: (input: {
    transitions: number[][][]
    rewards: number[][]
    potential: number[]
    gamma: number
  }) => {
    const mdp = finiteMdp({ transitions: input.transitions, rewards: input.rewards, discount: input.gamma })
    const result = shapingInvariance(mdp, input.potential)
    return {
      ...result,
      shapedRewards: rows(result.shapedRewards, mdp.actionCount),
      qOriginal: rows(result.qOriginal, mdp.actionCount),
      qShaped: rows(result.qShaped, mdp.actionCount),
    }
  },
  shapedEpisodeReturn: (input: {
    rewards: number[]
    potentialOfStates: number[]
    gamma: number
    lastStateIsTerminal: boolean
  }) => {
    const { shaping, ...rest } = shapeEpisode(input.rewards, input.potentialOfStates, {
      discount: input.gamma,
      lastStateIsTerminal: input.lastStateIsTerminal,
    })
    return { shapingRewards: shaping, ...rest }
  },
  minigridSuccessReward: (input: { stepCountAndMaxSteps: [number, number][] }) => ({
    rewards: input.stepCountAndMaxSteps.map(([steps, maxSteps]) => minigridSuccessReward(steps, maxSteps)),
  }),
} satisfies Adapters
