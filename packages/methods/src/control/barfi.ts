import { defineMethod } from '../method.ts'
import { barfiOptions, barfiStage } from './barfi/stage.ts'

export * from './barfi/heuristics.ts'
export * from './barfi/hypergradient.ts'
export * from './barfi/objective.ts'
export * from './barfi/reward-head.ts'
export * from './barfi/stage.ts'
export * from './barfi/training-loop.ts'

/**
 * BARFI learns how much to trust a heuristic reward: r_φ = φ₁(x) + r_p + φ₃(x)·r_aux and a discount γ_ϕ, by a two-level
 * problem. The inner level trains the policy on (r_φ, γ_ϕ); the outer one moves (φ, ϕ) so that the trained policy does
 * well on the *primary* return, with the implicit function theorem and a truncated Neumann series for the inverse
 * Hessian.
 *
 * Differs from adding r_aux (which may change the optimum) and from potential shaping (which for policy gradients is
 * only a baseline). It needs some primary return to vary: with none it is blind.
 *
 * Gupta et al., "Behavior Alignment via Reward Function Optimization", arXiv 2310.19007; `gupta2023behavior`.
 */
export const barfi = defineMethod({
  slug: 'barfi',
  title: 'BARFI: behaviour alignment via reward function optimisation',
  year: 2023,
  paper: 'arXiv 2310.19007',
  family: 'control',
  summary:
    'Learns a reward that mixes a trusted primary and a doubtful heuristic reward so that the primary return is high.',
  consumes: [
    'padded trajectories: features [B][H][D], actions, primary and auxiliary rewards [B][H], mask',
    'a policy as a graph (Hessian-vector products are needed)',
    'rollout.score and rollout.auxiliary for the stage',
  ],
  produces: ['ascent directions for φ and g', 'rollout.reward', 'rollout.barfiAuxiliaryWeight'],
  options: barfiOptions,
  claim: {
    statement:
      'One fixed configuration is good with a helpful and with a harmful heuristic, where naive addition collapses on the harmful one.',
    metric: 'mean primary return of the last 20 of 300 iterations, harmful heuristic',
    direction: 'higher',
    size: 1.5,
    against: ['naive sum'],
    seeds: 6,
    setting:
      '6×6 grid with action noise, tabular softmax policy; harmful heuristic +0.5 in the centre. In the pilot one of six seeds failed with the helpful one.',
  },
  stages: [barfiStage],
  compat: [
    'hypergradient and neumannInverseProduct, guard: "none" sums a diverging series as released',
    'outerEpisodes takes δ + 1 episodes, the released off-by-one',
  ],
  related: ['reward-design-thesis', 'envs-and-baselines-rl', 'lucy-skg'],
})
