import { type ColumnName, defineStage, levelSize, numbers, outcomeAt } from '@guerdon/core'
import * as z from 'zod'
import { defineMethod } from '../method.ts'
import { type LogProbRows, logProbRows, placeOnPolicyTokens, policyTokens } from '../shared/policy-tokens.ts'
import { isUnscored, noScore, partSignals, scoredAt, scoreItems, type Unscored } from '../shared/reward-parts.ts'
import { type IdeaDimension, ideaDimensions, normaliseScores } from './research-idea/reward-model.ts'
import { ideaTokenRewards } from './research-idea/text.ts'

export * from './research-idea/controller.ts'
export * from './research-idea/reward-model.ts'
export * from './research-idea/text.ts'

const third = z.number().default(1 / 3)

/** Options of the `research-idea` stage. */
export const researchIdeaOptions = z.object({
  weights: z
    .object({ novelty: third, feasibility: third, effectiveness: third })
    .prefault({})
    .describe('weight of each dimension; one-hot while its controller is trained'),
  klCoef: z.number().min(0).default(0.05).describe('weight of the per-token divergence from the reference'),
  scoreRange: z
    .tuple([z.number(), z.number()])
    .default([1, 10])
    .describe('range the scores come in, mapped to [0, 1]; [0, 1] for reward-model outputs'),
})

/** Options of the stage, every default filled in. */
export type ResearchIdeaOptions = z.infer<typeof researchIdeaOptions>

const columnOf: Readonly<Record<IdeaDimension, ColumnName>> = {
  novelty: 'rollout.novelty',
  feasibility: 'rollout.feasibility',
  effectiveness: 'rollout.effectiveness',
}

interface Scored {
  readonly combined: number
  readonly tokenRewards: Float64Array
}

/**
 * Combines the three scores of an idea and puts them on its last token, less the divergence of every token. Stateless.
 */
export const researchIdeaStage = defineStage<ResearchIdeaOptions, null>({
  name: 'research-idea',
  about: 'weighted novelty, feasibility and effectiveness on the last token, less a per-token divergence',
  options: researchIdeaOptions,
  reads: options => [
    ...ideaDimensions
      .filter(name => options.weights[name] !== 0)
      .map(name => ({ name: columnOf[name], kind: 'number' as const, about: `${name} score` })),
    { name: 'token.logprob', kind: 'number', about: 'under the policy that sampled the token', optional: true },
    { name: 'token.refLogprob', kind: 'number', about: 'under the reference policy', optional: true },
    { name: 'token.mask', kind: 'number', about: '1 on tokens the policy wrote', optional: true },
  ],
  writes: () => [
    { name: 'rollout.reward', kind: 'number', about: 'weighted sum of the normalised scores' },
    {
      name: 'token.reward',
      kind: 'number',
      about: 'the same on the last policy token, less klCoef · (logprob - refLogprob)',
    },
  ],
  initial: () => null,
  apply(batch, state, options) {
    const columns = ideaDimensions
      .filter(name => options.weights[name] !== 0)
      .map(name => ({ name, column: numbers(batch, columnOf[name]) }))
    const positions = policyTokens(batch)
    const logProbsOf = logProbRows(batch, positions)
    const items = scoreItems<Scored>(batch.rolloutIds.length, r => {
      const scores = { novelty: 0, feasibility: 0, effectiveness: 0 }
      for (const { name, column } of columns) {
        const value = scoredAt(column, r)
        if (value === undefined) return outcomeAt(column, r) as Unscored
        const [minScore, maxScore] = options.scoreRange
        scores[name] = normaliseScores([value], { minScore, maxScore })[0]
      }
      if (levelSize(batch, 'token') > 0 && positions[r].length === 0) return noScore('empty response')
      const logProbs = logProbsOf(r)
      if (logProbs !== undefined && isUnscored(logProbs)) return logProbs
      const { own, reference } = logProbs ?? withoutDivergence(positions[r].length)
      return ideaTokenRewards(scores, options.weights, own, reference, options)
    })
    const rollouts = items.map(item => (isUnscored(item) ? item : { reward: item.combined }))
    return {
      columns: {
        ...partSignals('rollout', rollouts, { reward: 'rollout.reward' }),
        'token.reward': placeOnPolicyTokens(
          batch,
          items.map(item => (isUnscored(item) ? item : item.tokenRewards)),
          positions,
        ),
      },
      state,
    }
  },
})

function withoutDivergence(length: number): LogProbRows {
  const zeros = new Float64Array(length)
  return { own: zeros, reference: zeros }
}

/** LDC: research ideas with one controller a dimension and sentence-level control. */
export const researchIdea = defineMethod({
  slug: 'research-idea',
  title: 'Learning to Generate Research Idea with Dynamic Control',
  year: 2024,
  paper: 'arXiv 2412.14626',
  family: 'rules',
  summary:
    'Trains one reward model and one steering matrix for each of novelty, feasibility and effectiveness, and lets a small recurrent network set their strengths sentence by sentence.',
  consumes: [
    'scores of ideas on three dimensions',
    'pooled features [N][d] for the reward models',
    'hidden states [B][h] and output embedding [V][h] for the controllers',
    'log-probabilities [T] of policy and reference',
  ],
  produces: [
    'reward-model, controller and schedule losses as graphs',
    'token rewards [T]',
    'strengths of each sentence [S][3]',
  ],
  options: researchIdeaOptions,
  claim: {
    statement:
      'Strengths chosen sentence by sentence beat static strengths of the same total on the mean of the three dimensions, and both beat no control.',
    metric: 'gold mean of novelty, feasibility and effectiveness',
    direction: 'higher',
    size: 0.03,
    against: ['static strengths of the same mean', 'uncontrolled model'],
    seeds: 5,
    setting:
      'Ideas of six sentence templates whose novelty and feasibility conflict, trained logistic reward models, three 8×8 controllers with 200 updates each, a 6-unit recurrent decoder. The paper’s tables were not available; controller and decoder forms are reconstructions.',
  },
  stages: [researchIdeaStage],
  related: ['moose-chem2', 'fg-rlhf'],
})
