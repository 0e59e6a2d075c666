import { defineMethod } from '../method.ts'
import { capoOptions, capoStage } from './capo/stage.ts'

export * from './capo/critique.ts'
export * from './capo/rewards.ts'
export * from './capo/stage.ts'

/**
 * CAPO, credit assignment policy optimisation: an off-the-shelf judge lists the wrong steps of a whole solution, several
 * critiques are put to a vote, and the tokens of wrong steps lose P while every token earns C when the answer is right:
 *
 *   R_t = r_v·C − P·1[t in a wrong step],  Â_t = (R_t − mean)/(std + ε) over all tokens of the group
 *
 * Verdicts are hard, hence less exploitable than the probabilities of a process reward model, and C > P keeps "right with a
 * flaw" above "wrong without one". PROF never lets the judge into the gradient; TP-GRPO rewards merged thoughts.
 *
 * ddof, ε, the strict majority and the critique parser are reconstructions: the official repository holds no code.
 *
 * Xie et al., "CAPO: Towards Enhancing LLM Reasoning through Generative Credit Assignment", arXiv 2508.02298.
 */
export const capo = defineMethod({
  slug: 'capo',
  title: 'CAPO: credit assignment by voted critiques',
  year: 2025,
  paper: 'arXiv 2508.02298',
  family: 'process',
  summary: 'Penalises the tokens of steps that a vote over judge critiques calls wrong, beside a verified outcome.',
  consumes: [
    'rollout.outcome: verified, in [0, 1]',
    'rollout.critiques: k critiques of the whole solution, each ending in a list of wrong step indices',
    'turn spans over tokens (turns are the steps)',
  ],
  produces: ['token.reward', 'token.advantage', 'turn.capoWrong', 'rollout.capoCritiques'],
  options: capoOptions,
  claim: {
    statement:
      'With four critiques of 80 % accuracy and majority voting, accuracy after 60 updates is higher than with the outcome alone, with one critique, and with the union of critiques.',
    metric: 'final accuracy',
    direction: 'higher',
    size: 0.1,
    against: ['outcome only', 'one critique', 'union vote'],
    seeds: 5,
    setting:
      '16 prompts of five steps with right, wrong and hedging actions; judge verdicts flipped with probability 0.2; 8 rollouts a prompt. That P = 2 or 5 hurts is not visible here.',
  },
  stages: [capoStage],
  related: ['prof', 'tp-grpo', 'ppr', 'portool'],
})
