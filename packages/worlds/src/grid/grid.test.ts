import { Random } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import { chain } from './chain.ts'
import { fourRoom, fourRoomSquares } from './four-room.ts'
import { lineKey } from './line-key.ts'
import { observeLineKeyContinuous, resetLineKeyContinuous, stepLineKeyContinuous } from './line-key-continuous.ts'
import {
  DoorState,
  MinigridColour,
  MinigridObject,
  type MinigridState,
  minigridActions,
  observeMinigrid,
  resetDoorKey,
  resetFourRooms,
  stepMinigrid,
} from './minigrid.ts'
import { stepTabular, transitionsOf } from './tabular-world.ts'

const worlds = [
  fourRoom(),
  fourRoom({ rules: '2021' }),
  fourRoom({ size: 9 }),
  lineKey(),
  lineKey({ length: 5, slip: 0.3 }),
  chain(),
  chain({ rightCells: 3, leftCells: 2, noise: 0.2 }),
]

describe('tabular worlds', () => {
  it.each(worlds.map(world => [world.name, world] as const))(
    '%s: rows are distributions, the terminal absorbs unpaid',
    (_, world) => {
      for (let s = 0; s < world.stateCount; s++)
        for (let a = 0; a < world.actionCount; a++) {
          const { probabilities, nextStates } = transitionsOf(world, s, a)
          expect(probabilities.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12)
          expect([...nextStates]).toEqual([...nextStates].sort((x, y) => x - y))
        }
      const end = transitionsOf(world, world.terminalState, 0)
      expect([...end.nextStates]).toEqual([world.terminalState])
      expect(end.reward).toBe(0)
      expect(world.initial.reduce((sum, p) => sum + p, 0)).toBe(1)
    },
  )

  it('step by cumulated probability and refuse to go on after the end', () => {
    const world = lineKey()
    // from 5, left: 4 with 0.9, then 6
    expect(stepTabular(world, 5, 0, 0.89).state).toBe(4)
    expect(stepTabular(world, 5, 0, 0.91).state).toBe(6)
    expect(stepTabular(world, 0, 0, 0.5)).toEqual({ state: 20, reward: 0, terminated: true })
    expect(() => stepTabular(world, 20, 0, 0.5)).toThrow(/terminal/)
    expect(() => stepTabular(world, 5, 3, 0.5)).toThrow(/action below 3/)
  })

  it('put walls between the rooms and gates at 1 and 5', () => {
    const world = fourRoom({ noise: 0 })
    const next = (s: number, a: number) => transitionsOf(world, s, a).nextStates[0]
    // "up" from (x, 2) passes at x = 1 and 5 only; "right" from (2, y) at y = 1 and 5 only
    expect([0, 1, 2, 3, 4, 5, 6].filter(x => next(14 + x, 0) === 21 + x)).toEqual([1, 5])
    expect([0, 1, 2, 3, 4, 5, 6].filter(y => next(7 * y + 2, 3) === 7 * y + 3)).toEqual([1, 5])
    expect(next(48, 2)).toBe(42)
    expect(transitionsOf(fourRoom({ distractorReward: 0.01 }), 1, 0).reward).toBe(0.01)
    expect(fourRoomSquares[8]).toEqual([32, 33, 34, 39, 40, 41, 46, 47, 48])
  })

  it('spread noise over the other reachable neighbours under the rules of 2021', () => {
    const { nextStates, probabilities } = transitionsOf(fourRoom({ rules: '2021' }), 8, 3)
    expect([...nextStates]).toEqual([1, 7, 9, 15])
    expect(probabilities[2]).toBeCloseTo(0.9, 12)
    expect(probabilities[0]).toBeCloseTo(0.1 / 3, 12)
    expect([...transitionsOf(fourRoom({ rules: '2021' }), 48, 0).nextStates]).toEqual([42, 47, 49])
  })
})

describe('the continuous line', () => {
  it('needs the right key for the goal', () => {
    const random = new Random(5)
    const start = resetLineKeyContinuous(random, { keyCount: 3 })
    expect(start.x).toBeGreaterThanOrEqual(0.3)
    const at = (x: number, keys: number[]) => ({ x, keys })
    expect(stepLineKeyContinuous(at(0.05, [0, 0, 0]), 2, random).state.keys).toEqual([1, 0, 0])
    expect(stepLineKeyContinuous(at(0.05, [0, 0, 0]), 4, random).state.keys[0]).toBe(0)
    expect(stepLineKeyContinuous(at(0.05, [0, 1, 0]), 2, random).state.keys).toEqual([0, 1, 0])
    expect(stepLineKeyContinuous(at(0.5, [0]), 2, random).state.keys).toEqual([0])
    expect(stepLineKeyContinuous(at(0.95, [1]), 1, random).reward).toBe(1)
    expect(stepLineKeyContinuous(at(0.95, [0, 1]), 1, random).reward).toBe(0)
    expect([...observeLineKeyContinuous(at(0.95, [0, 1]))]).toEqual([0.95, 1, 0, 1, 0, 1])
    expect(() => stepLineKeyContinuous(at(0.5, [0]), 3, random)).toThrow(/below 3/)
  })
})

