import { mean, type Random } from '@guerdon/core'
import {
  createD3po,
  createDdpo,
  createDenoiserLearner,
  createDiffusionSampler,
  type DiffusionModel,
  type DiffusionSampler,
  type SampleReward,
  sampleAt,
  trainLearner,
} from '@guerdon/learn'
import { preferenceLabel } from '@guerdon/methods/diffusion/d3po'
import type { Evaluated } from '@guerdon/tensor'
import type { Trial, TrialResult } from '../../claims/claim.ts'

/** What the samples of a denoiser teach it. */
export interface AlignSettings {
  /** `preferred`: plain training on the better sample of each pair; `none`: the denoiser as it was. */
  readonly by: 'd3po' | 'ddpo' | 'preferred' | 'none'
  /** The reference of D3PO: the first denoiser, or that of the epoch before. Default `first`. */
  readonly reference?: 'first' | 'epoch'
  /** The control: pairs are labelled by a coin. */
  readonly randomLabels?: boolean
  /** Rewards are passed through a rising function first, which must change nothing for D3PO. */
  readonly rising?: 'exp' | 'cube'
}

/** What is to be aligned. */
export interface AlignTask<P> {
  readonly model: DiffusionModel<P>
  readonly initial: Evaluated<P>
  readonly reward: SampleReward
  /** Two chains from one noise, an epoch; DDPO draws as many single chains. */
  readonly pairs: number
  readonly epochs: number
  /** Width of DDPO's clip. */
  readonly clipRange: number
  /** Samples the result is measured on. */
  readonly examined: number
}

const steps = 20
const miniBatches = 8
const risingFunctions = { exp: Math.exp, cube: (reward: number) => reward ** 3 }

/**
 * Aligns a denoiser with a reward: mean reward of fresh samples afterwards, and how much was gained. All arms of a seed are
 * examined from the same noise.
 */
export async function align<P>(task: AlignTask<P>, trial: Trial<AlignSettings>): Promise<TrialResult> {
  const { model, initial, reward, examined } = task
  const { settings, random, signal } = trial
  const sampler = createDiffusionSampler(model, { steps })
  const examine = async (parameters: Evaluated<P>): Promise<number> => {
    const start = { count: examined, keepStates: false, signal }
    return mean(await rewardsOf(sampler, parameters, start, reward, random.split('examine')))
  }
  const before = await examine(initial)
  const learnt =
    settings.by === 'none'
      ? { parameters: initial, curve: [], spent: {} }
      : settings.by === 'preferred'
        ? await learnPreferred(task, trial, sampler)
        : await learnFromChains(task, trial)
  const after = await examine(learnt.parameters)
  return {
    metrics: { reward: after, gain: after - before },
    curves: { reward: { x: learnt.curve.map((_, epoch) => epoch + 1), y: learnt.curve } },
    spent: { epochs: settings.by === 'none' ? 0 : task.epochs, ...learnt.spent },
  }
}

interface Learnt<P> {
  readonly parameters: Evaluated<P>
  /** Mean reward of each epoch's samples. */
  readonly curve: readonly number[]
  readonly spent: Readonly<Record<string, number>>
}

async function learnFromChains<P>(task: AlignTask<P>, trial: Trial<AlignSettings>): Promise<Learnt<P>> {
  const { model, initial, pairs, epochs, clipRange } = task
  const { settings, random, learningRate, signal, progress } = trial
  const { by, reference = 'first', randomLabels = false, rising } = settings
  const common = {
    initial,
    learningRate,
    maximumGradientNorm: 1,
    miniBatches,
    sampler: { steps },
    seed: random.split('learner').integer(2 ** 31),
  }
  const coin = random.split('coin')
  const shown: SampleReward =
    rising === undefined
      ? task.reward
      : async batch => Float64Array.from(await task.reward(batch), risingFunctions[rising])
  const learner =
    by === 'ddpo'
      ? createDdpo(model, shown, { ...common, samples: 2 * pairs, clipRange })
      : createD3po(model, shown, {
          ...common,
          pairs,
          referenceUpdate: reference === 'first' ? 'never' : 'everyUpdate',
          ...(randomLabels && {
            judge: ({ count }) => Int32Array.from({ length: count / 2 }, () => (coin.bernoulli(0.5) ? 1 : -1)),
          }),
        })
  const points = await trainLearner(learner, {
    updates: epochs,
    signal,
    onPoint: epoch => progress(epoch / epochs),
  })
  return {
    parameters: learner.parameters(),
    curve: points.map(({ meanReward }) => meanReward as number),
    spent: { ...learner.spent() },
  }
}

/** As many pairs and as many gradients as the others, drawn from the first denoiser; the better of each is trained on. */
async function learnPreferred<P>(
  task: AlignTask<P>,
  { random, learningRate, signal, progress }: Trial<AlignSettings>,
  sampler: DiffusionSampler<P>,
): Promise<Learnt<P>> {
  const { model, initial, pairs, epochs, reward } = task
  const drawing = random.split('pairs')
  const better: number[] = []
  for (let epoch = 0; epoch < epochs; epoch++) {
    const { samples, size } = await sampler.sample(initial, { count: 2 * pairs, keepStates: false, signal }, drawing)
    const rewards = await reward(batchOf(samples, size))
    for (let pair = 0; pair < pairs; pair++) {
      const [first] = preferenceLabel(rewards[2 * pair], rewards[2 * pair + 1])
      better.push(...sampleAt(samples, 2 * pair + (first < 0 ? 1 : 0), size))
    }
  }
  const learner = createDenoiserLearner(
    model,
    { samples: Float32Array.from(better) },
    {
      initial,
      learningRate,
      maximumGradientNorm: 1,
      batchSize: Math.ceil((2 * pairs * steps) / miniBatches),
      seed: random.split('learner').integer(2 ** 31),
    },
  )
  const updates = epochs * miniBatches
  await trainLearner(learner, { updates, signal, onPoint: update => progress(update / updates) })
  const gradientCalls = 2 * pairs * steps * epochs
  const rewardCalls = 2 * pairs * epochs
  const spent = { denoiserCalls: gradientCalls, gradientCalls, rewardCalls }
  return { parameters: learner.parameters(), curve: [], spent }
}

async function rewardsOf<P>(
  sampler: DiffusionSampler<P>,
  parameters: Evaluated<P>,
  start: { readonly count: number; readonly keepStates: boolean; readonly signal: AbortSignal },
  reward: SampleReward,
  random: Random,
): Promise<number[]> {
  const { samples, size } = await sampler.sample(parameters, start, random)
  return Array.from(await reward(batchOf(samples, size)))
}

function batchOf(samples: Float32Array, size: number) {
  const count = samples.length / size
  return { samples, count, size, labels: new Int32Array(count), step: null }
}
