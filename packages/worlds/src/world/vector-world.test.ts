import { GuerdonError } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import {
  box,
  cartPoleWorld,
  discrete,
  hardMazeWorld,
  mountainCarContinuousWorld,
  pendulumWorld,
  reacherWorld,
  vectorWorld,
  type WorldDefinition,
} from '../index.ts'

/** Counts its steps, pays the count, and ends when it has counted to `end`. */
function counter(end: number, options: { readonly horizon?: number } = {}): WorldDefinition {
  return {
    name: 'counter',
    actionSpace: discrete(['on', 'break reward', 'break observation']),
    observationSpace: box([[null, null]]),
    stateSize: 2,
    horizon: options.horizon ?? 100,
    stochastic: false,
    start: (states, at) => states.fill(0, at, at + 2),
    advance: (states, at, actions, actionAt, outcome) => {
      states[at]++
      states[at + 1] = actions[actionAt] === 2 ? 1 : 0
      outcome.reward = actions[actionAt] === 1 ? Number.NaN : states[at]
      outcome.terminated = states[at] >= end
    },
    observe: (states, at, observations, to) => {
      observations[to] = states[at + 1] === 1 ? Number.NaN : states[at]
    },
    svg: state => `<svg>${state[0]}</svg>`,
    text: state => String(state[0]),
  }
}

/** What copy 0 shows after each of `steps` steps: observation, reward, terminated, truncated. */
function record(definition: WorldDefinition, autoreset: 'next-step' | 'same-step', steps: number) {
  const world = vectorWorld(definition, { copies: 1, seed: 0, autoreset })
  return Array.from({ length: steps }, () => {
    world.step([0])
    return [world.observations[0], world.rewards[0], world.terminated[0], world.truncated[0]]
  })
}

describe('autoreset', () => {
  it('next-step: ignores the action after the end and starts anew, unpaid', () => {
    expect(record(counter(2), 'next-step', 5)).toEqual([
      [1, 1, 0, 0],
      [2, 2, 1, 0],
      [0, 0, 0, 0],
      [1, 1, 0, 0],
      [2, 2, 1, 0],
    ])
  })

  it('same-step: starts anew at once and keeps the last observation apart', () => {
    expect(record(counter(2), 'same-step', 4)).toEqual([
      [1, 1, 0, 0],
      [0, 2, 1, 0],
      [1, 1, 0, 0],
      [0, 2, 1, 0],
    ])
    const world = vectorWorld(counter(2), { copies: 2, seed: 0, autoreset: 'same-step' })
    world.step([0, 0])
    world.reset({ only: [1] })
    world.step([0, 0])
    expect([...world.observations]).toEqual([0, 1])
    expect([...world.terminated]).toEqual([1, 0])
    expect(world.finalObservations[0]).toBe(2)
  })

  it('disabled: refuses to go on after the end, naming the copy, until that copy is reset', () => {
    const world = vectorWorld(counter(2), { copies: 3, seed: 0, autoreset: 'disabled' })
    world.reset({ only: [2], states: [1, 0] })
    world.step([0, 0, 0])
    expect([...world.terminated]).toEqual([0, 0, 1])
    expect(() => world.step([0, 0, 0])).toThrow(/running episode of counter; it has ended — copy 2/)
    expect([...world.states]).toEqual([1, 0, 1, 0, 2, 0])
    world.reset({ only: [2] })
    world.step([0, 0, 0])
    expect([...world.observations]).toEqual([2, 2, 1])
  })
})

