import { Random } from '@guerdon/core'
import { qLearningUpdate, tabularReinforceUpdate } from '@guerdon/methods/control/envs-and-baselines-rl'
import { lineKey } from '@guerdon/worlds/grid/line-key'
import { tabularWorld } from '@guerdon/worlds/grid/tabular-world'
import { describe, expect, it } from 'vitest'
import { trainLearner } from '../run/learner.ts'
import { createTabularActorCritic } from './actor-critic.ts'
import { episodePlayer } from './episode.ts'
import { createQLearner } from './q-learning.ts'
import { createReinforce } from './reinforce.ts'

/** Two states and an end: each step forwards pays 1, waiting pays nothing. */
const stairs = tabularWorld({
  name: 'stairs',
  stateCount: 3,
  actionNames: ['on', 'wait'],
  start: 0,
  terminalState: 2,
  horizon: 4,
  discount: 0.5,
  transitions: (state, action) => [[action === 0 ? Math.min(state + 1, 2) : state, 1]],
  reward: (state, action) => (action === 0 && state < 2 ? 1 : 0),
})

const makers = {
  'q-learning': (seed: number) => createQLearner(lineKey(), { seed, epsilon: 0.3, stepDecay: 0.6 }),
  reinforce: (seed: number) => createReinforce(lineKey(), { seed, step: 2 }),
  'actor-critic': (seed: number) => createTabularActorCritic(lineKey(), { seed }),
}

describe('episodes', () => {
  it('end by the world or are cut off by the horizon', () => {
    const { episode, play } = episodePlayer(stairs)
    play(() => 0, new Random(1))
    expect([episode.length, episode.terminated, episode.originalReturn]).toEqual([2, true, 2])
    expect(Array.from(episode.states.subarray(0, 3))).toEqual([0, 1, 2])
    play(() => 1, new Random(1))
    expect([episode.length, episode.terminated, episode.originalReturn]).toEqual([4, false, 0])
  })

  it('start anywhere but in the end when told so', () => {
    const { episode, play } = episodePlayer(stairs, { starts: 'uniform' })
    const random = new Random(3)
    const starts = new Set<number>()
    for (let n = 0; n < 50; n++) {
      play(() => 0, random)
      starts.add(episode.states[0])
    }
    expect([...starts].sort()).toEqual([0, 1])
  })

  it('refuse rewards that are not numbers, naming state and action, and rewards of another size', () => {
    const rewards = Float64Array.of(1, 0, 1, Number.NaN, 0, 0)
    expect(() => createQLearner(stairs, { seed: 1, rewards })).toThrow(/rewards of stairs; got NaN — state 1, action 1/)
    expect(() => createQLearner(stairs, { seed: 1, rewards: new Float64Array(5) })).toThrow(/expected 6 rewards/)
  })
})

describe('Q-learning', () => {
  it('is the update of the methods package when the step is constant', async () => {
    // ε = 0 and Q = 0: always "on", the episode is 0 → 1 → end
    const learner = createQLearner(stairs, { seed: 1, epsilon: 0, step: 0.5, episodesPerUpdate: 3 })
    await learner.update()
    const episode = [
      { state: 0, action: 0, reward: 1, nextState: 1 },
      { state: 1, action: 0, reward: 1, nextState: 2 },
    ]
    const expected = qLearningUpdate(new Float64Array(6), [episode, episode, episode], {
      actionCount: 2,
      discount: 0.5,
      step: 0.5,
    })
    expect(learner.tables['q']).toEqual(expected)
    // by hand: Q(1,on) = .5, .75, .875; Q(0,on) = .5(1 + .25) = .625; + .5(1.375 − .625) = 1; + .5(1.4375 − 1) = 1.21875
    expect(learner.tables['q'][0]).toBeCloseTo(1.21875, 12)
  })

  it('bootstraps where the horizon cut an episode off, and counts the end as 0', async () => {
    const learner = createQLearner(stairs, { seed: 1, epsilon: 1, step: 1, stepDecay: 0.6, episodesPerUpdate: 2000 })
    await learner.update()
    // Q(1,on) = 1, Q(0,on) = 1 + ½, Q(0,wait) = ½·1.5, Q(1,wait) = ½
    const expected = [1.5, 0.75, 1, 0.5, 0, 0]
    for (const [row, value] of expected.entries()) expect(learner.tables['q'][row]).toBeCloseTo(value, 2)
  })

  it('learns from other rewards and reports the return of the world’s own', async () => {
    const rewards = Float64Array.of(-1, 0, -1, 0, 0, 0)
    const learner = createQLearner(stairs, { seed: 1, rewards, epsilon: 0.5, episodesPerUpdate: 200 })
    const [point] = await trainLearner(learner, { updates: 1 })
    expect(point['meanReturn']).toBeGreaterThan(0)
    expect(point['value']).toBe(0)
  })
})

