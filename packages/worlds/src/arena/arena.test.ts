import { Random } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import { sizeOf, type VectorWorld, vectorWorld } from '../index.ts'
import { type ArenaOptions, arenaWorld } from './arena-world.ts'
import { loadRapier } from './bodies.ts'
import { motorPush, sharpestTurn } from './driving.ts'
import { onTarget, placeCar } from './events.ts'
import { boostPads, field } from './field.ts'
import { arenaLayout, entry, playerEntry } from './layout.ts'
import { meetingSpeed, strike, strikeShare } from './strike.ts'

const engine = await loadRapier()

/** A car's place in unreal units and the way it looks, its speed forwards and its boost. */
interface Car {
  readonly x?: number
  readonly y?: number
  readonly yaw?: number
  readonly speed?: number
  readonly boost?: number
}

/** One copy in a state of one's own: the ball in unreal units, a car for each player. */
function scene(
  options: ArenaOptions,
  { ball = [0, 3000, 92.75], velocity = [0, 0, 0] }: { ball?: number[]; velocity?: number[] },
  cars: readonly Car[] = [{}],
) {
  const definition = arenaWorld(engine, options)
  const layout = arenaLayout(options.blue ?? 1, options.orange ?? 1)
  const state = new Float64Array(definition.stateSize)
  state[entry.lastBlue] = -1
  state[entry.lastOrange] = -1
  ball.forEach((length, k) => {
    state[entry.ball + k] = length / 100
  })
  velocity.forEach((speed, k) => {
    state[entry.ball + 3 + k] = speed / 100
  })
  cars.forEach(({ x = 0, y = 0, yaw = Math.PI / 2, speed = 0, boost = 0 }, p) => {
    const player = layout.player(p)
    placeCar(state, player, x, y, yaw)
    state[player + playerEntry.velocity] = (Math.cos(yaw) * speed) / 100
    state[player + playerEntry.velocity + 1] = (Math.sin(yaw) * speed) / 100
    state[player + playerEntry.boost] = boost
  })
  const world = vectorWorld(definition, { copies: 1, seed: 0, autoreset: 'disabled' })
  world.reset({ states: state })
  return { world, read: () => definition.read(world.states) }
}

function run(world: VectorWorld, action: readonly number[], actions: number): void {
  for (let t = 0; t < actions && world.terminated[0] === 0; t++) world.step(action)
}

const alone = { blue: 1, orange: 0 } as const
const speedOf = (vector: readonly number[]) => Math.hypot(...vector)

describe('the field', () => {
  it('has 6 big and 28 small pads, as many on each side', () => {
    expect(boostPads.filter(({ amount }) => amount === 100)).toHaveLength(6)
    expect(boostPads.filter(({ amount }) => amount === 12)).toHaveLength(28)
    for (const { x, y, amount } of boostPads)
      expect(boostPads.some(pad => pad.x === -x && pad.y === -y && pad.amount === amount)).toBe(true)
    expect(new Set(boostPads.map(({ x, y }) => `${x} ${y}`)).size).toBe(34)
  })
})

