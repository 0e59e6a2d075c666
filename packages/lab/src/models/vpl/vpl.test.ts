import { Random } from '@guerdon/core'
import type { UserRewardModel } from '@guerdon/learn'
import { describe, expect, it } from 'vitest'
import { trialOf } from '../../claims/trial-of.ts'
import { vpl } from '../vpl.ts'
import { drawDirections, drawSets } from './direction-users.ts'
import { wordCounts } from './trained.ts'
import { predictedShare, rolled } from './user-training.ts'

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, value, i) => sum + value * b[i], 0)

describe('users with directions', () => {
  it('are unit vectors, two of them opposite', () => {
    const [first, second] = drawDirections(2, new Random(1))
    expect(dot(first, first)).toBeCloseTo(1, 12)
    expect(dot(first, second)).toBeCloseTo(-1, 12)
    expect(drawDirections(4, new Random(1))).toHaveLength(4)
  })

  it('choose what lies in their direction', () => {
    const directions = drawDirections(4, new Random(2))
    for (const { user, comparisons } of drawSets(directions, { count: 20, size: 3, random: new Random(3) })) {
      for (const { chosen, rejected } of comparisons) {
        expect(dot(directions[user], chosen.candidate)).toBeGreaterThanOrEqual(
          dot(directions[user], rejected.candidate),
        )
      }
    }
  })
})

/** Someone whose latent is the sum of what was chosen, and whose reward is x·z. */
const summing: Pick<UserRewardModel, 'latentOf' | 'scoreAll'> = {
  latentOf: async comparisons =>
    comparisons.reduce((sum, { chosen }) => sum.map((value, i) => value + chosen.candidate[i]), new Float64Array(2)),
  scoreAll: async requests => requests.map(({ candidate, latent }) => ({ score: dot(candidate, latent ?? []) })),
}

describe('predicted share', () => {
  const comparison = (chosen: number[], rejected: number[]) => ({
    chosen: { prompt: [], candidate: chosen },
    rejected: { prompt: [], candidate: rejected },
  })
  const sets = [
    { comparisons: [comparison([1, 0], [0, 1]), comparison([2, 0], [0, 2])] },
    { comparisons: [comparison([0, 1], [1, 0]), comparison([0, 2], [2, 0])] },
  ]

  it('is right with what its own user said and wrong with what the opposite one said', async () => {
    const model = summing as UserRewardModel
    expect(await predictedShare(model, sets, { told: 1 })).toBe(1)
    expect(await predictedShare(model, sets, { told: 1, whose: 'other' })).toBe(0)
  })

  it('counts equal scores as wrong', async () => {
    expect(await predictedShare(summing as UserRewardModel, sets, { told: 0 })).toBe(0)
  })
})

it('moves rows down and the last to the start', () => {
  const rows = { dtype: 'float32', shape: [3, 2], data: Float32Array.of(0, 1, 2, 3, 4, 5) } as const
  expect(Array.from(rolled(rows, 1).data)).toEqual([4, 5, 0, 1, 2, 3])
  expect(Array.from(rows.data)).toEqual([0, 1, 2, 3, 4, 5])
})

it('is a function of the seed', async () => {
  const study = vpl.studies.mechanism!
  const once = await study.run(trialOf(study, 'bt-2'))
  expect(await study.run(trialOf(study, 'bt-2'))).toEqual(once)
})

it('counts the words of prompt and answer together', () => {
  const counts = wordCounts([5, 7], [7, 7, 2])
  expect([counts[5], counts[7], counts[2], counts[0]]).toEqual([1, 3, 1, 0])
})
