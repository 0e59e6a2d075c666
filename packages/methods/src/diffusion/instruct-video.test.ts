import { batchFromRollouts, bindStage, Random } from '@guerdon/core'
import { interpret, mul, ndarray, sum, type Tensor, valueAndGrad } from '@guerdon/tensor'
import { describe, expect, it } from 'vitest'
import {
  attenuatedFrames,
  drawSegmentFrames,
  fixedFirstFrames,
  frameWeights,
  instructVideoStage,
  offsetNoise,
  partialDdimEdit,
  partialTimesteps,
  segmentalReward,
  segmentalRewardLoss,
  segmentSpan,
} from './instruct-video.ts'

describe('editing', () => {
  it('runs ⌊τ·D⌋ steps from 1, 51, … downwards', () => {
    expect(partialTimesteps({ ddimSteps: 5, noiseLevel: 0.6 })).toEqual({
      fullSequence: [801, 601, 401, 201, 1],
      partialSequence: [401, 201, 1],
      noiseTimestep: 401,
      networkCalls: 3,
    })
    // 0.29·100 is 28.999… in floating point.
    expect(partialTimesteps({ ddimSteps: 100, noiseLevel: 0.29 }).networkCalls).toBe(28)
  })

  it('covers what D leaves of T under the released code only, and stays below T', () => {
    // ⌊10/3⌋ = 3: released timesteps 1, 4, 7 and 10 held at 9.
    expect(partialTimesteps({ trainSteps: 10, ddimSteps: 3, noiseLevel: 1 }).fullSequence).toEqual([7, 4, 1])
    const released = partialTimesteps({ trainSteps: 10, ddimSteps: 3, noiseLevel: 0.7, compat: 'released' })
    expect(released.fullSequence).toEqual([9, 7, 4, 1])
    expect(released.partialSequence).toEqual([4, 1])
    expect(partialTimesteps({ trainSteps: 3, ddimSteps: 3, noiseLevel: 1 }).fullSequence).toEqual([2, 2, 1])
  })

  it('refuses less than one step, where the released code runs the whole chain', () => {
    expect(() => partialTimesteps({ noiseLevel: 0.02 })).toThrow(/nothing to train|noiseLevel in/)
    expect(partialTimesteps({ noiseLevel: 0.02, compat: 'released' }).networkCalls).toBe(20)
  })

  it('carries a gradient through the last K steps only', () => {
    const slope = (truncateBackpropSteps: number): number => {
      const loss = (a: Tensor, x: Tensor) =>
        sum(partialDdimEdit(x, x, { conditional: sample => mul(a, sample) }, { truncateBackpropSteps }).edited)
      return interpret(valueAndGrad(loss))(0.5, [1]).gradient.data[0]
    }
    expect(slope(1)).not.toBeCloseTo(slope(2), 6)
    // Twelve steps are run: more is the same.
    expect(slope(12)).toBeCloseTo(slope(99), 12)
    const full = (a: number): number =>
      interpret(
        (given: Tensor, x: Tensor) => partialDdimEdit(x, x, { conditional: sample => mul(given, sample) }).edited,
      )(a, [1]).data[0]
    expect(slope(12)).toBeCloseTo((full(0.5 + 1e-6) - full(0.5 - 1e-6)) / 2e-6, 5)
  })

  it('mixes the denoisers by the guidance scale', () => {
    const zero = (sample: Tensor) => mul(sample, 0)
    const half = (sample: Tensor) => mul(sample, 0.5)
    const run = (guidanceScale: number, unconditional: typeof zero): number =>
      interpret((x: Tensor) => partialDdimEdit(x, x, { conditional: half, unconditional }, { guidanceScale }).edited)([
        1,
      ]).data[0]
    expect(run(1, zero)).toBeCloseTo(run(1, half), 12)
    expect(run(3, zero)).not.toBeCloseTo(run(1, zero), 3)
  })

  it('adds an offset that is constant over a frame', () => {
    const noise = interpret((a: Tensor, b: Tensor) => offsetNoise(a, b))(ndarray([[0, 1]]), ndarray([[2]]))
    expect(Array.from(noise.data)).toEqual([0.2, 1.2])
  })
})

