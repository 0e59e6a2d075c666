import { defineMethod } from '../method.ts'
import { epoOptions, epoStage } from './epo/stage.ts'

export { entropyFromLogits } from '../shared/policy-loss.ts'
export * from './epo/corridor.ts'
export * from './epo/history.ts'
export * from './epo/loss.ts'
export * from './epo/stage.ts'

/**
 * EPO, entropy-regularised policy optimisation for multi-turn agents: an entropy bonus (`entropyBonus`), a penalty on token
 * entropies outside a corridor around their historical mean (`hingePenalty`, `EntropyHistory`), and a weight that changes
 * over training (`phaseWeight`), put together by `epoLoss`. A regulariser of the policy loss, not a reward.
 *
 * The released penalty is a constant without gradient (`indicatorPenalty`), its history is misaligned
 * (`releasedEntropyReference`) and its weight runs the other way (`releasedPhaseWeight`). Xu et al. 2025, arXiv 2509.22576.
 */
export const epo = defineMethod({
  slug: 'epo',
  title: 'EPO: entropy smoothing for multi-turn agents',
  year: 2025,
  paper: 'arXiv 2509.22576',
  family: 'credit',
  summary: 'Pays for entropy, but charges tokens whose entropy leaves a corridor around its historical mean.',
  consumes: [
    'token entropies [rows][L] of the current policy as a graph, mask, turn index of each row',
    'token.entropy [T] for the watching stage',
  ],
  produces: [
    'scalar loss terms as graphs',
    'turn.epoEntropy',
    'turn.epoReference',
    'turn.epoPenalty',
    'history as state',
  ],
  options: epoOptions,
  claim: {
    statement:
      'With an entropy bonus the corridor lowers the oscillation of the entropy after the task is solved, at a risk for success; plain GRPO without a bonus is best on the easy task tried.',
    metric: 'standard deviation of the entropy from update 100, relative difference',
    direction: 'lower',
    size: -0.15,
    against: ['entropy bonus only', 'released penalty (must equal the bonus bit for bit)'],
    seeds: 8,
    setting:
      '4 tasks of 4 ordered stages, 6 actions, horizon 8, tabular policy, GRPO in groups of 8, 300 updates with Adam 0.3, λ = 0.1, κ = (0, 1.2), α = 5',
  },
  stages: [epoStage],
  compat: [
    'released: indicatorPenalty (constant, no gradient), releasedPenaltyApplies, releasedEntropyReference (left-padded), releasedPhaseWeight',
  ],
  related: ['empg', 'baselines-advantage'],
})
