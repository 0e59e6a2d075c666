import {
  abstained,
  defineStage,
  failed,
  numbers,
  type Outcome,
  outcomeAt,
  Random,
  type RandomState,
  type RolloutBatch,
  type Signal,
  Status,
  signalFromOutcomes,
} from '@guerdon/core'
import * as z from 'zod'
import { groupsFromOffsets } from '../../shared/group-normalise.ts'
import { profAdvantages } from './advantages.ts'
import { filterModes } from './filter.ts'

/** Options of the stage; `{}` is the released setting with n = 8 and m = 4. */
export const profOptions = z.strictObject({
  remove: z.int().min(0).default(4).describe('R = n − m: rollouts removed from each group'),
  mode: z
    .enum(filterModes)
    .default('both')
    .describe('which class is ranked by consistency; the other is thinned at random'),
  stepCountPenalty: z
    .number()
    .min(0)
    .default(10)
    .describe('λ, subtracted from a rollout with too few or too many steps'),
  minSteps: z.int().min(0).default(2).describe('fewer steps than this are penalised'),
  maxSteps: z.int().min(0).default(30).describe('more steps than this are penalised'),
  storedSteps: z.int().min(1).default(100).describe('steps beyond this are not counted'),
  reduction: z.enum(['mean', 'min', 'sum']).default('mean').describe('how the step values of a rollout become one'),
  centre: z
    .union([z.literal('batch-mean'), z.number()])
    .default('batch-mean')
    .describe('what step values are measured against'),
  rounding: z.enum(['half-to-even', 'up']).default('half-to-even').describe('rounding of the removal counts'),
  correctFrom: z
    .number()
    .nullable()
    .default(null)
    .describe('outcomes ≥ this count as correct and others as wrong; null: outcomes must be 0 or 1'),
  epsilon: z.number().positive().default(1e-6).describe('added to the standard deviation of a group'),
  seed: z.int().default(0).describe('seed of the random removals'),
})

/** Options of the stage, every default filled in. */
export type ProfStageOptions = z.infer<typeof profOptions>

/** Position of the generator of random removals. */
export interface ProfState {
  readonly random: RandomState
}

/**
 * Writes `rollout.advantage` for the rollouts worth training on; filtered ones abstain. Turns are the reasoning steps.
 *
 * μ, the centre of the step values, is their mean over *all* rollouts the stage is given at once, of every prompt: give it whole
 * training batches, since a small batch moves μ. The ranking within a class depends on it only for the reduction `sum`;
 * the column `rollout.profConsistency` always does.
 *
 * Rollouts whose outcome is unscored, or none of whose steps could be judged because the process model failed, leave the
 * group before anything is counted.
 */
export const profStage = defineStage<ProfStageOptions, ProfState>({
  name: 'prof',
  about: 'keeps the rollouts whose step values agree with their verified outcome, and normalises the outcomes of those',
  options: profOptions,
  reads: () => [
    { name: 'rollout.outcome', kind: 'number', about: 'verified outcome, 1 = correct, 0 = wrong' },
    {
      name: 'turn.processScore',
      kind: 'number',
      about: 'value of each reasoning step from a process reward model, in [0, 1]',
    },
  ],
  writes: () => [
    { name: 'rollout.profConsistency', kind: 'number', about: 'agreement of step values and outcome, in [−2, 2]' },
    { name: 'rollout.profSteps', kind: 'number', about: 'number of judged steps' },
    { name: 'rollout.profKept', kind: 'number', about: '1 = train on it, 0 = filtered out' },
    {
      name: 'rollout.advantage',
      kind: 'number',
      about: 'normalised outcome among the kept of the group; filtered rollouts abstain',
    },
  ],
  initial: options => ({ random: new Random(options.seed).state() }),
  apply: (batch, state, options) => {
    const outcome = numbers(batch, 'rollout.outcome')
    const steps = numbers(batch, 'turn.processScore')
    const outcomes: Outcome[] = batch.rolloutIds.map((_, r) => usable(batch, outcome, steps, r, options))
    const members = outcomes.flatMap((one, r) => (one.status === 'scored' ? [r] : []))
    const groups = groupsFromOffsets(batch.groupOffsets).index
    const random = new Random(state.random)
    const stepScores = members.map(r => stepValues(batch, steps, r).slice(0, options.storedSteps))
    const result = profAdvantages(
      {
        groups: members.map(r => groups[r]),
        stepScores,
        outcomes: members.map(r => (outcomes[r].status === 'scored' ? outcomes[r].value : 0)),
      },
      { ...options, penalty: options.stepCountPenalty, random },
    )
    const filtered = abstained('filtered out: process and outcome disagree more than in the rollouts that were kept')
    const advantage = outcomes.map(one => (one.status === 'scored' ? filtered : one))
    const kept = outcomes.map((one): Outcome => (one.status === 'scored' ? { status: 'scored', value: 0 } : one))
    const consistency = [...outcomes]
    const counts = [...outcomes]
    members.forEach((r, k) => {
      consistency[r] = { status: 'scored', value: result.consistency[k] }
      counts[r] = { status: 'scored', value: stepScores[k].length }
    })
    result.kept.forEach((member, k) => {
      advantage[members[member]] = { status: 'scored', value: result.advantages[k] }
      kept[members[member]] = { status: 'scored', value: 1 }
    })
    return {
      columns: {
        'rollout.profConsistency': signalFromOutcomes('rollout', consistency),
        'rollout.profSteps': signalFromOutcomes('rollout', counts),
        'rollout.profKept': signalFromOutcomes('rollout', kept),
        'rollout.advantage': signalFromOutcomes('rollout', advantage),
      },
      state: { random: random.state() },
    }
  },
})

function stepValues(batch: RolloutBatch, steps: Signal, rollout: number): number[] {
  const values: number[] = []
  for (let t = batch.turnOffsets[rollout]; t < batch.turnOffsets[rollout + 1]; t++) {
    if (steps.status[t] === Status.scored) values.push(steps.values[t])
  }
  return values
}

/** The class of a rollout as a scored 0 or 1, or why it takes no part. */
function usable(
  batch: RolloutBatch,
  outcome: Signal,
  steps: Signal,
  rollout: number,
  options: ProfStageOptions,
): Outcome {
  if (outcome.status[rollout] !== Status.scored) return outcomeAt(outcome, rollout)
  let judged = false
  let failure = -1
  for (let t = batch.turnOffsets[rollout]; t < batch.turnOffsets[rollout + 1]; t++) {
    if (steps.status[t] === Status.scored) judged = true
    else if (steps.status[t] === Status.failed) failure = t
  }
  if (!judged && failure >= 0) {
    const recorded = steps.failures.get(failure)
    return failed(recorded?.class ?? 'bug', recorded?.message ?? 'no step could be judged', 'prof')
  }
  const value = outcome.values[rollout]
  if (options.correctFrom !== null) return { status: 'scored', value: value >= options.correctFrom ? 1 : 0 }
  if (value === 0 || value === 1) return { status: 'scored', value }
  return failed('range', `expected an outcome of 0 or 1; got ${value}. Set correctFrom to threshold it`, 'prof')
}
