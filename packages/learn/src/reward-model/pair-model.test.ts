import { Random } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import { trainLearner } from '../run/learner.ts'
import { createGradientLearner, stoppedImproving } from '../training/gradient-learner.ts'
import { packInputs } from './inputs.ts'
import { type PairRows, type PairSpec, pairModel, pairTask } from './pair-model.ts'

const size = 6
const encoder = { kind: 'vectors', size, hidden: [] } as const

/** Pairs of vectors labelled by a linear utility through a Bradley–Terry coin. */
function linearPairs(seed: number, count: number, noisy = true): { rows: PairRows; bayes: number } {
  const random = new Random(seed)
  const weights = Float64Array.from({ length: size }, (_, i) => 1.5 - 0.5 * i)
  const draw = (): Float64Array => random.normals(size)
  const utility = (x: Float64Array): number => x.reduce((total, value, i) => total + value * weights[i], 0)
  const first = Array.from({ length: count }, draw)
  const second = Array.from({ length: count }, draw)
  let bayes = 0
  const label = first.map((x, i) => {
    const difference = utility(x) - utility(second[i])
    const p = 1 / (1 + Math.exp(-difference))
    bayes += Math.max(p, 1 - p) / count
    return noisy ? Number(random.float() < p) : Number(difference > 0)
  })
  const pack = (rows: Float64Array[]) =>
    packInputs(
      rows.map(candidate => ({ prompt: [], candidate })),
      encoder,
    )
  return {
    bayes,
    rows: {
      first: pack(first),
      second: pack(second),
      label,
      margin: new Float64Array(count),
      strength: label.map(q => (q > 0.5 ? 1 : -1)),
    },
  }
}

const spec: PairSpec = { kind: 'pairs', encoder }

describe('a pair model', () => {
  it('comes near the best possible accuracy on data of a known utility', async () => {
    const { rows } = linearPairs(1, 1000)
    const test = linearPairs(2, 1000)
    const learner = createGradientLearner(pairTask(spec, rows, { heldOut: test.rows }), {
      seed: 1,
      learningRate: 0.05,
      evaluateEvery: 20,
    })
    const points = await trainLearner(learner, { updates: 300, until: stoppedImproving(5) })
    expect(points.at(-1)?.['heldOutLoss']).toBeLessThan(0.6)
    const model = pairModel(spec, learner.best())
    void model
    console.log(points.length, points.at(-1), test.bayes)
  })
})