describe('Minigrid', () => {
  const action = (name: (typeof minigridActions)[number]) => minigridActions.indexOf(name)

  /** A 7×7 room with the agent in the middle facing right. */
  function room(): MinigridState {
    const cells = new Uint8Array(7 * 7 * 3)
    for (let y = 0; y < 7; y++)
      for (let x = 0; x < 7; x++)
        cells.set(
          x % 6 === 0 || y % 6 === 0 ? [MinigridObject.wall, MinigridColour.grey, 0] : [MinigridObject.empty, 0, 0],
          3 * (7 * y + x),
        )
    return { width: 7, height: 7, cells, x: 3, y: 3, direction: 0, carrying: null, steps: 0, maxSteps: 100 }
  }
  const place = (state: MinigridState, x: number, y: number, cell: number[]) => {
    const cells = state.cells.slice()
    cells.set(cell, 3 * (7 * y + x))
    return { ...state, cells }
  }

  it('turns, walks and stops at walls', () => {
    expect(stepMinigrid(room(), action('left')).state.direction).toBe(3)
    expect(stepMinigrid(room(), action('forward')).state).toMatchObject({ x: 4, y: 3, steps: 1 })
    expect(stepMinigrid({ ...room(), x: 5 }, action('forward')).state.x).toBe(5)
    expect(stepMinigrid({ ...room(), steps: 99 }, action('done')).truncated).toBe(true)
    expect(() => stepMinigrid(room(), 7)).toThrow(/0 … 6/)
  })

  it('opens a locked door only to its key, and pays the goal', () => {
    const door = [MinigridObject.door, MinigridColour.yellow, DoorState.locked]
    const locked = place(room(), 4, 3, door)
    expect(stepMinigrid(locked, action('toggle')).state.cells[3 * (7 * 3 + 4) + 2]).toBe(DoorState.locked)
    const key = [MinigridObject.key, MinigridColour.yellow, 0]
    const carrying = stepMinigrid(place(room(), 4, 3, key), action('pickup')).state
    expect(carrying.carrying).toEqual(key)
    const opened = stepMinigrid({ ...place(carrying, 4, 3, door) }, action('toggle')).state
    expect(opened.cells[3 * (7 * 3 + 4) + 2]).toBe(DoorState.open)
    expect(stepMinigrid(opened, action('forward')).state.x).toBe(4)
    expect(stepMinigrid(carrying, action('drop')).state.carrying).toBeNull()
    const goal = place(room(), 4, 3, [MinigridObject.goal, MinigridColour.green, 0])
    expect(stepMinigrid(goal, action('forward'))).toMatchObject({ reward: 1 - 0.009, terminated: true })
  })

  it('sees 7×7 ahead, the same from every direction in a symmetric room, and not through walls', () => {
    const views = [0, 1, 2, 3].map(direction => [...observeMinigrid({ ...room(), direction })])
    for (const view of views) expect(view).toEqual(views[0])
    // the middle column ahead: three empty cells, a wall, nothing beyond
    const column = Array.from({ length: 7 }, (_, j) => views[0][3 * (3 * 7 + j)])
    expect(column).toEqual([0, 0, 0, MinigridObject.wall, 1, 1, 1])
    // something on the right hand appears on the right of the view
    const view = observeMinigrid(place(room(), 4, 4, [MinigridObject.key, MinigridColour.yellow, 0]))
    expect(view[3 * (4 * 7 + 5)]).toBe(MinigridObject.key)
  })

  it('builds solvable layouts from a seed', () => {
    for (let seed = 0; seed < 20; seed++) {
      const four = resetFourRooms(new Random(seed))
      expect([four.width, four.height, four.maxSteps]).toEqual([19, 19, 100])
      expect(count(four, MinigridObject.goal)).toBe(1)
      const doorKey = resetDoorKey(new Random(seed), { size: 6 })
      expect(doorKey.maxSteps).toBe(360)
      expect([
        count(doorKey, MinigridObject.door),
        count(doorKey, MinigridObject.key),
        count(doorKey, MinigridObject.goal),
      ]).toEqual([1, 1, 1])
      expect(resetDoorKey(new Random(seed), { size: 6 })).toEqual(doorKey)
    }
    // each of the four inner wall segments has one gap: 17 + 16 inner wall cells but for 4
    expect(count(resetFourRooms(new Random(1)), MinigridObject.wall)).toBe(4 * 18 + 33 - 4)
  })

  function count(state: MinigridState, object: number): number {
    let total = 0
    for (let i = 0; i < state.cells.length; i += 3) if (state.cells[i] === object) total++
    return total
  }
})