describe('REINFORCE', () => {
  it('is the update of the methods package without a baseline', async () => {
    const learner = createReinforce(stairs, { seed: 5, step: 0.7, baselineStep: 0, horizon: 50, episodesPerUpdate: 1 })
    const { episode, play } = episodePlayer(stairs, { horizon: 50 })
    await learner.update()
    const replay = new Random(5)
    play((_, random) => random.categorical([0.5, 0.5]), replay)
    expect(episode.terminated).toBe(true)
    const steps = Array.from({ length: episode.length }, (_, t) => ({
      state: episode.states[t],
      action: episode.actions[t],
      reward: episode.rewards[t],
    }))
    const expected = tabularReinforceUpdate(new Float64Array(6), [steps], { actionCount: 2, discount: 0.5, step: 0.7 })
    for (const [row, value] of expected.entries()) expect(learner.tables['logits'][row]).toBeCloseTo(value, 12)
  })

  it('adds the baseline of the last state to an episode that was cut off', async () => {
    // horizon 1 with a waiting reward of 0: G = γ·b(s) unless the action was "on"
    const learner = createReinforce(stairs, { seed: 2, step: 0, baselineStep: 1, horizon: 1, episodesPerUpdate: 1 })
    learner.tables['baseline'].set([10, 20, 0])
    const [point] = await trainLearner(learner, { updates: 1 })
    const waited = point['meanReturn'] === 0
    expect(learner.tables['baseline'][0]).toBeCloseTo(waited ? 5 : 11, 12)
  })
})

describe('actor–critic', () => {
  it('takes one step of δ by hand', async () => {
    const learner = createTabularActorCritic(stairs, {
      seed: 1,
      horizon: 1,
      criticStep: 0.5,
      actorStep: 1,
      episodesPerUpdate: 1,
    })
    learner.tables['values'].set([2, 4, 0])
    const [point] = await trainLearner(learner, { updates: 1 })
    // on: δ = 1 + ½·4 − 2 = 1; wait: δ = 0 + ½·2 − 2 = −1
    const on = point['meanReturn'] === 1
    expect(learner.tables['values'][0]).toBeCloseTo(on ? 2.5 : 1.5, 12)
    expect(learner.tables['logits'][0]).toBeCloseTo(0.5, 12)
    expect(learner.tables['logits'][1]).toBeCloseTo(-0.5, 12)
  })
})

describe.each(Object.entries(makers))('%s', (_, make) => {
  it('is a function of its seed, and goes on from a saved state as if never stopped', async () => {
    const whole = await trainLearner(make(7), { updates: 6 })
    const first = make(7)
    const begun = await trainLearner(first, { updates: 2 })
    const second = make(7)
    second.restore(first.save())
    const rest = await trainLearner(second, { updates: 6 })
    expect([...begun, ...rest]).toEqual(whole)
    expect(await trainLearner(make(8), { updates: 6 })).not.toEqual(whole)
  })

  it('refuses the state of another run, naming what differs', () => {
    expect(() => make(7).restore(make(8).save())).toThrow(/expected a run of .* with seed 7; got 8/)
    expect(() => make(7).restore(new Uint8Array(3))).toThrow()
  })
})

it('a state of another learner is refused', () => {
  expect(() => makers.reinforce(1).restore(makers['q-learning'](1).save())).toThrow(
    /expected a run of reinforce; got one of q-learning/,
  )
})
