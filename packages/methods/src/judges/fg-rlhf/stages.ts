import { type ColumnName, defineStage, describeValue, GuerdonError, json, type Signal } from '@guerdon/core'
import * as z from 'zod'
import { isJsonObject, type JsonObject } from '../../shared/json-text.ts'
import { type LogProbRows, logProbRows, placeOnPolicyTokens, policyTokens } from '../../shared/policy-tokens.ts'
import { isUnscored, noScore, partSignals, scoreItems } from '../../shared/reward-parts.ts'
import { criticStage } from '../critic-columns.ts'
import { fineGrainedAdvantages } from './advantages.ts'
import { combineHeads, completenessReward, klPenalised, placeSegmentRewards, releasedCompleteness } from './reward.ts'
import { segmentRatio } from './segments.ts'

const headSchema = z.object({ positive: z.number(), negative: z.number() })

/** Options of the `fg-rlhf` stage. */
export const fgRlhfOptions = z.object({
  heads: z
    .record(z.string().regex(/^[A-Za-z][A-Za-z0-9]*$/), headSchema)
    .default({ relevance: { positive: 0.3, negative: -0.3 }, factuality: { positive: 0.5, negative: -0.5 } })
    .describe('rewards of a good and a bad segment of each dense head'),
  completeness: z
    .object({ mean: z.number(), std: z.number().positive(), scale: z.number(), bias: z.number() })
    .default(releasedCompleteness)
    .describe('training-set statistics and weight of the completeness score'),
  klCoef: z.number().min(0).default(0.3).describe('weight of the per-token divergence; needs both log-probabilities'),
})

/** Options of the stage, every default filled in. */
export type FgRlhfOptions = z.infer<typeof fgRlhfOptions>

interface Scored {
  readonly heads: Readonly<Record<string, Float64Array>>
  readonly ratios: Readonly<Record<string, number | undefined>>
  /** Segments without a decision: they earn 0. */
  readonly undecided: number
  readonly completeness: number | undefined
  readonly total: Float64Array
}

function columnOf(level: 'token' | 'rollout', head: string, suffix = ''): ColumnName {
  return `${level}.fgRlhf${head[0].toUpperCase()}${head.slice(1)}${suffix}`
}

/**
 * Token rewards from the decisions of all heads (`rollout.segments`). A response without policy tokens gets none.
 * Stateless.
 */
export const fgRlhfStage = defineStage<FgRlhfOptions, null>({
  name: 'fg-rlhf',
  about: 'sum of dense segment rewards and a final completeness reward, less a per-token divergence',
  options: fgRlhfOptions,
  reads: () => [
    {
      name: 'rollout.segments',
      kind: 'json',
      about: '{head: {ends: [token], ok: [true | false | null]}, completeness?: score}; tokens count the policy tokens',
    },
    { name: 'token.logprob', kind: 'number', about: 'under the policy that sampled the token', optional: true },
    { name: 'token.refLogprob', kind: 'number', about: 'under the reference policy', optional: true },
    { name: 'token.mask', kind: 'number', about: '1 on tokens the policy wrote', optional: true },
  ],
  writes: options => [
    { name: 'token.reward', kind: 'number', about: 'all heads and completeness, less klCoef · (logprob - refLogprob)' },
    ...Object.keys(options.heads).flatMap(head => [
      { name: columnOf('token', head), kind: 'number' as const, about: `reward of ${head} at segment ends` },
      { name: columnOf('rollout', head, 'Ratio'), kind: 'number' as const, about: `share of good segments of ${head}` },
    ]),
    { name: 'rollout.fgRlhfCompleteness', kind: 'number', about: 'completeness reward; abstains without a score' },
    { name: 'rollout.fgRlhfUndecided', kind: 'number', about: 'segments a head had no decision on; they earn 0' },
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
      return scoreSegments(segments[r], positions[r].length, logProbs, options)
    })
    const rowsOf = (pick: (item: Scored) => Float64Array): Signal =>
      placeOnPolicyTokens(
        batch,
        items.map(item => (isUnscored(item) ? item : pick(item))),
        positions,
      )
    const names = Object.keys(options.heads)
    const parts = items.map(item =>
      isUnscored(item) ? item : { ...item.ratios, completeness: item.completeness, undecided: item.undecided },
    )
    const rolloutColumns = Object.fromEntries([
      ...names.map(head => [head, columnOf('rollout', head, 'Ratio')]),
      ['completeness', 'rollout.fgRlhfCompleteness'],
      ['undecided', 'rollout.fgRlhfUndecided'],
    ]) as Record<string, ColumnName>
    return {
      columns: {
        ...partSignals<string>('rollout', parts, rolloutColumns),
        ...Object.fromEntries(names.map(head => [columnOf('token', head), rowsOf(item => item.heads[head])])),
        'token.reward': rowsOf(item => item.total),
      },
      state,
    }
  },
})

