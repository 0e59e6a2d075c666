import { defineMethod } from '../method.ts'
import { laserOptions, laserStage } from './laser/stage.ts'

export * from './laser/dynamic.ts'
export * from './laser/family.ts'
export * from './laser/repetition.ts'
export * from './laser/scores.ts'
export * from './laser/stage.ts'
export * from './laser/targets.ts'

/**
 * LASER, length-based step rewards: a bonus α when the answer is right *and* no longer than a target length, so long right
 * answers are never punished.
 *
 *   LASER      s + α·1[correct]·1[L ≤ L_T]
 *   LASER-D    the target is chosen per difficulty band: the shortest length within which a monitor set promises a correct
 *              rollout, re-estimated during training
 *   LASER-DE   and wrong answers beyond the target that do not repeat themselves earn α, to keep exploring hard prompts
 *
 * The bonus enters the group statistics: shape first, normalise after.
 *
 * Liu et al., "Learn to Reason Efficiently with Adaptive Length-based Reward Shaping", arXiv 2505.15612; code
 * hkust-nlp/Laser.
 */
export const laser = defineMethod({
  slug: 'laser',
  title: 'LASER, LASER-D, LASER-DE: adaptive length rewards',
  year: 2025,
  paper: 'arXiv 2505.15612',
  family: 'process',
  summary:
    'Rewards right answers that stay within a target length chosen by difficulty, and punishes nobody for length.',
  consumes: [
    'rollout.score: base score 1, −0.5 or −1; rollout.outcome when correctness is recorded apart',
    'tokens or rollout.length; token.id for laser-de',
    'rollout.monitor = 1 on monitor rollouts (laser-d, laser-de)',
  ],
  produces: ['rollout.reward', 'rollout.laserBonus', 'rollout.laserTarget'],
  options: laserOptions,
  claim: {
    statement:
      'A fixed target shortens responses by at least 15 % without losing accuracy on hard prompts, where truncation at the same length destroys them; LASER-D does so without a hand-chosen target.',
    metric: 'accuracy at the shortened length',
    direction: 'higher',
    size: 0.15,
    against: ['truncation at the same length'],
    seeds: 5,
    setting:
      '24 questions of three difficulties; the action is one of 16 length buckets; 8 rollouts a question, 800 updates. That LASER-D beats a well-chosen fixed target is not visible here.',
  },
  stages: [laserStage],
  compat: ['released: laser-de never finds a repetition, because token tensors hash by identity'],
  related: ['promptenhancer', 'toolrl', 'baselines-advantage'],
})
