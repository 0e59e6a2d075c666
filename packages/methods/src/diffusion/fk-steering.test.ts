import { batchFromRollouts, bindStage, numbers, Random } from '@guerdon/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  effectiveSampleSize,
  fkSteeringStage,
  initialFkState,
  logMeanExpReward,
  type Potential,
  potentials,
  releasedFkStep,
  resampleIndices,
  resampleSchedule,
  resampleState,
  steer,
  tiltedGaussianMixture,
  weighParticles,
} from './fk-steering.ts'

const always = { essThreshold: 1, lambda: 2 }
const reward = fc.double({ min: -3, max: 3, noNaN: true })

describe('potentials', () => {
  it('weigh the first step by hand', () => {
    // λ(r − P) with P = 0 at first: weights e^0, e^2 normalised.
    const { weights } = weighParticles(initialFkState(2), [0, 1], false, always)
    expect(weights[1]).toBeCloseTo(Math.exp(2) / (1 + Math.exp(2)), 12)
  })

  it.each(['difference', 'max', 'sum', 'reward'] as const)(
    'of kind %s multiply to exp(λ·r(x₀)) along any path',
    potential => {
      fc.assert(
        fc.property(fc.array(reward, { minLength: 1, maxLength: 6 }), path => {
          let state = initialFkState(1)
          for (const [s, r] of path.entries()) {
            state = weighParticles(state, [r], s === path.length - 1, { ...always, potential }).state
          }
          expect(state.logProduct[0]).toBeCloseTo(2 * path[path.length - 1], 9)
        }),
      )
    },
  )

  it('keep the running max or sum in the last numerator only in the official form', () => {
    const run = (terminalForm: 'paper' | 'official') =>
      weighParticles(weighParticles(initialFkState(1), [3], false, { ...always, potential: 'max' }).state, [1], true, {
        ...always,
        potential: 'max',
        terminalForm,
      }).state.logProduct[0]
    expect(run('paper')).toBeCloseTo(2, 12)
    expect(run('official')).toBeCloseTo(6, 12)
  })

  it('are not stuck at 0 for negative rewards, unlike the released running max', () => {
    const ours = weighParticles(initialFkState(2), [-5, -1], false, { ...always, potential: 'max' })
    expect(ours.weights[1]).toBeGreaterThan(0.99)
    const released = releasedFkStep(
      {
        variant: 'image',
        potential: 'max',
        lambda: 2,
        rewards: [-5, -1],
        populationRewards: [0, 0],
        productOfPotentials: [1, 1],
        step: 20,
        schedule: { frequency: 20, start: 20, end: 80, steps: 100 },
        adaptive: false,
        essThreshold: 0.5,
      },
      () => [0, 1],
    )
    expect(Array.from(released.weights!)).toEqual([1, 1])
  })

  it('lose nothing when resampling is skipped', () => {
    // Two skipped steps: the weights are those of the sum of log-potentials, λ·r₂.
    let step = weighParticles(initialFkState(2), [0.1, 0.2], false, { lambda: 1, essThreshold: 0 })
    expect(step.resample).toBe(false)
    step = weighParticles(step.state, [0.5, 0.3], false, { lambda: 1, essThreshold: 0 })
    expect(Math.log(step.weights[0] / step.weights[1])).toBeCloseTo(0.2, 12)
    expect(resampleState(step.state, [0, 0]).logWeight).toEqual([0, 0])
  })

  it('do not overflow or tie very good particles', () => {
    const { weights } = weighParticles(initialFkState(2), [1e4, 1e4 + 1], false, { lambda: 1, essThreshold: 1 })
    expect(weights[1] / weights[0]).toBeCloseTo(Math.E, 6)
  })

  it('give failed particles no weight, and fall back to uniform when all failed', () => {
    expect(Array.from(weighParticles(initialFkState(2), [0, 5], false, always, [false, true]).weights)).toEqual([1, 0])
    const none = weighParticles(initialFkState(2), [0, 0], false, always, [true, true])
    expect(none).toMatchObject({ degenerate: true, resample: true })
    expect(Array.from(none.weights)).toEqual([0.5, 0.5])
  })

  it('refuse NaN that is not marked as failed, and other bad input', () => {
    expect(() => weighParticles(initialFkState(2), [0, Number.NaN], false)).toThrow(/rewards\[1\]/)
    expect(() => weighParticles(initialFkState(2), [0], false)).toThrow(/2 and 1/)
    expect(() => weighParticles(initialFkState(1), [0], false, { lambda: 0 })).toThrow(/lambda > 0/)
  })
})