describe('the end', () => {
  it('tells the time limit from the end of the task, and shows both at once', () => {
    expect(record(counter(9, { horizon: 2 }), 'same-step', 2)[1]).toEqual([0, 2, 0, 1])
    expect(record(counter(2, { horizon: 9 }), 'same-step', 2)[1]).toEqual([0, 2, 1, 0])
    expect(record(counter(2, { horizon: 2 }), 'same-step', 2)[1]).toEqual([0, 2, 1, 1])
  })

  it('keeps what a truncated copy saw last, to bootstrap from', () => {
    const world = vectorWorld(pendulumWorld, { copies: 2, seed: 3, autoreset: 'same-step', horizon: 2 })
    const twin = vectorWorld(pendulumWorld, { copies: 2, seed: 3, autoreset: 'disabled', horizon: 2 })
    for (let t = 0; t < 2; t++) for (const one of [world, twin]) one.step([1, -1])
    expect([...world.truncated, ...world.terminated]).toEqual([1, 1, 0, 0])
    expect([...world.finalObservations]).toEqual([...twin.observations])
    expect([...twin.finalObservations]).toEqual([...twin.observations])
    expect([...world.observations]).not.toEqual([...world.finalObservations])
  })
})

describe('actions outside their box', () => {
  it('go to the world as they are where that is asked for: it clips, and charges for all of it', () => {
    const options = { copies: 1, seed: 0, autoreset: 'disabled' } as const
    const lenient = vectorWorld(mountainCarContinuousWorld, { ...options, outOfRange: 'dynamics' })
    const strict = vectorWorld(mountainCarContinuousWorld, options)
    lenient.step([2])
    strict.step([1])
    expect([...lenient.states]).toEqual([...strict.states])
    expect(lenient.rewards[0]).toBeCloseTo(-0.4, 12)
    expect(strict.rewards[0]).toBeCloseTo(-0.1, 12)
  })
})

