import {
  discriminatorLoss,
  gradientPenalty,
  imitationReward,
  lookahead,
  type PenaltyPoints,
  preconditionBatch,
  preconditionPerSample,
  qLipschitzBound,
  redReward,
  validityMultiplier,
} from '@guerdon/methods/control/lipschitz-gail'
import { initialMeanStd, runningStd, updateMeanStd } from '@guerdon/methods/shared/running-mean-std'
import { interpret, type Tensor } from '@guerdon/tensor'
import type { Adapters } from '../adapter.ts'
import { row, scalar } from '../nested.ts'

interface Network {
  w1: number[][]
  b1: number[]
  w2: number[][]
  b2: number[]
  w3: number[]
  b3: number
  leak: number
  observationClamp: number
}

const layersOf = (input: Network) => [
  { weight: input.w1, bias: input.b1 },
  { weight: input.w2, bias: input.b2 },
  { weight: [input.w3], bias: [input.b3] },
]

type Layers = { weight: Tensor; bias: Tensor }[]

export const adapters = {
  gradientPenalty: (
    input: Network & {
      policyObs: number[][]
      policyActs: number[][]
      expertObs?: number[][]
      expertActs?: number[][]
      epsObs?: number[] | number[][]
      epsActs?: number[] | number[][]
      oneSided: boolean
      target: number
      variant: PenaltyPoints
    },
  ) => {
    const evaluate = interpret((layers: Layers, batch: Parameters<typeof gradientPenalty>[1]) =>
      gradientPenalty(layers, batch, {
        leak: input.leak,
        observationClamp: input.observationClamp,
        points: input.variant,
        target: input.target,
        oneSided: input.oneSided,
      }),
    )
    const { norms, penalty } = evaluate(layersOf(input), {
      policyObservations: input.policyObs,
      policyActions: input.policyActs,
      ...(input.expertObs && { expertObservations: input.expertObs }),
      ...(input.expertActs && { expertActions: input.expertActs }),
      ...(input.epsObs && { observationDraws: input.epsObs }),
      ...(input.epsActs && { actionDraws: input.epsActs }),
    })
    return { gradientNorms: row(norms), penalty: scalar(penalty) }
  },
  localPenaltyPerSample: (input: Network & { obs: number[][]; acts: number[][]; target: number }) => {
    const evaluate = interpret((layers: Layers, policyObservations: Tensor, policyActions: Tensor) => {
      const { perSample } = gradientPenalty(
        layers,
        { policyObservations, policyActions },
        { leak: input.leak, observationClamp: input.observationClamp, points: 'bare', target: input.target },
      )
      return { penalties: perSample, validityMultiplier: validityMultiplier(perSample) }
    })
    const result = evaluate(layersOf(input), input.obs, input.acts)
    return { penalties: row(result.penalties), validityMultiplier: row(result.validityMultiplier) }
  },
  syntheticReward: (input: { scores: number[]; epsilon: number }) => ({
    minimaxReward: input.scores.map(score => imitationReward(score, { epsilon: input.epsilon })),
    minimaxPlusNonSaturating: input.scores.map(score =>
      imitationReward(score, { epsilon: input.epsilon, form: 'minimax-plus-non-saturating' }),
    ),
  }),
  discriminatorLoss: (input: {
    policyScores: number[]
    expertScores: number[]
    fakeLabels: number[]
    realLabels: number[]
    entropyCoef: number
    purlEta: number | null
  }) => {
    const evaluate = interpret((policy: Tensor, expert: Tensor, fake: Tensor, real: Tensor) =>
      discriminatorLoss(policy, expert, fake, real, {
        entropyCoefficient: input.entropyCoef,
        ...(input.purlEta !== null && { unlabelledPrior: input.purlEta }),
      }),
    )
    const result = evaluate(input.policyScores, input.expertScores, input.fakeLabels, input.realLabels)
    return {
      entropyLoss: scalar(result.entropyLoss),
      classificationLoss: scalar(result.classificationLoss),
      loss: scalar(result.loss),
    }
  },
  purpleForwardModelPreconditioner: (input: {
    forwardModelJacobianNorms: number[]
    threshold: number
    runningStd: number
    minimum: number
    rewards: number[]
  }) => {
    const { rewards, ...rest } = preconditionBatch(input.rewards, input.forwardModelJacobianNorms, input)
    return { ...rest, preconditionedRewards: rewards }
  },
  purplePerSamplePreconditioner: (input: { jacobianNorms: number[]; threshold: number; rewards: number[] }) => {
    const { kappa, rewards } = preconditionPerSample(input.rewards, input.jacobianNorms, input)
    return { kappa, preconditionedRewards: rewards }
  },
  nStepLookahead: (input: { rewards: number[]; dones: number[]; startIndices: number[]; n: number; gamma: number }) => {
    const results = input.startIndices.map(start =>
      lookahead(input.rewards, input.dones, start, { n: input.n, discount: input.gamma, compat: 'released' }),
    )
    return {
      returns: results.map(r => r.return),
      lengths: results.map(r => r.length),
      done: results.map(r => Number(r.done)),
      bootstrapObsIndex: results.map(r => r.bootstrapIndex),
    }
  },
  runningMoments: (input: { batches: number[][][]; initialCount: number; varianceFloor: number }) => {
    const state = input.batches.reduce(
      updateMeanStd,
      initialMeanStd(input.batches[0][0].length, { initialCount: input.initialCount }),
    )
    return {
      mean: state.mean,
      std: runningStd(state, { varianceFloor: input.varianceFloor }),
      count: state.count,
    }
  },
  redReward: (input: { predictionLosses: number[]; runningStd: number }) => ({
    rewards: input.predictionLosses.map(loss => redReward(loss, input.runningStd)),
  }),
  qLipschitzBound: (input: {
    rewardLipschitz: number
    dynamicsLipschitz: number
    policyLipschitz: number
    gamma: number
    remainingSteps: number | null
  }) => {
    const bound = qLipschitzBound({
      reward: input.rewardLipschitz,
      dynamics: input.dynamicsLipschitz,
      policy: input.policyLipschitz,
      discount: input.gamma,
      remainingSteps: input.remainingSteps,
    })
    return {
      c: bound.c,
      reportedBound: bound.reported,
      triangleInequalityBound: bound.triangleInequality,
      chainLipschitz: bound.chain,
    }
  },
} satisfies Adapters
