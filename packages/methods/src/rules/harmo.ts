import {
  assertOneOf,
  type ColumnName,
  defineStage,
  type Outcome,
  optionalNumbers,
  optionalTexts,
  outcomeAt,
  type RolloutBatch,
  type Signal,
  texts,
  tokenMask,
} from '@guerdon/core'
import * as z from 'zod'
import { defineMethod } from '../method.ts'
import {
  isUnscored,
  noScore,
  partSignals,
  type RewardParts,
  scoredAt,
  scoreItems,
  type Unscored,
} from '../shared/reward-parts.ts'
import { readTagged } from '../shared/tagged-text.ts'
import { harmoGroup, hybridReward, lengthModes, taskKinds } from './harmo/reward.ts'

export { cosineSimilarity as surrogateModelReward } from '../shared/cosine.ts'
export * from './harmo/reward.ts'

const weight = z.number().default(1)

/** Options of the `harmo` stage. */
export const harmoOptions = z.object({
  taskKind: z.enum(taskKinds).default('mixed').describe('kind of tasks without a group.taskKind'),
  pMax: z.number().min(0).default(0.5).describe('largest length penalty'),
  correctThreshold: z.number().default(0.5).describe('hybrid reward from which a response is correct'),
  mode: z.enum(lengthModes).default('brevityIncorrect').describe('which responses the length term punishes'),
  formatReward: z.number().default(0.5).describe('reward of a response in the template'),
  template: z.array(z.string()).default(['think', 'answer']).describe('tags a response must consist of, in order'),
  weights: z.object({ hybrid: weight, length: weight, format: weight }).prefault({}).describe('weights of the sum'),
})

/** Options of the stage, every default filled in. */
export type HarmoStageOptions = z.infer<typeof harmoOptions>

const columns = {
  hybrid: 'rollout.harmoHybrid',
  length: 'rollout.harmoLength',
  format: 'rollout.harmoFormat',
  reward: 'rollout.reward',
  advantage: 'rollout.advantage',
} as const satisfies Record<string, ColumnName>

type Parts = RewardParts<keyof typeof columns>

/**
 * Rewards and mean-only advantages, group by group. Lengths are policy tokens, or characters of the response in a batch
 * without tokens: one unit for the whole batch. Stateless.
 */
export const harmoStage = defineStage<HarmoStageOptions, null>({
  name: 'harmo',
  about: 'rule or model accuracy, group length penalty and format, with mean-only advantages',
  options: harmoOptions,
  reads: () => [
    { name: 'rollout.response', kind: 'text', about: 'the response, checked against the template' },
    {
      name: 'rollout.ruleReward',
      kind: 'number',
      about: 'verifier, in [0, 1]; absent where no rule applies',
      optional: true,
    },
    { name: 'rollout.modelReward', kind: 'number', about: 'reward model, in [0, 1]', optional: true },
    {
      name: 'rollout.confidence',
      kind: 'number',
      about: 'weight of the rule in mixed tasks, in [0, 1]',
      optional: true,
    },
    { name: 'group.taskKind', kind: 'text', about: 'verifiable, openEnded or mixed', optional: true },
    { name: 'token.mask', kind: 'number', about: '1 on tokens the policy wrote', optional: true },
  ],
  writes: () => [
    { name: columns.reward, kind: 'number', about: 'weighted sum of the three' },
    { name: columns.hybrid, kind: 'number', about: 'accuracy by rule or model' },
    { name: columns.length, kind: 'number', about: 'length term, in [-pMax, 0]' },
    { name: columns.format, kind: 'number', about: 'format term' },
    { name: columns.advantage, kind: 'number', about: 'reward minus the mean of its group' },
  ],
  initial: () => null,
  apply(batch, state, options) {
    const responses = texts(batch, 'rollout.response')
    const hybrids = hybridRewards(batch, options)
    const lengths = responseLengths(batch, responses)
    const items: (Parts | Unscored)[] = []
    for (let g = 0; g < batch.groupIds.length; g++) {
      const [start, end] = [batch.groupOffsets[g], batch.groupOffsets[g + 1]]
      const members = hybrids.slice(start, end)
      const group = harmoGroup(
        members.map(item => (isUnscored(item) ? null : item.reward)),
        lengths.subarray(start, end),
        responses.slice(start, end).map(text => readTagged(text ?? '', options.template).ok),
        options,
      )
      members.forEach((item, i) => {
        if (isUnscored(item)) items.push(item)
        else {
          const [reward, advantage] = [group.rewards[i], group.advantages[i]]
          items.push({
            hybrid: item.reward,
            length: group.length.penalty[i],
            format: group.format[i],
            reward,
            advantage,
          })
        }
      })
    }
    return { columns: partSignals<keyof typeof columns>('rollout', items, columns), state }
  },
})

