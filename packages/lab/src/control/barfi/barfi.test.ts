import { Random } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import { trialOf } from '../../claims/trial-of.ts'
import { barfi } from '../barfi.ts'
import { learnBoth } from './both-heuristics.ts'
import { centreGrid } from './centre-grid.ts'
import type { BarfiSettings } from './learner.ts'
import { tabularPolicy } from './policies.ts'
import { joinTrajectories, playEpisodes } from './two-reward-task.ts'
import { fourier, unitSquare } from './unit-square.ts'

/** Chance that always lets the chosen action through. */
const calm = Object.assign(new Random(1), { bernoulli: () => false })
const [right, down] = [0, 1]

describe('the grid with a trap in its middle', () => {
  it('pays the harmful heuristic in the middle alone', () => {
    const grid = centreGrid('harmful')
    // from row 2, column 1 into row 2, column 2
    expect(grid.step(13, right, calm)).toEqual({ state: 14, primary: -0.02, auxiliary: 0.5, terminated: false })
    expect(grid.step(0, right, calm)).toEqual({ state: 1, primary: -0.02, auxiliary: 0, terminated: false })
    expect(grid.middle.map(place => Array.from(place).indexOf(1))).toEqual([14, 15, 20, 21])
  })

  it('pays the helpful one for being near the goal, and 2 on arrival', () => {
    const grid = centreGrid('helpful')
    expect(grid.step(0, down, calm)).toEqual({
      state: 6,
      primary: -0.02,
      auxiliary: -(25 + 16) / 50,
      terminated: false,
    })
    expect(grid.step(29, down, calm)).toEqual({ state: 35, primary: 1.98, auxiliary: -0, terminated: true })
  })

  it('has walls around it', () => {
    expect(centreGrid('harmful').step(5, right, calm).state).toBe(5)
  })
})

describe('the unit square', () => {
  it('describes places by cosines', () => {
    expect(Array.from(fourier({ x: 0, y: 0 }))).toEqual(new Array(16).fill(1))
    expect(fourier({ x: 1, y: 0 })[4]).toBe(-1)
  })

  it('pays fifty a stride in the middle, divided by 50, where it harms', () => {
    const square = unitSquare('harmful')
    const inside = { ...square.start, x: 0.41, y: 0.5 }
    // four strides of 0.045 to the right stay inside
    expect(square.step(inside, 1, new Random(2)).auxiliary).toBe(4)
  })
})

describe('episodes', () => {
  const task = centreGrid('harmful')
  const always = async (_: Float32Array, count: number) =>
    Float32Array.from({ length: 4 * count }, (_entry, k) => +(k % 4 === right))

  it('are padded, and their returns undiscounted', async () => {
    const { batch, returns, steps } = await playEpisodes(task, always, 2, calm)
    expect(steps).toBe(80)
    expect(returns[0]).toBeCloseTo(-0.8, 12)
    expect(batch.features.shape).toEqual([2, 40, 36])
    expect(Array.from(batch.mask.data)).toEqual(new Array(80).fill(1))
    expect(joinTrajectories(batch, batch).actions.shape).toEqual([4, 40])
  })
})

describe('learning with both heuristics', () => {
  const mechanism = barfi.studies.mechanism!
  const setting = {
    task: centreGrid,
    network: ({ features, actions }: { features: number; actions: number }) => tabularPolicy(features, actions),
    iterations: 3,
    episodes: 4,
    innerSteps: 1,
    rewardRate: 0.1,
    gammaRate: 0.02,
    entropy: 0.1,
    alpha: 2,
    loops: 2,
  }
  const run = (arm: string) => {
    const settings = mechanism.arms.find(({ id }) => id === arm)!.settings as BarfiSettings
    return learnBoth(setting, { ...trialOf(mechanism, arm), settings, random: new Random(5) })
  }

  it('is decided by its seed, and the reward moves for BARFI alone', { timeout: 20_000 }, async () => {
    const [first, again, primary] = [await run('barfi'), await run('barfi'), await run('primary')]
    expect(again).toEqual(first)
    expect(first.spent['hypergradients']).toBe(4)
    expect(primary.spent['hypergradients']).toBe(0)
    expect(primary.metrics['harmfulWeight']).toBe(0)
    // the first episodes are the same for all arms of a seed
    expect(primary.curves!['harmful'].y[0]).toBe(first.curves!['harmful'].y[0])
  })
})
