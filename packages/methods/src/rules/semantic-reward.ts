import {
  type ColumnName,
  defineStage,
  describeValue,
  GuerdonError,
  json,
  optionalJson,
  optionalNumbers,
  outcomeAt,
  texts,
} from '@guerdon/core'
import * as z from 'zod'
import { defineMethod } from '../method.ts'
import { isJsonObject } from '../shared/json-text.ts'
import { noScore, partSignals, type RewardParts, scoreItems, type Unscored } from '../shared/reward-parts.ts'
import { compositeReward, cosineReward, multiCriteriaReward, readExamAnswer } from './semantic-reward/reward.ts'

export * from './semantic-reward/reward.ts'
export * from './semantic-reward/training.ts'
export * from './semantic-reward/word-encoder.ts'

const weight = z.number().default(1)

/** Options of the `semantic-reward` stage. */
export const semanticRewardOptions = z.object({
  reward: z
    .enum(['composite', 'multi-criteria', 'semantic'])
    .default('composite')
    .describe('exam answers; explanation with length and brevity; the cosine alone'),
  weights: z
    .object({ semantic: weight, correct: weight, format: weight })
    .prefault({})
    .describe('weights of the composite reward'),
  multiCriteriaWeights: z
    .tuple([z.number(), z.number(), z.number()])
    .default([0.7, 0.2, 0.1])
    .describe('weights of semantic, length and brevity'),
  minChars: z.int().min(0).default(10).describe('characters from which a text is long enough'),
  epsilon: z.number().min(0).default(1e-8).describe('added to the product of norms'),
})

/** Options of the stage, every default filled in. */
export type SemanticRewardOptions = z.infer<typeof semanticRewardOptions>

const columns = {
  semantic: 'rollout.semanticRewardSemantic',
  correct: 'rollout.semanticRewardCorrect',
  format: 'rollout.semanticRewardFormat',
  length: 'rollout.semanticRewardLength',
  brevity: 'rollout.semanticRewardBrevity',
  total: 'rollout.reward',
} as const satisfies Record<string, ColumnName>

type Parts = RewardParts<keyof typeof columns>

/**
 * Scores explanations by the cosine of embeddings that were made before (`rollout.embedding`,
 * `rollout.referenceEmbedding`), or by a cosine that is already there (`rollout.semantic`). Stateless.
 */
export const semanticRewardStage = defineStage<SemanticRewardOptions, null>({
  name: 'semantic-reward',
  about: 'cosine of explanation and reference embeddings, with correctness and format',
  options: semanticRewardOptions,
  reads: options => [
    {
      name: 'rollout.response',
      kind: 'text',
      about: '<think>explanation</think><answer>letter</answer>, or the explanation',
    },
    ...(options.reward === 'semantic'
      ? []
      : [
          {
            name: 'rollout.reference' as const,
            kind: 'json' as const,
            about: 'composite: {option: "A"…"E"}; multi-criteria: the reference explanation',
          },
        ]),
    { name: 'rollout.embedding', kind: 'json', about: 'embedding of the explanation, without tags', optional: true },
    {
      name: 'rollout.referenceEmbedding',
      kind: 'json',
      about: 'embedding of the reference explanation',
      optional: true,
    },
    { name: 'rollout.semantic', kind: 'number', about: 'cosine in [-1, 1], in place of embeddings', optional: true },
  ],
  writes: () => [
    { name: columns.total, kind: 'number', about: 'weighted sum' },
    { name: columns.semantic, kind: 'number', about: 'cosine in [-1, 1]' },
    { name: columns.correct, kind: 'number', about: '1 for the right option; composite only' },
    { name: columns.format, kind: 'number', about: '1 for the template; composite only' },
    { name: columns.length, kind: 'number', about: 'in [0, 1]; multi-criteria only' },
    { name: columns.brevity, kind: 'number', about: 'in (0, 1]; multi-criteria only' },
  ],
  initial: () => null,
  apply(batch, state, options) {
    const responses = texts(batch, 'rollout.response')
    const references = options.reward === 'semantic' ? undefined : json(batch, 'rollout.reference')
    const embeddings = optionalJson(batch, 'rollout.embedding')
    const referenceEmbeddings = optionalJson(batch, 'rollout.referenceEmbedding')
    const cosines = optionalNumbers(batch, 'rollout.semantic')
    const semanticOf = (i: number): number | null | Unscored => {
      const outcome = cosines && outcomeAt(cosines, i)
      if (outcome?.status === 'scored') return outcome.value
      if (outcome?.status === 'failed') return outcome
      const [own, other] = [embeddings?.[i], referenceEmbeddings?.[i]]
      if (own === undefined || other === undefined) return null
      return cosineReward(vector(own, 'embedding'), vector(other, 'referenceEmbedding'), options)
    }
    const items = scoreItems<Parts>(responses.length, i => {
      const response = responses[i]
      if (response === undefined) return noScore('no response')
      const semantic = semanticOf(i)
      if (semantic !== null && typeof semantic === 'object') return semantic
      return score(response, references?.[i], semantic, options)
    })
    return { columns: partSignals<keyof typeof columns>('rollout', items, columns), state }
  },
})