describe('driving', () => {
  it('pushes by the speed it has, and steers less sharply when fast', () => {
    expect([0, 7, 14, 14.05, 14.1, 20].map(motorPush)).toEqual([16, 8.8, 1.6, expect.closeTo(0.8, 9), 0, 0])
    expect([0, 5, 7.5, 23, 30].map(sharpestTurn)).toEqual([0.69, 0.398, expect.closeTo(0.3165, 12), 0.088, 0.088])
  })

  it('starts with 1600 uu/s², ends at 1410 uu/s without boost and 2300 with it', () => {
    const { world, read } = scene({ ...alone, ticks: 1 }, { ball: [3000, 0, 93] }, [{ y: -5000 }])
    world.step([1, 0, -1, -1])
    expect(speedOf(read().players[0].velocity)).toBeCloseTo(1600 / 120, 2)
    const slow = scene(alone, { ball: [3000, 0, 93] }, [{ y: -5000 }])
    run(slow.world, [1, 0, -1, -1], 50)
    expect(speedOf(slow.read().players[0].velocity)).toBeGreaterThan(1395)
    expect(speedOf(slow.read().players[0].velocity)).toBeLessThan(1411)
    // from 1300 uu/s at 992 uu/s² (and the motor's last push) in under a second
    const fast = scene({ ...alone, ticks: 7 }, { ball: [3000, 0, 93] }, [{ y: -4500, x: 600, speed: 1300, boost: 100 }])
    run(fast.world, [1, 0, -1, 1], 17)
    expect(speedOf(fast.read().players[0].velocity)).toBeCloseTo(2300, 0)
    expect(fast.read().players[0].boost).toBeCloseTo(100 - (33.3 * 119) / 120, 6)
  })

  it('turns right for positive steering, with the radius of its speed', () => {
    const { world, read } = scene({ ...alone, ticks: 1 }, { ball: [3000, 3000, 93] }, [{ speed: 1000 }])
    world.step([0, 1, -1, -1])
    const { velocity, spin } = read().players[0]
    expect(spin[2]).toBeCloseTo((-speedOf(velocity) / 100) * sharpestTurn(speedOf(velocity) / 100), 3)
    run(world, [0.1, 1, -1, -1], 30)
    expect(read().players[0].position[0]).toBeGreaterThan(10)
  })

  it('brakes harder than it rolls out', () => {
    const stop = (throttle: number) => {
      const { world, read } = scene({ ...alone, ticks: 12 }, { ball: [3000, 0, 93] }, [{ speed: 1000, y: -3000 }])
      world.step([throttle, 0, -1, -1])
      return speedOf(read().players[0].velocity)
    }
    expect(stop(0)).toBeCloseTo(1000 - 52.5, 0)
    expect(stop(-1)).toBeCloseTo(1000 - 350, 0)
  })

  it('jumps as high as 292 uu/s carries it, and not again in the air', () => {
    const { world, read } = scene({ ...alone, ticks: 1 }, { ball: [3000, 0, 93] })
    let highest = 0
    world.step([0, 0, 1, -1])
    for (let t = 0; t < 60; t++) {
      world.step([0, 0, 1, -1])
      highest = Math.max(highest, read().players[0].position[2])
    }
    // v²/2g above where it stood
    expect(highest).toBeGreaterThan(18 + 292 ** 2 / 1300 - 3)
    expect(highest).toBeLessThan(18 + 292 ** 2 / 1300 + 1)
    expect(read().players[0].grounded).toBe(false)
  })

  it('puts a car that lies on its back on its wheels', () => {
    const { world, read } = scene({ ...alone, ticks: 8 }, { ball: [3000, 0, 93] })
    const state = world.states.slice()
    const turn = arenaLayout(1, 0).player(0) + playerEntry.turn
    state.set([1, 0, 0, 0], turn)
    world.reset({ states: state })
    expect(read().players[0].up[2]).toBe(-1)
    run(world, [0, 0, 1, -1], 1)
    run(world, [0, 0, -1, -1], 20)
    expect(read().players[0].up[2]).toBeGreaterThan(0.99)
    expect(read().players[0].grounded).toBe(true)
  })
})

describe('the ball', () => {
  it('falls, and gives back 0.6 of its speed', () => {
    const { world, read } = scene({ ...alone, ticks: 1 }, { ball: [2000, 0, 592.75] })
    for (let t = 0; t < 12; t++) world.step([0, 0, -1, -1])
    expect(read().ball.velocity[2]).toBeCloseTo(-65, 0)
    let after = 0
    for (let t = 0; t < 160 && after <= 0; t++) {
      world.step([0, 0, -1, -1])
      after = read().ball.velocity[2]
    }
    // 500 uu down: √(2·650·500) = 806 uu/s
    expect(after).toBeGreaterThan(0.6 * 806 - 25)
    expect(after).toBeLessThan(0.6 * 806 + 10)
  })

  it('never flies faster than 6000 uu/s', () => {
    const { world, read } = scene(alone, { ball: [0, 0, 1000], velocity: [9000, 0, 0] })
    world.step([0, 0, -1, -1])
    expect(speedOf(read().ball.velocity)).toBeLessThanOrEqual(6000.001)
  })

  it('is on target when it would fly into a goal by itself', () => {
    const flight = (x: number, y: number, z: number, ...velocity: number[]) =>
      onTarget(Float64Array.of(x, y, z, ...velocity), 0)
    expect(flight(0, 0, 1, 0, 20, 0)).toBe(1)
    expect(flight(0, 0, 1, 0, -20, 0)).toBe(-1)
    expect(flight(0, 0, 1, 0, 1, 0)).toBe(0)
    expect(flight(0, 0, 1, 5, 20, 0)).toBe(0)
    expect(flight(0, 40, 10, 0, 20, 10)).toBe(0)
    expect(flight(0, 0, 1, 0, 0, 0)).toBe(0)
  })
})

