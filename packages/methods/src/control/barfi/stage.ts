import {
  type ColumnData,
  type ColumnName,
  defineStage,
  failed,
  numbers,
  type Outcome,
  outcomeAt,
  Status,
  signalFromOutcomes,
} from '@guerdon/core'
import * as z from 'zod'
import { numberLists } from '../../shared/scored-items.ts'
import { auxiliaryChannel, checkTransitions, type TransitionShaper } from '../../shared/transition-shaper.ts'
import { type AlignmentVariant, alignedReward, type RewardWeights } from './reward-head.ts'

/** Options of the stage. */
export const barfiOptions = z.strictObject({
  bias: z
    .tuple([z.number(), z.number(), z.number()])
    .default([0, 1, 0])
    .describe('bias of the three outputs of the head'),
  weight: z
    .tuple([z.array(z.number()), z.array(z.number()), z.array(z.number())])
    .nullable()
    .default(null)
    .describe('weights on rollout.features, one row an output; none for a head of three free numbers'),
  variant: z
    .enum(['additive-unit-primary', 'weighted-primary', 'unit-offset'])
    .default('additive-unit-primary')
    .describe('how the outputs meet the rewards'),
})

type BarfiStageOptions = z.infer<typeof barfiOptions>

/**
 * Applies a behaviour-alignment reward: offset + primary + weight·heuristic, offset and weight read from a learned
 * head. The head is learned outside (`hypergradient`); here it is given as numbers, so the reward can be served. A
 * rollout whose heuristic is missing keeps offset and primary.
 */
export const barfiStage = defineStage<BarfiStageOptions, null>({
  name: 'barfi',
  about: 'mixes a trusted reward with a heuristic one by learned weights',
  options: barfiOptions,
  reads: options => [
    { name: 'rollout.score', kind: 'number', about: 'primary reward, trusted and weak' },
    { name: 'rollout.auxiliary', kind: 'number', about: 'heuristic reward of unknown quality' },
    ...(options.weight === null
      ? []
      : [{ name: 'rollout.features', kind: 'json', about: 'number[D] the head reads' } as const]),
  ],
  writes: () => [
    { name: 'rollout.barfiOffset', kind: 'number', about: 'learned offset φ₁' },
    { name: 'rollout.barfiAuxiliaryWeight', kind: 'number', about: 'learned weight φ₃ of the heuristic' },
    { name: 'rollout.reward', kind: 'number', about: 'aligned reward' },
  ],
  initial: () => null,
  apply: (batch, state, options) => {
    const primary = numbers(batch, 'rollout.score')
    const auxiliary = numbers(batch, 'rollout.auxiliary')
    const features = options.weight === null ? undefined : numberLists(batch, 'rollout.features')
    const weights: RewardWeights = { bias: options.bias, weight: options.weight ?? undefined }
    const offset: Outcome[] = []
    const weight: Outcome[] = []
    const reward: Outcome[] = []
    for (let i = 0; i < primary.values.length; i++) {
      const outcome = outcomeAt(primary, i)
      const row = features ? features[i] : []
      const problem =
        outcome.status !== 'scored'
          ? outcome
          : row?.length === (options.weight?.[0].length ?? 0)
            ? undefined
            : failed('invalid_input', `expected ${options.weight?.[0].length} features in rollout.features`, 'barfi')
      if (problem || outcome.status !== 'scored' || !row) {
        for (const list of [offset, weight, reward]) list.push(problem ?? outcome)
        continue
      }
      const heuristic = auxiliary.status[i] === Status.scored ? auxiliary.values[i] : 0
      const aligned = alignedReward(weights, row, outcome.value, heuristic, { variant: options.variant })
      offset.push({ status: 'scored', value: aligned.offset })
      weight.push({ status: 'scored', value: aligned.auxiliaryWeight })
      reward.push({ status: 'scored', value: aligned.reward })
    }
    const columns: Record<ColumnName, ColumnData> = {
      'rollout.barfiOffset': signalFromOutcomes('rollout', offset),
      'rollout.barfiAuxiliaryWeight': signalFromOutcomes('rollout', weight),
      'rollout.reward': signalFromOutcomes('rollout', reward),
    }
    return { columns, state }
  },
})

/**
 * The aligned reward on transitions: auxiliary channel `heuristic`, and `features` when the head has weights. Make a
 * new shaper after every outer step.
 */
export function alignedShaper(
  weights: RewardWeights,
  options: { readonly variant?: AlignmentVariant } = {},
): TransitionShaper<null> {
  return {
    name: 'barfi',
    initial: () => null,
    shape: (transitions, state) => {
      const count = checkTransitions(transitions)
      const heuristic = auxiliaryChannel(transitions, 'heuristic')
      const features = transitions.features ?? new Float64Array(0)
      const width = count === 0 ? 0 : features.length / count
      const offset = new Float64Array(count)
      const auxiliaryWeight = new Float64Array(count)
      const reward = new Float64Array(count)
      for (let i = 0; i < count; i++) {
        const row = features.subarray(i * width, (i + 1) * width)
        const aligned = alignedReward(weights, row, transitions.reward[i], heuristic[i], options)
        offset[i] = aligned.offset
        auxiliaryWeight[i] = aligned.auxiliaryWeight
        reward[i] = aligned.reward
      }
      return { reward, components: { offset, auxiliaryWeight }, state }
    },
  }
}
