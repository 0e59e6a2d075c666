import { batchFromRollouts, bindStage, outcomeAt, type Signal } from '@guerdon/core'
import { interpret, ndarray, type Tensor } from '@guerdon/tensor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  averageStd,
  combineSteps,
  fitStepModels,
  gaussianStepReward,
  linearStepLoss,
  type PerceptualState,
  pathIntegralWeights,
  perceptualReward,
  perceptualShaper,
  perceptualStage,
  segment,
  segmentationObjective,
  selectFeatures,
  stepJaccard,
  stepWeights,
} from './perceptual-rewards.ts'

describe('segmentation', () => {
  it('averages population deviations over features', () => {
    // feature 1: 0, 2 → σ 1; feature 2 constant → 0
    expect(
      averageStd([
        [0, 7],
        [2, 7],
      ]),
    ).toBe(0.5)
    expect(averageStd([[3]])).toBe(0)
    expect(averageStd(Array.from({ length: 15 }, () => [Math.fround(0.98)]))).toBe(0)
  })

  it('cuts where features jump, the earliest cut on ties', () => {
    const frames = [[0], [0], [0], [5], [5], [9], [9]]
    expect(segment(frames, { steps: 3, minSize: 2 })).toEqual({ boundaries: [3, 5], objective: 0 })
    expect(segment([[1], [1], [1], [1]], { steps: 2, minSize: 1 })).toEqual({ boundaries: [1], objective: 0 })
    expect(segment(frames, { steps: 1 })?.boundaries).toEqual([])
    expect(segment(frames, { steps: 4, minSize: 2 })).toBeUndefined()
  })

  it('is optimal among all cuts, and binary search is never better', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: -5, max: 5 }), fc.integer({ min: -5, max: 5 })), {
          minLength: 6,
          maxLength: 9,
        }),
        frames => {
          const exact = segment(frames, { steps: 3, minSize: 1 })!
          let best = Number.POSITIVE_INFINITY
          for (let a = 1; a < frames.length - 1; a++)
            for (let b = a + 1; b < frames.length; b++) best = Math.min(best, segmentationObjective(frames, [a, b]))
          expect(exact.objective).toBeCloseTo(best, 9)
          const binary = segment(frames, { steps: 3, minSize: 1, search: 'binary' })!
          expect(binary.objective).toBeGreaterThanOrEqual(exact.objective - 1e-9)
        },
      ),
      { numRuns: 40 },
    )
  })

  it('measures overlap with the truth', () => {
    // steps [0,4) against [0,2): 2 of 4; [4,6) against [2,6): 2 of 4
    expect(stepJaccard([4], [2], 6)).toEqual({ perStep: Float64Array.of(0.5, 0.5), mean: 0.5 })
    expect(() => stepJaccard([1], [1, 2], 6)).toThrow(/one number of steps/)
  })

  it('names bad frames', () => {
    expect(() => segment([[1], [1, 2]], { steps: 1 })).toThrow(/frame 1 has 2/)
    expect(() => segment([[1], [Number.NaN]], { steps: 1 })).toThrow(/frame 1 has NaN/)
  })
})

describe('step models', () => {
  it('prefer features that separate and are steady', () => {
    // feature 0: |Δμ| 2, σ⁺ 0, σ⁻ 0 → 10; feature 1: |Δμ| 2, σ⁺ 1 → 9; feature 2: no difference → 0
    const { scores, selected } = selectFeatures(
      [
        [2, 1, 0],
        [2, 3, 0],
      ],
      [[0, 0, 0]],
      { topM: 2 },
    )
    expect([...scores]).toEqual([10, 9, 0])
    expect(selected).toEqual([0, 1])
  })

  it('pay exp(−q/2), 1 at the mean, and floor the deviation', () => {
    expect(gaussianStepReward([1, 1], [1, 1], [0, 0])).toEqual({ quadratic: -0, bounded: 1 })
    // deviations 1 and 3 at σ 1: q = (1 + 9)/2 = 5
    expect(gaussianStepReward([1, 3], [0, 0], [1, 1])).toEqual({ quadratic: -5, bounded: Math.exp(-2.5) })
    expect(gaussianStepReward([0.001], [0], [0]).quadratic).toBeCloseTo(-1, 12)
  })

  it('weigh later steps double and never the first', () => {
    expect([...stepWeights(4)]).toEqual([0, 2, 4, 8])
    expect(combineSteps([1, 1, 0])).toEqual({ combined: 2, normalised: 1 / 3 })
    expect(combineSteps([1, 1, 1], { combination: 'sum' })).toEqual({ combined: 2, normalised: 1 })
    expect(combineSteps([1, 0.9, 0.2], { combination: 'max-progress' }).combined).toBe(0.5)
    expect(combineSteps([0.7])).toEqual({ combined: 0, normalised: null })
  })

  const demo = (shift: number) => [
    [0, 5, 1],
    [0.1, 5, 1],
    [1 + shift, 5, 1],
    [1, 5, 1],
    [2, 5, 1],
    [2.1, 5, 1],
  ]

  it('fit from demonstrations, rise along them, and drop constant and broken features', () => {
    const broken = demo(0).map((frame, t) => (t === 2 ? [frame[0], Number.NaN, frame[2]] : frame))
    const { model, segmentations } = fitStepModels([demo(0.02), broken], { steps: 3, topM: 2, stdFloor: 0.05 })
    expect(segmentations.map(s => s?.boundaries)).toEqual([
      [2, 4],
      [2, 4],
    ])
    expect(model.steps.every(step => step.selected.every(j => j === 0))).toBe(true)
    const rewards = demo(0).map(frame => perceptualReward(model, frame).combined)
    expect(rewards[5]).toBeGreaterThan(rewards[2])
    expect(rewards[2]).toBeGreaterThan(rewards[0])
    expect(() => fitStepModels([[[1]], [[1, 2]]])).toThrow(/1 features in every demonstration/)
    expect(() => fitStepModels([[[1], [2]]], { steps: 3 })).toThrow(/all 1 are shorter/)
  })

  it('have a linear alternative that can be trained', () => {
    const evaluate = interpret((w: Tensor, b: Tensor, x: Tensor, y: Tensor) => linearStepLoss(w, b, x, y, { l2: 0.5 }))
    // logits 0 give log 2; weights of size 1 add 0.5·Σ w² = 0.5·2
    expect(evaluate([[0, 0]], [0, 0], [[3], [4]], ndarray([0, 1], { dtype: 'int32' })).data[0]).toBeCloseTo(
      Math.LN2,
      12,
    )
    expect(evaluate([[1, 1]], [0, 0], [[3], [4]], ndarray([0, 1], { dtype: 'int32' })).data[0]).toBeCloseTo(
      Math.LN2 + 1,
      12,
    )
  })

  it('reweight trajectories within a KL bound', () => {
    const { weights, divergence } = pathIntegralWeights([0, 1, 2, 3], { bound: 0.3 })
    expect(divergence).toBeCloseTo(0.3, 6)
    expect(weights[3]).toBeGreaterThan(weights[0])
    expect(pathIntegralWeights([2, 2, 2]).temperature).toBe(Number.POSITIVE_INFINITY)
    // with a bound above log n nothing holds it back
    expect(pathIntegralWeights([0, 1], { bound: 5 }).weights[1]).toBeCloseTo(1, 6)
  })
})

