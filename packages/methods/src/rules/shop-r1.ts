import {
  assertFiniteNumber,
  assertInteger,
  type ColumnName,
  defineStage,
  describeValue,
  GuerdonError,
  json,
  optionalJson,
  optionalNumbers,
  type RolloutBatch,
  type Signal,
  Status,
  texts,
} from '@guerdon/core'
import * as z from 'zod'
import { defineMethod } from '../method.ts'
import { groupItems, groupNormalise } from '../shared/group-normalise.ts'
import { noScore, partSignals, scoreItems } from '../shared/reward-parts.ts'
import {
  type ActionReward,
  type ActionRewardOptions,
  actionReward,
  readShopAction,
  readShopResponse,
  type ShopAction,
} from './shop-r1/action.ts'
import { type SelfCertaintyMode, selfCertainty, selfCertaintyFromEntropies } from './shop-r1/self-certainty.ts'

export * from './shop-r1/action.ts'
export * from './shop-r1/monitor.ts'
export * from './shop-r1/self-certainty.ts'

/** Options of `shopReward`. */
export interface ShopRewardOptions extends ActionRewardOptions {
  /** Weight of self-certainty. Default 0.005. */
  readonly alpha?: number
  /** Default `meanKlToUniform`. */
  readonly selfCertaintyMode?: SelfCertaintyMode
  /** Default `strict`. */
  readonly parsing?: 'strict' | 'outermost-object'
}

/** What is known of the rationale's next-token distributions; nothing when the policy's interface gives none. */
export interface RationaleEvidence {
  /** [N][V] logits at the rationale's tokens. */
  readonly logits?: readonly ArrayLike<number>[] | undefined
  /** A self-certainty computed elsewhere, in nats. Used when there are no logits. */
  readonly selfCertainty?: number | undefined
}

/** The components before any scaling, and the total. */
export interface ShopReward {
  readonly format: number
  readonly action: ActionReward
  /** Before α; 0 without evidence. */
  readonly selfCertainty: number
  readonly total: number
}

const noReward: ShopReward = {
  format: 0,
  action: { type: 0, attribute: 0, value: 0, total: 0 },
  selfCertainty: 0,
  total: 0,
}

/**
 * Shop-R1's reward of one response: R = R_fmt + v(a) + α·s, with R_fmt = 0.5 for a response that parses; one that does
 * not earns 0 in every part. Source: arXiv 2507.17842 §4 (the KL term of the objective belongs to the trainer).
 */
export function shopReward(
  response: string,
  truth: ShopAction,
  evidence: RationaleEvidence = {},
  options: ShopRewardOptions = {},
): ShopReward {
  const { alpha = 0.005, selfCertaintyMode = 'meanKlToUniform', parsing = 'strict' } = options
  assertFiniteNumber(alpha, 'alpha')
  const read = readShopResponse(response, { parsing })
  if (read === undefined) return noReward
  const action = actionReward(truth, read.action, options)
  const certainty = evidence.logits
    ? selfCertainty(evidence.logits, { mode: selfCertaintyMode })
    : (evidence.selfCertainty ?? 0)
  return { format: 0.5, action, selfCertainty: certainty, total: 0.5 + action.total + alpha * certainty }
}

/**
 * Both advantages of one group: standardised (R − mean)/(std + ε) as trained with, and mean-only. Under the
 * standardised one a single exact hit (about 1000) pushes the differences of the other members to nearly 0; mean-only
 * keeps them.
 *
 * @param rewards [G]
 * @returns [G] each; groups of one and all-equal groups give 0
 */
export function shopAdvantages(
  rewards: ArrayLike<number>,
  options: { readonly epsilon?: number; readonly ddof?: 0 | 1 } = {},
): { readonly standardised: Float64Array; readonly meanOnly: Float64Array } {
  const { epsilon = 1e-6, ddof = 1 } = options
  const grouping = groupItems(new Int32Array(rewards.length))
  return {
    standardised: groupNormalise(rewards, grouping, { epsilon, ddof }),
    meanOnly: groupNormalise(rewards, grouping, { scale: 'none' }),
  }
}

/** Options of the `shop-r1` stage; see `ShopRewardOptions`. */
export const shopR1Options = z.object({
  darsFactor: z.number().min(0).default(1000).describe('multiplier of the long-text value term'),
  similarityThreshold: z.number().min(0).max(1).default(0.75).describe('ROUGE-L below this pays nothing'),
  tokenise: z.enum(['latin', 'unicode']).default('latin').describe('tokens of ROUGE-L'),
  alpha: z.number().default(0.005).describe('weight of self-certainty'),
  parsing: z.enum(['strict', 'outermost-object']).default('strict').describe('whether prose may surround the JSON'),
  vocabularySize: z
    .int()
    .min(1)
    .optional()
    .describe('|V| of the policy; with token.entropy and rollout.rationaleSpan it gives self-certainty'),
})

/** Options of the stage, every default filled in. */
export type ShopR1StageOptions = z.infer<typeof shopR1Options>

