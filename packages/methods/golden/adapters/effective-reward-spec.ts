import {
  asafLoss,
  type BehaviourThreshold,
  coachRegularisation,
  conditionalLogReward,
  constraintStep,
  episodeLimits,
  episodeWindows,
  focusBeliefWeights,
  focusCoefficient,
  hindsightRelabel,
  hypercubeLimits,
  initialMultipliers,
  invertedGenerationalDistance,
  maskHidden,
  multiCriticPolicyLoss,
  occurrenceRate,
  paretoClusteredEntropy,
  paretoEfficient,
  slidingWindows,
  teamRegularisationContinuous,
  teamRegularisationDiscrete,
  thermometer,
  trajectoryBalanceLoss,
} from '@guerdon/methods/control/effective-reward-spec'
import { interpret, type Tensor, valueAndGrad } from '@guerdon/tensor'
import type { Adapters } from '../adapter.ts'
import { row, scalar } from '../nested.ts'

export const adapters = {
  asafLoss: (input: {
    newLogProbs: number[]
    oldLogProbs: number[]
    windowLengths: number[]
    numLearnerWindows: number
  }) => {
    const evaluate = interpret(
      valueAndGrad(
        (now: Tensor, old: Tensor) => {
          const { loss, ...rest } = asafLoss(now, old, input.windowLengths, input.numLearnerWindows)
          return [loss, rest] as const
        },
        { hasAux: true },
      ),
    )
    const { value, gradient, aux } = evaluate(input.newLogProbs, input.oldLogProbs)
    return {
      windowSumsNew: row(aux.newSums),
      windowSumsOld: row(aux.oldSums),
      discriminatorProbExpert: row(aux.expertProbability),
      loss: scalar(value),
      gradNewLogProbs: row(gradient),
    }
  },
  asafEpisodeWindows: (input: { notDoneMask: number[]; windowSize: number }) => {
    const episodes = episodeLimits(input.notDoneMask)
    const windows = episodeWindows(episodes, input.windowSize)
    return {
      episodeStarts: episodes.starts,
      episodeEnds: episodes.ends,
      windowStarts: windows.starts,
      windowEnds: windows.ends,
    }
  },
  asafSlidingWindows: (input: { numTransitions: number; windowSize: number; windowStride: number }) => ({
    windowStarts: slidingWindows(input.numTransitions, input.windowSize, input.windowStride).starts,
  }),
  teamRegDiscrete: (input: { realActionLogits: number[][][]; predictedActionLogits: number[][][] }) => ({
    loss: scalar(interpret(teamRegularisationDiscrete)(input.realActionLogits, input.predictedActionLogits)),
  }),
  teamRegContinuous: (input: { realActions: number[][][]; predictedActions: number[][][] }) => ({
    loss: scalar(interpret(teamRegularisationContinuous)(input.realActions, input.predictedActions)),
  }),
  coachRegKl: (input: { coachLogits: number[][]; agentLogits: number[][][] }) => {
    const { perAgent, loss } = interpret(coachRegularisation)(input.coachLogits, input.agentLogits)
    return { perAgent: row(perAgent), meanOverAgents: scalar(loss) }
  },
  coachPolicyMask: (input: { hiddenPreActivation: number[]; embeddingOneHot: number[] }) => ({
    masked: row(interpret(maskHidden)([input.hiddenPreActivation], [input.embeddingOneHot])),
  }),
  lagrangianTrace: (input: {
    indicatorCosts: (number | null)[][]
    thresholds: BehaviourThreshold[]
    bootstrapConstraintIndex: number | null
    normalised: boolean
    updates: number
    initialMultiplierParams: number[]
    learningRate: number
    adam: { eps: number; beta1: number; beta2: number }
    multiplierUpdateEvery: number
  }) => {
    const { normalised } = input
    const rates = input.thresholds.map((_, k) => occurrenceRate(input.indicatorCosts.map(costs => costs[k])))
    let state = {
      ...initialMultipliers(input.thresholds.length, { normalised }),
      parameters: input.initialMultiplierParams,
    }
    const trace = []
    for (let update = 0; update < input.updates; update++) {
      const step = constraintStep(state, rates, {
        thresholds: input.thresholds,
        normalised,
        bootstrap: input.bootstrapConstraintIndex,
        learningRate: input.learningRate,
        epsilon: input.adam.eps,
        beta1: input.adam.beta1,
        beta2: input.adam.beta2,
        updateEvery: input.multiplierUpdateEvery,
      })
      state = { ...step.state, parameters: [...step.state.parameters] }
      trace.push({ ...step.weights, multiplierParams: state.parameters })
    }
    return { trace }
  },
  multiCriticPolicyLoss: (input: {
    minQPerObjective: number[][]
    rewardWeight: number
    costWeights: number[]
    logProbs: number[]
    alpha: number
  }) => {
    const evaluate = interpret((minQ: Tensor, weights: Tensor, logProb: Tensor) =>
      multiCriticPolicyLoss(minQ, weights, logProb, input.alpha),
    )
    return {
      policyLoss: scalar(evaluate(input.minQPerObjective, [input.rewardWeight, ...input.costWeights], input.logProbs)),
    }
  },
  focusCoefficient: (input: {
    flatRewards: number[][]
    focusDirections: number[][]
    cosineThreshold: number
    limitCoefficient: number
  }) => {
    const results = input.flatRewards.map((rewards, i) => focusCoefficient(rewards, input.focusDirections[i], input))
    return {
      cosine: results.map(r => r.cosine),
      inFocus: results.map(r => r.inFocus),
      coefficient: results.map(r => r.coefficient),
    }
  },
  conditionalLogReward: (input: {
    flatRewards: number[][]
    preferences: number[][]
    focusDirections: number[][] | null
    cosineThreshold: number
    limitCoefficient: number
    beta: number[]
    illegalLogReward: number
  }) => ({
    logRewards: input.flatRewards.map((rewards, i) =>
      conditionalLogReward(
        rewards,
        { preferences: input.preferences[i], direction: input.focusDirections?.[i], beta: input.beta[i] },
        input,
      ),
    ),
  }),
  hindsightRelabel: (input: {
    flatRewards: number[][]
    focusDirections: number[][]
    hindsightIndices: number[]
    cosineThreshold: number
  }) => {
    const { directions, relabelled } = hindsightRelabel(
      input.flatRewards,
      input.focusDirections,
      input.hindsightIndices,
      { cosineThreshold: input.cosineThreshold },
    )
    return { relabelledIndices: relabelled, focusDirections: directions }
  },
  thermometer: (input: { values: number[]; bins: number; min: number; max: number }) => ({
    encoding: input.values.map(value =>
      thermometer(value, { bins: input.bins, minimum: input.min, maximum: input.max }),
    ),
  }),
  hypercubeLimits: (input: { dims: number; pointsPerDim: number }) => ({
    points: hypercubeLimits(input.dims, input.pointsPerDim),
  }),
  igdAndPcEntropy: (input: { samples: number[][]; referencePointsPerDim: number }) => {
    const reference = hypercubeLimits(input.samples[0].length, input.referencePointsPerDim)
    return {
      igd: invertedGenerationalDistance(input.samples, reference),
      pcEntropy: paretoClusteredEntropy(input.samples, reference),
    }
  },
  paretoEfficientMask: (input: { costs: number[][] }) => ({ mask: paretoEfficient(input.costs) }),
  focusBeliefWeights: (input: {
    directionCounts: number[]
    populationCounts: number[]
    feasible: number
    infeasible: number
  }) => ({
    weights: focusBeliefWeights({ requested: input.directionCounts, reached: input.populationCounts }, input),
  }),
  trajectoryBalanceLoss: (input: {
    logZ: number | number[]
    logPF: number[][]
    logPB: number[][]
    logRewards: number[]
  }) => {
    const lengths = input.logPF.map(steps => steps.length)
    const evaluate = interpret((logZ: Tensor, forward: Tensor, backward: Tensor, logRewards: Tensor) =>
      trajectoryBalanceLoss(logZ, forward, backward, logRewards, lengths),
    )
    const result = evaluate(
      input.logZ,
      Float64Array.from(input.logPF.flat()),
      Float64Array.from(input.logPB.flat()),
      input.logRewards,
    )
    return { perTrajectory: row(result.perTrajectory), loss: scalar(result.loss) }
  },
} satisfies Adapters
