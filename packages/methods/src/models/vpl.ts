import { defineMethod } from '../method.ts'
import { vplOptions, vplStage } from './vpl/stage.ts'

export * from './vpl/encode.ts'
export * from './vpl/losses.ts'
export * from './vpl/rewards.ts'
export * from './vpl/stage.ts'

/**
 * VPL, variational preference learning: reward models for a population whose members want different things. An encoder infers
 * a latent z from a few comparisons of one user, a decoder gives r(x, z), and both are trained by an evidence lower bound; a
 * single Bradley–Terry model would average contradictory users.
 *
 * Two variants share the idea and differ in every convention: control (segments of states, summed losses, twice the KL) and
 * language (ragged contexts of embedded pairs, mean losses, clamped posterior, z on a sphere). A KL weight belongs to one of
 * them. Here too: reward scaling across users, active queries, and the distributional baselines.
 *
 * Poddar et al., "Personalizing Reinforcement Learning from Human Feedback with Variational Preference Learning", arXiv
 * 2408.10075; WEIRDLabUW/vpl and vpl_llm.
 */
export const vpl = defineMethod({
  slug: 'vpl',
  title: 'VPL: variational preference learning',
  year: 2024,
  paper: 'arXiv 2408.10075 (NeurIPS 2024)',
  family: 'models',
  summary: 'Infers a latent for each user from a few comparisons and conditions the reward model on it.',
  consumes: [
    'annotated sets a user: segments [B][A][T·S] twice and labels [B][A], or embedded pairs [N][e] with spans a user',
    'rollout.score and rollout.user for scaling',
  ],
  produces: ['posterior [B][d], rewards given z', 'controlLoss, languageLoss and baseline graphs', 'rollout.reward'],
  options: vplOptions,
  claim: {
    statement:
      'With two users who want opposite things, the latent-conditioned model is right where a single Bradley–Terry model is at chance.',
    metric: 'accuracy on held-out pairs',
    direction: 'higher',
    size: 0.3,
    against: ['Bradley–Terry'],
    seeds: 5,
    setting:
      'Users are directions in R⁴, 400 sets of 8 context pairs and a target; with 4 users the gain is at least 0.1.',
  },
  stages: [vplStage],
  compat: ['released: cross-entropy on probabilities with the logarithm held at −100 (control)'],
  related: ['baselines-reward-model', 'gcrm'],
})