describe('a strike', () => {
  it('gains the ball a share of the speed they met with, flat rather than up', () => {
    expect([0, 5, 14, 23, 46, 60].map(strikeShare)).toEqual([0.65, 0.65, expect.closeTo(0.6, 12), 0.55, 0.3, 0.3])
    const state = new Float64Array(60)
    placeCar(state, 20, 0, 0, 0)
    state.set([1.5, 0, 0.18 + 2], 0)
    strike(state, 20, 0, 5)
    // n = (1.5, 0, 0.7) loses 0.35 of its part along the nose, (0.975, 0, 0.7)
    const length = Math.hypot(0.975, 0.7)
    expect(state[3]).toBeCloseTo((3.25 * 0.975) / length, 6)
    expect(state[5]).toBeCloseTo((3.25 * 0.7) / length, 6)
    const still = new Float64Array(60)
    still.set([7, 0, 24], 27)
    still.set([3, 0, 0], 3)
    expect(meetingSpeed(still, 20, 0)).toBeCloseTo(Math.hypot(4, 24), 12)
  })
})

describe('events', () => {
  it('count a goal for the team and whoever touched the ball last, and end the episode', () => {
    const game = scene({ blue: 2, orange: 1 }, { ball: [100, 5100, 200], velocity: [0, 3000, 0] }, [
      { y: -4000 },
      { x: 500, y: -4000 },
      { x: 900, y: -4000 },
    ])
    game.world.states[entry.lastBlue] = 1
    game.world.step(new Float64Array(12).fill(-1))
    expect([game.world.rewards[0], game.world.terminated[0]]).toEqual([1, 1])
    const { scored, players } = game.read()
    expect(scored).toBe('blue')
    expect(players.map(({ events }) => [events.goal, events.teamGoal, events.concede])).toEqual([
      [0, 1, 0],
      [1, 1, 0],
      [0, 0, 1],
    ])
    expect(game.world.facts()).toMatchObject({ scored: 1, 'blue2.goal': 1, 'orange1.concede': 1, 'blue1.goal': 0 })
    const other = scene({}, { ball: [0, -5100, 200], velocity: [0, -3000, 0] }, [{ y: 4000 }, { x: 900, y: 4000 }])
    other.world.step(new Float64Array(8))
    expect([other.world.rewards[0], other.read().scored]).toEqual([-1, 'orange'])
  })

  it('are no goal beside or above the goal', () => {
    for (const ball of [
      [1200, 4900, 200],
      [0, 4900, 900],
    ]) {
      const { world, read } = scene(alone, { ball, velocity: [0, 3000, 0] }, [{ y: -4000 }])
      run(world, [0, 0, -1, -1], 5)
      expect(world.terminated[0]).toBe(0)
      expect(read().ball.velocity[1]).toBeLessThan(-1000)
      expect(read().ball.position[1]).toBeLessThan(5120)
    }
  })

  it('count one touch for one contact, a shot when it sends the ball on target', () => {
    const game = scene(alone, { ball: [0, 3000, 92.75] }, [{ y: 2400, speed: 2000 }])
    const touched: boolean[] = []
    for (let t = 0; t < 8; t++) {
      game.world.step([1, 0, -1, -1])
      touched.push(game.read().players[0].touched)
    }
    expect(touched).toContain(true)
    expect(touched[0]).toBe(false)
    const { events } = game.read().players[0]
    expect(events).toMatchObject({ touch: 1, shot: 1, save: 0 })
    run(game.world, [1, 0, -1, -1], 60)
    expect(game.world.rewards[0]).toBe(1)
    expect(game.read().players[0].events).toMatchObject({ goal: 1, teamGoal: 1 })
  })

  it('count a save when it stops a ball on its way into the own goal', () => {
    const game = scene(alone, { ball: [0, -4000, 92.75], velocity: [0, -1500, 0] }, [{ y: -4700, speed: 500 }])
    run(game.world, [1, 0, -1, -1], 8)
    expect(game.read().players[0].events).toMatchObject({ touch: 1, save: 1, concede: 0 })
    expect(game.read().ball.velocity[1]).toBeGreaterThan(-400)
  })

  it('count a demolition at supersonic speed, after which the car is away for three seconds', () => {
    const ram = (speed: number) => {
      const game = scene({}, {}, [
        { y: -1000, speed, boost: 100 },
        { y: -700, yaw: 0 },
      ])
      run(game.world, [1, 0, -1, speed > 2000 ? 1 : -1, 0, 0, -1, -1], 4)
      return game
    }
    const hit = ram(2300)
    expect(hit.read().players.map(({ events }) => [events.demo, events.demoed])).toEqual([
      [1, 0],
      [0, 1],
    ])
    expect(hit.read().players[1].demolished).toBe(true)
    run(hit.world, [0, 0, -1, -1, 1, 0, -1, -1], 40)
    expect(hit.read().players[1].demolished).toBe(true)
    run(hit.world, [0, 0, -1, -1, 0, 0, -1, -1], 6)
    const { demolished, position, boost } = hit.read().players[1]
    expect([demolished, boost]).toEqual([false, 33])
    expect(position[1]).toBeCloseTo(4608, 0)
    const bump = ram(1500)
    expect(bump.read().players[0].events.demo).toBe(0)
    expect(bump.read().players[1].velocity[1]).toBeGreaterThan(100)
  })

  it('fill the boost on a pad once, until the pad is full again', () => {
    const { world, read } = scene(alone, {}, [{ x: 3584, y: -150, speed: 600, boost: 5 }])
    run(world, [0, 0, -1, -1], 6)
    expect(read().players[0].boost).toBe(100)
    const empty = boostPads.map((_, i) => i).filter(i => !read().pads[i])
    expect(empty.map(i => boostPads[i])).toEqual([expect.objectContaining({ x: 3584, y: 0, amount: 100 })])
    const timer = arenaLayout(1, 0).pads + empty[0]
    expect(world.states[timer]).toBeGreaterThan(10 * 120 - 49)
    expect(world.states[timer]).toBeLessThanOrEqual(10 * 120)
    world.states[timer] = 9
    run(world, [0, 0, -1, -1], 1)
    expect(read().pads.every(full => full)).toBe(false)
    run(world, [0, 0, -1, -1], 1)
    expect(read().pads.every(full => full)).toBe(true)
  })
})

