import { defineMethod } from '../method.ts'
import { lipschitzOptions, lipschitzStage } from './lipschitz-gail/stage.ts'

export * from './lipschitz-gail/discriminator.ts'
export * from './lipschitz-gail/replay.ts'
export * from './lipschitz-gail/rewards.ts'
export * from './lipschitz-gail/spectral-norm.ts'
export * from './lipschitz-gail/stage.ts'

/**
 * Off-policy adversarial imitation tamed by a Lipschitz reward: a gradient penalty on the discriminator's *logit* along
 * expert–agent interpolations, rewards recomputed with the current discriminator whenever a batch is sampled, and
 * PURPLE, a pessimistic multiplier κ ∈ (0, 1] where reward or dynamics are locally steep.
 *
 * Nothing in penalty or multiplier is specific to imitation: both apply to any learned reward.
 *
 * Blondé, Strasser and Kalousis, "Lipschitzness Is All You Need To Tame Off-policy GAIL", arXiv 2006.16785;
 * `liayn-pytorch`.
 */
export const lipschitzGail = defineMethod({
  slug: 'lipschitz-gail',
  title: 'Lipschitz GAIL: gradient penalty and pessimistic reward preconditioning',
  year: 2020,
  paper: 'arXiv 2006.16785',
  family: 'control',
  summary:
    'Keeps a learned reward locally Lipschitz by a gradient penalty and multiplies it down where it is steep all the same.',
  consumes: [
    'expert and policy pairs: observations [B][S], actions [B][A]',
    'rollout.score: discriminator logit; rollout.gradientNorm',
    'channels logit and gradientNorm on transitions',
  ],
  produces: [
    'rollout.reward',
    'rollout.lipschitzGailKappa in (0, 1]',
    'penalty and loss as tensor graphs',
    'bounds on ‖∇Q‖',
  ],
  options: lipschitzOptions,
  claim: {
    statement:
      'Off-policy adversarial imitation needs the reward to be Lipschitz: without the gradient penalty it hardly learns.',
    metric: 'true return after 5000 steps',
    direction: 'higher',
    size: 60,
    against: ['no gradient penalty'],
    seeds: 5,
    setting:
      '4-D point mass, one demonstration of 50 pairs, TD3. In a 2-D version with four demonstrations the penalty is not needed: that is the boundary of the claim.',
  },
  stages: [lipschitzStage],
  compat: ['lookahead compat: "released" bootstraps through a terminal on the last look-ahead index'],
  related: ['effective-reward-spec', 'barfi'],
})
