import { Random } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import { trainLearner } from '../run/learner.ts'
import { createGradientLearner } from '../training/gradient-learner.ts'
import { packInputs } from './inputs.ts'
import { pairModel, pairTask } from './pair-model.ts'
import type { RewardModel } from './reward-model.ts'
import { type Comparison, type UserRows, userModel, userTask } from './user-model.ts'

const encoder = { kind: 'vectors', size: 4, hidden: [] } as const
const spec = { kind: 'users', encoder, latent: 4, width: 32, context: 6 } as const

interface World {
  readonly comparisons: Comparison[]
  readonly users: number[][]
  readonly rows: UserRows
}

/** Users of two kinds who want the opposite of each other, with seven noise-free comparisons each. */
function twoKinds(seed: number, count: number): World {
  const random = new Random(seed)
  const comparisons: Comparison[] = []
  const users = Array.from({ length: count }, (_, user) =>
    Array.from({ length: 7 }, () => {
      const [a, b] = [random.normals(4), random.normals(4)]
      const prefersFirst = a[0] + a[1] > b[0] + b[1] === (user % 2 === 0)
      const [chosen, rejected] = prefersFirst ? [a, b] : [b, a]
      comparisons.push({ chosen: { prompt: [], candidate: chosen }, rejected: { prompt: [], candidate: rejected } })
      return comparisons.length - 1
    }),
  )
  const pack = (side: 'chosen' | 'rejected') =>
    packInputs(
      comparisons.map(pair => pair[side]),
      encoder,
    )
  return { comparisons, users, rows: { chosen: pack('chosen'), rejected: pack('rejected'), users } }
}

/** Accuracy on the last comparison of each user, scored with the latent that `latentOf` finds in the others. */
async function accuracy(
  model: RewardModel,
  { comparisons, users }: World,
  latentOf?: (told: Comparison[]) => Promise<Float64Array>,
): Promise<number> {
  let right = 0
  for (const user of users) {
    const latent = await latentOf?.(user.slice(0, -1).map(row => comparisons[row]))
    const { chosen, rejected } = comparisons[user[user.length - 1]]
    const [a, b] = await model.scoreAll([chosen, rejected].map(item => ({ ...item, ...(latent && { latent }) })))
    if (a.score > b.score) right++
  }
  return right / users.length
}

describe('a reward model of users', () => {
  it('tells two opposite kinds of users apart where one model for all stays at chance', async () => {
    const [world, test] = [twoKinds(1, 200), twoKinds(2, 60)]
    const learner = createGradientLearner(userTask(spec, world.rows, { batchSize: 16 }), {
      seed: 1,
      learningRate: 5e-3,
    })
    await trainLearner(learner, { updates: 150 })
    const model = userModel(spec, learner.parameters())
    const told = await accuracy(model, test, model.latentOf)
    expect(told).toBeGreaterThan(0.9)

    const one = { kind: 'pairs', encoder: { ...encoder, hidden: [32] } } as const
    const rows = { first: world.rows.chosen, second: world.rows.rejected }
    const length = world.comparisons.length
    const labels = { label: Array(length).fill(1), margin: Array(length).fill(0), strength: Array(length).fill(1) }
    const plain = createGradientLearner(pairTask(one, { ...rows, ...labels }), { seed: 1, learningRate: 5e-3 })
    await trainLearner(plain, { updates: 60 })
    expect(told - (await accuracy(pairModel(one, plain.parameters()), test))).toBeGreaterThan(0.3)

    // somebody else's comparisons are worth nothing, and none at all means the prior
    const swapped = await accuracy(model, test, async comparisons =>
      model.latentOf(comparisons.map(({ chosen, rejected }) => ({ chosen: rejected, rejected: chosen }))),
    )
    expect(swapped).toBeLessThan(0.2)
    expect(await model.latentOf([])).toEqual(new Float64Array(4))
  })

  it('refuses users with one comparison and latents of another width', async () => {
    const world = twoKinds(1, 2)
    expect(() => userTask(spec, { ...world.rows, users: [[0, 1], [2]] })).toThrow(
      /expected at least 2 comparisons of user 1; got 1/,
    )
    const model = userModel(
      spec,
      createGradientLearner(userTask(spec, world.rows), { seed: 1, learningRate: 1 }).best(),
    )
    await expect(model.score([], [1, 2, 3, 4], { latent: [1] })).rejects.toThrow(
      /expected a latent of 4 numbers; got 1/,
    )
  })
})
