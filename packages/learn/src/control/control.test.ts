import { GuerdonError, Random } from '@guerdon/core'
import { generalizedAdvantages } from '@guerdon/methods/shared/gae'
import { interpret, ndarray } from '@guerdon/tensor'
import { cartPoleWorld } from '@guerdon/worlds/control/cart-pole'
import { pendulumWorld } from '@guerdon/worlds/control/pendulum'
import type { WorldDefinition } from '@guerdon/worlds/world/definition'
import { box, discrete } from '@guerdon/worlds/world/space'
import { vectorWorld } from '@guerdon/worlds/world/vector-world'
import { describe, expect, it } from 'vitest'
import { trainLearner } from '../run/learner.ts'
import { createA2c } from './a2c.ts'
import { actionTerms, initialActorCritic } from './actor-critic.ts'
import { createCollector } from './collector.ts'
import { drawDiscrete, drawGaussian } from './draw-action.ts'
import { initialEpisodeWindow } from './episode-window.ts'
import { experienceAdvantages } from './experience.ts'
import { noNormaliser } from './normaliser.ts'
import { createPpo } from './ppo.ts'

/** Counts its steps; ends after `length`; pays `pay` of the count. */
const counter = (length: number, pay: (count: number) => number = () => 1): WorldDefinition => ({
  name: 'counter',
  actionSpace: discrete(2),
  observationSpace: box([[0, null]]),
  stateSize: 1,
  horizon: 3,
  stochastic: false,
  start: (states, at) => {
    states[at] = 0
  },
  advance: (states, at, _actions, _actionAt, outcome) => {
    states[at]++
    outcome.reward = pay(states[at])
    outcome.terminated = states[at] === length
  },
  observe: (states, at, observations, to) => {
    observations[to] = states[at]
  },
  svg: () => '',
  text: () => '',
})

const copiesOf = (definition: WorldDefinition, copies = 2) =>
  vectorWorld(definition, { copies, seed: 1, autoreset: 'same-step' })
const small = { seed: 3, steps: 8, hidden: [8] }

describe('policies', () => {
  it('give discrete log-probabilities and entropies, the same when drawn and when trained', () => {
    const logits = Float32Array.of(0, Math.log(3))
    const into = { logProb: 0 }
    const random = new Random(1)
    let ones = 0
    for (let n = 0; n < 2000; n++) {
      const action = drawDiscrete(logits, 0, 2, random, into)
      expect(into.logProb).toBeCloseTo(Math.log(action === 1 ? 0.75 : 0.25), 6)
      ones += action
    }
    expect(ones / 2000).toBeCloseTo(0.75, 1)
    expect(() => drawDiscrete(Float32Array.of(0, Number.NaN), 0, 2, random, into)).toThrow(/finite outputs/)
  })

  it('give Gaussian log-probabilities and entropies by hand', () => {
    const networks = initialActorCritic(new Random(1), {
      observationSpace: box([[null, null]]),
      actionSpace: box([
        [-1, 1],
        [-1, 1],
      ]),
    })
    for (const { weight } of networks.actor) weight.data.fill(0)
    networks.logStd!.data.set([0, Math.log(2)])
    const { logProb, entropy } = interpret(actionTerms)(networks, ndarray([[5]]), ndarray([[1, 2]]))
    // μ = 0: −½·1² − ½ln 2π, and −½·1² − ln 2 − ½ln 2π
    expect(logProb.data[0]).toBeCloseTo(-1 - Math.log(2) - Math.log(2 * Math.PI), 6)
    expect(entropy.data[0]).toBeCloseTo(Math.log(2 * Math.PI * Math.E) + Math.log(2), 6)
    const actions = new Float32Array(2)
    const drawn = drawGaussian(new Float32Array(2), networks.logStd!.data as Float32Array, 0, new Random(4), actions)
    const again = interpret(actionTerms)(networks, ndarray([[5]]), ndarray(actions, { shape: [1, 2] }))
    expect(drawn).toBeCloseTo(again.logProb.data[0], 5)
  })
})

