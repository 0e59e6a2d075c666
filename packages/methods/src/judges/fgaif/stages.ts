import { type ColumnName, defineStage, describeValue, GuerdonError, json, type Signal } from '@guerdon/core'
import * as z from 'zod'
import { isJsonObject } from '../../shared/json-text.ts'
import { logProbRows, placeOnPolicyTokens, policyTokens } from '../../shared/policy-tokens.ts'
import { isUnscored, noScore, partSignals, scoreItems } from '../../shared/reward-parts.ts'
import { criticStage } from '../critic-columns.ts'
import {
  type AtomicFact,
  classIndex,
  classRewards,
  factTypes,
  type SegmentDecision,
  segmentDecisions,
  segmentFactLabels,
} from './labels.ts'
import { assertedShare, factAdvantages, type HeadTokenRewards, headTokenRewards, shapedRewards } from './reward.ts'

/** Options of the `fgaif` stage. */
export const fgaifOptions = z.object({
  weights: z.tuple([z.number(), z.number(), z.number()]).default([1, 1, 1]).describe('object, attribute, relation'),
  classRewards: z
    .tuple([z.number(), z.number(), z.number()])
    .default([...classRewards])
    .describe('rewards of not applicable, clean and hallucinated'),
  soft: z.boolean().default(false).describe('p(clean) - p(hallucinated) in place of decisions; needs logits'),
  beyond: z.enum(['clamp', 'drop']).default('clamp').describe('segments that end beyond the response'),
  klCoef: z.number().min(0).default(0.1).describe('weight of the per-token divergence; needs both log-probabilities'),
  klSign: z
    .enum(['penalty', 'releasedBug'])
    .default('penalty')
    .describe("releasedBug reproduces the released trainer's sign error"),
})

/** Options of the stage, every default filled in. */
export type FgaifOptions = z.infer<typeof fgaifOptions>

interface Scored extends HeadTokenRewards {
  readonly shaped: Float64Array
  readonly asserted: number | undefined
}

const headColumns: readonly ColumnName[] = ['token.fgaifObject', 'token.fgaifAttribute', 'token.fgaifRelation']

/** Token rewards from verified atomic facts or from the logits of the three heads (`rollout.segments`). Stateless. */
export const fgaifStage = defineStage<FgaifOptions, null>({
  name: 'fgaif',
  about: 'object, attribute and relation rewards at segment ends, less a per-token divergence',
  options: fgaifOptions,
  reads: () => [
    {
      name: 'rollout.segments',
      kind: 'json',
      about:
        '[{end: token, facts: [{type, consistent}]}] or [{end, logits: {object, attribute, relation}}]; tokens count the policy tokens',
    },
    { name: 'token.logprob', kind: 'number', about: 'under the policy that sampled the token', optional: true },
    { name: 'token.refLogprob', kind: 'number', about: 'under the reference policy', optional: true },
    { name: 'token.mask', kind: 'number', about: '1 on tokens the policy wrote', optional: true },
  ],
  writes: () => [
    { name: 'token.reward', kind: 'number', about: 'weighted sum, less klCoef · (logprob - refLogprob)' },
    ...headColumns.map((name, k) => ({
      name,
      kind: 'number' as const,
      about: `reward of the ${factTypes[k]} head, unweighted`,
    })),
    {
      name: 'rollout.fgaifAsserted',
      kind: 'number',
      about: 'share of decisions that apply; 0 is a policy that fell silent',
    },
    { name: 'rollout.fgaifTruncated', kind: 'number', about: '1 when a segment ended beyond the response' },
  ],
  initial: () => null,
  apply(batch, state, options) {
    const segments = json(batch, 'rollout.segments')
    const positions = policyTokens(batch)
    const logProbsOf = logProbRows(batch, positions)
    const items = scoreItems<Scored>(segments.length, r => {
      if (segments[r] === undefined) return noScore('no segments')
      if (positions[r].length === 0) return noScore('empty response')
      const logProbs = logProbsOf(r)
      if (logProbs !== undefined && isUnscored(logProbs)) return logProbs
      const { ends, decisions } = readSegments(segments[r], options)
      const length = positions[r].length
      const placed = headTokenRewards(length, ends, decisions, options)
      const mask = new Uint8Array(length).fill(1)
      const shaped = logProbs
        ? shapedRewards(placed.total, logProbs.own, logProbs.reference, mask, options).shaped
        : placed.total
      return { ...placed, shaped, asserted: assertedShare(decisions) ?? undefined }
    })
    const rowsOf = (pick: (item: Scored) => Float64Array): Signal =>
      placeOnPolicyTokens(
        batch,
        items.map(item => (isUnscored(item) ? item : pick(item))),
        positions,
      )
    const parts = items.map(item =>
      isUnscored(item) ? item : { asserted: item.asserted, truncated: item.truncated ? 1 : 0 },
    )
    return {
      columns: {
        ...Object.fromEntries(headColumns.map((name, k) => [name, rowsOf(item => item.heads[k])])),
        ...partSignals('rollout', parts, {
          asserted: 'rollout.fgaifAsserted',
          truncated: 'rollout.fgaifTruncated',
        }),
        'token.reward': rowsOf(item => item.shaped),
      },
      state,
    }
  },
})