describe('the world', () => {
  it('plays each copy as if it were alone, bit for bit', () => {
    const definition = arenaWorld(engine, { start: 'random' })
    const options = { seed: 4, autoreset: 'same-step', horizon: 12 } as const
    const together = vectorWorld(definition, { ...options, copies: 2 })
    const apart = vectorWorld(arenaWorld(engine, { start: 'random' }), { ...options, copies: 1, firstCopy: 1 })
    const random = new Random(3)
    for (let t = 0; t < 25; t++) {
      const actions = Float64Array.from({ length: 16 }, () => random.uniform(-1, 1))
      together.step(actions)
      apart.step(actions.subarray(8))
      expect([...apart.states]).toEqual([...together.states.subarray(definition.stateSize)])
    }
  })

  it('keeps everything inside and finite under random play of four', () => {
    const definition = arenaWorld(engine, { blue: 2, orange: 2, start: 'random' })
    const world = vectorWorld(definition, { copies: 1, seed: 2, autoreset: 'same-step' })
    const random = new Random(6)
    let furthest = 0
    let lowest = Number.POSITIVE_INFINITY
    let actions = new Float64Array(16)
    for (let t = 0; t < 150; t++) {
      if (t % 6 === 0) actions = Float64Array.from({ length: 16 }, () => random.uniform(-1, 1))
      world.step(actions)
      const { ball, players } = definition.read(world.states)
      for (const [x, y, z] of [ball.position, ...players.map(({ position }) => position)]) {
        furthest = Math.max(furthest, Math.abs(x) / field.sideWall, Math.abs(y) / field.backOfNet, z / field.ceiling)
        lowest = Math.min(lowest, z)
      }
    }
    expect(furthest).toBeLessThan(1.01)
    expect(furthest).toBeGreaterThan(0.5)
    expect(lowest).toBeGreaterThan(5)
    expect(sizeOf(definition.observationSpace)).toBe(9 + 4 * 18 + 34)
  })

  it('kicks off from mirrored places and draws itself', () => {
    const definition = arenaWorld(engine)
    const seen = new Set<string>()
    for (let seed = 0; seed < 20; seed++) {
      const world = vectorWorld(definition, { copies: 1, seed, autoreset: 'disabled' })
      const [blue, orange] = definition.read(world.states).players
      for (const k of [0, 1]) {
        expect(orange.position[k]).toBeCloseTo(-blue.position[k], 3)
        expect(orange.forward[k]).toBeCloseTo(-blue.forward[k], 6)
      }
      seen.add(blue.position.join())
      expect(world.render()).toContain('<title>arena-1v1</title>')
    }
    expect(seen.size).toBe(5)
  })

  it('refuses teams, ticks and times there cannot be', () => {
    expect(() => arenaWorld(engine, { blue: 3 })).toThrow(/at most 2 players/)
    expect(() => arenaWorld(engine, { blue: 0 })).toThrow(/blue/)
    expect(() => arenaWorld(engine, { ticks: 0 })).toThrow(/ticks/)
    expect(() => arenaWorld(engine, { seconds: Number.NaN })).toThrow(/seconds > 0/)
  })
})