function hybridRewards(batch: RolloutBatch, options: HarmoStageOptions): ({ readonly reward: number } | Unscored)[] {
  const responses = texts(batch, 'rollout.response')
  const rules = optionalNumbers(batch, 'rollout.ruleReward')
  const models = optionalNumbers(batch, 'rollout.modelReward')
  const confidences = optionalNumbers(batch, 'rollout.confidence')
  const kinds = optionalTexts(batch, 'group.taskKind')
  const groupOf = new Int32Array(responses.length)
  for (let g = 0; g < batch.groupIds.length; g++) groupOf.fill(g, batch.groupOffsets[g], batch.groupOffsets[g + 1])
  return scoreItems(responses.length, i => {
    if (responses[i] === undefined) return noScore('no response')
    const taskKind = kinds?.[groupOf[i]] ?? options.taskKind
    if (!(taskKinds as readonly string[]).includes(taskKind)) {
      return { status: 'failed', failure: { class: 'invalid_input', message: `unknown taskKind "${taskKind}"` } }
    }
    assertOneOf(taskKind, 'taskKind', taskKinds)
    const hybrid = hybridReward({
      taskKind,
      ruleReward: scoredAt(rules, i) ?? null,
      modelReward: scoredAt(models, i) ?? null,
      confidence: scoredAt(confidences, i) ?? null,
    })
    return hybrid.valid ? hybrid : whyMissing(rules, models, i)
  })
}

/** A failure of either part if there is one, else an abstention. */
function whyMissing(rules: Signal | undefined, models: Signal | undefined, index: number): Unscored {
  for (const column of [models, rules]) {
    const outcome: Outcome | undefined = column && outcomeAt(column, index)
    if (outcome?.status === 'failed') return outcome
  }
  return noScore('neither a rule nor a model reward')
}

function responseLengths(batch: RolloutBatch, responses: readonly (string | undefined)[]): Float64Array {
  const mask = tokenMask(batch)
  if (mask.length === 0) return Float64Array.from(responses, text => (text === undefined ? 0 : [...text].length))
  return Float64Array.from(responses, (_, r) => {
    let length = 0
    for (let t = batch.tokenOffsets[r]; t < batch.tokenOffsets[r + 1]; t++) length += mask[t]
    return length
  })
}

/** HARMO: hybrid and multi-aspect reward optimisation. */
export const harmo = defineMethod({
  slug: 'harmo',
  title: 'Beyond Monolithic Rewards: A Hybrid and Multi-Aspect Reward Optimization for MLLM Alignment',
  year: 2025,
  paper: 'arXiv 2510.05283',
  family: 'rules',
  summary:
    'Lets a rule overrule the reward model wherever one exists, adds format and a length term against brief guessing, and centres by the mean only.',
  consumes: ['rule and model rewards in [0, 1]', 'kind of each task', 'response lengths in one unit', 'response texts'],
  produces: ['hybrid, length and format reward and their sum, one each a response', 'mean-only advantages [G]'],
  options: harmoOptions,
  claim: {
    statement: 'Hybrid accuracy with length and format terms beats a monolithic learned reward that prefers brevity.',
    metric: 'accuracy on verifiable prompts',
    direction: 'higher',
    size: 0.3,
    against: ['reward model only'],
    seeds: 5,
    setting:
      'Questions that need 1–5 work steps, a policy over step counts and a format bit, a Bradley–Terry reward model trained on 3000 brevity-loving pairs, 150 updates of 8 prompts × 8 rollouts. Length-term shape and constants are reconstructions.',
  },
  stages: [harmoStage],
  related: ['semantic-reward', 'toolrl'],
})