const columns = {
  format: 'rollout.shopR1Format',
  type: 'rollout.shopR1Type',
  attribute: 'rollout.shopR1Attribute',
  value: 'rollout.shopR1Value',
  selfCertainty: 'rollout.shopR1SelfCertainty',
  total: 'rollout.reward',
} as const satisfies Record<string, ColumnName>

/** Scores each response against the action a person took (`rollout.reference`). Stateless. */
export const shopR1Stage = defineStage<ShopR1StageOptions, null>({
  name: 'shop-r1',
  about: 'hierarchical reward of a simulated shopping action, with difficulty scaling and self-certainty',
  options: shopR1Options,
  reads: () => [
    { name: 'rollout.response', kind: 'text', about: 'JSON with a rationale and an action' },
    { name: 'rollout.reference', kind: 'json', about: 'the true action {type, name?, text?}' },
    { name: 'rollout.rationaleSpan', kind: 'json', about: 'token span [start, end) of the rationale', optional: true },
    { name: 'token.entropy', kind: 'number', about: 'entropy of the next-token distribution, nats', optional: true },
  ],
  writes: () => [
    { name: columns.total, kind: 'number', about: 'format + action + alpha · selfCertainty' },
    { name: columns.format, kind: 'number', about: '0.5 when the response parses, else 0' },
    { name: columns.type, kind: 'number', about: '0.3 for the right action type' },
    { name: columns.attribute, kind: 'number', about: 'credit for given attributes, in [0, 0.2]' },
    { name: columns.value, kind: 'number', about: 'credit for the right values, up to about darsFactor' },
    { name: columns.selfCertainty, kind: 'number', about: 'in nats before alpha; abstains without evidence' },
  ],
  initial: () => null,
  apply(batch, state, options) {
    const responses = texts(batch, 'rollout.response')
    const references = json(batch, 'rollout.reference')
    const spans = optionalJson(batch, 'rollout.rationaleSpan')
    const entropies = optionalNumbers(batch, 'token.entropy')
    const items = scoreItems(responses.length, i => {
      const response = responses[i]
      if (response === undefined) return noScore('no response')
      if (references[i] === undefined) return noScore('no true action in reference')
      const certainty =
        entropies && spans?.[i] !== undefined && options.vocabularySize !== undefined
          ? spanCertainty(batch, i, spans[i], entropies, options.vocabularySize)
          : undefined
      const reward = shopReward(response, readShopAction(references[i]), { selfCertainty: certainty }, options)
      const { format, action, total } = reward
      const { type, attribute, value } = action
      return {
        format,
        type,
        attribute,
        value,
        total,
        selfCertainty: certainty === undefined ? certainty : reward.selfCertainty,
      }
    })
    return { columns: partSignals('rollout', items, columns), state }
  },
})

function spanCertainty(
  batch: RolloutBatch,
  rollout: number,
  span: unknown,
  entropies: Signal,
  vocabularySize: number,
): number {
  assertInteger(vocabularySize, 'vocabularySize', 1)
  const [first, end] = [batch.tokenOffsets[rollout], batch.tokenOffsets[rollout + 1]]
  const valid =
    Array.isArray(span) && span.length === 2 && span.every(Number.isInteger) && span[0] >= 0 && span[0] <= span[1]
  if (!valid || first + (span as number[])[1] > end) {
    throw new GuerdonError(
      'invalid_input',
      `expected rationaleSpan as [start, end) within ${end - first} tokens; got ${describeValue(span)}`,
      { path: ['rationaleSpan'] },
    )
  }
  const values: number[] = []
  for (let t = first + (span as number[])[0]; t < first + (span as number[])[1]; t++) {
    if (entropies.status[t] === Status.scored) values.push(entropies.values[t])
  }
  return selfCertaintyFromEntropies(values, vocabularySize)
}

/** Shop-R1: hierarchical, difficulty-scaled reward for simulated shopping behaviour. */
export const shopR1 = defineMethod({
  slug: 'shop-r1',
  title: 'Shop-R1: Rewarding LLMs to Simulate Human Behavior in Online Shopping via Reinforcement Learning',
  year: 2025,
  paper: 'arXiv 2507.17842',
  family: 'rules',
  summary:
    'Pays a simulated shopper in levels (type, attribute, value), multiplies the hard values, and adds how sure it was of its rationale.',
  consumes: ['response JSON', 'true action', 'optionally next-token logits [N][V] or entropies of the rationale'],
  produces: ['format, type, attribute, value and self-certainty parts and their sum, one each a response'],
  options: shopR1Options,
  claim: {
    statement:
      'The hierarchical reward keeps a policy from collapsing onto the action without details, where a binary exact-match reward collapses.',
    metric: 'macro-F1 of action types',
    direction: 'higher',
    size: 0.25,
    against: ['binary exact-match reward'],
    seeds: 5,
    setting:
      'Three context kinds whose human prefers click, submit or terminate, 16 hidden targets, categorical policy, 400 GRPO steps of 16 contexts × 8 rollouts. The gain of DARS over a factor of 1 is not expected in this setting.',
  },
  stages: [shopR1Stage],
  related: ['toolrl', 'craft-gui'],
})
