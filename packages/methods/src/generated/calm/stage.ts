import {
  defineStage,
  GuerdonError,
  type Outcome,
  optionalJson,
  optionalNumbers,
  optionalTexts,
  outcomeAt,
  type RolloutBatch,
  scored,
  signalFromOutcomes,
} from '@guerdon/core'
import * as z from 'zod'
import { parseAnnotation } from './annotation.ts'
import { subgoalRewards } from './rewards.ts'

/** Schema of the stage's options. */
export const calmOptions = z.strictObject({
  subgoals: z
    .array(z.string().min(1))
    .default([])
    .describe('names in their order; none: every name a verdict gives counts'),
  bonus: z
    .union([z.number(), z.record(z.string(), z.number())])
    .default(1)
    .describe('reward of a subgoal: one for all, or one a name'),
  oncePerEpisode: z.boolean().default(true).describe('each subgoal pays once'),
  ordered: z.boolean().default(true).describe('a subgoal counts only after its predecessors'),
  anneal: z
    .strictObject({ from: z.number().default(1), to: z.number().default(0), steps: z.int().min(1) })
    .nullable()
    .default(null)
    .describe('factor of the bonus over so many batches; null keeps it at 1'),
})

/** Options of the stage, every default filled in. */
export type CalmOptions = z.infer<typeof calmOptions>

/** Batches seen, for annealing. */
export interface CalmState {
  readonly batches: number
}

/**
 * Adds subgoal bonuses to step rewards: `turn.reward` = environment reward + factor·bonus, the bonus alone in
 * `turn.calmBonus`. Verdicts come as `turn.achieved` (names, or an object from names to booleans) or as the judge's answer in
 * `turn.judgeText`; a turn with neither, and an unreadable answer, achieves nothing (the unreadable ones are counted in
 * `rollout.calmUnreadable`). A turn whose environment reward failed stays failed.
 */
export const calmStage = defineStage<CalmOptions, CalmState>({
  name: 'calm',
  about: 'pays a bonus at the steps at which a language model saw a subgoal achieved',
  options: calmOptions,
  reads: () => [
    { name: 'turn.reward', kind: 'number', about: 'environment reward; 0 where absent', optional: true },
    {
      name: 'turn.achieved',
      kind: 'json',
      about: 'subgoals achieved by this step: names, or {name: boolean}',
      optional: true,
    },
    {
      name: 'turn.judgeText',
      kind: 'text',
      about: 'the judge’s answer about this step, read when turn.achieved is absent',
      optional: true,
    },
  ],
  writes: () => [
    { name: 'turn.reward', kind: 'number', about: 'environment reward plus bonus' },
    { name: 'turn.calmBonus', kind: 'number', about: 'bonus of the step, after annealing' },
    { name: 'rollout.calmUnreadable', kind: 'number', about: 'answers that could not be read' },
  ],
  initial: () => ({ batches: 0 }),
  apply: (batch, state, options) => {
    const reward = optionalNumbers(batch, 'turn.reward')
    const { achieved, unreadable } = verdicts(batch)
    const factor = annealed(options.anneal, state.batches)
    const rewards: Outcome[] = []
    const bonuses: Outcome[] = []
    const failures = batch.rolloutIds.map((_, r) => {
      const start = batch.turnOffsets[r]
      const end = batch.turnOffsets[r + 1]
      const steps = achieved.slice(start, end)
      const zeros = new Float64Array(end - start)
      const subgoals = options.subgoals.length > 0 ? options.subgoals : [...new Set(steps.flatMap(names => [...names]))]
      const paid = subgoalRewards(zeros, steps, { ...options, subgoals })
      for (let t = start; t < end; t++) {
        const bonus = factor * paid.bonuses[t - start]
        const given = reward === undefined ? scored(0) : outcomeAt(reward, t)
        bonuses.push(scored(bonus))
        rewards.push(
          given.status === 'scored' ? scored(given.value + bonus) : given.status === 'failed' ? given : scored(bonus),
        )
      }
      return scored(unreadable.slice(start, end).filter(Boolean).length)
    })
    return {
      columns: {
        'turn.reward': signalFromOutcomes('turn', rewards),
        'turn.calmBonus': signalFromOutcomes('turn', bonuses),
        'rollout.calmUnreadable': signalFromOutcomes('rollout', failures),
      },
      state: { batches: state.batches + 1 },
    }
  },
})

function annealed(anneal: CalmOptions['anneal'], batches: number): number {
  if (anneal === null) return 1
  return anneal.from + (anneal.to - anneal.from) * Math.min(1, batches / anneal.steps)
}

function verdicts(batch: RolloutBatch): { achieved: ReadonlySet<string>[]; unreadable: boolean[] } {
  const json = optionalJson(batch, 'turn.achieved')
  const answers = optionalTexts(batch, 'turn.judgeText')
  if (json === undefined && answers === undefined) {
    throw new GuerdonError('missing_column', 'expected turn.achieved or turn.judgeText; the batch has neither', {
      path: ['turn.achieved'],
      hint: 'record which subgoals a judge saw achieved at each step',
    })
  }
  const count = batch.turnOffsets[batch.rolloutIds.length]
  const unreadable = new Array<boolean>(count).fill(false)
  const achieved = Array.from({ length: count }, (_, t): ReadonlySet<string> => {
    const value = json?.[t]
    if (value !== undefined && value !== null) return namesOf(value, t)
    const answer = answers?.[t]
    if (answer === undefined) return new Set()
    const annotation = parseAnnotation(answer)
    unreadable[t] = annotation.dictionary === undefined
    return annotation.achieved
  })
  return { achieved, unreadable }
}

function namesOf(value: unknown, turn: number): ReadonlySet<string> {
  if (Array.isArray(value) && value.every(name => typeof name === 'string')) return new Set(value)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return new Set(Object.entries(value).flatMap(([name, flag]) => (flag === true ? [name] : [])))
  }
  throw new GuerdonError(
    'invalid_input',
    `expected turn.achieved to be names or {name: boolean}; turn ${turn} has something else`,
    {
      path: ['turn.achieved', turn],
    },
  )
}
