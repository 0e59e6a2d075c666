import { Random } from '@guerdon/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hardMazeWorld } from '../control/hard-maze.ts'
import { vectorWorld, type WorldDefinition } from '../index.ts'
import { payArea } from './areas.ts'
import { curlingAreas, curlingArm, curlingTable, curlingWorld } from './curling.ts'
import { redundantArmOutcome, redundantArmWorld } from './redundant-arm.ts'

const options = { copies: 1, seed: 0, autoreset: 'disabled' } as const

/** A state of curling: the arm out of the way unless given. */
function table({ ball = [0, 0], speed = [0, 0], joints = [-1.5, 0], turning = [0, 0], step = 0 }) {
  return [...ball, ...speed, ...joints, ...turning, step]
}

function after(world: WorldDefinition, state: readonly number[], actions: readonly (readonly number[])[]) {
  const vector = vectorWorld(world, options)
  vector.reset({ states: state })
  for (const action of actions) vector.step(action)
  return vector
}

describe('reward areas', () => {
  it('pay by the distance from the middle, the first that matches first', () => {
    expect(payArea(0.8, 0.8, curlingAreas)).toEqual({ reward: 1, area: 0 })
    expect(payArea(0.8, 0.6, curlingAreas).reward).toBeCloseTo(0.5, 12)
    expect(payArea(0.9, -0.8, curlingAreas)).toEqual({ reward: expect.closeTo(0.5, 12), area: 1 })
    expect(payArea(0.8, 0.4, [{ x: 0.8, y: 0.8, radius: 0.4 }])).toEqual({ reward: expect.closeTo(0, 12), area: 0 })
    expect(payArea(-1, -1, curlingAreas)).toEqual({ reward: 0, area: -1 })
    const both = [{ x: 0, y: 0, radius: 1 }, ...curlingAreas, { x: 0, y: 0, radius: 2 }]
    expect(payArea(0.25, 0, both)).toEqual({ reward: 0.75, area: 0 })
    expect(() => curlingWorld({ areas: [] })).toThrow(/at least one area/)
    expect(() => redundantArmWorld({ areas: [{ x: 0, y: 0, radius: 0 }] })).toThrow(/radius > 0/)
  })
})

describe('the redundant arm', () => {
  it('ends where its angles say', () => {
    expect(redundantArmOutcome(new Float64Array(20))).toEqual({ tip: [1, 0.5], evenness: -0 })
    const bent = redundantArmOutcome([Math.PI / 2, -Math.PI / 2])
    // up by a quarter, then right by a quarter; variance of ±π/2
    expect(bent.tip).toEqual([expect.closeTo(0.75, 12), expect.closeTo(0.75, 12)])
    expect(bent.evenness).toBeCloseTo(-(Math.PI ** 2) / 4, 12)
    // a full turn in N equal bends is a closed polygon
    const ring = redundantArmOutcome(new Float64Array(8).fill(Math.PI / 4))
    expect(ring.tip).toEqual([expect.closeTo(0.5, 12), expect.closeTo(0.5, 12)])
    expect(ring.evenness).toBeCloseTo(0, 12)
    expect(() => redundantArmOutcome([])).toThrow(/at least one angle/)
  })

  it('stays within the square and is bent as evenly in reverse', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 1, maxLength: 30 }), angles => {
        const { tip, evenness } = redundantArmOutcome(angles)
        expect(Math.hypot(tip[0] - 0.5, tip[1] - 0.5)).toBeLessThanOrEqual(0.5 + 1e-12)
        expect(evenness).toBeLessThanOrEqual(0)
        expect(redundantArmOutcome(angles.toReversed()).evenness).toBeCloseTo(evenness, 9)
        // mirroring the angles mirrors the tip
        const mirrored = redundantArmOutcome(angles.map(angle => -angle)).tip
        expect(mirrored[0]).toBeCloseTo(tip[0], 9)
        expect(mirrored[1]).toBeCloseTo(1 - tip[1], 9)
      }),
    )
  })

  it('turns by at most its reach, stops at ±π, and is paid at the last step alone', () => {
    const world = redundantArmWorld({ joints: 2, reach: 0.5, steps: 8, areas: [{ x: 0.5, y: 0.5, radius: 0.2 }] })
    const vector = vectorWorld(world, options)
    const rewards: number[] = []
    for (let t = 0; t < 8; t++) {
      expect(vector.terminated[0]).toBe(0)
      vector.step([0, 1])
      rewards.push(vector.rewards[0])
    }
    expect([...vector.states]).toEqual([0, Math.PI, 8])
    // folded back on itself
    expect(rewards).toEqual([0, 0, 0, 0, 0, 0, 0, expect.closeTo(1, 12)])
    expect([vector.terminated[0], vector.truncated[0]]).toEqual([1, 1])
    expect(vector.facts()).toMatchObject({ area: 0, tipX: expect.closeTo(0.5, 12) })
    expect(() => redundantArmWorld({ joints: 0 })).toThrow(/joints/)
    expect(() => redundantArmWorld({ reach: Number.NaN })).toThrow(/reach > 0/)
  })
})

