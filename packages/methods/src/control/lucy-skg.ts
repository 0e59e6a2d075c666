import { defineMethod } from '../method.ts'
import { lucySkgOptions, lucySkgStage } from './lucy-skg/stage.ts'

export * from './lucy-skg/arena.ts'
export * from './lucy-skg/auxiliary-heads.ts'
export * from './lucy-skg/auxiliary-losses.ts'
export * from './lucy-skg/combinators.ts'
export * from './lucy-skg/events.ts'
export * from './lucy-skg/kinetic-combination.ts'
export * from './lucy-skg/stage.ts'
export * from './lucy-skg/utilities.ts'

/**
 * Lucy-SKG: physical utilities combined by a sign-aware geometric mean, sgn·|Π rᵢ|^{1/n}, so that a high value needs
 * all of them at once; everything enters as a potential difference γΦ(s′) − Φ(s) beside sparse events, shared among
 * team mates; two auxiliary losses train the encoder.
 *
 * Differs from summing the same utilities (Necto, `nectoReward`), where one component can pay for another.
 *
 * Moschopoulos et al., "Lucy-SKG", arXiv 2305.15801; `rlgym-reward-analysis`, `lucy-utils`.
 */
export const lucySkg = defineMethod({
  slug: 'lucy-skg',
  title: 'Lucy-SKG: kinesthetic reward combination for Rocket League',
  year: 2023,
  paper: 'arXiv 2305.15801',
  family: 'control',
  summary:
    'Combines utilities by a sign-aware geometric mean and pays the change of it, so that all conditions must hold together.',
  consumes: [
    'turn columns or auxiliary channels with one utility each, usually in [−1, 1]',
    'turn.reward of events; turn.done',
    'positions and velocities [3] for the Rocket League utilities',
  ],
  produces: ['turn.reward', 'turn.lucySkgPotential', 'turn.lucySkgShaping', 'reward maps, auxiliary losses'],
  options: lucySkgOptions,
  claim: {
    statement:
      'A multiplicative potential teaches a multi-condition physical skill at least as fast as the mean of the same components, and both beat the sparse reward.',
    metric: 'goal rate over the last fifth of training',
    direction: 'higher',
    size: 0.2,
    against: ['sparse', 'mean potential'],
    seeds: 5,
    setting:
      '2-D kick: point car and ball on a 10×6 field, PPO, 300 000 steps. Not piloted; a null result is reported as such.',
  },
  stages: [lucySkgStage],
  compat: ['terminalPotential: "keep" does not zero the potential at the end of an episode, as released'],
  related: ['envs-and-baselines-rl', 'barfi'],
})