describe('experience', () => {
  async function blockOf(definition: WorldDefinition, steps: number) {
    const world = copiesOf(definition, 1)
    const random = new Random(2)
    const networks = initialActorCritic(random, { ...world, hidden: [4] })
    const collector = createCollector(world, { steps, normaliser: noNormaliser(1), threads: 1 })
    const window = initialEpisodeWindow(1)
    return { experience: await collector.collect(networks, window, random, 0), window }
  }

  it('bootstraps where a time limit cut an episode off, with the true last observation', async () => {
    const { experience, window } = await blockOf(counter(99), 4)
    // truncated after three steps; the observation then is 3, not the 0 that the next episode begins with
    expect(Array.from(experience.observations)).toEqual([0, 1, 2, 0, 1])
    expect(Array.from(experience.begins)).toEqual([1, 0, 0, 1, 0])
    expect(window.finished).toEqual([3])
    const { values, truncationValues } = experience
    expect(truncationValues[2]).not.toBe(0)
    expect([truncationValues[0], truncationValues[1], truncationValues[3]]).toEqual([0, 0, 0])
    const { returns } = experienceAdvantages(experience, { gamma: 0.5, lambda: 1 })
    expect(returns[2]).toBeCloseTo(1 + 0.5 * truncationValues[2], 12)
    expect(returns[3]).toBeCloseTo(1 + 0.5 * values[4], 12)
  })

  it('does not bootstrap where an episode terminated, also if the time was up as well', async () => {
    for (const length of [2, 3]) {
      const { experience } = await blockOf(counter(length), 4)
      expect(Array.from(experience.truncationValues)).toEqual([0, 0, 0, 0])
      const { returns } = experienceAdvantages(experience, { gamma: 0.5, lambda: 1 })
      expect(returns[length - 1]).toBeCloseTo(1, 12)
    }
  })

  it('has the advantages of the shared ragged estimator with bootstraps added to the last rewards', async () => {
    const { experience } = await blockOf(counter(99), 4)
    const { values, truncationValues } = experience
    const rewards = experience.rewards.slice()
    rewards[2] += 0.9 * truncationValues[2]
    rewards[3] += 0.9 * values[4]
    const expected = generalizedAdvantages(
      rewards,
      Float64Array.from(values.subarray(0, 4)),
      { offsets: [0, 3, 4] },
      { gamma: 0.9, lambda: 0.8 },
    )
    const got = experienceAdvantages(experience, { gamma: 0.9, lambda: 0.8 })
    for (let t = 0; t < 4; t++) expect(got.advantages[t]).toBeCloseTo(expected.advantages[t], 12)
  })
})

describe('bad worlds and rewards', () => {
  it('are refused naming copy and step', async () => {
    const world = copiesOf(counter(99, count => (count === 2 ? Number.NaN : 1)))
    await expect(createPpo(world, small).update()).rejects.toThrow(/finite reward of counter; got NaN — copy 0, step 1/)
    const rewardFunction = (rewards: Float64Array) => {
      rewards[1] = Number.POSITIVE_INFINITY
    }
    await expect(createPpo(copiesOf(counter(99)), { ...small, rewardFunction }).update()).rejects.toThrow(
      /finite reward of the reward function; got Infinity — copy 1, step 0/,
    )
  })

  it('need the form of autoreset that keeps the last observation', () => {
    const world = vectorWorld(cartPoleWorld, { copies: 2, seed: 1, autoreset: 'next-step' })
    expect(() => createPpo(world, small)).toThrow(/expected a world with autoreset 'same-step'; got 'next-step'/)
  })

  it('need mini-batches that divide the block', () => {
    expect(() => createPpo(copiesOf(cartPoleWorld), { ...small, miniBatches: 3 })).toThrow(/divide the 16 steps.*got 3/)
  })

  it('may have a reward function, which is learnt from while the curve reports the world’s own', async () => {
    const seen: number[] = []
    const learner = createPpo(copiesOf(counter(2)), {
      ...small,
      rewardFunction: (rewards, { observations, nextObservations, finalObservations, terminated }) => {
        seen.push(observations[0], nextObservations[0], finalObservations[0] * terminated[0])
        rewards.fill(-5)
      },
    })
    const point = await learner.update()
    expect(point['averageReturn']).toBe(2)
    expect(seen.slice(0, 6)).toEqual([0, 1, 0, 1, 0, 2])
  })
})

const makers = {
  'PPO with discrete actions': (seed: number) => createPpo(copiesOf(cartPoleWorld), { ...small, seed }),
  'PPO with Gaussian actions': (seed: number) =>
    createPpo(copiesOf(pendulumWorld), { ...small, seed, miniBatches: 4, epochs: 2 }),
  A2C: (seed: number) => createA2c(copiesOf(cartPoleWorld), { ...small, seed, gradientsPerUpdate: 3 }),
}

describe.each(Object.entries(makers))('%s', (_, make) => {
  it('is a function of its seed, and goes on from a saved state bit for bit', async () => {
    const whole = make(7)
    const curve = await trainLearner(whole, { updates: 5 })
    const first = make(7)
    const begun = await trainLearner(first, { updates: 2 })
    const second = make(7)
    second.restore(first.save())
    const rest = await trainLearner(second, { updates: 5 })
    expect([...begun, ...rest]).toEqual(curve)
    expect(second.save()).toEqual(whole.save())
    expect(await trainLearner(make(8), { updates: 5 })).not.toEqual(curve)
  })

  it('refuses a state of another learner, other settings or no state at all', () => {
    expect(() => make(7).restore(make(8).save())).toThrow(/with seed 7; got 8/)
    try {
      make(7).restore(new Uint8Array(5))
      expect.unreachable()
    } catch (error) {
      expect((error as GuerdonError).code).toBe('parse')
    }
  })
})

it('a learner that diverges says so and keeps its parameters', async () => {
  const learner = createPpo(copiesOf(counter(99, () => 1e30)), small)
  const before = learner.parameters()
  await expect(learner.update()).rejects.toThrow(GuerdonError)
  expect(learner.parameters()).toBe(before)
})
