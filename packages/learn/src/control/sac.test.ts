import { potentialShaper } from '@guerdon/methods/control/envs-and-baselines-rl'
import { cartPoleWorld } from '@guerdon/worlds/control/cart-pole'
import { pendulumWorld } from '@guerdon/worlds/control/pendulum'
import type { WorldDefinition } from '@guerdon/worlds/world/definition'
import { box, discrete } from '@guerdon/worlds/world/space'
import { vectorWorld } from '@guerdon/worlds/world/vector-world'
import { describe, expect, it } from 'vitest'
import { trainLearner } from '../run/learner.ts'
import { createSac, type SacOptions } from './sac.ts'
import type { RecordedStep } from './transition-collector.ts'

const copiesOf = (definition: WorldDefinition, copies = 2) =>
  vectorWorld(definition, { copies, seed: 1, autoreset: 'same-step' })
const small = { hidden: [8], batchSize: 16, startSteps: 20, stepsPerUpdate: 20, bufferSize: 64 }
const makers = {
  pendulum: (options: Partial<SacOptions> = {}) =>
    createSac(copiesOf(pendulumWorld), { seed: 3, ...small, ...options }),
  'cart-pole': (options: Partial<SacOptions> = {}) =>
    createSac(copiesOf(cartPoleWorld), { seed: 3, ...small, ...options }),
}

/** One step long; pays 1, and ends or is cut off. */
const bandit = (ends: boolean): WorldDefinition => ({
  name: 'bandit',
  actionSpace: box([[-1, 1]]),
  observationSpace: box([[0, 1]]),
  stateSize: 1,
  horizon: 1,
  stochastic: false,
  start: (states, at) => {
    states[at] = 0
  },
  advance: (states, at, _actions, _actionAt, outcome) => {
    states[at] = 1
    outcome.reward = 1
    outcome.terminated = ends
  },
  observe: (states, at, observations, to) => {
    observations[to] = states[at]
  },
  svg: () => '',
  text: () => '',
})

