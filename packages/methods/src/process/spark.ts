import { defineMethod } from '../method.ts'
import { sparkOptions, sparkStage } from './spark/stage.ts'

export * from './spark/answers.ts'
export * from './spark/cache.ts'
export * from './spark/loss.ts'
export * from './spark/recycle.ts'
export * from './spark/reflection.ts'
export * from './spark/stage.ts'
export * from './spark/templates.ts'

/**
 * SPARK, synergistic policy and reward co-evolution: the rollouts and correctness bits of an update are not thrown away but
 * recycled into small verifiable tasks (is this answer right? which of these two? here is a wrong attempt, solve it), and
 * the *same* model is trained on them with the same group-normalised update. It becomes policy and generative judge at once,
 * and can check and revise itself at test time (`reflectionLoop`).
 *
 * On-policy: a recycled item is a prompt for fresh rollouts, never a supervised label on old ones. The gain comes from shared
 * parameters; with a separate judge it disappears.
 *
 * Liu et al., "SPARK: Synergistic Policy And Reward Co-Evolving Framework", arXiv 2509.22624; code InternLM/Spark.
 */
export const spark = defineMethod({
  slug: 'spark',
  title: 'SPARK: policy and reward co-evolution',
  year: 2025,
  paper: 'arXiv 2509.22624',
  family: 'process',
  summary: 'Recycles verified rollouts into judging and reflection tasks on which the same model is trained.',
  consumes: [
    'rollout.outcome in {0, 1}',
    'rollout.response with a \\boxed answer, rollout.prompt, rollout.reference',
    'groups of G rollouts of one prompt',
  ],
  produces: ['rollout.advantage', 'group.sparkItems: tasks {kind, prompt, label}', 'group.sparkRewardBatch'],
  options: sparkOptions,
  claim: {
    statement:
      'Training the same model on recycled judging and reflection tasks ends with a higher policy accuracy than GRPO, also than GRPO with twice the updates, and with a far better judge.',
    metric: 'policy accuracy after 12 sweeps',
    direction: 'higher',
    size: 0.08,
    against: ['GRPO', 'GRPO with twice the updates'],
    seeds: 5,
    setting:
      '24 questions of 12 answers; policy and judge share embeddings; 8 rollouts a question. With a separate copy of the embeddings for the judge the gain disappears.',
  },
  stages: [sparkStage],
  compat: ['released: firstBoxedAnswer gives the empty string for a blank box'],
  related: ['co-reward', 'br-rm', 'raft'],
})
