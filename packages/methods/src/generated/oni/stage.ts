import {
  type Column,
  defineStage,
  numbers,
  type Outcome,
  optionalNumbers,
  outcomeAt,
  type RolloutBatch,
  Status,
  scored,
  signalFromOutcomes,
  texts,
} from '@guerdon/core'
import * as z from 'zod'
import {
  countCoefficients,
  initialRankingMoments,
  type LabelTable,
  mergeLabels,
  normaliseCaption,
  type RankingMoments,
  rankingRewards,
  retrievalRewards,
  totalRewards,
  updateRankingMoments,
} from './reward.ts'

/** Schema of the stage's options. */
export const oniOptions = z.strictObject({
  kind: z
    .enum(['retrieval', 'classification', 'ranking', 'none'])
    .default('retrieval')
    .describe(
      'labels by caption, probabilities of a classifier, raw rewards of a ranking model, or the task reward alone',
    ),
  extrinsicWeight: z.number().default(0.1).describe('α of the task reward'),
  intrinsicWeight: z.number().default(0.4).describe('c of the intrinsic reward'),
  countExponent: z.number().min(0).default(3).describe('B: repeated captions of an episode pay n^−B'),
  threshold: z.number().optional().describe('η of classification (default 0.5), τ of ranking (default −0.5)'),
  normaliseDigits: z.boolean().default(false).describe('captions that differ in a number only are one caption'),
  labels: z.record(z.string(), z.number()).default({}).describe('labels known from the start'),
  compat: z.literal('released').nullable().default(null).describe('ranking pays the raw reward'),
})

/** Options of the stage, every default filled in. */
export type OniOptions = z.infer<typeof oniOptions>

/** Labels that have arrived, captions nobody labelled yet, and moments of the ranking rewards. */
export interface OniState {
  readonly labels: LabelTable
  readonly unseen: readonly string[]
  readonly moments: RankingMoments
}

const scoreColumn: Column = {
  name: 'turn.captionScore',
  kind: 'number',
  about: 'probability of "helpful" (classification) or raw reward (ranking) of the step’s caption',
}

/**
 * Writes `turn.reward` = α·task reward + c·intrinsic·n^−B from `turn.caption`, with the intrinsic reward before its count in
 * `turn.oniIntrinsic`.
 *
 * Retrieval: labels in `turn.captionLabel` are merged into the table *before* rewards are computed (the latest wins), so a
 * label that arrives late is used from then on; captions without one pay nothing and wait in the state. A turn without a
 * caption gets the task reward alone.
 */
export const oniStage = defineStage<OniOptions, OniState>({
  name: 'oni',
  about: 'adds intrinsic rewards from a language model’s labels of captions, decaying with repetition',
  options: oniOptions,
  reads: options => [
    { name: 'turn.caption', kind: 'text', about: 'message of the step' },
    { name: 'turn.reward', kind: 'number', about: 'task reward; 0 where absent', optional: true },
    ...(options.kind === 'retrieval'
      ? ([
          { name: 'turn.captionLabel', kind: 'number', about: 'label that arrived for the caption', optional: true },
        ] satisfies Column[])
      : options.kind === 'none'
        ? []
        : [scoreColumn]),
  ],
  writes: () => [
    { name: 'turn.reward', kind: 'number', about: 'total reward of the step' },
    { name: 'turn.oniIntrinsic', kind: 'number', about: 'intrinsic reward before count and weight' },
  ],
  initial: options => ({ labels: options.labels, unseen: [], moments: initialRankingMoments }),
  apply: (batch, state, options) => {
    const captions = texts(batch, 'turn.caption').map(text =>
      text !== undefined && options.normaliseDigits ? normaliseCaption(text) : text,
    )
    const { intrinsic, next } = intrinsicRewards(batch, captions, state, options)
    const task = optionalNumbers(batch, 'turn.reward')
    const rewards: Outcome[] = []
    batch.rolloutIds.forEach((_, r) => {
      const start = batch.turnOffsets[r]
      const end = batch.turnOffsets[r + 1]
      const own = captions.slice(start, end)
      // turns without a caption get one of their own, so that they neither count nor are counted
      const counts = countCoefficients(
        own.map((caption, i) => (caption === undefined ? `\u0000${i}` : `c${caption}`)),
        {
          exponent: options.countExponent,
        },
      )
      const given = own.map((_, i) => (task === undefined ? scored(0) : outcomeAt(task, start + i)))
      const extrinsic = given.map(outcome => (outcome.status === 'scored' ? outcome.value : 0))
      const totals = totalRewards(extrinsic, intrinsic.subarray(start, end), counts, options)
      given.forEach((outcome, i) => {
        rewards.push(outcome.status === 'failed' ? outcome : scored(totals[i]))
      })
    })
    return {
      columns: {
        'turn.reward': signalFromOutcomes('turn', rewards),
        'turn.oniIntrinsic': signalFromOutcomes('turn', Array.from(intrinsic, scored)),
      },
      state: next,
    }
  },
})

function intrinsicRewards(
  batch: RolloutBatch,
  captions: readonly (string | undefined)[],
  state: OniState,
  options: OniOptions,
): { readonly intrinsic: Float64Array; readonly next: OniState } {
  const intrinsic = new Float64Array(captions.length)
  if (options.kind === 'none') return { intrinsic, next: state }
  if (options.kind === 'retrieval') {
    const labels = mergeLabels(state.labels, arrivedLabels(batch, captions))
    const named = captions.flatMap((caption, t) => (caption === undefined ? [] : [{ caption, t }]))
    const { rewards, unseen } = retrievalRewards(
      named.map(({ caption }) => caption),
      labels,
    )
    named.forEach(({ t }, i) => {
      intrinsic[t] = rewards[i]
    })
    const waiting = [...new Set([...state.unseen, ...unseen])].filter(caption => !Object.hasOwn(labels, caption))
    return { intrinsic, next: { ...state, labels, unseen: waiting } }
  }
  const score = numbers(batch, 'turn.captionScore', scoreColumn.about)
  const usable = captions.flatMap((caption, t) =>
    caption === undefined || score.status[t] !== Status.scored ? [] : [t],
  )
  const raw = usable.map(t => score.values[t])
  if (options.kind === 'classification') {
    usable.forEach((t, i) => {
      intrinsic[t] = raw[i] > (options.threshold ?? 0.5) ? 1 : 0
    })
    return { intrinsic, next: state }
  }
  const moments = updateRankingMoments(state.moments, raw)
  const { rewards } = rankingRewards(raw, moments, { threshold: options.threshold ?? -0.5, compat: options.compat })
  usable.forEach((t, i) => {
    intrinsic[t] = rewards[i]
  })
  return { intrinsic, next: { ...state, moments } }
}

function arrivedLabels(batch: RolloutBatch, captions: readonly (string | undefined)[]): LabelTable {
  const arrived = optionalNumbers(batch, 'turn.captionLabel')
  if (arrived === undefined) return {}
  return Object.fromEntries(
    captions.flatMap((caption, t) =>
      caption === undefined || arrived.status[t] !== Status.scored ? [] : [[caption, arrived.values[t]]],
    ),
  )
}
