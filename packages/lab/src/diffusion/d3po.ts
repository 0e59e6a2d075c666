import { defineClaim, defineStudy } from '../claims/claim.ts'
import { type AlignSettings, align } from './d3po/align.ts'
import { arms, criteria } from './d3po/arms.ts'
import { loadRing, nearness, prepareRing, ringModel } from './d3po/ring.ts'
import { trained } from './d3po/trained.ts'

const sameAsPlain = { against: 'd3po', metric: 'gain', atLeast: 0, atMost: 0, over: { share: 1 } }

const mechanism = defineStudy<AlignSettings>({
  setting: [
    'Points of eight equal Gaussians (σ 0.2) on a circle of radius 2; a 64-64 SiLU network, 2000 updates of 256 points (quick: 1000), denoises them, one a seed. Reward −‖x − μ₀‖²/8.',
    'DDIM with 20 steps and η = 1. 40 epochs (quick: 12) of 64 pairs from one noise each, for DDPO of 128 samples; 8 minibatches of mixed pairs and steps an epoch; gradients clipped to norm 1; β = 0.1, ratios held in 1 ± 0.1.',
    'Training on preferred samples takes the better of as many pairs of the first denoiser and makes as many gradients.',
    'Measured on 500 fresh samples; gain: less the mean reward of the first denoiser from the same noise.',
  ],
  metric: 'reward',
  direction: 'higher',
  alsoReport: ['gain'],
  arms: [
    ...arms,
    { id: 'd3po-exp', label: 'D3PO, rewards exp(r)', role: 'method', settings: { by: 'd3po', rising: 'exp' } },
    { id: 'd3po-cube', label: 'D3PO, rewards r³', role: 'method', settings: { by: 'd3po', rising: 'cube' } },
  ],
  learningRates: { quick: [3e-4], full: [1e-4, 3e-4, 6e-4] },
  seeds: { quick: { selection: 1, confirmation: 2 }, full: { selection: 2, confirmation: 5 } },
  criteria: [
    ...criteria,
    { about: 'The size of rewards is never read: exp(r) gives the same', arm: 'd3po-exp', ...sameAsPlain },
    { about: 'and r³', arm: 'd3po-cube', ...sameAsPlain },
  ],
  quickCriteria: [
    { about: 'D3PO gains', arm: 'd3po', metric: 'gain', atLeast: 0.1 },
    { about: 'and gains the same from exp(r)', arm: 'd3po-exp', ...sameAsPlain },
  ],
  axes: { reward: { x: 'epoch', y: 'mean reward of its samples' } },
  prepare: ({ budget, random, folder, signal }) =>
    prepareRing(folder, budget === 'quick' ? 1000 : 2000, random, signal),
  run: trial =>
    align(
      {
        model: ringModel,
        initial: loadRing(trial.folder),
        reward: nearness,
        pairs: 64,
        epochs: trial.budget === 'quick' ? 12 : 40,
        clipRange: 0.1,
        examined: 500,
      },
      trial,
    ),
})

/** D3PO: which of two samples is better teaches every denoising step. */
export const d3po = defineClaim({ slug: 'd3po', version: 1, studies: { mechanism, trained } })
