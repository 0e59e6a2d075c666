import {
  defineStage,
  failed,
  levelSize,
  numbers,
  type Outcome,
  outcomeAt,
  type RolloutBatch,
  type Signal,
  Status,
  signalFromOutcomes,
  tokenMask,
} from '@guerdon/core'
import * as z from 'zod'
import { valuesInside } from '../../shared/value-signals.ts'
import { rolloutGroups } from '../baselines-advantage/stages.ts'
import {
  placeTurnRewards,
  type ReleasedAdvantages,
  releasedAdvantages,
  releasedDiscountedAdvantages,
} from './advantages.ts'
import { answerBoundaries, boundariesColumn } from './boundaries.ts'
import { informationGain } from './gains.ts'

/** Options of the stage of released advantages. */
export const igpoReleasedOptions = z.strictObject({
  mode: z
    .enum(['probDiff', 'logProbDiff'])
    .default('probDiff')
    .describe('gain in probability (released) or in mean log-probability'),
  estimator: z
    .enum(['position', 'discounted'])
    .default('position')
    .describe("less the group's mean at the same token position, or the second estimator, which nothing calls"),
  gamma: z.number().min(0).max(1).default(0.5).describe('discounted: discount a token'),
  epsilon: z.number().min(0).default(1e-6).describe('discounted: added to the deviation'),
  normaliseByStd: z
    .boolean()
    .default(true)
    .describe("discounted: divide by the deviation of the group's first returns"),
})

/** Token rewards of one rollout, up to its last policy token. */
interface Row {
  readonly rollout: number
  readonly rewards: Float64Array
}

/**
 * What the released code trains on, for comparison with the `igpo` stage: gains on the last policy token of each tool turn, the
 * outcome on the last of all, returns cut at every token the policy did not write, less the group's mean at the same token
 * position (`releasedAdvantages`). When there are not as many gains as tool turns they are dropped, as released.
 */
export const igpoReleasedStage = defineStage<z.infer<typeof igpoReleasedOptions>, null>({
  name: 'igpo.released',
  about: "IGPO's released advantages: token returns less the group's mean at the same token position",
  options: igpoReleasedOptions,
  reads: () => [
    { name: 'rollout.score', kind: 'number', about: 'outcome reward of the answering turn' },
    boundariesColumn,
    { name: 'token.mask', kind: 'number', about: '1 on tokens the policy produced', optional: true },
  ],
  writes: () => [
    { name: 'token.advantage', kind: 'number', about: 'released advantage; 0 on tokens the policy did not produce' },
    { name: 'token.igpoReturn', kind: 'number', about: 'return from the token on, before the group is compared' },
  ],
  initial: () => null,
  apply: (batch, _state, options) => {
    const score = numbers(batch, 'rollout.score')
    const boundaries = answerBoundaries(batch)
    const mask = tokenMask(batch)
    const rows: Row[] = []
    const outcomes = batch.rolloutIds.map((_, r): Outcome => {
      const given = score.status[r] === Status.scored ? boundaries[r] : outcomeAt(score, r)
      if ('status' in given) return given
      const ends = policyTurnEnds(batch, mask, r)
      if (ends === undefined) return withoutTokens
      const { gains } = informationGain(given, options)
      const length = ends[ends.length - 1] + 1
      const toolTurns = ends.slice(0, -1)
      rows.push({
        rollout: r,
        rewards: placeTurnRewards(gains, score.values[r], toolTurns, length, { compat: 'released' }),
      })
      return outcomeAt(score, r)
    })
    const { advantages, returns, offsets } = compare(batch, mask, rows, options)
    const rollouts = signalFromOutcomes('rollout', outcomes)
    const column = (values: Float64Array): Signal => {
      const placed = new Float64Array(levelSize(batch, 'token'))
      rows.forEach(({ rollout }, k) => {
        placed.set(values.subarray(offsets[k], offsets[k + 1]), batch.tokenOffsets[rollout])
      })
      return valuesInside(batch, rollouts, 'token', placed)
    }
    return {
      columns: { 'token.igpoReturn': column(returns), 'token.advantage': column(advantages) },
      state: null,
    }
  },
})

const withoutTokens = failed('invalid_input', 'expected policy tokens in the span of every turn', 'igpo.released')

/** Position within the rollout of the last policy token of each turn; undefined when a turn has none. */
function policyTurnEnds(batch: RolloutBatch, mask: ArrayLike<number>, rollout: number): number[] | undefined {
  const ends: number[] = []
  for (let turn = batch.turnOffsets[rollout]; turn < batch.turnOffsets[rollout + 1]; turn++) {
    const start = batch.turnSpans[2 * turn]
    let last = batch.turnSpans[2 * turn + 1] - 1
    while (start >= 0 && last >= start && !mask[last]) last--
    if (start < 0 || last < start) return undefined
    ends.push(last - batch.tokenOffsets[rollout])
  }
  return ends.length === 0 ? undefined : ends
}

function compare(
  batch: RolloutBatch,
  mask: ArrayLike<number>,
  rows: readonly Row[],
  options: z.infer<typeof igpoReleasedOptions>,
): ReleasedAdvantages & { readonly offsets: Int32Array } {
  const offsets = new Int32Array(rows.length + 1)
  rows.forEach(({ rewards }, k) => {
    offsets[k + 1] = offsets[k] + rewards.length
  })
  const rewards = new Float64Array(offsets[rows.length])
  const taken = new Float64Array(rewards.length)
  rows.forEach((row, k) => {
    rewards.set(row.rewards, offsets[k])
    for (let t = 0; t < row.rewards.length; t++) taken[offsets[k] + t] = mask[batch.tokenOffsets[row.rollout] + t]
  })
  const { index, count } = rolloutGroups(batch)
  const groups = { index: Int32Array.from(rows, ({ rollout }) => index[rollout]), count }
  const layout = { offsets, mask: taken }
  const result =
    options.estimator === 'position'
      ? releasedAdvantages(rewards, layout, groups)
      : releasedDiscountedAdvantages(rewards, layout, groups, options)
  return { ...result, offsets }
}