describe('curling', () => {
  it('slows the ball as its drag says and turns it round at walls', () => {
    const still = [0, 0]
    const free = after(curlingWorld(), table({ speed: [1, 0] }), [still])
    expect(free.states[2]).toBeCloseTo(Math.exp(-0.6 * 0.04), 12)
    const bounced = after(curlingWorld(), table({ ball: [1.39, 0.5], speed: [5, 0.5] }), [still])
    expect(bounced.states[2]).toBeCloseTo(-0.8 * 5 * Math.exp(-0.6 * 0.04), 12)
    expect(bounced.states[0]).toBeLessThan(1.4)
    expect(bounced.states[3]).toBeCloseTo(0.5 * Math.exp(-0.6 * 0.04), 12)
  })

  it('knows where its arm is', () => {
    expect(curlingArm(0, 0)).toEqual([
      [0, -0.5],
      [0, 0.5],
    ])
    const [elbow, hand] = curlingArm(Math.PI / 2, -Math.PI / 2)
    expect(elbow).toEqual([expect.closeTo(-1, 12), expect.closeTo(-1.5, 12)])
    expect(hand).toEqual([expect.closeTo(-1, 12), expect.closeTo(-0.5, 12)])
  })

  it('lets the arm push a ball at rest with its own speed and the bounce', () => {
    // the upper arm stands upright and turns to the left (positive angles); the ball lies left of it, 0.8 up
    const world = curlingWorld()
    const ball = [-0.135, -0.7]
    const pushed = after(world, table({ ball, joints: [0, -2.5], turning: [1, 0] }), [[0.25, 0]])
    // the torque holds the speed: 12·0.25 = 3·1; at 0.8 from the shoulder the link moves at 0.8 and 1.8 times that is left
    expect(pushed.states[6]).toBeCloseTo(1, 12)
    expect(pushed.states[2]).toBeLessThan(-1.35)
    expect(pushed.states[2]).toBeGreaterThan(-1.8 * 0.8)
    const missed = after(world, table({ ball: [0.5, -0.7], joints: [0, -2.5], turning: [1, 0] }), [[0.25, 0]])
    expect([missed.states[2], missed.states[3]]).toEqual([0, 0])
  })

  it('keeps the ball on the table and out of the arm, whatever the arm does', () => {
    const world = vectorWorld(curlingWorld(), { copies: 16, seed: 3, autoreset: 'same-step' })
    const random = new Random(4)
    const border = curlingTable.half - curlingTable.ballRadius
    let moved = 0
    let furthest = 0
    let fastest = 0
    let actions = new Float64Array(32)
    for (let t = 0; t < 1200; t++) {
      // strokes of ten steps
      if (t % 10 === 0) actions = Float64Array.from({ length: 32 }, () => random.uniform(-1, 1))
      world.step(actions)
      for (let copy = 0; copy < 16; copy++) {
        const [x, y, speedX, speedY] = world.states.subarray(9 * copy)
        furthest = Math.max(furthest, Math.abs(x), Math.abs(y))
        fastest = Math.max(fastest, Math.hypot(speedX, speedY))
        if (x !== curlingTable.ball[0]) moved++
      }
    }
    expect(moved).toBeGreaterThan(1000)
    expect(furthest).toBeLessThanOrEqual(border)
    expect(fastest).toBeGreaterThan(1)
    expect(fastest).toBeLessThan(40)
  })
  it('pays at step 500 alone, and both areas can be reached by simple strokes', () => {
    const world = curlingWorld()
    const paid = after(world, table({ ball: [0.8, 0.8], step: 498 }), [[0, 0]])
    expect([paid.rewards[0], paid.terminated[0]]).toEqual([0, 0])
    paid.step([0, 0])
    expect([paid.rewards[0], paid.terminated[0]]).toEqual([1, 1])
    // a random stroke reaches the wide area about 3 times in 100 and the narrow one 6 times in 1000
    const copies = 1024
    const vector = vectorWorld(curlingWorld({ steps: 200 }), { copies, seed: 1, autoreset: 'disabled' })
    const random = new Random(8)
    const stroke = Float64Array.from({ length: 2 * copies }, () => random.uniform(-1, 1))
    const idle = new Float64Array(2 * copies)
    for (let t = 0; t < 200; t++) vector.step(t < 30 ? stroke : idle)
    const areas = Array.from({ length: copies }, (_, copy) => vector.facts(copy).area)
    expect(areas.every((area, copy) => area >= 0 === vector.rewards[copy] > 0)).toBe(true)
    for (const area of [-1, 0, 1]) expect(areas).toContain(area)
  })
})

describe('pictures for encoders', () => {
  it('show the same for equal states and something else for others, in [0, 1]', () => {
    for (const world of [curlingWorld(), redundantArmWorld(), hardMazeWorld()]) {
      const state = new Float64Array(world.stateSize)
      world.start(state, 0, new Random(1))
      const first = world.raster!(state)
      expect(first).toHaveLength(64 * 64)
      expect([Math.min(...first), Math.max(...first)]).toEqual([0, 1])
      expect(world.raster!(state)).toEqual(first)
      const vector = vectorWorld(world, options)
      const action = new Float64Array(world.actionSpace.kind === 'box' ? world.actionSpace.low.length : 1).fill(1)
      for (let t = 0; t < 10; t++) vector.step(action)
      expect(world.raster!(vector.states)).not.toEqual(first)
      expect(() => world.raster!(state, 0)).toThrow(/size/)
    }
  })

  it('paint what is covered, a share at the rim', () => {
    const maze = hardMazeWorld()
    const pixels = maze.raster!(Float64Array.of(100, 100), 21)
    // 10 units a pixel: the disc of radius 6 around (100, 100) fills the middle one and half its neighbours' rims
    expect(pixels[10 * 21 + 10]).toBe(1)
    expect(pixels[10 * 21 + 11]).toBeCloseTo(0.5 + (6 - 10) / 10, 6)
    // the left wall at x = 0, radius 1.5, passes through the middle of column 0
    expect(pixels[3 * 21]).toBeCloseTo(0.4 * (0.5 + 0.15), 6)
  })
})