describe('errors', () => {
  const options = { copies: 3, seed: 0, autoreset: 'disabled' } as const
  const cart = () => vectorWorld(cartPoleWorld, options)
  const arm = () => vectorWorld(reacherWorld, options)
  const numbers = vectorWorld(counter(9), options)
  const cut = cart().save().slice(0, -1)
  const aged = cart().save()
  aged.set(new TextEncoder().encode('"version":7'), new TextDecoder().decode(aged).indexOf('"version":1'))

  it.each<[string, string, RegExp, () => unknown]>([
    [
      'too few actions',
      'shape_mismatch',
      /expected 3 numbers for cart-pole, 1 for each of 3 copies; got 2/,
      () => cart().step([0, 1]),
    ],
    [
      'one number for two joints',
      'shape_mismatch',
      /expected 6 numbers for reacher, 2 for each of 3 copies; got 3/,
      () => arm().step([0, 0, 0]),
    ],
    [
      'an action there is not',
      'invalid_input',
      /action in 0 … 1 for cart-pole; got 2 — copy 1/,
      () => cart().step([0, 2, 0]),
    ],
    ['a negative action', 'invalid_input', /got -1 — copy 2/, () => cart().step([0, 0, -1])],
    ['half an action', 'invalid_input', /got 0.5 — copy 0/, () => cart().step([0.5, 0, 0])],
    ['no action', 'not_finite', /finite action for cart-pole; got NaN — copy 1/, () => cart().step([0, Number.NaN, 0])],
    [
      'a NaN torque',
      'not_finite',
      /finite action for reacher; got NaN — copy 2/,
      () => arm().step([0, 0, 0, 0, 0, Number.NaN]),
    ],
    [
      'an infinite torque',
      'not_finite',
      /got Infinity — copy 0/,
      () => arm().step([0, Number.POSITIVE_INFINITY, 0, 0, 0, 0]),
    ],
    [
      'too strong a torque',
      'invalid_input',
      /entry 1 of an action in \[-1, 1\] for reacher; got 1.5 — copy 1/,
      () => arm().step([0, 0, 0, 1.5, 0, 0]),
    ],
    [
      'a world that pays NaN',
      'not_finite',
      /finite reward of counter; got NaN — copy 1/,
      () => numbers.step([0, 1, 0]),
    ],
    [
      'a world that shows NaN',
      'not_finite',
      /finite observations of counter; got NaN — copy 2, entry 0/,
      () => numbers.step([0, 0, 2]),
    ],
    ['no copies', 'invalid_option', /copies/, () => vectorWorld(cartPoleWorld, { ...options, copies: 0 })],
    ['no time', 'invalid_option', /horizon/, () => vectorWorld(cartPoleWorld, { ...options, horizon: 0 })],
    ['half a seed', 'invalid_option', /seed/, () => vectorWorld(cartPoleWorld, { ...options, seed: 0.5 })],
    [
      'an unknown mode',
      'invalid_option',
      /autoreset to be one of next-step, same-step, disabled; got never/,
      () => vectorWorld(cartPoleWorld, { ...options, autoreset: 'never' as 'disabled' }),
    ],
    ['a copy to reset that is not', 'invalid_input', /copy in 0 … 2; got 3/, () => cart().reset({ only: [3] })],
    [
      'too few start states',
      'shape_mismatch',
      /expected 12 numbers, a state of 4 for each of 3 copies of cart-pole; got 4/,
      () => cart().reset({ states: [0, 0, 0, 0] }),
    ],
    [
      'a start state that is no number',
      'not_finite',
      /state 0, entry 1/,
      () => cart().reset({ only: [1], states: [0, Number.NaN, 0, 0] }),
    ],
    ['a picture of a copy that is not', 'invalid_input', /copy in 0 … 2; got -1/, () => cart().render(-1)],
    [
      'a snapshot of another world',
      'shape_mismatch',
      /world cart-pole; got world reacher/,
      () => cart().restore(arm().save()),
    ],
    [
      'a snapshot of fewer copies',
      'shape_mismatch',
      /copies 3; got copies 2/,
      () => cart().restore(vectorWorld(cartPoleWorld, { ...options, copies: 2 }).save()),
    ],
    [
      'a snapshot with another horizon',
      'shape_mismatch',
      /horizon 500; got horizon 9/,
      () => cart().restore(vectorWorld(cartPoleWorld, { ...options, horizon: 9 }).save()),
    ],
    ['a snapshot of another version', 'version', /version 1; got version 7/, () => cart().restore(aged)],
    ['half a snapshot', 'parse', /bytes after the header/, () => cart().restore(cut)],
    [
      'no snapshot',
      'parse',
      /expected a snapshot of a world; got 3 other bytes/,
      () => cart().restore(new Uint8Array(3)),
    ],
    [
      'other bytes',
      'parse',
      /expected a snapshot of a world/,
      () => cart().restore(Uint8Array.of(2, 0, 0, 0, 0x7b, 0x7d, 0x20, 0x20)),
    ],
  ])('%s', (_, code, message, act) => {
    let error: unknown
    try {
      act()
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(GuerdonError)
    expect((error as GuerdonError).code).toBe(code)
    expect((error as GuerdonError).message).toMatch(message)
  })

  it('leave every copy where it was', () => {
    const world = cart()
    const before = world.save()
    expect(() => world.step([1, 1, 2])).toThrow()
    expect(() => world.reset({ seed: 5, only: [0, 9] })).toThrow()
    expect(() => world.reset({ seed: 5, states: [1] })).toThrow()
    expect(() => world.reset({ seed: 0.5 })).toThrow()
    expect(() => world.restore(cut)).toThrow()
    expect(world.save()).toEqual(before)
  })
})

it('runs with one copy as with many, and reseeds only when told', () => {
  const world = vectorWorld(cartPoleWorld, { copies: 1, seed: 4, autoreset: 'next-step' })
  const first = [...world.states]
  world.reset()
  expect([...world.states]).not.toEqual(first)
  world.reset({ seed: 4 })
  expect([...world.states]).toEqual(first)
})

it('tells the facts of a copy where its definition has any', () => {
  const maze = vectorWorld(hardMazeWorld(), { copies: 2, seed: 0, autoreset: 'disabled' })
  maze.reset({ states: [20, 60, 50, 20] })
  expect([maze.facts().fitness, maze.facts(1).fitness]).toEqual([-40, -30])
  expect(() => maze.facts(2)).toThrow(/copy in 0 … 1; got 2/)
  const carts = vectorWorld(cartPoleWorld, { copies: 1, seed: 0, autoreset: 'disabled' })
  expect(() => carts.facts()).toThrow(expect.objectContaining({ code: 'unsupported' }))
})
