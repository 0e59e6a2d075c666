import { defineMethod } from '../method.ts'
import { polarOptions, polarStage } from './polar/stage.ts'

export * from './polar/data.ts'
export * from './polar/input.ts'
export * from './polar/losses.ts'
export * from './polar/stage.ts'

/**
 * POLAR: a reward model pre-trained, without labels, to tell whether a candidate comes from the same policy as a reference,
 * then fine-tuned on ranked triples so that "same policy" becomes "meets the same standard". In training a policy the
 * reference is a good answer and the reward its consistency with it.
 *
 * Scores are unbounded and mostly negative: never a probability. Here: the packed input, both losses with the trainer's
 * options, triples, and the scaling rules.
 *
 * Dou et al., "Pre-Trained Policy Discriminators are General Reward Models", arXiv 2507.05197.
 */
export const polar = defineMethod({
  slug: 'polar',
  title: 'POLAR: policy discriminative pre-training of reward models',
  year: 2025,
  paper: 'arXiv 2507.05197 (NeurIPS 2025)',
  family: 'models',
  summary: 'Scores a response by how consistent it is with a reference answer, after label-free policy discrimination.',
  consumes: [
    'rollout.prompt, rollout.response, rollout.reference: text',
    'training: scores [N] of same-policy and other-policy candidates; ranked triples',
  ],
  produces: ['rollout.polarInput: the text to be scored', 'policyDiscriminationLoss and polarLoss graphs'],
  options: polarOptions,
  claim: {
    statement:
      'Pre-training to discriminate policies raises the accuracy of a reference-conditioned reward model fine-tuned on 60 triples over the same model without pre-training.',
    metric: 'preference accuracy on unseen policies',
    direction: 'higher',
    size: 0.1,
    against: ['no pre-training', 'cosine similarity'],
    seeds: 5,
    setting:
      'Markov-chain policies over 6 symbols, 24 symbols a trajectory, 6000 pre-training triples. Without nuisance features plain cosine wins; with one criterion for all prompts a plain Bradley–Terry model wins.',
  },
  stages: [polarStage],
  compat: ['released: a prompt budget of 0 or less keeps prompt tokens instead of none'],
  related: ['base-reward', 'baselines-reward-model'],
})
