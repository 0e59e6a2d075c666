import {
  defineStage,
  failed,
  numbers,
  type Outcome,
  optionalNumbers,
  outcomeAt,
  type Signal,
  Status,
  scored,
  sigmoid,
  signalFromOutcomes,
  texts,
} from '@guerdon/core'
import * as z from 'zod'
import { curatePairs } from './curate.ts'
import { retrievalCounts } from './retrieval.ts'

/** Options of the stage. */
export const skyworkV2Options = z.strictObject({
  maxRetrieved: z.int().min(1).default(8).describe('k_max, pool items to look up for a pair the best model gets wrong'),
})

/** Options of the stage, every default filled in. */
export type SkyworkV2StageOptions = z.infer<typeof skyworkV2Options>

/**
 * Decides what becomes of recorded preference pairs. A group is one pair: one rollout labelled `chosen` and one labelled
 * `rejected` in `rollout.label`. A pair with an unscored model score, or that is not such a pair, fails.
 */
export const skyworkV2Stage = defineStage<SkyworkV2StageOptions, null>({
  name: 'skywork-v2',
  about: 'keeps preference pairs whose label two reward models, or one and a judge, agree with',
  options: skyworkV2Options,
  reads: () => [
    { name: 'rollout.label', kind: 'text', about: '"chosen" or "rejected", one of each in a group' },
    { name: 'rollout.bestScore', kind: 'number', about: 'score of the best current reward model' },
    { name: 'rollout.goldScore', kind: 'number', about: 'score of the reward model trained on verified pairs only' },
    {
      name: 'group.judgeAgrees',
      kind: 'number',
      about: '1 = the guided judge agrees with the label, 0 = not; absent = not asked',
      optional: true,
    },
  ],
  writes: () => [
    { name: 'group.skyworkKeep', kind: 'number', about: '1 = train on the pair as labelled' },
    { name: 'group.skyworkFlip', kind: 'number', about: '1 = discarded; a candidate for swapping, once audited' },
    {
      name: 'group.skyworkNeedsJudge',
      kind: 'number',
      about: '1 = the best model does not share the label: ask the judge',
    },
    { name: 'group.skyworkConfidence', kind: 'number', about: 'p of the best model in the label' },
    { name: 'group.skyworkRetrieve', kind: 'number', about: 'similar pool items to look up for this pair' },
  ],
  initial: () => null,
  apply: (batch, state, options) => {
    const labels = texts(batch, 'rollout.label')
    const best = numbers(batch, 'rollout.bestScore')
    const gold = numbers(batch, 'rollout.goldScore')
    const judge = optionalNumbers(batch, 'group.judgeAgrees')
    const columns: Record<'keep' | 'flip' | 'needsJudge' | 'confidence' | 'retrieve', Outcome[]> = {
      keep: [],
      flip: [],
      needsJudge: [],
      confidence: [],
      retrieve: [],
    }
    for (let g = 0; g < batch.groupIds.length; g++) {
      const rows = Array.from(
        { length: batch.groupOffsets[g + 1] - batch.groupOffsets[g] },
        (_, i) => batch.groupOffsets[g] + i,
      )
      const chosen = rows.filter(r => labels[r] === 'chosen')
      const rejected = rows.filter(r => labels[r] === 'rejected')
      const refused =
        rows.length === 2 && chosen.length === 1 && rejected.length === 1
          ? firstUnscored([best, gold], rows)
          : failed('invalid_input', 'expected one chosen and one rejected rollout in the group', 'skywork-v2')
      if (refused) {
        for (const column of Object.values(columns)) column.push(refused)
        continue
      }
      const confidence = (model: Signal) => sigmoid(model.values[chosen[0]] - model.values[rejected[0]])
      const p = confidence(best)
      const answered = judge?.status[g] === Status.scored ? judge.values[g] === 1 : null
      const [decision] = curatePairs({
        bestConfidence: [p],
        goldConfidence: [confidence(gold)],
        judgeAgrees: [answered],
      })
      columns.keep.push(scored(Number(decision.keep)))
      columns.flip.push(scored(Number(decision.flip)))
      columns.needsJudge.push(scored(Number(decision.needsJudge)))
      columns.confidence.push(scored(p))
      columns.retrieve.push(scored(retrievalCounts([p], { maxCount: options.maxRetrieved })[0]))
    }
    return {
      columns: {
        'group.skyworkKeep': signalFromOutcomes('group', columns.keep),
        'group.skyworkFlip': signalFromOutcomes('group', columns.flip),
        'group.skyworkNeedsJudge': signalFromOutcomes('group', columns.needsJudge),
        'group.skyworkConfidence': signalFromOutcomes('group', columns.confidence),
        'group.skyworkRetrieve': signalFromOutcomes('group', columns.retrieve),
      },
      state,
    }
  },
})

function firstUnscored(models: readonly Signal[], rows: readonly number[]): Outcome | undefined {
  for (const model of models) for (const r of rows) if (model.status[r] !== Status.scored) return outcomeAt(model, r)
  return undefined
}
