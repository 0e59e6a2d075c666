import {
  abstained,
  type ColumnName,
  defineStage,
  json,
  levelSize,
  numbers,
  outcomeAt,
  type RolloutBatch,
  Status,
  signalFromOutcomes,
  texts,
} from '@guerdon/core'
import * as z from 'zod'
import type { Span } from '../../shared/spans.ts'
import { valuesInside, valuesLike } from '../../shared/value-signals.ts'
import { groupTokenAdvantages, type Solution } from './group.ts'
import { labelCorrectSolution, labelIncorrectSolution, type StepLabel } from './thoughts.ts'

/** Options of the stage. */
export const tpGrpoOptions = z.strictObject({
  alpha: z.number().min(0).default(1).describe('scale of the process reward of correct solutions'),
  adaptive: z.boolean().default(true).describe('scale that reward by the accuracy of the group'),
  incorrect: z
    .enum(['thoughts', 'outcome'])
    .default('thoughts')
    .describe('incorrect solutions: spare steps that were not adopted, or give every step the outcome'),
  ddof: z
    .union([z.literal(0), z.literal(1)])
    .default(1)
    .describe('divisor of the variance of outcomes is n − ddof'),
  epsilon: z.number().positive().default(1e-4).describe('added to the standard deviation of outcomes'),
  labels: z
    .enum(['turns', 'verdicts'])
    .default('turns')
    .describe("read turn.stepLabel, or the judge's rollout.errorIntervals and rollout.matchingSteps"),
  keepOnlySignalled: z
    .boolean()
    .default(false)
    .describe('solutions without any process reward abstain, as in the off-policy pipeline'),
})

/** Options of the stage, every default filled in. */
export type TpGrpoStageOptions = z.infer<typeof tpGrpoOptions>

/**
 * Writes `turn.advantage` and `token.advantage`. Turns are the think steps in order; the last turn of a rollout is its
 * answer segment. Tokens outside every turn get 0; solutions with an unscored outcome leave the group.
 */
export const tpGrpoStage = defineStage<TpGrpoStageOptions, null>({
  name: 'tp-grpo',
  about: 'merges judged steps into thoughts and gives sound thoughts the outcome advantage and mistaken ones less',
  options: tpGrpoOptions,
  reads: ({ labels }) => [
    { name: 'rollout.outcome', kind: 'number', about: 'verified outcome; above 0 = correct' },
    ...(labels === 'turns'
      ? [
          {
            name: 'turn.stepLabel' as const,
            kind: 'text' as const,
            about: '"good" or "bad" for each think step; the last turn is the answer',
          },
        ]
      : [
          {
            name: 'rollout.errorIntervals' as const,
            kind: 'json' as const,
            about: 'correct solutions: [start, end) ranges of mistaken steps',
            optional: true,
          },
          {
            name: 'rollout.matchingSteps' as const,
            kind: 'json' as const,
            about: 'incorrect solutions: steps the answer adopted',
            optional: true,
          },
        ]),
  ],
  writes: () => [
    { name: 'turn.advantage', kind: 'number', about: 'advantage of the thought the step belongs to' },
    { name: 'token.advantage', kind: 'number', about: 'the same on the tokens of each turn, 0 between turns' },
    { name: 'rollout.tpGrpoLabelled', kind: 'number', about: '1 = the judge was usable, 0 = fell back to the outcome' },
  ],
  initial: () => null,
  apply: (batch, state, options) => {
    const outcome = numbers(batch, 'rollout.outcome')
    const labelsOf = options.labels === 'turns' ? turnLabels(batch) : verdictLabels(batch)
    const turnValues = new Float64Array(levelSize(batch, 'turn'))
    const tokenValues = new Float64Array(levelSize(batch, 'token'))
    const labelled = new Float64Array(levelSize(batch, 'rollout'))
    const trained = Array.from(outcome.values, (_, r) => outcomeAt(outcome, r))
    for (let g = 0; g < batch.groupIds.length; g++) {
      const members: number[] = []
      for (let r = batch.groupOffsets[g]; r < batch.groupOffsets[g + 1]; r++) {
        if (outcome.status[r] === Status.scored) members.push(r)
      }
      const solutions = members.map(r => solutionOf(batch, r, outcome.values[r] > 0, labelsOf))
      const result = groupTokenAdvantages(solutions, options)
      members.forEach((r, k) => {
        const turns = batch.turnOffsets[r + 1] - batch.turnOffsets[r]
        turnValues.set(result.stepAdvantages[k].subarray(0, turns), batch.turnOffsets[r])
        tokenValues.set(result.tokenAdvantages[k], batch.tokenOffsets[r])
        labelled[r] = result.labelled[k]
        if (options.keepOnlySignalled && !result.signalled[k]) trained[r] = abstained('no process reward')
      })
    }
    const usable = signalFromOutcomes('rollout', trained)
    return {
      columns: {
        'turn.advantage': valuesInside(batch, usable, 'turn', turnValues),
        'token.advantage': valuesInside(batch, usable, 'token', tokenValues),
        'rollout.tpGrpoLabelled': valuesLike(outcome, labelled),
      },
      state,
    }
  },
})

function solutionOf(batch: RolloutBatch, rollout: number, correct: boolean, labelsOf: LabelsOf): Solution {
  const spans = spansOf(batch, rollout)
  const stepSpans = spans.slice(0, -1)
  return {
    stepSpans,
    answerSpan: spans.at(-1) ?? [0, 0],
    labels: labelsOf(rollout, stepSpans.length, correct),
    correct,
    length: batch.tokenOffsets[rollout + 1] - batch.tokenOffsets[rollout],
  }
}

/** Spans of a rollout's turns within its own tokens; turns without one are empty spans after the turn before. */
function spansOf(batch: RolloutBatch, rollout: number): Span[] {
  const spans: Span[] = []
  let from = 0
  for (let t = batch.turnOffsets[rollout]; t < batch.turnOffsets[rollout + 1]; t++) {
    const start = batch.turnSpans[2 * t]
    const span: Span =
      start < 0
        ? [from, from]
        : [start - batch.tokenOffsets[rollout], batch.turnSpans[2 * t + 1] - batch.tokenOffsets[rollout]]
    spans.push(span)
    from = span[1]
  }
  return spans
}

type LabelsOf = (rollout: number, steps: number, correct: boolean) => StepLabel[] | undefined

function turnLabels(batch: RolloutBatch): LabelsOf {
  const column = texts(batch, 'turn.stepLabel')
  return (rollout, steps) => {
    const first = batch.turnOffsets[rollout]
    const labels = column.slice(first, first + steps)
    return labels.every(isLabel) ? labels : undefined
  }
}

function isLabel(label: string | undefined): label is StepLabel {
  return label === 'good' || label === 'bad'
}

function verdictLabels(batch: RolloutBatch): LabelsOf {
  const optional = (name: ColumnName) => (batch.columns.has(name) ? json(batch, name) : undefined)
  const intervals = optional('rollout.errorIntervals')
  const matches = optional('rollout.matchingSteps')
  const intervalSchema = z.array(z.tuple([z.number(), z.number()]))
  const matchSchema = z.array(z.number())
  return (rollout, steps, correct) => {
    if (correct) {
      const parsed = intervalSchema.safeParse(intervals?.[rollout])
      return parsed.success ? labelCorrectSolution(steps, parsed.data) : undefined
    }
    const parsed = matchSchema.safeParse(matches?.[rollout])
    return parsed.success ? labelIncorrectSolution(steps, parsed.data) : undefined
  }
}