describe('stage', () => {
  const turn = (x: number | null) => ({ action: 'a', columns: x === null ? {} : { features: [x, x * 2] } })
  const rollout = (id: string, xs: (number | null)[], outcome: number) => ({
    id,
    group: 'g',
    prompt: 'p',
    turns: xs.map(turn),
    outcome,
  })

  it('fits once from successes, then is frozen', async () => {
    const stage = bindStage(perceptualStage, { steps: 2, topM: 1, stdFloor: 0.1 })
    const nothing = await stage.apply(batchFromRollouts([rollout('f', [0, 0, 1, 1], 0)]), stage.initial())
    expect(outcomeAt(nothing.columns['turn.reward'] as Signal, 0)).toMatchObject({ status: 'abstained' })
    const batch = batchFromRollouts([rollout('a', [0, 0, 1, 1], 1), rollout('b', [0, null, 1], 0)])
    const first = await stage.apply(batch, nothing.state)
    expect([...(first.columns['turn.perceptualRewardsStep'] as Signal).values.subarray(0, 4)]).toEqual([1, 1, 2, 2])
    expect(outcomeAt(first.columns['turn.reward'] as Signal, 5)).toMatchObject({ status: 'abstained' })
    const saved = JSON.parse(JSON.stringify(first.state)) as PerceptualState
    const later = await stage.apply(batchFromRollouts([rollout('c', [9, 9, 9, 9], 1)]), saved)
    expect(later.state).toEqual(saved)
  })

  it('pays differences that telescope', async () => {
    const batch = batchFromRollouts([rollout('a', [0, 0, 1, 1], 1)])
    const options = { steps: 2, topM: 1, stdFloor: 0.1 }
    const plain = bindStage(perceptualStage, options)
    const paid = bindStage(perceptualStage, { ...options, asPotential: true })
    const level = ((await plain.apply(batch, plain.initial())).columns['turn.reward'] as Signal).values
    const steps = ((await paid.apply(batch, paid.initial())).columns['turn.reward'] as Signal).values
    expect(steps[0]).toBe(0)
    expect(steps.reduce((sum, value) => sum + value, 0)).toBeCloseTo(level[3] - level[0], 12)
  })

  it('fails features of the wrong kind, and scores transitions alike', async () => {
    const batch = batchFromRollouts([
      {
        id: 'a',
        prompt: 'p',
        turns: [
          { action: 'x', columns: { features: ['no'] } },
          { action: 'y', columns: { features: [1] } },
        ],
      },
    ])
    const model = {
      steps: [
        { selected: [0], means: [0], stds: [1] },
        { selected: [1], means: [2], stds: [1] },
      ],
    }
    const stage = bindStage(perceptualStage, { model })
    const reward = (await stage.apply(batch, stage.initial())).columns['turn.reward'] as Signal
    expect(outcomeAt(reward, 0)).toMatchObject({ status: 'failed', failure: { class: 'type' } })
    expect(outcomeAt(reward, 1)).toMatchObject({ status: 'failed', failure: { class: 'invalid_input' } })
    const shaped = perceptualShaper(model).shape(
      {
        reward: Float64Array.of(0),
        auxiliary: {},
        costs: {},
        terminated: new Uint8Array(1),
        truncated: new Uint8Array(1),
        features: Float64Array.of(0, 2),
      },
      null,
    )
    expect(shaped.reward[0]).toBe(1)
  })
})
