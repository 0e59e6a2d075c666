import { readFileSync } from 'node:fs'
import { Random } from '@guerdon/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arenaWorld } from '../arena/arena-world.ts'
import { loadRapier } from '../arena/bodies.ts'
import {
  findWorld,
  physicsWorldNames,
  sizeOf,
  type VectorWorld,
  vectorWorld,
  type WorldDefinition,
  worlds,
} from '../index.ts'
import { findPhysicsWorld, physicsWorlds } from '../physics.ts'

/** Random actions of all copies, within the action space. */
function drawActions(definition: WorldDefinition, copies: number, random: Random): Float64Array {
  const space = definition.actionSpace
  if (space.kind === 'discrete') return Float64Array.from({ length: copies }, () => random.integer(space.count))
  return Float64Array.from({ length: copies * sizeOf(space) }, (_, i) => {
    const entry = i % space.low.length
    return random.uniform(space.low[entry] ?? -1, space.high[entry] ?? 1)
  })
}

/** Everything a step shows of some copies, as plain numbers. */
function shown(world: VectorWorld, from = 0, to = world.copies) {
  const size = sizeOf(world.observationSpace)
  return {
    observations: [...world.observations.subarray(from * size, to * size)],
    rewards: [...world.rewards.subarray(from, to)],
    terminated: [...world.terminated.subarray(from, to)],
    truncated: [...world.truncated.subarray(from, to)],
    elapsed: [...world.elapsed.subarray(from, to)],
  }
}

/** All bytes of a world as text: comparing megabytes entry by entry takes minutes. */
function digest(world: VectorWorld): string {
  return Buffer.from(world.save()).toString('base64')
}

const physics = await physicsWorlds()
// the arena in small steps: what is tested here does not depend on how long an action is
const arena = arenaWorld(await loadRapier(), { ticks: 2 })
const each = [...worlds, ...physics.filter(({ name }) => !name.startsWith('arena')), arena].map(
  world => [world.name, world] as const,
)

describe('golden roll-outs', () => {
  interface RolloutCase {
    readonly name: string
    readonly function: string
    readonly input: { readonly initialState: number[]; readonly actions: number[] }
    readonly expected: {
      readonly states: number[][]
      readonly rewards: number[]
      readonly terminated: boolean[]
    }
    readonly atol: number
  }
  const vectors = new URL('../../../methods/golden/vectors/envs-and-baselines-rl.json', import.meta.url)
  const cases = (JSON.parse(readFileSync(vectors, 'utf8')) as { cases: RolloutCase[] }).cases
  const named: Readonly<Record<string, string>> = {
    cartPoleRollout: 'cart-pole',
    mountainCarRollout: 'mountain-car',
    mountainCarContinuousRollout: 'mountain-car-continuous',
    pendulumRollout: 'pendulum',
    acrobotRollout: 'acrobot',
  }
  const rollouts = cases.filter(({ function: name }) => name in named)

  it('are all there', () => expect(rollouts).toHaveLength(15))

  it.each(rollouts.map(given => [given.name, given] as const))('%s, in three copies at once', (_, given) => {
    const { initialState, actions } = given.input
    const copies = 3
    const world = vectorWorld(findWorld(named[given.function]), {
      copies,
      seed: 1,
      autoreset: 'disabled',
      outOfRange: 'dynamics',
    })
    world.reset({ states: Array.from({ length: copies }, () => initialState).flat() })
    given.expected.states.forEach((state, t) => {
      world.step(new Float64Array(copies).fill(actions[t]))
      for (let copy = 0; copy < copies; copy++) {
        state.forEach((value, k) => {
          const got = world.states[copy * state.length + k]
          expect(Math.abs(got - value)).toBeLessThanOrEqual(given.atol * (1 + Math.abs(value)))
        })
        expect(Math.abs(world.rewards[copy] - given.expected.rewards[t])).toBeLessThanOrEqual(given.atol * 10)
        expect(world.terminated[copy] === 1).toBe(given.expected.terminated[t])
      }
    })
  })
})

