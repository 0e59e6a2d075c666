import { Random } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import { enumerateWorld, vectorWorld } from '../index.ts'
import { type DungeonWorld, dungeonWorld } from './dungeon-world.ts'
import { allMessages, oddities } from './messages.ts'
import {
  adventurer,
  DungeonCell,
  DungeonState,
  dungeonActions,
  dungeonLevels,
  MonsterState,
  monsterKinds,
} from './shape.ts'
import { DungeonSight, dungeonView } from './view.ts'

const [north, east, south, west, pickup, apply, descend, search] = dungeonActions.keys()
const keyRoom = dungeonWorld({ layout: 'key-room' })
const chain = dungeonWorld({ layout: 'chain', floors: 2 })
const letters = ' .#+L/>)k&'

/** A floor drawn in characters as the first floor of a state; `$` is 7 pieces of gold, `,` the first oddity. */
function floorOf(world: DungeonWorld, rows: readonly string[], floor = 0): Float64Array {
  const { shape } = world
  const state = new Float64Array(world.stateSize)
  state[DungeonState.health] = adventurer.health
  rows.forEach((row, y) => {
    ;[...row].forEach((letter, x) => {
      const cell = letter === '$' ? DungeonCell.gold + 7 : letter === ',' ? DungeonCell.oddity : letters.indexOf(letter)
      state[shape.cellsAt + (floor * shape.height + y) * shape.width + x] = letter === '@' ? DungeonCell.floor : cell
      if (letter === '@') state.set([x, y], DungeonState.x)
    })
  })
  return state
}

/** What comes of these actions: the state, what was said in each step, the rewards and whether it ended. */
function play(world: DungeonWorld, start: Float64Array, actions: readonly number[], seed = 0) {
  const state = start.slice()
  const outcome = { reward: 0, terminated: false }
  const random = new Random(seed)
  const said: string[][] = []
  const rewards: number[] = []
  for (const action of actions) {
    if (outcome.terminated) break
    world.advance(state, 0, Float64Array.of(action), 0, outcome, random)
    said.push([...world.messages(state)])
    rewards.push(outcome.reward)
  }
  return { state, said, rewards, over: outcome.terminated }
}

describe('keys, doors and stairs', () => {
  const start = floorOf(keyRoom, [
    '         ',
    ' @k...   ',
    ' .,...L> ',
    ' $....   ',
    ' .....+. ',
    '      #  ',
    '      #  ',
    '      #  ',
    '         ',
  ])

  it('tell what happens', () => {
    const { said, rewards, over, state } = play(keyRoom, start, [
      ...[west, pickup, apply, descend, search, east, pickup, south, south, west],
      ...[north, east, apply, east, east, east, east, apply, east, east, east, descend],
    ])
    expect(said.map(([text = '']) => text)).toEqual([
      'Solid stone blocks your way.',
      'There is nothing here to pick up.',
      'You have no key.',
      'There are no stairs here.',
      '',
      'You see here a key.',
      'You pick up a key.',
      oddities[0],
      '',
      'You collect 7 gold pieces.',
      '',
      oddities[0],
      'There is no locked door beside you.',
      '',
      '',
      '',
      'This door is locked.',
      'You unlock the door. The key breaks in the lock.',
      '',
      'There is a staircase down here.',
      'Solid stone blocks your way.',
      'You escape from the dungeon.',
    ])
    expect(rewards).toEqual([...new Array(21).fill(0), 1])
    expect(over).toBe(true)
    expect(keyRoom.facts?.(state)).toMatchObject({ escaped: 1, keys: 0, gold: 0, x: 7, y: 2 })
  })

  it('open what is only closed by walking into it', () => {
    const beside = start.slice()
    beside.set([5, 4], DungeonState.x)
    const { said, state } = play(keyRoom, beside, [east, east, south, east])
    expect(said.flat()).toEqual(['The door opens.', 'Solid stone blocks your way.'])
    expect([state[DungeonState.x], state[DungeonState.y]]).toEqual([6, 5])
  })

  it('count events once', () => {
    const facts = (actions: number[]) => keyRoom.facts?.(play(keyRoom, start, actions).state)
    expect(facts([east, pickup])).toMatchObject({ 'key taken': 1, keys: 1, bumped: 0 })
    expect(facts([south, south])).toMatchObject({ gold: 7 })
    expect(facts([south, south, north])).toMatchObject({ gold: 0 })
    expect(facts([south, south, north, south])).toMatchObject({ gold: 0 })
    expect(facts([north])).toMatchObject({ bumped: 1 })
  })
})

