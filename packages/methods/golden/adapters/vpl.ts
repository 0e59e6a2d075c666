import {
  type AnnealOptions,
  type AnnotatedReturns,
  annealSlope,
  betterThanChance,
  categoricalLoss,
  controlKl,
  controlLoss,
  encodeContexts,
  labelAccuracy,
  languageKl,
  languageLoss,
  learnedNormalisation,
  meanVarianceLoss,
  nextAnnealStep,
  type Posterior,
  positionWeightedMean,
  queryScore,
  reparameterise,
  scaleByMaximum,
  scaleExponentially,
  scalePerMode,
  winRateRewards,
} from '@guerdon/methods/models/vpl'
import { pairAccuracy } from '@guerdon/methods/shared/pair-loss'
import { interpret, type Tensor } from '@guerdon/tensor'
import type { Adapters } from '../adapter.ts'
import { row, rows, scalar } from '../nested.ts'

type Weights = Record<`${'w_q' | 'w_k' | 'w_v' | 'mean_layer' | 'log_var_layer'}.weight`, number[][]> &
  Record<`${'w_q' | 'w_k' | 'w_v' | 'mean_layer' | 'log_var_layer'}.bias`, number[]>

export const adapters = {
  latentKl: (input: {
    mean: number[][]
    logVar: number[][]
    priorMean: number[] | null
    priorLogVar: number[] | null
  }) => {
    const { mean, logVar, priorMean, priorLogVar } = input
    const prior = priorMean && priorLogVar ? { prior: { mean: priorMean, logVar: priorLogVar } } : {}
    const control = interpret((posterior: Posterior, given: { prior?: Posterior }) =>
      controlKl(posterior, given.prior),
    )({ mean, logVar }, prior)
    const language = interpret((posterior: Posterior) => languageKl(posterior))({ mean, logVar })
    return { controlLatentLoss: scalar(control), llmKld: scalar(language) }
  },
  controlElbo: (input: {
    segmentReturn1: number[][]
    segmentReturn2: number[][]
    labels: number[][]
    rewardScaling: number
    mean: number[][]
    logVar: number[][]
    klWeight: number
  }) => {
    const { segmentReturn1: first, segmentReturn2: second, labels, rewardScaling, mean, logVar, klWeight } = input
    const loss = interpret((returns: AnnotatedReturns, posterior: Posterior) =>
      controlLoss(returns, posterior, { rewardScaling, klWeight, compat: 'released' }),
    )({ first, second, labels }, { mean, logVar })
    return {
      reconstructionLoss: scalar(loss.reconstruction),
      kldLoss: scalar(loss.kl),
      loss: scalar(loss.total),
      accuracy: labelAccuracy(first.flat(), second.flat(), labels.flat()),
    }
  },
  llmElbo: (input: {
    rewardsChosen: number[]
    rewardsRejected: number[]
    mean: number[][]
    logVar: number[][]
    klLossWeight: number
    annealSlope: number
  }) => {
    const { rewardsChosen, rewardsRejected, mean, logVar, klLossWeight: klWeight, annealSlope: slope } = input
    const loss = interpret((chosen: Tensor, rejected: Tensor, posterior: Posterior) =>
      languageLoss(chosen, rejected, posterior, { klWeight, slope }),
    )(rewardsChosen, rewardsRejected, { mean, logVar })
    return {
      reconstructionLoss: scalar(loss.reconstruction),
      weightedKld: scalar(loss.weightedKl),
      loss: scalar(loss.total),
      accuracy: pairAccuracy(rewardsChosen, rewardsRejected).strict,
    }
  },
  klAnnealSlope: (input: {
    shape: NonNullable<AnnealOptions['shape']>
    totalSteps: number
    baseline: number
    cyclical: boolean
    steps: number
  }) => {
    let step = 0
    const slopes = Array.from({ length: input.steps }, () => {
      const slope = annealSlope(step, input)
      step = nextAnnealStep(step, input)
      return slope
    })
    return { slopes }
  },
  reparameterize: (input: { mean: number[][]; logVar: number[][]; epsilon: number[][] }) => {
    const sample = (projection: 'none' | 'sphere') =>
      rows(
        interpret((posterior: Posterior, noise: Tensor) => reparameterise(posterior, noise, { projection }))(
          { mean: input.mean, logVar: input.logVar },
          input.epsilon,
        ),
      )
    return { control: sample('none'), llmSphere: sample('sphere') }
  },
  contextEncoder: (input: { pairEmbeddings: number[][]; startEnd: [number, number][]; weights: Weights }) => {
    const layer = (name: 'w_q' | 'w_k' | 'w_v' | 'mean_layer' | 'log_var_layer') => ({
      weight: input.weights[`${name}.weight`],
      bias: input.weights[`${name}.bias`],
    })
    const posterior = interpret((pairs: Tensor, weights: Parameters<typeof encodeContexts>[2]) =>
      encodeContexts(pairs, input.startEnd, weights),
    )(input.pairEmbeddings, {
      query: layer('w_q'),
      key: layer('w_k'),
      value: layer('w_v'),
      mean: layer('mean_layer'),
      logVar: layer('log_var_layer'),
    })
    return { mean: rows(posterior.mean), logVar: rows(posterior.logVar) }
  },
  categoricalBaselineLoss: (input: { chosenLogits: number[][]; rejectedLogits: number[][]; entropyCoeff: number }) => {
    const loss = interpret((chosen: Tensor, rejected: Tensor) =>
      categoricalLoss(chosen, rejected, { entropyWeight: input.entropyCoeff }),
    )(input.chosenLogits, input.rejectedLogits)
    return {
      reconstructionLoss: scalar(loss.reconstruction),
      accuracy: betterThanChance(row(loss.perPair)),
      entropyTerm: scalar(loss.entropyTerm),
      loss: scalar(loss.total),
    }
  },
  meanVarianceBaselineLoss: (input: { chosenMeanLogVar: number[][]; rejectedMeanLogVar: number[][] }) => {
    const loss = interpret(meanVarianceLoss)(input.chosenMeanLogVar, input.rejectedMeanLogVar)
    return { loss: scalar(loss.total), accuracy: betterThanChance(row(loss.perPair)) }
  },
  relabelScaling: (input: { rewards: number[]; modeOfReward: number[] }) => ({
    fixedPerMode: scalePerMode(input.rewards, input.modeOfReward),
    maxAbs: scaleByMaximum(input.rewards),
    baselineExp: scaleExponentially(input.rewards),
  }),
  learnedNorm: (input: { rewards: number[]; comparisonRewardsSameLatent: number[] }) =>
    learnedNormalisation(input.rewards, input.comparisonRewardsSameLatent),
  pairwiseClassifierReward: (input: { logitsStateVsComparison: number[][]; expScalingTemp: number }) => {
    const result = winRateRewards(input.logitsStateVsComparison, { temperature: input.expScalingTemp })
    return { expectedWinProbability: result.probabilities, reward: result.rewards }
  },
  activeQueryScore: (input: { posteriorLogVarPerLabelHypothesis: number[][] }) => {
    const score = queryScore(input.posteriorLogVarPerLabelHypothesis)
    return { informationGainScore: score.informationGain, minEntropyScore: score.minimumEntropy }
  },
  positionWeightedPooling: (input: { hiddenStates: number[][][]; attentionMask: number[][] }) => ({
    embedding: rows(interpret(positionWeightedMean)(input.hiddenStates, input.attentionMask)),
  }),
} satisfies Adapters
