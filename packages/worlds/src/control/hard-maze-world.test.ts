import { describe, expect, it } from 'vitest'
import { reacherWorld, vectorWorld } from '../index.ts'
import { hardMazeWorld } from './hard-maze.ts'

const options = { copies: 1, seed: 0, autoreset: 'disabled' } as const

describe('the hard maze', () => {
  it('ends within the radius of the goal, paid by distance or once', () => {
    const world = vectorWorld(hardMazeWorld(), options)
    world.reset({ states: [29, 20] })
    world.step([-4, 0])
    expect([world.states[0], world.rewards[0], world.terminated[0]]).toEqual([25, -5, 0])
    world.step([-1, 0])
    expect([world.states[0], world.rewards[0], world.terminated[0]]).toEqual([24, -4, 1])
    const sparse = vectorWorld(hardMazeWorld({ reward: 'sparse' }), { ...options, copies: 2 })
    sparse.reset({ states: [29, 20, 25, 20] })
    sparse.step([-4, 0, -1, 0])
    expect([...sparse.rewards, ...sparse.terminated]).toEqual([0, 1, 0, 1])
  })

  it('shortens a move that is too long and refuses to pass walls', () => {
    const world = vectorWorld(hardMazeWorld(), options)
    world.reset({ states: [100, 100] })
    world.step([3, -4])
    expect([...world.states]).toEqual([103, 96])
    world.step([5, 5])
    expect(Math.hypot(world.states[0] - 103, world.states[1] - 96)).toBeCloseTo(5, 12)
    world.reset({ states: [60, 52] })
    world.step([0, -3])
    expect([...world.states]).toEqual([60, 52])
  })

  it('can be solved by going round, in far more steps than the straight line has', () => {
    const world = vectorWorld(hardMazeWorld(), options)
    const corners = [
      [20, 80],
      [20, 165],
      [60, 165],
      [60, 130],
      [140, 130],
      [140, 20],
      [24, 20],
    ]
    let steps = 0
    for (const [x, y] of corners) {
      while (world.terminated[0] === 0 && Math.hypot(x - world.states[0], y - world.states[1]) > 1e-9) {
        world.step([x - world.states[0], y - world.states[1]].map(move => Math.max(-5, Math.min(5, move))))
        steps++
      }
    }
    expect(world.terminated[0]).toBe(1)
    expect(steps).toBeGreaterThan(60)
    expect(steps).toBeLessThan(400)
  })

  it('refuses a reach or a radius of nothing', () => {
    expect(() => hardMazeWorld({ reach: 0 })).toThrow(/reach > 0/)
    expect(() => hardMazeWorld({ goalRadius: Number.NaN })).toThrow(/goalRadius > 0/)
  })
})

describe('the reacher', () => {
  it('charges for both torques beside the distance', () => {
    const world = vectorWorld(reacherWorld, { ...options, copies: 2 })
    // straight arm, fingertip at 0.21, targets there
    world.reset({ states: [0, 0, 0, 0, 0.21, 0, 0, 0, 0, 0, 0.21, 0] })
    world.step([0, 0, 0.5, -1])
    expect(world.rewards[0]).toBeCloseTo(0, 12)
    expect(world.rewards[1]).toBeLessThan(-1.25)
    expect(world.rewards[1]).toBeGreaterThan(-1.27)
  })
})