describe('the chain', () => {
  const rows = ['         ', ' @&..... ', ' ..).... ', ...new Array(5).fill(' ....... '), '         ']

  it('leads down by hidden stairs, and pays at the very end', () => {
    const start = floorOf(chain, rows)
    start.set(floorOf(chain, rows, 1).subarray(chain.shape.cellsAt + 81), chain.shape.cellsAt + 81)
    start.set([1, 1, 4, 4], chain.shape.arrivalsAt)
    const { said, rewards, over } = play(chain, start, [
      ...[east, west, east, south, search, east],
      ...[north, north, west],
    ])
    expect(said.flat()).toEqual([
      'You collect 5 gold pieces.',
      'You collect 5 gold pieces.',
      'You find a hidden staircase.',
      'You descend to floor 1.',
      'You escape from the dungeon.',
    ])
    expect(rewards).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1])
    expect(over).toBe(true)
  })

  it('hides stairs from view until they are found', () => {
    const start = floorOf(chain, rows)
    expect(chain.viewText(start)).not.toContain('>')
    expect(chain.viewText(play(chain, start, [east, search]).state)).toContain('>')
    expect(chain.text(start)).toContain(')')
  })
})

describe('sight', () => {
  const world = dungeonWorld({ level: 0, monsters: 1 })
  const rows = [
    '                   ',
    '                   ',
    '  ...      ....    ',
    '  .@.+#####+...    ',
    '  ...L     .k..    ',
    '                   ',
    '                   ',
    '                   ',
  ]
  const start = floorOf(world, rows)
  const monster = world.shape.monstersAt

  it('fills the room one is in, and shows a locked door as a closed one', () => {
    expect(
      world
        .viewText(start)
        .split('\n')
        .map(row => row.trimEnd()),
    ).toEqual([...['', '', '  |||||', '  |...|', '  |.@.+', '  |...+', '  |||||', '', '']])
  })

  it('reaches one step in corridors', () => {
    const away = start.slice()
    away.set([7, 3], DungeonState.x)
    const view = world.viewText(away).split('\n')
    expect(view.slice(3, 6)).toEqual(['   |||   ', '   #@#   ', '   |||   '])
  })

  it('shows monsters where one sees', () => {
    start.set([0, 4, 2, 1, 1], monster)
    expect(world.viewText(start)).toContain('d')
    start.set([0, 12, 3, 1, 1], monster)
    expect(world.viewText(start)).not.toContain('d')
    expect(world.text(start)).toContain('d')
    const one = vectorWorld(world, { copies: 1, seed: 1, autoreset: 'disabled' })
    start.set([0, 4, 3, 1, 2], monster)
    one.reset({ states: start })
    expect(one.observations[4 * dungeonView + 5]).toBe(DungeonSight.monster + 2)
    expect([...one.observations.subarray(81, 84)]).toEqual([adventurer.health, 0, 0])
  })
})

describe('monsters', () => {
  const world = dungeonWorld({ level: 0, monsters: 1 })
  const rows = ['', '', '  .........        ', '  .@.......        ', '  .........        ', '', '', '']
  const at = (x: number, y: number, kind: number) => {
    const state = floorOf(
      world,
      rows.map(row => row.padEnd(19)),
    )
    state.set([0, x, y, monsterKinds[kind].health, kind], world.shape.monstersAt)
    return state
  }
  const where = (state: Float64Array) => [...state.subarray(world.shape.monstersAt + 1, world.shape.monstersAt + 3)]

  it('hunt those who come near, the longer way first', () => {
    const follow = (start: Float64Array, steps: number) =>
      where(play(world, start, new Array(steps).fill(search)).state)
    expect([1, 2, 3].map(steps => follow(at(6, 2, 1), steps))).toEqual([
      [5, 2],
      [4, 2],
      [3, 2],
    ])
    expect(follow(at(10, 3, 1), 3)).toEqual([10, 3])
  })

  it('bite and are struck as often as they say', () => {
    const fights = 400
    let bites = 0
    let hits = 0
    for (let seed = 0; seed < fights; seed++) {
      const { state, said } = play(world, at(4, 3, 2), [east], seed)
      if (said[0].includes('You hit the orc.')) hits++
      if (said[0].includes('The orc bites you!')) bites++
      const facts = world.facts?.(state)
      expect(facts?.damage).toBe(adventurer.health - state[DungeonState.health])
    }
    // five standard errors of a share
    const off = 5 * Math.sqrt(0.25 / fights)
    expect(Math.abs(hits / fights - adventurer.accuracy)).toBeLessThan(off)
    expect(Math.abs(bites / fights - monsterKinds[2].accuracy)).toBeLessThan(off)
  })

  it('die, and no longer act', () => {
    const { said, state } = play(world, at(4, 3, 0), new Array(20).fill(east), 3)
    expect(said.flat().filter(text => text === 'You kill the newt!')).toHaveLength(1)
    expect(state[world.shape.monstersAt + MonsterState.health]).toBe(0)
    expect(state[DungeonState.x]).toBeGreaterThan(4)
  })

  it('kill: the episode ends unpaid', () => {
    const weak = at(4, 3, 2)
    weak[DungeonState.health] = 1
    const { said, rewards, over, state } = play(world, weak, new Array(60).fill(search), 1)
    expect(said.at(-1)).toEqual(['The orc bites you!', 'You die.'])
    expect(rewards.every(reward => reward === 0)).toBe(true)
    expect(over).toBe(true)
    expect(world.facts?.(state)).toMatchObject({ died: 1, damage: 2, health: 0 })
  })
})