describe('soft actor–critic', () => {
  it('keeps the true last observation, and the end apart from the time limit', async () => {
    for (const ends of [true, false]) {
      const learner = createSac(copiesOf(bandit(ends)), { seed: 1, ...small, startSteps: 1000, stepsPerUpdate: 2 })
      const [point] = await trainLearner(learner, { updates: 1 })
      const { observations, nextObservations, terminated, truncated, rewards } = learner.buffer.arrays()
      expect(Array.from(observations.data)).toEqual([0, 0, 0, 0])
      expect(Array.from(nextObservations.data)).toEqual([1, 1, 1, 1])
      expect(Array.from(rewards.data)).toEqual([1, 1, 1, 1])
      expect(Array.from(terminated.data)).toEqual(new Array(4).fill(ends ? 1 : 0))
      expect(Array.from(truncated.data)).toEqual([1, 1, 1, 1])
      expect([point['criticLoss'], point['gradients'], point['averageReturn']]).toEqual([null, 0, 1])
    }
  })

  it.each(Object.entries(makers))('on %s is a function of its seed and goes on from a saved state', async (_, make) => {
    const first = make()
    await trainLearner(first, { updates: 2 })
    const bytes = first.save()
    const whole = await trainLearner(first, { updates: 4 })
    const second = make()
    second.restore(bytes)
    expect(second.save()).toEqual(bytes)
    expect(await trainLearner(second, { updates: 4 })).toEqual(whole)
    expect(second.save()).toEqual(first.save())
    const actions = async (seed: number) => {
      const learner = make({ seed, startSteps: 1000 })
      await learner.update()
      return learner.buffer.arrays()['actions'].data
    }
    expect(await actions(4)).not.toEqual(await actions(3))
  })

  it('refuses the state of another size', () => {
    expect(() => makers.pendulum().restore(makers.pendulum({ hidden: [9] }).save())).toThrow(/hidden \[8\]; got \[9\]/)
  })

  it('learns from a shaper’s rewards, reports the world’s own, and keeps the shaper’s state', async () => {
    const shaper = {
      name: 'counting',
      initial: () => 0,
      shape: (t: { reward: Float64Array }, state: unknown) => ({
        reward: t.reward.map(() => 7),
        state: (state as number) + 1,
      }),
    }
    const learner = makers['cart-pole']({
      shaper,
      temperature: 0.1,
      gamma: 0,
      criticLearningRate: 0.05,
      stepsPerUpdate: 100,
    })
    const [point] = await trainLearner(learner, { updates: 1 })
    expect(point['averageReturn']).toBeGreaterThan(8)
    expect(point['averageReturn']).toBeLessThan(60)
    const [after] = await trainLearner(learner, { updates: 2 })
    expect(after['meanValue']).toBeCloseTo(7, 0)
    const again = makers['cart-pole']({
      shaper,
      temperature: 0.1,
      gamma: 0,
      criticLearningRate: 0.05,
      stepsPerUpdate: 100,
    })
    again.restore(learner.save())
    expect(again.save()).toEqual(learner.save())
  })

  it('takes the shapers of the methods package, on channels that tell the true end of an episode', async () => {
    const place = (observations: ArrayLike<number>, into: Float64Array) => {
      for (let n = 0; n < 2; n++) into[n] = 10 + observations[n]
    }
    const channels = {
      auxiliary: ['potential', 'nextPotential'],
      record: (step: RecordedStep, { auxiliary }: { auxiliary: Readonly<Record<string, Float64Array>> }) => {
        place(step.observations, auxiliary['potential'])
        place(step.nextObservations, auxiliary['nextPotential'])
      },
    }
    const learner = createSac(copiesOf(bandit(false)), {
      seed: 1,
      ...small,
      channels,
      shaper: potentialShaper({ discount: 0.5 }),
      gamma: 0,
      criticLearningRate: 0.05,
      temperature: 0.1,
      stepsPerUpdate: 100,
    })
    await learner.update()
    const kept = learner.buffer.arrays()
    expect(new Set(kept['auxiliary/potential'].data)).toEqual(new Set([10]))
    expect(new Set(kept['auxiliary/nextPotential'].data)).toEqual(new Set([11]))
    // r + ½·11 − 10, where the world pays 1
    expect((await learner.update())['meanValue']).toBeCloseTo(-3.5, 0)
    expect(new Set(kept['rewards'].data)).toEqual(new Set([1]))
  })

  it('names copy and step of a channel that is NaN, and the transition of a shaper’s', async () => {
    const record = (_: unknown, into: { auxiliary: Readonly<Record<string, Float64Array>> }) => {
      into.auxiliary['score'][1] = Number.NaN
    }
    const recorded = makers.pendulum({ channels: { auxiliary: ['score'], record } })
    await expect(recorded.update()).rejects.toThrow(/finite channel score of the recorder; got NaN — copy 1, step 0/)
    const shaper = {
      name: 'broken',
      initial: () => null,
      shape: (t: { reward: Float64Array }) => ({ reward: t.reward.map(() => Number.NaN), state: null }),
    }
    await expect(makers.pendulum({ shaper }).update()).rejects.toThrow(/reward of broken; got NaN — transition 0/)
  })

  it('refuses worlds it cannot learn', () => {
    const world = vectorWorld(pendulumWorld, { copies: 1, seed: 1, autoreset: 'disabled' })
    expect(() => createSac(world, { seed: 1 })).toThrow(/autoreset 'same-step'/)
    const tabular = { ...pendulumWorld, observationSpace: discrete(3) }
    expect(() => createSac(copiesOf(tabular), { seed: 1 })).toThrow(/observations that are vectors/)
    expect(() => makers.pendulum({ tau: 2 })).toThrow(/tau in \[0, 1\]/)
  })
})
