import { defineMethod } from '../method.ts'
import { selfConsumingOptions, selfConsumingStage } from './self-consuming/stage.ts'

export * from './self-consuming/choice.ts'
export * from './self-consuming/loop.ts'
export * from './self-consuming/population.ts'
export * from './self-consuming/retrain.ts'
export * from './self-consuming/stage.ts'

/**
 * Self-consuming generative models with curated data: a model is retrained on its own samples after one of every K was picked
 * with probability ∝ e^{reward}. Each round multiplies the density by
 *
 *   H(x) = E[K·e^{r(x)} / (e^{r(x)} + Σ_{i<K} e^{r(xᵢ)})],  so  E[e^r] grows by at least (K−1)/K · Var[e^r]/e^{r*}.
 *
 * On curated data alone it ends on the best part of the *first* distribution: diversity and under-represented modes vanish.
 * With λ curated items for every real one it stays within −log(1 − λ(K−1)) nats of the data and still gains some reward.
 * `choice: 'bestOfK'` is the noiseless limit, `raft`, to which these bounds do not apply.
 *
 * Curating with the same noisy reward every round optimises its errors: measure a gold score the curator does not see.
 *
 * Ferbach et al., "Self-Consuming Generative Models with Curated Data Provably Optimize Human Preferences", NeurIPS 2024,
 * arXiv 2407.09499. No code was released.
 */
export const selfConsuming = defineMethod({
  slug: 'self-consuming',
  title: 'Self-consuming loops with curated data',
  year: 2024,
  paper: 'arXiv 2407.09499',
  family: 'curation',
  summary:
    'Retrains a model on its own picked samples; shows what reward that gains, what it destroys, and what real data save.',
  consumes: ['groups of K samples', 'rollout.score, or rollout.picked as recorded from people'],
  produces: [
    'rollout.selfConsumingPicked (0/1)',
    'rollout.selfConsumingProbability',
    'group.selfConsumingK',
    'retrainingLoss as a tensor graph',
    'closed forms of the loop and a collapse report',
  ],
  options: selfConsumingOptions,
  claim: {
    statement:
      'Curation alone raises the reward and collapses all modes but the best; without curation nothing happens; a fixed share of real data bounds the drift while a gain remains, larger for more curated data.',
    metric: 'entropy of mode shares after 8 rounds of curated data only',
    direction: 'lower',
    size: 0.2,
    against: [],
    seeds: 5,
    setting:
      'Eight Gaussians on a circle, 2000 points, an eight-component mixture refitted by EM; reward by clipped distance to one of them; K = 4, 8 rounds; with real data at λ = 0.5 and 0.25 the entropy stays above 1.7.',
  },
  stages: [selfConsumingStage],
  related: ['raft', 'skywork-v2'],
})