describe('resampling', () => {
  it('inverts the cumulative weights', () => {
    // Shares 0.1, 0.6, 0.3.
    expect(Array.from(resampleIndices([1, 6, 3], [0.05, 0.5, 0.71], 'multinomial'))).toEqual([0, 1, 2])
    expect(Array.from(resampleIndices([1, 6, 3], [0.9], 'systematic'))).toEqual([1, 1, 2])
  })

  it('never draws a particle of weight 0, at either end', () => {
    expect(Array.from(resampleIndices([0, 1, 0], [0, 0.5, 0.999999], 'multinomial'))).toEqual([1, 1, 1])
    expect(Array.from(resampleIndices([0, 1, 0], [1, 1, 1], 'multinomial'))).toEqual([1, 1, 1])
  })

  it('keeps equal particles as they are under systematic draws', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.double({ min: 1e-6, max: 0.999, noNaN: true }),
        (count, offset) => {
          const sources = resampleIndices(new Array<number>(count).fill(0.3), [offset])
          expect(new Set(sources).size).toBe(count)
        },
      ),
    )
  })

  it('counts effective particles', () => {
    expect(effectiveSampleSize([1, 1, 1, 1])).toBeCloseTo(4, 12)
    expect(effectiveSampleSize([1, 0, 0])).toBe(1)
    expect(() => effectiveSampleSize([0, 0])).toThrow(/positive finite sum/)
    expect(() => effectiveSampleSize([1, -1])).toThrow(/particle 1/)
  })

  it('schedules the last step always and nothing else at frequency −1', () => {
    expect(resampleSchedule({ frequency: 20, start: -1, end: 102, steps: 101 })).toEqual([19, 39, 59, 79, 99, 100])
    expect(resampleSchedule({ frequency: -1, start: 0, end: 50, steps: 60 })).toEqual([59])
  })
})

describe('steering', () => {
  /** Integers that climb by 0 or 1 a step; the reward is the integer. */
  const climb = (random: Random) => ({
    advance: async (states: readonly number[]) => {
      const next = states.map(state => state + (random.bernoulli(0.5) ? 1 : 0))
      return { states: next, predictions: next }
    },
    reward: async (values: readonly number[]) => values.slice(),
  })
  const run = (potential: Potential, seed: number) =>
    steer(
      new Array<number>(16).fill(0),
      climb(new Random(seed)),
      { steps: 20, potential, lambda: 2, schedule: { frequency: 5, start: 4, end: 19 } },
      new Random(seed + 1000),
    )

  it('ends higher than best-of-n of the same size on average', async () => {
    let [steered, best] = [0, 0]
    for (let seed = 0; seed < 20; seed++) {
      const [a, b] = [await run('difference', seed), await run('bestOfN', seed)]
      steered += a.rewards[a.best]! / 20
      best += b.rewards[b.best]! / 20
    }
    expect(steered).toBeGreaterThan(best)
  })

  it('estimates the normaliser E[exp(λ·r)] of the climb', async () => {
    // Twenty fair steps: log E[e^{0.3·r}] = 20·log((1 + e^0.3)/2).
    let total = 0
    for (let seed = 0; seed < 30; seed++) {
      const options = { steps: 20, lambda: 0.3, schedule: { frequency: 5, start: 4, end: 19 } }
      total +=
        (await steer(new Array<number>(64).fill(0), climb(new Random(seed)), options, new Random(seed))).logNormalizer /
        30
    }
    expect(total).toBeCloseTo(20 * Math.log((1 + Math.exp(0.3)) / 2), 1)
  })

  it('counts calls, records genealogy and is a function of its seed', async () => {
    const [a, b] = [await run('difference', 3), await run('difference', 3)]
    expect(a).toEqual(b)
    expect(a.spent).toEqual({ advances: 320, rewardCalls: 16 * 4 })
    expect(a.genealogy.every(({ sources }) => sources.length === 16)).toBe(true)
  })

  it('does nothing to a single particle', async () => {
    const one = await steer([0], climb(new Random(1)), { steps: 5 }, new Random(2))
    expect(one.states).toHaveLength(1)
    expect(one.degenerateSteps).toBe(0)
  })

  it('refuses rewards of the wrong length', async () => {
    const sampler = { ...climb(new Random(1)), reward: async () => [1] }
    await expect(steer([0, 0], sampler, { steps: 2 }, new Random(0))).rejects.toThrow(
      /expected 2 rewards at step 1; got 1/,
    )
  })
})

