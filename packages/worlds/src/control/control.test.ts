import { Random } from '@guerdon/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { acrobot } from './acrobot.ts'
import { cartPole } from './cart-pole.ts'
import { type Dynamics, follow } from './dynamics.ts'
import { hardMazeGoal, hardMazeStart, hardMazeStep } from './hard-maze.ts'
import { mountainCar } from './mountain-car.ts'
import { mountainCarContinuous } from './mountain-car-continuous.ts'
import { antReward, halfCheetahReward, reacherReward } from './mujoco-rewards.ts'
import { normalAngle, pendulum } from './pendulum.ts'
import { fingertip, reacher } from './reacher.ts'
import { mazeStart, mazeStep } from './unit-maze.ts'

const discrete: Dynamics[] = [cartPole, mountainCar, acrobot]
const continuous: Dynamics[] = [pendulum, mountainCarContinuous]

describe('classic control', () => {
  it('moves positions by the old velocities in CartPole', () => {
    const { state } = cartPole.step(Float64Array.of(0, 1, 0, 2), 1)
    expect(state[0]).toBe(0.02)
    expect(state[2]).toBe(0.04)
  })

  it('ends only beyond the limits, paying for the last step', () => {
    expect(cartPole.step(Float64Array.of(2.4, 0, 0, 0), 1).terminated).toBe(false)
    expect(cartPole.step(Float64Array.of(2.39, 1, 0, 0), 1)).toMatchObject({ terminated: true, reward: 1 })
    expect(mountainCarContinuous.step(Float64Array.of(0.44, 0.05), 2).reward).toBeCloseTo(100 - 0.4, 12)
  })

  it('pays the pendulum for the state before the step, with the remainder never negative', () => {
    expect(normalAngle(-3 * Math.PI)).toBeCloseTo(-Math.PI, 12)
    expect(normalAngle(0.5)).toBeCloseTo(0.5, 12)
    expect(pendulum.step(Float64Array.of(0, 0), 2).reward).toBeCloseTo(-0.004, 12)
  })

  it('stays finite and within bounds under any actions, and never changes its argument', () => {
    fc.assert(
      fc.property(fc.integer(), fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 40 }), (seed, actions) => {
        for (const world of discrete) {
          const start = world.reset(new Random(seed))
          const before = start.slice()
          const trace = follow(
            world,
            start,
            actions.map(a => a % (world.actionCount ?? 1)),
          )
          expect([...start]).toEqual([...before])
          for (const state of trace.states) expect(state.every(Number.isFinite)).toBe(true)
        }
        for (const world of continuous) {
          const trace = follow(
            world,
            world.reset(new Random(seed)),
            actions.map(a => 3 * (a - 1)),
          )
          for (const state of trace.states) {
            expect(state.every(Number.isFinite)).toBe(true)
            expect(world.observe(state)).toHaveLength(world.observationSize)
          }
        }
      }),
      { numRuns: 20 },
    )
  })

  it('refuses actions it does not know', () => {
    expect(() => cartPole.step(new Float64Array(4), 2)).toThrow(/0 … 1/)
    expect(() => pendulum.step(new Float64Array(2), Number.NaN)).toThrow(/finite action/)
  })
})

describe('robot rewards', () => {
  it('are the terms of the reference', () => {
    expect(reacherReward([3, 4], [0, 0], [1, 1])).toBe(-7)
    expect(halfCheetahReward(2, [1, 2])).toBe(1.5)
    expect(antReward(1, [1], [5, -0.5], 0.5, [0])).toEqual({
      reward: 1 + 1 - 0.5 - 5e-4 * 1.25,
      healthy: true,
      terminated: false,
    })
    expect(antReward(1, [], [], 1.1, [0])).toMatchObject({ reward: 1, terminated: true })
    expect(antReward(1, [], [], 0.5, [Number.NaN]).terminated).toBe(true)
  })

  it('reach with a planar arm', () => {
    const state = reacher.reset(new Random(7))
    expect(Math.hypot(state[4], state[5])).toBeLessThan(0.2)
    expect(fingertip(0, 0)[0]).toBeCloseTo(0.21, 12)
    const step = reacher.step(state, [0, 0])
    const [x, y] = fingertip(step.state[0], step.state[1])
    expect(step.reward).toBeCloseTo(-Math.hypot(x - state[4], y - state[5]), 12)
    expect(reacher.observe(state)).toHaveLength(10)
  })
})

describe('mazes', () => {
  const never = { float: () => 0.99 }

  it('pay the goal once and end there', () => {
    const near = { x: 0.8, y: 0.72, steps: 0 }
    const step = mazeStep(near, 0, never, { heuristic: 'good' })
    expect(step).toMatchObject({ terminated: true, truncated: false })
    expect(step.primaryReward).toBeCloseTo(99.9, 12)
    expect(mazeStep(step.state, 0, never)).toMatchObject({ primaryReward: 0, terminated: true })
  })

  it('measure the distance in y only where it is not released code', () => {
    const at = (y: number, compat: 'released' | null) =>
      mazeStep({ x: 0.87, y, steps: 0 }, 2, never, { heuristic: 'good', compat }).auxiliaryReward
    expect(at(0.2, 'released')).toBeCloseTo(at(0.4, 'released'), 12)
    expect(at(0.2, null)).toBeLessThan(at(0.4, null))
  })

  it('draw noise in a documented order and truncate apart from terminating', () => {
    const draws = [0, 0.5]
    const noisy = mazeStep(mazeStart, 0, { float: () => draws.shift() ?? 0.9 }, { actionNoise: 0.1 })
    expect(noisy.state.y).toBeLessThan(mazeStart.y)
    const last = mazeStep({ ...mazeStart, steps: 49 }, 0, never)
    expect(last).toMatchObject({ truncated: true, terminated: false, primaryReward: -0.1 })
    expect(mazeStep({ ...mazeStart, steps: 49 }, 0, never, { compat: 'released' }).primaryReward).toBe(0)
    expect(() => mazeStep(mazeStart, 4, never)).toThrow(/0 … 3/)
  })

  it('have walls one cannot pass, and a straight way that is a trap', () => {
    const towards = hardMazeStep([20, 52], [0, -5])
    expect(towards.blocked).toBe(true)
    const straight = Math.hypot(hardMazeGoal[0] - hardMazeStart[0], hardMazeGoal[1] - hardMazeStart[1])
    expect(straight).toBeLessThan(100)
    expect(hardMazeStep(hardMazeStart, [300, 0]).position).toEqual([hardMazeStart[0] + 5, hardMazeStart[1]])
    expect(() => hardMazeStep(hardMazeStart, [Number.NaN, 0])).toThrow(/finite move/)
  })
})
