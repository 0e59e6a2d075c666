import { describe, expect, it } from 'vitest'
import { sizeOf, vectorWorld } from '../index.ts'
import { type DoorDrawerTask, doorDrawerTasks, doorDrawerWorld, fingertipOf, handleOf } from './door-drawer.ts'
import { loadMujoco } from './engine.ts'

const mujoco = await loadMujoco()

/** Pulls the fingertip by a spring to the handle and, once there, along its way: what a person would do. */
function solve(task: DoorDrawerTask) {
  const world = vectorWorld(doorDrawerWorld(mujoco, { task, reward: 'staged' }), {
    copies: 1,
    seed: 1,
    autoreset: 'disabled',
  })
  const thing = task.endsWith('drawer') ? 'drawer' : 'door'
  const opens = task.startsWith('open')
  const ahead = { drawer: opens ? 0.08 : -0.1, door: opens ? 0.3 : -0.4 }[thing]
  let holding = false
  let paid = 0
  for (let t = 0; t < 200; t++) {
    const { eeX, eeY, objX, objY, opening } = world.facts()
    const gap = Math.hypot(eeX - objX, eeY - objY)
    holding = holding ? gap < 0.06 : gap < 0.036
    const [x, y] = holding ? handleOf(thing, opening + ahead) : [objX, objY]
    const [first, second, third, , , ...speeds] = world.states.subarray(1)
    const torques = [0, 1, 2].map(joint => {
      const moved = [first, second, third].map((angle, i) => (i === joint ? angle + 1e-5 : angle))
      const [movedX, movedY] = fingertipOf(moved[0], moved[1], moved[2])
      const pull = 60 * (((movedX - eeX) / 1e-5) * (x - eeX) + ((movedY - eeY) / 1e-5) * (y - eeY))
      return Math.max(-1, Math.min(1, (pull - 0.3 * speeds[joint]) / 4))
    })
    world.step([...torques, opens && holding ? 1 : 0])
    paid += world.rewards[0]
  }
  return { facts: world.facts(), paid }
}

describe('the arm before door and drawer', () => {
  it.each(doorDrawerTasks)('can %s, and is paid more than for staying', task => {
    const { facts, paid } = solve(task)
    expect(facts).toMatchObject({ success: 1, rewardSuccess: 5, progress: 1 })
    const idle = vectorWorld(doorDrawerWorld(mujoco, { task, reward: 'staged' }), {
      copies: 1,
      seed: 1,
      autoreset: 'disabled',
    })
    let still = 0
    for (let t = 0; t < 50; t++) {
      idle.step([0, 0, 0, 0])
      still += idle.rewards[0]
    }
    expect(idle.facts().success).toBe(0)
    expect(paid / 200).toBeGreaterThan((2 * still) / 50)
  })

  it('knows where handles and fingertip are, as the model does', () => {
    const world = doorDrawerWorld(mujoco)
    const positions = [0.4, 1.8, -0.6, 0.1, 0.7]
    const state = world.stateFrom(positions, new Float64Array(5))
    const { bodyPositions, shapePositions } = world.simulation.views()
    const tip = 3 * world.simulation.body('fingertip')
    const [x, y] = fingertipOf(0.4, 1.8, -0.6)
    expect([x, y]).toEqual([expect.closeTo(bodyPositions[tip], 12), expect.closeTo(bodyPositions[tip + 1], 12)])
    // shapes in the order of the model: four of the arm, drawer and its handle, door and its handle
    for (const [thing, open, shape] of [
      ['drawer', 0.1, 5],
      ['door', 0.7, 7],
    ] as const) {
      const handle = handleOf(thing, open)
      expect(handle[0]).toBeCloseTo(shapePositions[3 * shape], 12)
      expect(handle[1]).toBeCloseTo(shapePositions[3 * shape + 1], 12)
    }
    expect(handleOf('drawer', 0)).toEqual([0.2, expect.closeTo(0.375, 12)])
    const seen = new Float32Array(sizeOf(world.observationSpace))
    world.observe(state, 0, seen, 0)
    expect([...seen.subarray(9, 11)]).toEqual([Math.fround(0.1), Math.fround(0.7)])
    expect(seen[17]).toBeCloseTo(seen[15] - seen[13], 6)
  })

  it('pays sparsely by default, ends at success only if told to, and lets go without stickiness', () => {
    const world = doorDrawerWorld(mujoco, { task: 'close-drawer', endOnSuccess: true })
    const vector = vectorWorld(world, { copies: 2, seed: 0, autoreset: 'disabled' })
    const shut = world.stateFrom([0, 0, 0, 0.005, 0], new Float64Array(5))
    const ajar = world.stateFrom([0, 0, 0, 0.1, 0], new Float64Array(5))
    vector.reset({ states: [...shut, ...ajar] })
    vector.step([0, 0, 0, 0.25, 0, 0, 0, 0])
    expect([...vector.rewards, ...vector.terminated]).toEqual([1, 0, 1, 0])
    expect(vector.facts(0).gripperOpenness).toBe(0.75)
    expect(vector.facts(1).progress).toBeCloseTo((0.18 - 0.1) / 0.17, 3)
    expect(() => doorDrawerWorld(mujoco, { task: 'open-window' as 'open-door' })).toThrow(/task/)
  })

  it('is seen from above, handles brighter than what they belong to', () => {
    const world = doorDrawerWorld(mujoco)
    const shut = world.raster!(world.stateFrom([0, 0, 0, 0, 0], new Float64Array(5)))
    const open = world.raster!(world.stateFrom([0, 0, 0, 0.15, 0], new Float64Array(5)))
    expect(shut).toHaveLength(64 * 64)
    expect(Math.max(...shut)).toBe(1)
    expect(Math.min(...shut)).toBe(0)
    // x 0.2, y 0.375 in a frame from (−0.65, −0.5) of side 1.2
    const pixel = (y: number) => Math.floor(((0.7 - y) / 1.2) * 64) * 64 + Math.floor((0.85 / 1.2) * 64)
    expect(shut[pixel(0.375)]).toBeCloseTo(0.8, 6)
    expect(open[pixel(0.375)]).toBe(0)
    expect(open[pixel(0.225)]).toBeCloseTo(0.8, 6)
    expect(world.raster!(world.stateFrom([0, 0, 0, 0, 0], new Float64Array(5)), 16)).toHaveLength(256)
  })
})
