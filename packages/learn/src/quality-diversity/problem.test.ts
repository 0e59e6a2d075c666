import { hardMazeWorld } from '@guerdon/worlds/control/hard-maze'
import { box } from '@guerdon/worlds/world/space'
import { describe, expect, it } from 'vitest'
import { autoencoderSpace } from './autoencoder-space.ts'
import { createNoveltySearch } from './novelty-search.ts'
import type { QdProblem } from './problem.ts'
import { createMapElites } from './quality-diversity.ts'
import { armPose, armProblem, linearProjection } from './test-problems.ts'
import { worldProblem } from './world-problem.ts'

const unit = { dims: [30, 30], lower: [-1, -1], upper: [1, 1] }
const arm = armProblem()

describe('evaluations from outside', () => {
  const giving = (evaluation: object): QdProblem => ({
    ...arm,
    evaluate: async genomes => {
      const good = await arm.evaluate(genomes)
      return good.map((entry, i) => (i === 3 ? { ...entry, ...evaluation } : entry))
    },
  })
  const start = (problem: QdProblem) => createMapElites(problem, { seed: 1, grid: unit, batchSize: 5 }).update()

  it.each([
    [{ fitness: Number.NaN }, /finite fitness; got NaN — genome 3 of arm/],
    [{ descriptor: [0, Number.POSITIVE_INFINITY] }, /finite descriptor; got Infinity — genome 3 of arm/],
    [{ descriptor: [0] }, /descriptor of 2 numbers; got 1 — genome 3 of arm/],
  ])('%j are refused, naming the genome', async (evaluation, message) => {
    await expect(start(giving(evaluation))).rejects.toThrow(message)
  })

  it('of worlds that draw within a step are not made', () => {
    const judge = () => ({ fitness: 0 })
    const drawing = { ...hardMazeWorld(), stochastic: true }
    expect(() => worldProblem(drawing, { seed: 1, descriptorSize: 0, judge })).toThrow(/without chance in its steps/)
    const endless = { ...hardMazeWorld(), actionSpace: box([[null, 1]]) }
    expect(() => worldProblem(endless, { seed: 1, descriptorSize: 0, judge })).toThrow(/bounded actions/)
  })

  it('of another number are refused', async () => {
    await expect(start({ ...arm, evaluate: () => [] })).rejects.toThrow(
      /genomes and evaluations to have the same length/,
    )
  })

  it('without observations cannot be learnt from', async () => {
    const space = autoencoderSpace({ seed: 1, observationSize: 144 })
    const learner = createNoveltySearch(arm, { seed: 1, space })
    await learner.update()
    await expect(learner.update()).rejects.toThrow(/observations of 144 numbers; got 0/)
    expect(() => createNoveltySearch({ ...arm, descriptorSize: 0 }, { seed: 1 })).toThrow(
      /descriptors of .* or a learnt space/,
    )
  })
})

describe('problems by hand', () => {
  it('the arm is straight when all angles are 0', () => {
    expect(armPose(new Float64Array(8))).toEqual({ fitness: -0, descriptor: [1, 0] })
    // one right angle, then straight on: (½, ½); angles (½π, −½π): variance ¼π²
    const { fitness, descriptor } = armPose(Float64Array.of(Math.PI / 2, -Math.PI / 2))
    expect(fitness).toBeCloseTo(-(Math.PI ** 2) / 4, 12)
    expect(descriptor[0]).toBeCloseTo(0.5, 12)
    expect(descriptor[1]).toBeCloseTo(0.5, 12)
  })

  it('the linear projection has its optimum at 0.4·5.12', async () => {
    const problem = linearProjection('rastrigin', { size: 4 })
    const [best, far] = await problem.evaluate([new Float64Array(4).fill(0.4 * 5.12), new Float64Array(4).fill(10.24)])
    expect(best.fitness).toBeCloseTo(100, 9)
    expect(best.descriptor![0]).toBeCloseTo(2 * 0.4 * 5.12, 12)
    expect(far.descriptor![1]).toBeCloseTo(2 * 0.5, 12)
  })
})
