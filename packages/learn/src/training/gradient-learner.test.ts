import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { filledArray, mean, ndarray, square, sub, type Tensor } from '@guerdon/tensor'
import { afterAll, describe, expect, it } from 'vitest'
import { trainLearner } from '../run/learner.ts'
import { openRun } from '../run/run-node.ts'
import { createGradientLearner, type GradientTask, stoppedImproving } from './gradient-learner.ts'

interface Weights {
  w: Tensor
}

/** Weights drawn towards noisy targets around 1; held out is 1 itself. */
const task = (width = 3): GradientTask<Weights, { target: Tensor }> => ({
  name: 'parabola',
  settings: { width },
  initial: () => ({ w: filledArray([width], 0) }),
  loss: ({ w }, { target }) => ({ loss: mean(square(sub(w, target))), measured: {} }),
  nextBatch: random => ({ target: ndarray(random.normals(width).map(value => value + 1)) }),
  heldOut: [{ batch: { target: ndarray(Array(width).fill(1)) }, count: 1 }],
})

const options = { seed: 3, learningRate: 0.05, evaluateEvery: 2 }
const folder = mkdtempSync(join(tmpdir(), 'gradient-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function train(name: string, updates: number): Promise<Buffer[]> {
  const learner = createGradientLearner(task(), options)
  const run = openRun(join(folder, name), learner)
  await trainLearner(learner, { updates, run, checkpointEvery: 3 })
  run.close()
  return ['run.jsonl', 'checkpoint.safetensors'].map(file => readFileSync(join(folder, name, file)))
}

describe('a gradient learner', () => {
  it('goes on where it stopped, byte for byte', async () => {
    const whole = await train('whole', 11)
    await train('parts', 4)
    expect(await train('parts', 11)).toEqual(whole)
  })

  it('keeps the parameters of the lowest held-out loss, and says when it stopped improving', async () => {
    const learner = createGradientLearner(task(), { ...options, learningRate: 1 })
    const points = await trainLearner(learner, { updates: 100, until: stoppedImproving(3) })
    const losses = points.flatMap(({ heldOutLoss }) => (heldOutLoss === null ? [] : [heldOutLoss]))
    expect(points.length).toBeLessThan(100)
    expect(points.at(-1)?.['stale']).toBe(3)
    // before the first update the loss is 1
    const lowest = Math.min(1, ...losses)
    expect(learner.bestLoss()).toBe(lowest)
    const { w } = learner.best()
    expect(Array.from(w.data).reduce((total, value) => total + (value - 1) ** 2, 0) / 3).toBeCloseTo(lowest, 6)
  })

  it('refuses a state of other settings or another shape', () => {
    const saved = createGradientLearner(task(), options).save()
    expect(() => createGradientLearner(task(), { ...options, seed: 4 }).restore(saved)).toThrow(/with seed 4; got 3/)
    expect(() => createGradientLearner(task(2), options).restore(saved)).toThrow(/with width 2; got 3/)
    const narrow: GradientTask<Weights, { target: Tensor }> = { ...task(2), settings: { width: 3 } }
    expect(() => createGradientLearner(narrow, options).restore(saved)).toThrow(
      /expected best.w as float32 \[2\] in the checkpoint; got float32 \[3\]/,
    )
  })
})