describe.each(each)('%s', (_, definition) => {
  it('gives each copy of a batch what it gives that copy alone', () => {
    for (const autoreset of ['next-step', 'same-step'] as const) {
      const options = { seed: 11, autoreset, horizon: 13 }
      const batch = vectorWorld(definition, { ...options, copies: 4 })
      const alone = [0, 1, 2, 3].map(firstCopy => vectorWorld(definition, { ...options, copies: 1, firstCopy }))
      const random = new Random(5)
      const width = sizeOf(definition.actionSpace)
      for (let t = 0; t < 40; t++) {
        const actions = drawActions(definition, 4, random)
        batch.step(actions)
        alone.forEach((world, copy) => {
          world.step(actions.subarray(copy * width, (copy + 1) * width))
          expect(shown(world)).toEqual(shown(batch, copy, copy + 1))
          const size = sizeOf(definition.observationSpace)
          expect([...world.finalObservations]).toEqual([
            ...batch.finalObservations.subarray(copy * size, (copy + 1) * size),
          ])
        })
      }
    }
  })

  it('gives the same bytes for the same seed, and other starts for another', () => {
    const make = (seed: number) => vectorWorld(definition, { copies: 3, seed, autoreset: 'same-step' })
    const [first, again, other] = [make(2), make(2), make(3)]
    expect(digest(first)).toBe(digest(again))
    const random = new Random(9)
    for (let t = 0; t < 60; t++) {
      const actions = drawActions(definition, 3, random)
      first.step(actions)
      again.step(actions)
      other.step(actions)
    }
    expect(digest(first)).toBe(digest(again))
    expect(digest(first)).not.toBe(digest(other))
    again.reset({ seed: 2 })
    expect(shown(again)).toEqual(shown(make(2)))
  })

  it('goes on bit for bit from a snapshot taken in the middle of an episode', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.nat(45), (seed, before) => {
        const options = { copies: 2, seed, autoreset: 'next-step', horizon: 20 } as const
        const world = vectorWorld(definition, options)
        const random = new Random(seed)
        for (let t = 0; t < before; t++) world.step(drawActions(definition, 2, random))
        const snapshot = world.save()
        const actions = Array.from({ length: 30 }, () => drawActions(definition, 2, random))
        const follow = (one: VectorWorld) =>
          actions.map(action => {
            one.step(action)
            return digest(one)
          })
        const first = follow(world)
        world.restore(snapshot)
        expect(Buffer.compare(world.save(), snapshot)).toBe(0)
        expect(follow(world)).toEqual(first)
        const elsewhere = vectorWorld(definition, { ...options, seed: seed + 1 })
        elsewhere.restore(snapshot)
        expect(follow(elsewhere)).toEqual(first)
      }),
      { numRuns: 8 },
    )
  })

  it('shows what its spaces promise, in arrays that stay', () => {
    const world = vectorWorld(definition, { copies: 3, seed: 4, autoreset: 'next-step' })
    const { observations, rewards, states } = world
    const space = definition.observationSpace
    const random = new Random(1)
    // bounds are float64, observations float32
    const low = space.kind === 'box' ? space.low.map(bound => Math.fround(bound ?? Number.NEGATIVE_INFINITY)) : [0]
    const high =
      space.kind === 'box' ? space.high.map(bound => Math.fround(bound ?? Number.POSITIVE_INFINITY)) : [space.count - 1]
    let outside = 0
    for (let t = 0; t < 120; t++) {
      world.step(drawActions(definition, 3, random))
      for (let i = 0; i < observations.length; i++) {
        const entry = i % low.length
        if (!(observations[i] >= low[entry] && observations[i] <= high[entry])) outside++
      }
    }
    expect(outside).toBe(0)
    expect(world.observations).toBe(observations)
    expect(world.rewards).toBe(rewards)
    expect(world.states).toBe(states)
    expect(JSON.parse(JSON.stringify(space))).toEqual(space)
    expect(JSON.parse(JSON.stringify(definition.actionSpace))).toEqual(definition.actionSpace)
  })

  it('draws itself, equal states alike and others not', () => {
    const world = vectorWorld(definition, { copies: 2, seed: 6, autoreset: 'disabled' })
    const state = world.states.slice(0, definition.stateSize)
    world.reset({ states: [...state, ...state] })
    const before = world.render(0)
    expect(before).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" .*<title>.*<\/svg>$/s)
    expect(before).not.toMatch(/NaN|undefined|Infinity/)
    expect(world.render(1)).toBe(before)
    const text = world.render(0, { format: 'text' })
    expect(text).not.toMatch(/NaN|undefined/)
    const random = new Random(2)
    const seen = new Set([text])
    for (let t = 0; t < 40 && seen.size === 1; t++) {
      world.step(drawActions(definition, 2, random))
      seen.add(world.render(0, { format: 'text' }))
    }
    expect(seen.size).toBeGreaterThan(1)
  })

  it('truncates at its horizon and not before', () => {
    const world = vectorWorld(definition, { copies: 1, seed: 8, autoreset: 'disabled', horizon: 3 })
    const state = world.states.slice()
    const random = new Random(3)
    for (let t = 1; t <= 3; t++) {
      world.step(drawActions(definition, 1, random))
      if (world.terminated[0] === 1) break
      expect(world.truncated[0]).toBe(Number(t === 3))
    }
    world.reset({ states: state })
    expect([world.terminated[0], world.truncated[0], world.elapsed[0]]).toEqual([0, 0, 0])
  })
})

it('finds worlds by name and suggests the nearest', () => {
  expect(findWorld('acrobot').horizon).toBe(500)
  expect(() => findWorld('cartpole')).toThrow(/there are cart-pole, mountain-car/)
  expect(new Set(worlds.map(world => world.name)).size).toBe(worlds.length)
  expect(Object.fromEntries(worlds.map(world => [world.name, world.horizon]))).toEqual({
    'cart-pole': 500,
    'mountain-car': 200,
    'mountain-car-continuous': 999,
    pendulum: 200,
    acrobot: 500,
    reacher: 50,
    'hard-maze': 400,
    curling: 500,
    'redundant-arm': 100,
    'four-rooms': 100,
    'door-key': 640,
    'four-room': 30,
    'line-key': 30,
    chain: 40,
    'object-rooms': 120,
    'xland-1': 50,
    'xland-game-1': 50,
    'dungeon-1': 200,
    'dungeon-chain': 200,
    'dungeon-key-room': 120,
  })
})

it('points to the engine of worlds that need one, and loads them by name', async () => {
  expect(physics.map(({ name }) => name)).toEqual(physicsWorldNames)
  expect(() => findWorld('ant-v5')).toThrow(
    expect.objectContaining({ hint: expect.stringContaining("findPhysicsWorld('ant-v5')") }),
  )
  expect(() => findWorld('hoper-v5')).toThrow(expect.objectContaining({ hint: 'did you mean hopper-v5?' }))
  expect((await findPhysicsWorld('ant-v5')).horizon).toBe(1000)
  expect((await findPhysicsWorld('arena-2v2')).name).toBe('arena-2v2')
  await expect(findPhysicsWorld('ant')).rejects.toThrow(/physics world; got ant/)
})
