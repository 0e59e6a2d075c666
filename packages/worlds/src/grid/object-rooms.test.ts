import { describe, expect, it } from 'vitest'
import { enumerateWorld, vectorWorld } from '../index.ts'
import { auxiliaryRewards } from './auxiliary-rewards.ts'
import { type ObjectRooms, type ObjectRoomsOptions, objectRooms } from './object-rooms.ts'
import { objectRoomsWorld } from './object-rooms-world.ts'
import { transitionsOf } from './tabular-world.ts'

const [up, left, down, right, pick, drop] = [0, 1, 2, 3, 4, 5]
const sure = { slip: 0, stepReward: 0, goalReward: 1, objects: [[2, 0]] as const } satisfies ObjectRoomsOptions
const next = (world: ObjectRooms, state: number, action: number) => transitionsOf(world, state, action).nextStates[0]
const follow = (world: ObjectRooms, actions: readonly number[], from = 0) =>
  actions.reduce((state, action) => next(world, state, action), from)

/** Fewest actions from the start to the end. */
function fewestActions(world: ObjectRooms): number {
  const seen = new Map([[0, 0]])
  for (const [state, taken] of seen)
    for (let action = 0; action < world.actionCount; action++) {
      const to = next(world, state, action)
      if (!seen.has(to)) seen.set(to, taken + 1)
    }
  return seen.get(world.terminalState) ?? Number.POSITIVE_INFINITY
}

describe('object rooms', () => {
  const world = objectRooms(sure)

  it('have a state for each cell and each thing that can have become of the objects', () => {
    // one object: waiting or carried; done is the end
    expect(world.stateCount).toBe(36 * 2 + 1)
    // two: 3·3 without both carried and without both done
    expect(objectRooms({ objects: 2 }).stateCount).toBe(36 * 7 + 1)
    expect(objectRooms({ objects: 2, task: 'reach' }).stateCount).toBe(36 * 4 + 1)
  })

  it('are joined by gates in the middle', () => {
    // from (2, y) to the right only in rows 1 and 4, from (x, 2) up only in columns 1 and 4
    const passes = (cells: number[], action: number, by: number) =>
      cells.map((cell, k) => (next(world, cell, action) === cell + by ? k : -1)).filter(k => k >= 0)
    const column = [0, 1, 2, 3, 4, 5].map(y => 6 * y + 2)
    const row = [0, 1, 2, 3, 4, 5].map(x => 12 + x)
    expect(passes(column, right, 1)).toEqual([1, 4])
    expect(passes(row, up, 6)).toEqual([1, 4])
    expect(follow(world, [left, down])).toBe(0)
  })

  it('let objects be fetched, one at a time', () => {
    const at = follow(world, [right, right])
    expect(world.describe(at)).toEqual({ x: 2, y: 0, room: 0, objects: ['waiting'] })
    expect(next(world, 0, pick)).toBe(0)
    const held = follow(world, [pick], at)
    expect(world.describe(held)?.objects).toEqual(['carried'])
    expect(next(world, held, drop)).toBe(held)
    const goal = follow(world, [up, right, right, up, up, up, up, right], held)
    expect(world.describe(goal)).toEqual({ x: 5, y: 5, room: 3, objects: ['carried'] })
    expect(next(world, goal, drop)).toBe(world.terminalState)
    expect(transitionsOf(world, goal, drop).reward).toBe(1)
    expect(transitionsOf(world, goal, pick).reward).toBe(0)
    const two = objectRooms({
      ...sure,
      objects: [
        [1, 0],
        [2, 0],
      ],
    })
    const both = follow(two, [right, pick, right, pick])
    expect(two.describe(both)?.objects).toEqual(['carried', 'waiting'])
  })

  it('are over at the goal once all was visited', () => {
    const reach = objectRooms({ ...sure, task: 'reach' })
    // ten steps to the upper right corner, by way of (2, 0), and any action there
    expect(fewestActions(reach)).toBe(11)
    expect(fewestActions(world)).toBe(12)
    expect(fewestActions(objectRooms({ ...sure, task: 'reach', objects: 0 }))).toBe(11)
    const unvisited = follow(reach, [up, right, right, right, right, up, up, up, up, right])
    expect(reach.describe(unvisited)?.objects).toEqual(['waiting'])
    expect(next(reach, unvisited, right)).toBe(unvisited)
  })

  it('slip in any of the four directions', () => {
    const slippery = objectRooms({ slip: 0.2, objects: [[2, 0]] })
    const { nextStates, probabilities } = transitionsOf(slippery, 7, right)
    expect([...nextStates]).toEqual([1, 6, 8, 13])
    expect([...probabilities].map(p => p.toFixed(12))).toEqual([0.05, 0.05, 0.85, 0.05].map(p => p.toFixed(12)))
    expect([...transitionsOf(slippery, 7, pick).probabilities]).toEqual([1])
  })

  it('place objects by seed, never on start or goal', () => {
    const cells = new Set<string>()
    for (let seed = 0; seed < 60; seed++) {
      const placed = objectRooms({ seed, task: 'reach', slip: 0, roomSize: 2 })
      expect(placed.objectCells).toHaveLength(2)
      placed.objectCells.forEach(cell => {
        cells.add(cell.join())
      })
      expect(fewestActions(placed)).toBeLessThan(30)
    }
    expect(cells.size).toBe(14)
    expect(objectRooms({ seed: 7 }).objectCells).toEqual(objectRooms({ seed: 7 }).objectCells)
  })

  it('keep their table when enumerated', () => {
    const definition = objectRoomsWorld(sure)
    const table = enumerateWorld(definition, { discount: 0.9 })
    // the object's own cell is never carried from but by picking: all states can be reached
    expect(table.stateCount).toBe(world.stateCount)
    expect(table.rewards.reduce((sum, reward) => sum + reward, 0)).toBe(1)
  })

  it('are drawn as rooms', () => {
    const definition = objectRoomsWorld({ ...sure, roomSize: 2 })
    const view = vectorWorld(definition, { copies: 1, seed: 1, autoreset: 'disabled' })
    expect(view.render(0, { format: 'text' })).toBe(
      ['. . . G', '. .|. .', '-   -', '. . . .', 'A .|o .', '0 of 1 done'].join('\n'),
    )
    view.reset({ states: [definition.table.terminalState] })
    expect(view.render(0, { format: 'text' })).toBe('object-rooms: over')
    expect(view.render(0)).toContain('over')
  })
})

