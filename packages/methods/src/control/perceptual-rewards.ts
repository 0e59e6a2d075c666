import { defineMethod } from '../method.ts'
import { perceptualOptions, perceptualStage } from './perceptual-rewards/stage.ts'

export * from './perceptual-rewards/linear-steps.ts'
export * from './perceptual-rewards/path-integral.ts'
export * from './perceptual-rewards/segmentation.ts'
export * from './perceptual-rewards/stage.ts'
export * from './perceptual-rewards/step-models.ts'

/**
 * Perceptual rewards: cut a few unlabelled demonstrations where their features change, fit a simple Gaussian per step
 * on few discriminative features, and pay a frame by its likeness to the steps, later steps double.
 *
 * R(x) = Σ_{k≥2} 2^{k−1}·exp(−q_k(x)/2), q_k the mean squared deviation from step k's Gaussian. Differs from a learned
 * progress regressor in needing no labels and almost no data; it is blind to what its features do not show.
 *
 * Sermanet, Xu and Levine, "Unsupervised Perceptual Rewards for Imitation Learning", arXiv 1612.06699. No official
 * code; reconstruction.
 */
export const perceptualRewards = defineMethod({
  slug: 'perceptual-rewards',
  title: 'Perceptual rewards: unsupervised steps from few demonstrations',
  year: 2016,
  paper: 'arXiv 1612.06699',
  family: 'control',
  summary:
    'Finds the intermediate steps of a task in a handful of unlabelled demonstrations and rewards likeness to them.',
  consumes: [
    'turn.features: number[D]',
    'rollout.outcome, or a fitted model',
    'demonstrations [T][D] when fitting directly',
  ],
  produces: ['turn.reward in [0, 1]', 'turn.perceptualRewardsStep', 'segment boundaries [n−1] and step models'],
  options: perceptualOptions,
  claim: {
    statement:
      'Steps found without labels from five demonstrations give a dense reward that trains a policy where the sparse one fails.',
    metric: 'success rate of the greedy policy after 500 episodes',
    direction: 'higher',
    size: 0.3,
    against: ['sparse goal reward'],
    seeds: 5,
    setting:
      'Key–door gridworld seen through a noisy random projection with drifting nuisance features. With strong drift and few informative features the segmentation fails.',
  },
  stages: [perceptualStage],
  related: ['envs-and-baselines-rl', 'xland'],
})
