import { defineMethod } from '../method.ts'
import { rolloutStages } from './baselines-advantage/stages.ts'
import { gaeOptions, tokenStages } from './baselines-advantage/token-stages.ts'

export * from '../shared/gae.ts'
export * from '../shared/kl.ts'
export * from '../shared/loss-aggregation.ts'
export * from '../shared/masked.ts'
export * from '../shared/policy-loss.ts'
export * from './baselines-advantage/gigpo.ts'
export * from './baselines-advantage/group-estimators.ts'
export * from './baselines-advantage/stages.ts'
export * from './baselines-advantage/token-estimators.ts'
export * from './baselines-advantage/token-stages.ts'
export * from './dialects.ts'

/**
 * The advantage estimators, policy losses and KL estimators that every other method is compared with: GRPO and Dr. GRPO,
 * RLOO, OPO, GPG, pass@k, MaxRL, REINFORCE++ with and without baseline, ReMax, GAE, GiGPO; PPO with dual clip, GSPO, CISPO,
 * the clipped value loss; k1, k2, k3. Each estimator in its sound form, and under `estimator.trainer` exactly as a named
 * trainer computes it.
 *
 * Sources: verl `core_algos.py`, `torch_functional.py` and the papers named at each function.
 */
export const baselinesAdvantage = defineMethod({
  slug: 'baselines-advantage',
  title: 'Advantage estimators and policy losses',
  year: 2026,
  paper: 'verl core_algos.py; arXiv 1506.02438, 1707.06347, 2402.03300, 2402.14740, 2501.03262, 2503.20783, 2505.10978',
  family: 'credit',
  summary: 'Turns scores into per-token advantages the way trainers do, and advantages into clipped policy losses.',
  consumes: [
    'rollout.score [R], comparable within a group',
    'token.reward, token.value, token.logprob, token.refLogprob [T] for the token estimators',
    'token.mask [T]: 1 on tokens the policy produced',
    'turn.observation or turn.state for GiGPO',
  ],
  produces: ['rollout.advantage', 'token.advantage', 'token.return', 'turn.advantage (GiGPO)'],
  options: gaeOptions,
  claim: {
    statement:
      'RLOO is unbiased, a group mean that includes oneself shrinks the gradient to (n−1)/n of it, and dividing by the group deviation changes its direction.',
    metric: 'absolute error of the mean gradient over the exact one, in standard errors, for RLOO',
    direction: 'lower',
    size: 3,
    against: ['drGrpo', 'grpo'],
    seeds: 5,
    setting: 'softmax bandit with 4 arms and fixed rewards, groups of 2, 4 and 8, 200 000 groups',
  },
  stages: [...rolloutStages, ...tokenStages],
  compat: [
    'released, in every dialect: float32 arithmetic whose rounding residues give equal rewards an advantage (0.19 for 15 × 0.98)',
    "singleton raw, maskHoles reset, episodeStatistics rows, zeroMasked false: verl's choices where they differ from the default",
  ],
  related: ['salt', 'g-ra', 'empg', 'igpo', 'portool', 'meow-tea-taro'],
})