describe('auxiliary rewards', () => {
  const grid = objectRooms({ columns: 1, rows: 1, roomSize: 6, objects: 0, task: 'reach' })

  it('are those of the small gridworld', () => {
    const harmful = auxiliaryRewards(grid, 'harmful')
    expect([...harmful.keys()].filter(state => harmful[state] > 0)).toEqual([14, 15, 20, 21])
    expect(harmful[14]).toBe(0.5)
    const helpful = auxiliaryRewards(grid, 'helpful')
    expect([helpful[0], helpful[34], helpful[35], helpful[36]]).toEqual([-1, -1 / 50, -0, 0])
    expect(transitionsOf(grid, 0, up).reward).toBe(-0.02)
    expect(transitionsOf(grid, 35, up).reward).toBe(2)
  })

  it('lead to what is next', () => {
    const world = objectRooms(sure)
    const helpful = auxiliaryRewards(world, 'helpful')
    expect(helpful[0]).toBe(-4 / 50)
    expect(helpful[36]).toBe(-1)
  })
})

it.each<[ObjectRoomsOptions, RegExp]>([
  [{ columns: 0 }, /columns/],
  [{ roomSize: 1 }, /roomSize/],
  [{ slip: 1.5 }, /slip/],
  [{ objects: 0 }, /objects to carry; got none/],
  [{ objects: 5 }, /objects/],
  [{ objects: [[0, 0]] }, /got \(0, 0\) — object 0/],
  [
    {
      objects: [
        [1, 1],
        [1, 1],
      ],
    },
    /object 1/,
  ],
  [{ objects: [[9, 1]] }, /got \(9, 1\)/],
  [{ task: 'push' as 'carry' }, /task/],
  [{ goalReward: Number.NaN }, /goalReward/],
])('refuses %j', (options, message) => expect(() => objectRooms(options)).toThrow(message))