describe('drawn dungeons', () => {
  const kinds = [
    ...dungeonLevels.map((_, level) => [`level ${level}`, { level, monsters: 0 }] as const),
    ['chain', { layout: 'chain' }] as const,
    ['key-room', { layout: 'key-room' }] as const,
  ]

  it.each(kinds)('%s: there is a way out', (_, options) => {
    const world = dungeonWorld(options)
    const random = new Random(0)
    const outcome = { reward: 0, terminated: false }
    const seeds = world.shape.floors > 1 ? 40 : 200
    let longest = 0
    for (let seed = 0; seed < seeds; seed++) {
      const state = new Float64Array(world.stateSize)
      world.start(state, 0, new Random(seed))
      let steps = 0
      for (outcome.terminated = false; !outcome.terminated && steps < world.horizon; steps++)
        world.advance(state, 0, Float64Array.of(world.expert(state)), 0, outcome, random)
      longest = Math.max(longest, steps)
      expect(outcome.reward).toBe(1)
    }
    expect(longest).toBeLessThan(world.horizon / 2)
  })

  it('cannot be left without the key', () => {
    const world = dungeonWorld({ level: 1 })
    for (let seed = 0; seed < 30; seed++) {
      const state = new Float64Array(world.stateSize)
      world.start(state, 0, new Random(seed))
      const key = state.indexOf(DungeonCell.key, world.shape.cellsAt)
      state[key] = DungeonCell.floor
      expect(world.expert(state)).toBe(search)
    }
  })

  it('have a shortest way, found by going through all states', () => {
    for (let seed = 0; seed < 3; seed++) {
      const state = new Float64Array(keyRoom.stateSize)
      keyRoom.start(state, 0, new Random(seed))
      const table = enumerateWorld(keyRoom, { discount: 0.9, starts: [{ state, probability: 1 }] })
      const steps = new Map([[0, 0]])
      for (const [from, taken] of steps)
        for (let action = 0; action < dungeonActions.length; action++) {
          const next = table.nextStates[from * dungeonActions.length + action]
          if (!steps.has(next)) steps.set(next, taken + 1)
        }
      let greedy = 0
      for (let over = false; !over; greedy++) {
        const outcome = { reward: 0, terminated: false }
        keyRoom.advance(state, 0, Float64Array.of(keyRoom.expert(state)), 0, outcome, new Random(0))
        over = outcome.terminated
      }
      // to the key, to the door and to the stairs there is nothing to choose but which of two equal ways to go
      expect(steps.get(table.terminalState)).toBe(greedy)
    }
  })

  it('are beaten by the expert most of the time, even with monsters', () => {
    const world = dungeonWorld({ level: 2 })
    let won = 0
    for (let seed = 0; seed < 50; seed++) {
      const state = new Float64Array(world.stateSize)
      const random = new Random(seed)
      world.start(state, 0, random)
      const outcome = { reward: 0, terminated: false }
      for (let t = 0; t < world.horizon && !outcome.terminated; t++)
        world.advance(state, 0, Float64Array.of(world.expert(state)), 0, outcome, random)
      won += outcome.reward
    }
    expect(won).toBeGreaterThan(45)
  })
})

it('has a text for every message', () => {
  const all = allMessages()
  expect(new Set(all).size).toBe(all.length)
  expect(all.every(text => /^[A-Z].*[.!]$/.test(text))).toBe(true)
})

it.each<[Parameters<typeof dungeonWorld>[0], RegExp]>([
  [{ level: 5 }, /level/],
  [{ layout: 'maze' as 'rooms' }, /layout/],
  [{ floors: 0 }, /floors/],
  [{ layout: 'key-room', floors: 2 }, /floors/],
  [{ layout: 'chain', monsters: 1 }, /monsters/],
  [{ monsters: 9 }, /monsters/],
  [{ horizon: 0.5 }, /horizon/],
])('refuses %j', (options, message) => expect(() => dungeonWorld(options)).toThrow(message))
