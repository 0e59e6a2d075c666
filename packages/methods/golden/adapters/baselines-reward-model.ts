import {
  bestOfFourScore,
  bestOfNKl,
  bradleyTerryLoss,
  calibration,
  directPreferenceLoss,
  expectedBestOfN,
  fitOveroptimisation,
  goldAt,
  implicitReward,
  type OveroptimisationKind,
  overoptimisationPeak,
  type PreferenceLogprobs,
  pairAccuracy,
  pairLoss,
  passAtK,
  plackettLuceLoss,
  regressionLoss,
  rewardBenchScore,
  sequenceScores,
  type TieModel,
  tieLoss,
  tieProbabilities,
  tiesScore,
} from '@guerdon/methods/models/baselines-reward-model'
import { interpret, type Tensor, valueAndGrad } from '@guerdon/tensor'
import type { Adapters } from '../adapter.ts'
import { row, scalar } from '../nested.ts'

export const adapters = {
  bradleyTerryLoss: (input: {
    chosen: number[]
    rejected: number[]
    margin: number[] | null
    centerCoefficient: number | null
  }) => {
    const { chosen, rejected, margin, centerCoefficient } = input
    const { value, gradient } = interpret(
      valueAndGrad((pair: { chosen: Tensor; rejected: Tensor }, extra: { margin?: Tensor }) =>
        bradleyTerryLoss(pair.chosen, pair.rejected, { ...extra, centring: centerCoefficient ?? 0 }),
      ),
    )({ chosen, rejected }, margin ? { margin } : {})
    return {
      loss: scalar(value),
      accuracy: pairAccuracy(chosen, rejected).strict,
      meanMargin: pairAccuracy(chosen, rejected).meanDifference,
      gradChosen: row(gradient.chosen),
      gradRejected: row(gradient.rejected),
    }
  },
  softLabelLoss: (input: { scoreA: number[]; scoreB: number[]; probabilityA: number[] }) => {
    const { value, gradient, aux } = interpret(
      valueAndGrad(
        (first: Tensor, second: Tensor, label: Tensor) =>
          [pairLoss(first, second, { label }), pairLoss(first, second, { label, reduction: 'none' })] as const,
        { hasAux: true },
      ),
    )(input.scoreA, input.scoreB, input.probabilityA)
    return { perPair: row(aux), loss: scalar(value), gradScoreA: row(gradient) }
  },
  tieModels: (input: { scoreDifference: number[]; outcome: number[]; raoKupperTheta: number; davidsonNu: number }) => {
    const { scoreDifference, outcome } = input
    const loss = (model: TieModel) =>
      scalar(interpret((d: Tensor, o: Tensor) => tieLoss(d, o, model))(scoreDifference, outcome))
    const raoKupper: TieModel = { kind: 'raoKupper', theta: input.raoKupperTheta }
    const davidson: TieModel = { kind: 'davidson', nu: input.davidsonNu }
    return {
      raoKupperProbs: scoreDifference.map(d => tieProbabilities(d, raoKupper)),
      raoKupperNll: loss(raoKupper),
      davidsonProbs: scoreDifference.map(d => tieProbabilities(d, davidson)),
      davidsonNll: loss(davidson),
    }
  },
  plackettLuce: (input: { scores: number[]; rankingBestFirst: number[] }) => {
    const { value, gradient } = interpret(valueAndGrad(plackettLuceLoss))(input.scores, input.rankingBestFirst)
    return { nll: scalar(value), gradScores: row(gradient) }
  },
  regressionLoss: (input: { scores: number[]; targets: number[] }) => ({
    mse: scalar(interpret(regressionLoss)(input.scores, input.targets)),
  }),
  pairwiseAccuracy: (input: { chosen: number[]; rejected: number[] }) => pairAccuracy(input.chosen, input.rejected),
  calibration: (input: { probabilities: number[]; outcomes: number[]; bins: number }) =>
    calibration(input.probabilities, input.outcomes, { bins: input.bins }),
  rewardBenchV1Score: (input: { subsetAccuracy: Record<string, number>; priorSetsScore: number | null }) => {
    const { sections, average, withPriorSets } = rewardBenchScore(input.subsetAccuracy, {
      priorSetsScore: input.priorSetsScore,
      unknown: 'ignore',
    })
    return { sections, averageFourSections: average, averageWithPriorSetsHalfWeight: withPriorSets }
  },
  rewardBench2TiesScore: (input: { rows: { id: string; numCorrect: number; scores: number[] }[] }) => {
    const { overall, prompts } = tiesScore(input.rows)
    return { overall, promptStats: prompts }
  },
  rewardBench2BestOfFour: (input: { scoresCorrectFirst: number[][] }) => {
    const { credits, accuracy } = bestOfFourScore(input.scoresCorrectFirst)
    return { results: credits, accuracy }
  },
  dpoImplicitReward: (input: {
    policyChosenLogp: number[]
    policyRejectedLogp: number[]
    refChosenLogp: number[]
    refRejectedLogp: number[]
    beta: number
    labelSmoothing: number
  }) => {
    const { beta, labelSmoothing } = input
    const logprobs = {
      policyChosen: input.policyChosenLogp,
      policyRejected: input.policyRejectedLogp,
      referenceChosen: input.refChosenLogp,
      referenceRejected: input.refRejectedLogp,
    }
    const reward = interpret((policy: Tensor, reference: Tensor) => implicitReward(policy, reference, { beta }))
    const chosenReward = row(reward(logprobs.policyChosen, logprobs.referenceChosen))
    const rejectedReward = row(reward(logprobs.policyRejected, logprobs.referenceRejected))
    const loss = (variant: 'sigmoid' | 'conservative' | 'robust') =>
      scalar(interpret((p: PreferenceLogprobs) => directPreferenceLoss(p, { beta, labelSmoothing, variant }))(logprobs))
    return {
      chosenReward,
      rejectedReward,
      sigmoidLoss: loss('sigmoid'),
      conservativeLoss: loss('conservative'),
      robustLoss: loss('robust'),
      accuracy: pairAccuracy(chosenReward, rejectedReward).strict,
    }
  },
  referenceFreeLogp: (input: { logits: number[][][]; labels: number[][]; ignoreIndex: number }) => {
    const scores = interpret((logits: Tensor, labels: Tensor) =>
      sequenceScores(logits, labels, { ignore: input.ignoreIndex }),
    )(input.logits, input.labels)
    return { sum: row(scores.sum), avg: row(scores.average), norm: row(scores.norm) }
  },
  passAtK: (input: { cases: { n: number; c: number; k: number }[] }) => ({
    passAtK: input.cases.map(({ n, c, k }) => passAtK({ samples: n, passed: c, k })),
  }),
  bestOfNKl: (input: { n: number[] }) => ({ kl: input.n.map(bestOfNKl) }),
  bestOfNEstimator: (input: { proxyScores: number[]; goldScores: number[]; n: number[] }) => {
    const { proxyScores, goldScores } = input
    return {
      expectedGold: input.n.map(n => expectedBestOfN(proxyScores, goldScores, n)),
      expectedProxy: input.n.map(n => expectedBestOfN(proxyScores, proxyScores, n)),
    }
  },
  overoptimizationCurve: (input: { kl: number[]; alpha: number; beta: number; kind: OveroptimisationKind }) => {
    const peak = overoptimisationPeak(input)
    return {
      goldReward: input.kl.map(kl => goldAt(kl, input)),
      peakDistance: peak?.distance ?? null,
      peakKl: peak?.kl ?? null,
      peakGold: peak?.gold ?? null,
    }
  },
  fitOveroptimization: (input: { kl: number[]; goldReward: number[]; kind: OveroptimisationKind }) =>
    fitOveroptimisation(input.kl, input.goldReward, { kind: input.kind }),
} satisfies Adapters
