import { defineStage, failed, numbers, type Outcome, outcomeAt, Status, signalFromOutcomes } from '@guerdon/core'
import * as z from 'zod'
import { attenuatedFrames, fixedFirstFrames } from './reward.ts'

/** Schema of the stage's options. */
export const instructVideoOptions = z.strictObject({
  numSegments: z.int().min(1).default(4).describe('segments S; the first turn of each is scored'),
  lambda: z.number().min(0).default(1).describe('attenuation with distance from the middle turn; 0 is a plain mean'),
})

/**
 * SegVR with TAR over the turns (frames) of a trajectory, as in evaluation: the first turn of each segment counts, attenuated
 * by its distance from the middle. `turn.weight` shows what each turn counted; turns that were not sampled have weight 0.
 */
export const instructVideoStage = defineStage<z.infer<typeof instructVideoOptions>, null>({
  name: 'instruct-video',
  about: 'averages the rewards of one turn a segment, attenuated away from the middle',
  options: instructVideoOptions,
  reads: () => [{ name: 'turn.reward', kind: 'number', about: 'reward of each turn (frame)' }],
  writes: () => [
    { name: 'rollout.reward', kind: 'number', about: '(1/S)·Σ exp(−λ·distance)·reward over the sampled turns' },
    { name: 'turn.weight', kind: 'number', about: 'what the turn counts in the reward; 0 when it was not sampled' },
  ],
  initial: () => null,
  apply: (batch, _state, { numSegments, lambda }) => {
    const reward = numbers(batch, 'turn.reward')
    const weights = new Float64Array(reward.values.length)
    const outcomes = batch.rolloutIds.map((_, r): Outcome => {
      const [start, end] = [batch.turnOffsets[r], batch.turnOffsets[r + 1]]
      const numFrames = end - start
      if (numFrames < numSegments) {
        return failed('invalid_input', `expected at least ${numSegments} turns; got ${numFrames}`, 'instruct-video')
      }
      const local = new Array<number>(fixedFirstFrames({ numFrames, numSegments }).frameIndex.length).fill(0)
      const { globalIndex, coefficients } = attenuatedFrames(local, { numFrames, numSegments, lambda })
      let total = 0
      for (const [s, frame] of globalIndex.entries()) {
        const t = start + frame
        if (reward.status[t] !== Status.scored) return outcomeAt(reward, t)
        weights[t] = coefficients[s] / numSegments
        total += weights[t] * reward.values[t]
      }
      return { status: 'scored', value: total }
    })
    const turnWeights = Array.from(weights, (value): Outcome => ({ status: 'scored', value }))
    return {
      columns: {
        'rollout.reward': signalFromOutcomes('rollout', outcomes),
        'turn.weight': signalFromOutcomes('turn', turnWeights),
      },
      state: null,
    }
  },
})