function scoreSegments(
  given: unknown,
  length: number,
  logProbs: LogProbRows | undefined,
  options: FgRlhfOptions,
): Scored {
  if (!isJsonObject(given)) throw badSegments(given)
  const heads: Record<string, Float64Array> = {}
  const ratios: Record<string, number | undefined> = {}
  let undecided = 0
  for (const [name, rewards] of Object.entries(options.heads)) {
    const { ends, ok } = readHead(given, name)
    heads[name] = placeSegmentRewards(length, { ends, ok }, rewards)
    ratios[name] = segmentRatio([ok]) ?? undefined
    for (const decision of ok) undecided += decision === undefined ? 1 : 0
  }
  const score = given['completeness']
  if (score !== undefined && score !== null && typeof score !== 'number') throw badSegments(score)
  const completeness = typeof score === 'number' ? completenessReward(score, options.completeness) : undefined
  const combined = combineHeads(length, Object.values(heads), completeness)
  if (logProbs === undefined) return { heads, ratios, undecided, completeness, total: combined }
  const mask = [new Uint8Array(length).fill(1)]
  const { penalised } = klPenalised([combined], [logProbs.own], [logProbs.reference], mask, options)
  return { heads, ratios, undecided, completeness, total: penalised[0] }
}

function readHead(segments: JsonObject, name: string): { ends: number[]; ok: (boolean | undefined)[] } {
  const head = segments[name]
  const valid =
    isJsonObject(head) &&
    Array.isArray(head['ends']) &&
    head['ends'].every(end => Number.isInteger(end) && end >= 0) &&
    Array.isArray(head['ok']) &&
    head['ok'].every(ok => typeof ok === 'boolean' || ok === null)
  if (!valid) throw badSegments(head, name)
  return { ends: head['ends'] as number[], ok: (head['ok'] as (boolean | null)[]).map(ok => ok ?? undefined) }
}

function badSegments(given: unknown, head?: string): GuerdonError {
  return new GuerdonError(
    'invalid_input',
    `expected segments${head === undefined ? '' : ` of head "${head}"`} as {ends: [token], ok: [true | false | null]}; got ${describeValue(given)}`,
    { path: head === undefined ? ['segments'] : ['segments', head] },
  )
}

/** Options of the `fg-rlhf.advantage` stage; see `FineGrainedAdvantageOptions`. */
export const fgRlhfAdvantageOptions = z.object({
  gamma: z.number().min(0).max(1).default(1).describe('discount'),
  lambda: z.number().min(0).max(1).default(0.95).describe('0.99 for the holistic baseline'),
  whitenRewards: z.boolean().default(true).describe('normalise the rewards of the batch first, keeping their mean'),
  epsilon: z.number().min(0).max(1).default(1e-8).describe('added to variances'),
  compat: z.enum(['released']).optional().describe('whitens by the root of the standard deviation'),
})

/** Generalised advantages of the token rewards with a critic's values, whitened over the batch. Stateless. */
export const fgRlhfAdvantageStage = criticStage<z.infer<typeof fgRlhfAdvantageOptions>>({
  name: 'fg-rlhf.advantage',
  options: fgRlhfAdvantageOptions,
  estimate: options => (rewards, values, mask) => fineGrainedAdvantages(rewards, values, mask, options),
})
