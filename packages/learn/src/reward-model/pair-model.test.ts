import { type Random, sigmoid } from '@guerdon/core'
import { tieProbabilities } from '@guerdon/methods/shared/pair-loss'
import { describe, expect, it } from 'vitest'
import { trainLearner } from '../run/learner.ts'
import { createGradientLearner, stoppedImproving } from '../training/gradient-learner.ts'
import { pairwiseAccuracy } from './bradley-terry.ts'
import { ensembleModel } from './ensemble.ts'
import { type LinearPairs, linearEncoder, linearPairs } from './fixtures/linear-pairs.ts'
import { type PairSpec, pairModel, pairTask } from './pair-model.ts'
import type { RewardModel } from './reward-model.ts'

const training = { seed: 1, learningRate: 0.05, evaluateEvery: 20 }

async function fit(spec: PairSpec, data: LinearPairs, heldOut: LinearPairs) {
  const learner = createGradientLearner(pairTask(spec, data.rows, { heldOut: heldOut.rows }), training)
  const points = await trainLearner(learner, { updates: 240, until: stoppedImproving(4) })
  return { learner, points, model: pairModel(spec, learner.best()) }
}

/** Scores of both sides, and the share of pairs in the order of their utilities' coin. */
async function judged(model: RewardModel, { vectors, rows }: LinearPairs) {
  const score = async (side: 'first' | 'second') =>
    (await model.scoreAll(vectors.map(pair => ({ prompt: [], candidate: pair[side] })))).map(one => one.score)
  const [first, second] = [await score('first'), await score('second')]
  const sign = Array.from(rows.strength, Math.sign)
  return {
    first,
    second,
    accuracy: pairwiseAccuracy(
      first.map((s, i) => sign[i] * s),
      second.map((s, i) => sign[i] * s),
    ),
  }
}

const spec = (rest: Partial<PairSpec> = {}): PairSpec => ({ kind: 'pairs', encoder: linearEncoder, ...rest })

describe('a reward model of pairs', () => {
  it('comes within two points of the best accuracy a judge can have, and stops by itself', async () => {
    const test = linearPairs(2, 1000)
    const { points, model, learner } = await fit(spec(), linearPairs(1, 1000), test)
    expect(points.length).toBeLessThan(240)
    expect(learner.bestLoss()).toBeLessThan(points[19]['heldOutLoss'] as number)
    const { first, second, accuracy } = await judged(model, test)
    expect(accuracy).toBeGreaterThan(test.bayesAccuracy - 0.02)
    // the scale of Bradley–Terry scores is that of the utility: slope of found on true differences near 1
    const found = first.map((s, i) => s - second[i])
    const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
      Array.from(a).reduce((total, value, i) => total + value * b[i], 0)
    const slope = dot(found, test.differences) / dot(test.differences, test.differences)
    expect(Math.abs(slope - 1)).toBeLessThan(0.3)
  })

  it.each([
    [
      'ties as an outcome of their own',
      { kind: 'ties', model: { kind: 'raoKupper', theta: 2 } },
      (d: number, random: Random) => {
        const [first, tie] = tieProbabilities(d, { kind: 'raoKupper', theta: 2 })
        const u = random.float()
        return u < first ? 1 : u < first + tie ? 0 : -1
      },
    ],
    [
      'levels of strength',
      { kind: 'ordinal', levels: 2, ties: false },
      (d: number, random: Random) => {
        const u = random.float()
        // thresholds −2, 0, 2
        return u < sigmoid(-2 - d) ? -2 : u < sigmoid(-d) ? -1 : u < sigmoid(2 - d) ? 1 : 2
      },
    ],
  ] as const)('learns from %s', async (_, objective, label) => {
    const test = linearPairs(4, 600, { label })
    const { model, learner } = await fit(spec({ objective }), linearPairs(3, 1000, { label }), test)
    const { first, second } = await judged(model, test)
    const right = test.differences.filter((d, i) => Math.sign(d) === Math.sign(first[i] - second[i]))
    expect(right.length / test.differences.length).toBeGreaterThan(0.93)
    const { gaps } = learner.best()
    if (objective.kind === 'ordinal') expect(Math.log1p(Math.exp(gaps?.data[0] ?? 0))).toBeCloseTo(2, 0)
    else expect(gaps).toBeUndefined()
  })

  it('with several members keeps their scores and disagrees more far from the data', async () => {
    const test = linearPairs(6, 200)
    const encoder = { kind: 'vectors', size: 6, hidden: [16] } as const
    const { model } = await fit(
      spec({ encoder, members: 4, aggregate: { aggregator: 'min' } }),
      linearPairs(5, 400),
      test,
    )
    const near = await model.scoreAll(test.vectors.map(({ first }) => ({ prompt: [], candidate: first })))
    for (const { score, members } of near) expect(score).toBe(Math.min(...(members ?? [])))
    const far = await model.scoreAll(
      test.vectors.map(({ first }) => ({ prompt: [], candidate: first.map(value => 5 * value) })),
    )
    const spread = (judgements: typeof near) => judgements.reduce((total, one) => total + (one.disagreement ?? 0), 0)
    expect(spread(far)).toBeGreaterThan(1.5 * spread(near))
  })

  it('joins models that were trained apart', async () => {
    const one = (score: number): RewardModel => ({
      name: 'one',
      score: async () => ({ score }),
      scoreAll: async requests => requests.map(() => ({ score })),
    })
    const model = ensembleModel([one(1), one(4)], { aggregator: 'uncertaintyWeighted' })
    // mean 2.5, variance 2.25, λ = ½
    expect(await model.score([], [1])).toEqual({ score: 1.375, disagreement: 1.5, members: Float64Array.of(1, 4) })
  })
})