describe('references', () => {
  it('tilt one Gaussian as completing the square does', () => {
    // N(0, 1) times exp(−(x − 2)²/2): N(1, ½), normaliser e^{−1}/√2.
    const tilted = tiltedGaussianMixture(
      { weights: [1], means: [[0]], variances: [1] },
      { lambda: 1, centre: [2], variance: 1 },
    )
    expect(tilted.mean[0]).toBeCloseTo(1, 12)
    expect(tilted.variances[0]).toBeCloseTo(0.5, 12)
    expect(tilted.logNormalizer).toBeCloseTo(-1 - 0.5 * Math.log(2), 12)
  })

  it('average draws in the exponent', () => {
    expect(
      logMeanExpReward([
        [1, 1],
        [0, 1000],
      ])[1],
    ).toBeCloseTo(1000 - Math.log(2), 9)
  })

  it('fail as the image class does when every weight vanishes', () => {
    const input = {
      potential: 'reward' as const,
      lambda: 10,
      rewards: [-500, -500],
      populationRewards: [0, 0],
      productOfPotentials: [1, 1],
      step: 40,
      schedule: { frequency: 20, start: 20, end: 80, steps: 100 },
      adaptive: false,
      essThreshold: 0.5,
    }
    expect(() => releasedFkStep({ ...input, variant: 'image' }, () => [0, 1])).toThrow(/all underflow/)
    expect(Array.from(releasedFkStep({ ...input, variant: 'text' }, () => [0, 1]).weights!)).toEqual([1, 1])
  })

  it('sort particles for best-of-n, at the end only', () => {
    const input = {
      variant: 'text' as const,
      potential: 'bestOfN' as const,
      lambda: 1,
      rewards: [1, 3, 2],
      populationRewards: [0, 0, 0],
      productOfPotentials: [1, 1, 1],
      schedule: { frequency: 1, start: 0, end: 9, steps: 10 },
      adaptive: false,
      essThreshold: 0.5,
    }
    expect(releasedFkStep({ ...input, step: 5 }, () => []).scheduled).toBe(false)
    const last = releasedFkStep({ ...input, step: 9 }, () => [])
    expect(last.resampled).toBe(false)
    expect(Array.from(last.sourceIndex!)).toEqual([1, 2, 0])
    expect(Array.from(last.newPopulationRewards!)).toEqual([0, 0, 0])
    expect(Array.from(last.newProductOfPotentials!)).toEqual([1, 1, 1])
    const withNaN = releasedFkStep({ ...input, rewards: [1, Number.NaN, 1], step: 9 }, () => [])
    expect(Array.from(withNaN.sourceIndex!)).toEqual([1, 0, 2])
  })

  it('released image class keeps its particles when it tests weights that all vanish', () => {
    const step = releasedFkStep(
      {
        variant: 'image',
        potential: 'reward',
        lambda: 1,
        rewards: [Number.NaN, Number.NaN],
        populationRewards: [0, 0],
        productOfPotentials: [2, 3],
        step: 4,
        schedule: { frequency: 1, start: 0, end: 9, steps: 10 },
        adaptive: true,
        essThreshold: 0.5,
      },
      () => [1, 1],
    )
    expect(step.ess).toBeNaN()
    expect([step.resampled, ...step.sourceIndex!, ...step.newProductOfPotentials!]).toEqual([false, 0, 1, 2, 3])
  })

  it('cover every potential by name', () => {
    expect(potentials).toHaveLength(6)
  })
})

describe('stage', () => {
  it('weighs the scored rollouts of each group and leaves the others out', async () => {
    const rollout = (id: string, group: string, outcome: unknown) => ({
      id,
      group,
      prompt: group,
      response: id,
      turns: [],
      columns: {},
      outcome,
    })
    const batch = batchFromRollouts([
      rollout('a', 'g', 1),
      rollout('b', 'g', 1),
      rollout('c', 'g', { status: 'failed', failure: { class: 'timeout', message: 'too slow' } }),
      rollout('d', 'h', 5),
    ] as Parameters<typeof batchFromRollouts>[0])
    const renamed = {
      ...batch,
      columns: new Map([...batch.columns, ['rollout.score' as const, numbers(batch, 'rollout.outcome')]]),
    }
    const { columns } = await bindStage(fkSteeringStage).apply(renamed, null)
    const weight = columns['rollout.weight']
    const values = weight.values as Float64Array
    for (const [i, expected] of [
      [0, 0.5],
      [1, 0.5],
      [3, 1],
    ])
      expect(values[i]).toBeCloseTo(expected, 12)
    expect(Array.from((weight as { status: Uint8Array }).status)).toEqual([0, 0, 2, 0])
    const sizes = columns['group.effectiveSampleSize'].values as Float64Array
    expect(sizes[0]).toBeCloseTo(2, 9)
    expect(sizes[1]).toBe(1)
  })
})
