import { mean } from '@guerdon/core'
import { createDiffusionSampler, sampleAt, steerDiffusion } from '@guerdon/learn'
import { selectImages } from '@guerdon/worlds/images/image-set'
import { defineStudy, type Trial, type TrialResult } from '../../claims/claim.ts'
import {
  digitModel,
  digitSets,
  digitSize,
  loadDigitDenoiser,
  saveDigitDenoiser,
  trainDigitDenoiser,
} from '../digits/denoiser.ts'
import { digitJudges } from '../digits/judges.ts'
import { ancestorsLeft, type SteeringSettings, shuffledRewards } from './settings.ts'

/** The digit that is rarely seen, and rarely drawn. */
const rareDigit = 0
/** Of 300 images of each digit, how many of the rare one are trained on. */
const rareImages = 40

async function steer({ settings, budget, random, folder, signal }: Trial<SteeringSettings>): Promise<TrialResult> {
  const { potential, particles, shuffled } = settings
  const systems = budget === 'quick' ? 24 : 100
  const sampler = createDiffusionSampler(digitModel, { steps: 50, finalAlpha: 'one', clipRange: 1 })
  const { reward, examine } = digitJudges(digitSets().judging, rareDigit)
  const found = await steerDiffusion(
    sampler,
    loadDigitDenoiser(folder),
    shuffled ? shuffledRewards(reward, random.split('shuffle')) : reward,
    { potential, particles, systems, lambda: 10, signal },
    random.split('systems'),
  )
  const best = found.map(system => examine(sampleAt(system.samples, system.best, digitSize))[0])
  return {
    metrics: {
      rareShare: mean(best.map(({ isDigit }) => Number(isDigit))),
      distance: mean(best.map(({ distance }) => distance)),
      reward: mean(found.map(({ rewards, best: place }) => rewards[place] as number)),
      survivors: mean(found.map(ancestorsLeft)),
    },
    spent: {
      systems,
      denoiserCalls: found.reduce((total, { spent }) => total + spent.denoiserCalls, 0),
      rewardCalls: found.reduce((total, { spent }) => total + spent.rewardCalls, 0),
    },
  }
}

/** FK steering of a U-Net that draws handwritten digits. */
export const trained = defineStudy<SteeringSettings>({
  setting: [
    'Handwritten digits of 8×8; 300 of each digit but 40 of the zero. A U-Net (channels 8 and 16, no classes), 1200 updates of 64 images, is trained on them once a seed.',
    'DDIM with 50 steps and η = 1. Reward: log-probability of a zero by distance to the mean images of 2000 other digits; scored at steps 10, 20, 30, 40 and at the end; λ = 10; 100 systems a seed (quick: 24).',
    'Judged by another classifier than the reward: whether the nearest of those digits is a zero.',
    'Equal calls: 8 steered particles cost 400 calls of the denoiser and 40 of the reward, best-of-9 costs 450 and 9, best-of-40 has as many rewards at five times the denoiser calls.',
  ],
  metric: 'rareShare',
  direction: 'higher',
  alsoReport: ['reward', 'distance', 'survivors'],
  arms: [
    { id: 'fk-8', label: 'FK, 8 particles', role: 'method', settings: { potential: 'difference', particles: 8 } },
    { id: 'fk-4', label: 'FK, 4 particles', role: 'method', settings: { potential: 'difference', particles: 4 } },
    { id: 'one', label: 'one sample', role: 'baseline', settings: { potential: 'bestOfN', particles: 1 } },
    { id: 'best-of-4', label: 'best of 4', role: 'baseline', settings: { potential: 'bestOfN', particles: 4 } },
    { id: 'best-of-9', label: 'best of 9', role: 'baseline', settings: { potential: 'bestOfN', particles: 9 } },
    { id: 'best-of-40', label: 'best of 40', role: 'baseline', settings: { potential: 'bestOfN', particles: 40 } },
    {
      id: 'shuffled',
      label: 'FK, intermediate rewards shuffled',
      role: 'control',
      settings: { potential: 'difference', particles: 8, shuffled: true },
    },
  ],
  seeds: { quick: { selection: 1, confirmation: 1 }, full: { selection: 1, confirmation: 5 } },
  criteria: [
    { about: 'Steering 8 draws a zero more often than best-of-9', arm: 'fk-8', against: 'best-of-9', atLeast: 0.1 },
    { about: 'in every seed', arm: 'fk-8', against: 'best-of-9', atLeast: 0.01, over: { share: 1 } },
    { about: 'and 4 more often than best-of-4', arm: 'fk-4', against: 'best-of-4', atLeast: 0.05 },
  ],
  quickCriteria: [
    { about: 'Steering 8 draws a zero more often than best-of-9', arm: 'fk-8', against: 'best-of-9', atLeast: 0.05 },
  ],
  async prepare({ budget, random, folder, signal, progress }) {
    const { training } = digitSets()
    const each = training.count / 10
    const kept = Array.from({ length: training.count }, (_, i) => i).filter(
      i => training.labels[i] !== rareDigit || i % each < rareImages,
    )
    const images = selectImages(training, kept)
    const updates = budget === 'quick' ? 250 : 1200
    saveDigitDenoiser(folder, await trainDigitDenoiser({ images, updates, random, signal, progress }))
  },
  run: steer,
})