function readSegments(
  given: unknown,
  options: FgaifOptions,
): { readonly ends: number[]; readonly decisions: SegmentDecision[][] } {
  const list = Array.isArray(given) ? given : undefined
  if (list === undefined || !list.every(isSegment)) {
    throw new GuerdonError(
      'invalid_input',
      `expected segments [{end, facts}] or [{end, logits}]; got ${describeValue(given)}`,
      {
        path: ['segments'],
        hint: 'facts are {type: object | attribute | relation, consistent: true | false | null}; logits are three numbers a head',
      },
    )
  }
  const rewards = options.classRewards
  const decisions = factTypes.map(type =>
    list.map((segment: SegmentRecord): SegmentDecision => {
      if (segment.logits !== undefined)
        return segmentDecisions([segment.logits[type]], { rewards, soft: options.soft })[0]
      const index = classIndex(segmentFactLabels(segment.facts ?? [])[type])
      return { classIndex: index, reward: rewards[index], finite: true }
    }),
  )
  return { ends: list.map((segment: SegmentRecord) => segment.end), decisions }
}

interface SegmentRecord {
  readonly end: number
  readonly facts?: readonly AtomicFact[]
  readonly logits?: Readonly<Record<(typeof factTypes)[number], readonly number[]>>
}

function isSegment(value: unknown): value is SegmentRecord {
  if (!isJsonObject(value) || !Number.isInteger(value['end']) || (value['end'] as number) < 0) return false
  const { facts, logits } = value
  if (Array.isArray(facts)) return facts.every(isFact)
  return (
    isJsonObject(logits) &&
    factTypes.every(type => {
      const row = logits[type]
      return Array.isArray(row) && row.length === 3 && row.every(entry => typeof entry === 'number')
    })
  )
}

function isFact(value: unknown): boolean {
  if (!isJsonObject(value) || !(factTypes as readonly unknown[]).includes(value['type'])) return false
  return typeof value['consistent'] === 'boolean' || value['consistent'] === null
}

/** Options of the `fgaif.advantage` stage; see `FactAdvantageOptions`. */
export const fgaifAdvantageOptions = z.object({
  gamma: z.number().min(0).max(1).default(1).describe('discount'),
  lambda: z.number().min(0).max(1).default(1).describe('trace decay'),
  epsilon: z.number().min(0).max(1).default(1e-8).describe('added to the standard deviation'),
  rewardScale: z.number().optional().describe('factor on the rewards; 1, or 10 under compat: released'),
  compat: z.enum(['released']).optional().describe('rewards times 10'),
})

/** Generalised advantages of the token rewards with a critic's values, whitened over the batch. Stateless. */
export const fgaifAdvantageStage = criticStage<z.infer<typeof fgaifAdvantageOptions>>({
  name: 'fgaif.advantage',
  options: fgaifAdvantageOptions,
  estimate: options => (rewards, values, mask) => factAdvantages(rewards, values, mask, options),
})