const none = { semantic: undefined, correct: undefined, format: undefined, length: undefined, brevity: undefined }

function score(
  response: string,
  reference: unknown,
  semantic: number | null,
  options: SemanticRewardOptions,
): Parts | Unscored {
  if (options.reward === 'composite') {
    if (!isJsonObject(reference) || typeof reference['option'] !== 'string') return noScore('no option in reference')
    const { semanticMissing, ...parts } = compositeReward(response, reference['option'], semantic, options)
    return { ...none, ...parts, semantic: semanticMissing ? undefined : parts.semantic }
  }
  if (semantic === null) return noScore('no embeddings')
  if (options.reward === 'semantic') return { ...none, semantic, total: semantic }
  if (typeof reference !== 'string') return noScore('no reference explanation')
  const explanation = readExamAnswer(response)?.explanation ?? response
  const { multiCriteriaWeights: weights, minChars } = options
  return { ...none, ...multiCriteriaReward(explanation, reference, semantic, { weights, minChars }) }
}

function vector(value: unknown, name: string): number[] {
  if (Array.isArray(value) && value.length > 0 && value.every(entry => typeof entry === 'number')) return value
  throw new GuerdonError('invalid_input', `expected ${name} to be a list of numbers; got ${describeValue(value)}`, {
    path: [name],
  })
}

/** Semantic reward modelling with an encoder-only transformer. */
export const semanticReward = defineMethod({
  slug: 'semantic-reward',
  title: 'Shaping Explanations: Semantic Reward Modeling with Encoder-Only Transformers for GRPO',
  year: 2025,
  paper: 'arXiv 2509.13081',
  family: 'rules',
  summary:
    'Rewards a generated explanation by the cosine of its sentence embedding with that of an expert reference, beside correctness and format.',
  consumes: [
    'token embeddings [T][d] with mask, or sentence embeddings [d]',
    'completion text',
    'gold option or reference',
  ],
  produces: ['semantic, correct, format, length and brevity parts and their sum', 'advantages [G]', 'training loss'],
  options: semanticRewardOptions,
  claim: {
    statement:
      'With references in one wording and a policy that speaks another, a semantic reward raises true content coverage where a lexical one does not.',
    metric: 'concept coverage, synonyms counted alike',
    direction: 'higher',
    size: 0.2,
    against: ['ROUGE-L reward', 'supervised start only'],
    seeds: 5,
    setting:
      'Twelve concepts with two synonyms each, word vectors trained per seed from co-occurrences, 40 softmax slots, 200 GRPO steps of 5 prompts × 8 rollouts.',
  },
  stages: [semanticRewardStage],
  related: ['harmo', 'shop-r1'],
})
