import { Random } from '@guerdon/core'
import { mean, mul, ndarray, square, sub, type Tensor } from '@guerdon/tensor'
import { describe, expect, it } from 'vitest'
import { initialPolicy } from '../language/policy.ts'
import { loadCheckpoint, saveCheckpoint } from './checkpoint.ts'
import { train } from './train.ts'
import { createTrainer } from './trainer.ts'

const squaredError = (weights: { w: Tensor }, batch: { target: Tensor }): Tensor =>
  mean(square(sub(weights.w, batch.target)))
const initial = { w: ndarray(new Float32Array([0, 0])) }
const batch = { target: ndarray(new Float32Array([1, -2])) }

describe('training', () => {
  it('finds the minimum of a parabola and reports falling losses', async () => {
    const { parameters, losses } = await train(initial, squaredError, () => batch, { updates: 300, learningRate: 0.05 })
    expect(parameters.w.data[0]).toBeCloseTo(1, 2)
    expect(parameters.w.data[1]).toBeCloseTo(-2, 2)
    // The first loss is that of the start: (1 + 4)/2.
    expect(losses[0]).toBeCloseTo(2.5, 6)
    expect(losses[299]).toBeLessThan(1e-3)
  })

  it('leaves parameters as they were when the loss is not finite', async () => {
    const trainer = createTrainer(
      initial,
      (weights: { w: Tensor }, given: { scale: Tensor }) => ({
        loss: mul(mean(square(weights.w)), given.scale),
        measured: {},
      }),
      { learningRate: 0.1 },
    )
    const scale = (value: number) => ({ scale: ndarray(new Float32Array([value]), { shape: [] }) })
    await expect(trainer.step(scale(Number.NaN))).rejects.toThrow(/finite loss/)
    expect(trainer.parameters()).toBe(initial)
  })

  it('stops when aborted', async () => {
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(train(initial, squaredError, () => batch, { updates: 3, learningRate: 0.1, signal })).rejects.toThrow(
      'enough',
    )
  })
})

describe('checkpoints', () => {
  const config = { vocabularySize: 5, maximumLength: 4, width: 4, layers: 1, heads: 1 }
  const policy = initialPolicy(config, new Random(1))

  it('come back bit for bit', () => {
    expect(loadCheckpoint(saveCheckpoint(policy), initialPolicy(config, new Random(2)))).toEqual(policy)
  })

  it('are refused by a model of another size, naming the array', () => {
    const bytes = saveCheckpoint(policy)
    expect(() => loadCheckpoint(bytes, initialPolicy({ ...config, vocabularySize: 6 }, new Random(0)))).toThrow(
      /expected body\.tokens\.table as float32 \[6,4\].*got float32 \[5,4\]|expected head\.bias/,
    )
    expect(() => loadCheckpoint(bytes, initialPolicy({ ...config, layers: 2 }, new Random(0)))).toThrow(/got nothing/)
    expect(() =>
      loadCheckpoint(saveCheckpoint(initialPolicy({ ...config, layers: 2 }, new Random(0))), policy),
    ).toThrow(/no place for/)
  })
})