describe('rewards', () => {
  it('attenuate by distance from frame ⌊F/2⌋', () => {
    const { globalIndex, coefficients } = attenuatedFrames([3, 3, 0, 0], { numFrames: 16 })
    expect(globalIndex).toEqual([3, 7, 8, 12])
    expect(coefficients.map(c => -Math.log(c))).toEqual([5, 1, 0, 4].map(d => expect.closeTo(d, 12)))
  })

  it('are a plain mean at λ = 0', () => {
    expect(segmentalReward([1, 2, 3, 6], [0, 0, 0, 0], { numFrames: 16, lambda: 0 })).toBe(3)
  })

  it('equal the weighted sum over all frames', () => {
    const scores = [0.3, 0.1, 0.4, 0.2]
    const local = [1, 2, 0, 3]
    const weights = frameWeights(local, { numFrames: 18 })
    const { globalIndex } = attenuatedFrames(local, { numFrames: 18 })
    const total = globalIndex.reduce((sumSoFar, frame, s) => sumSoFar + weights[frame] * scores[s], 0)
    expect(segmentalReward(scores, local, { numFrames: 18 })).toBeCloseTo(total, 12)
    expect(weights.filter(weight => weight > 0)).toHaveLength(4)
    // Frames 16 and 17 lie beyond 4·⌊18/4⌋ and are never scored.
    expect(weights[16] + weights[17]).toBe(0)
  })

  it('weigh videos by how well they are reconstructed when asked to', () => {
    const loss = (scores: Tensor, weights: Tensor, error: Tensor) =>
      segmentalRewardLoss(scores, weights, { alignCoefficient: 10 }, error).perVideoLoss
    const result = interpret(loss)([[0.5], [0.5]], [[1], [1]], [0, 0.1])
    expect(result.data[0]).toBeCloseTo(0.5, 12)
    expect(result.data[1]).toBeCloseTo(0.5 * Math.exp(-1), 12)
  })

  it('released: holds an infinite loss at ±5', () => {
    const loss = (scores: Tensor, weights: Tensor) => segmentalRewardLoss(scores, weights, { compat: 'released' }).loss
    expect(interpret(loss)([[Number.NEGATIVE_INFINITY]], [[1]]).data[0]).toBe(5)
    expect(interpret(loss)([[Number.POSITIVE_INFINITY]], [[1]]).data[0]).toBe(-5)
    expect(interpret(loss)([[-9]], [[1]]).data[0]).toBe(10)
    expect(interpret(loss)([[Number.NaN]], [[1]]).data[0]).toBeNaN()
  })

  it('draw frames within their segments, the same for the same generator', () => {
    const draws = drawSegmentFrames({ numFrames: 16 }, new Random(1))
    expect(draws).toEqual(drawSegmentFrames({ numFrames: 16 }, new Random(1)))
    expect(draws.every(local => local >= 0 && local < 4)).toBe(true)
    expect(fixedFirstFrames({ numFrames: 10, numSegments: 3 }).frameIndex).toEqual([0, 3, 6])
  })

  it('refuse more segments than frames and indices outside a segment', () => {
    expect(() => segmentSpan({ numFrames: 3 })).toThrow(/at most 3 segments/)
    expect(() => attenuatedFrames([0, 0, 0, 4], { numFrames: 16 })).toThrow(/\[0, 4\).*got 4/)
    expect(() => attenuatedFrames([0], { numFrames: 16 })).toThrow(/4 frame indices/)
  })
})

describe('stage', () => {
  it('scores trajectories by one turn a segment and fails those that are too short', async () => {
    const rollout = (id: string, rewards: number[]) => ({
      id,
      prompt: 'p',
      response: 'r',
      turns: rewards.map(reward => ({ action: 'a', reward })),
    })
    const batch = batchFromRollouts([rollout('a', [1, 9, 2, 9]), rollout('b', [1])] as Parameters<
      typeof batchFromRollouts
    >[0])
    const { columns } = await bindStage(instructVideoStage, { numSegments: 2, lambda: 1 }).apply(batch, null)
    const reward = columns['rollout.reward'] as { values: Float64Array; status: Uint8Array }
    // Turns 0 and 2 of 4, the middle is 2: (1·e^{−2} + 2)/2.
    expect(reward.values[0]).toBeCloseTo((Math.exp(-2) + 2) / 2, 12)
    expect(Array.from(reward.status)).toEqual([0, 2])
  })
})
