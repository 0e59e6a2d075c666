import { assertInRange, assertInteger, assertOneOf } from '@guerdon/core'

/** Actions: four steps, taking what lies underfoot, using the key on a door beside, going down, searching around. */
export const dungeonActions = ['north', 'east', 'south', 'west', 'pickup', 'apply', 'descend', 'search'] as const
/** The actions that are no steps. */
export const DungeonAction = { pickup: 4, apply: 5, descend: 6, search: 7 } as const
/** Steps (x, y) of the first four actions; y grows downwards. */
export const dungeonSteps = [
  [0, -1],
  [1, 0],
  [0, 1],
  [-1, 0],
] as const

/**
 * What cells are. `hiddenStairs` look like floor until they are searched for or entered. A `spring` gives gold to each
 * who enters it, again and again. `oddity` + k says the k-th of `oddities`; `gold` + n is n pieces.
 */
export const DungeonCell = {
  rock: 0,
  floor: 1,
  corridor: 2,
  closedDoor: 3,
  lockedDoor: 4,
  openDoor: 5,
  stairs: 6,
  hiddenStairs: 7,
  key: 8,
  spring: 9,
  oddity: 16,
  gold: 32,
} as const

/** Monsters: how much they bear and deal, how often they hit, whether they hunt. */
export const monsterKinds = [
  { name: 'newt', letter: 'n', health: 1, damage: 1, accuracy: 0.3, hunts: false },
  { name: 'jackal', letter: 'd', health: 2, damage: 1, accuracy: 0.5, hunts: true },
  { name: 'orc', letter: 'o', health: 3, damage: 2, accuracy: 0.4, hunts: true },
] as const

/** How often the adventurer hits, how much it bears, and how far monsters notice it. */
export const adventurer = { accuracy: 0.8, health: 16, noticed: 6 } as const

/**
 * `rooms`: rooms, corridors and doors drawn anew every episode. `chain`: square rooms one below the other, each with
 * hidden stairs that lead down as they are entered, a spring of gold and oddities. `key-room`: one room, a wall with a
 * locked door, a key on the near side and stairs on the far side.
 */
export const dungeonLayouts = ['rooms', 'chain', 'key-room'] as const
export type DungeonLayout = (typeof dungeonLayouts)[number]

/** Choices of a dungeon. */
export interface DungeonOptions {
  /** Default `rooms`. */
  readonly layout?: DungeonLayout
  /** Difficulty 0 … 4 of `rooms`: see `dungeonLevels`. Default 1. */
  readonly level?: number
  /** Floors one below the other. Default: the level's; 6 for `chain`; always 1 for `key-room`. */
  readonly floors?: number
  /** Monsters on each floor of `rooms`. Default: the level's. */
  readonly monsters?: number
  /** Springs of gold in `chain`. Default true. */
  readonly springs?: boolean
  /** Default: the level's; 200 for `chain`, 120 for `key-room`. */
  readonly horizon?: number
}

/** What a level asks for: rooms across and down, floors, whether a door is locked, monsters and gold on each floor. */
export const dungeonLevels = [
  { columns: 2, rows: 1, floors: 1, locked: false, monsters: 0, gold: 1, horizon: 100 },
  { columns: 2, rows: 2, floors: 1, locked: true, monsters: 0, gold: 2, horizon: 200 },
  { columns: 3, rows: 2, floors: 1, locked: true, monsters: 2, gold: 3, horizon: 300 },
  { columns: 3, rows: 2, floors: 2, locked: true, monsters: 3, gold: 3, horizon: 600 },
  { columns: 3, rows: 3, floors: 3, locked: true, monsters: 4, gold: 4, horizon: 1000 },
] as const

/** Cells of one sector of `rooms`, which holds one room. */
export const sector = { width: 9, height: 7 } as const
/** Cells along a side of `chain` and `key-room`, walls included. */
export const smallSide = 9

/** Messages of a step, most; each is a code and an argument. */
export const messageSlots = 6

/** Where the adventurer's numbers stand in the state. */
export const DungeonState = { floor: 0, x: 1, y: 2, health: 3, keys: 4, messages: 5 } as const
/** Numbers of a monster. */
export const MonsterState = { floor: 0, x: 1, y: 2, health: 3, kind: 4, size: 5 } as const

/**
 * Sizes of a dungeon, and where the parts of its flat state stand: the adventurer, the messages of the last step, where
 * one arrives on each floor (x, y), the monsters, the cells floor by floor and row by row.
 */
export interface DungeonShape {
  readonly layout: DungeonLayout
  readonly level: number
  readonly width: number
  readonly height: number
  readonly floors: number
  /** On all floors together. */
  readonly monsters: number
  readonly springs: boolean
  readonly horizon: number
  readonly arrivalsAt: number
  readonly monstersAt: number
  readonly cellsAt: number
  readonly stateSize: number
}

/** @throws invalid_option */
export function dungeonShape(options: DungeonOptions = {}): DungeonShape {
  const { layout = 'rooms', level = 1, springs = true } = options
  assertOneOf(layout, 'layout', dungeonLayouts)
  assertInteger(level, 'level')
  assertInRange(level, 'level', 0, dungeonLevels.length - 1)
  const usual = dungeonLevels[level]
  const rooms = layout === 'rooms'
  const { floors = rooms ? usual.floors : layout === 'chain' ? 6 : 1 } = options
  const { monsters = rooms ? usual.monsters : 0 } = options
  const { horizon = rooms ? usual.horizon : layout === 'chain' ? 200 : 120 } = options
  assertInteger(floors, 'floors', 1)
  assertInRange(floors, 'floors', 1, layout === 'key-room' ? 1 : 20)
  assertInteger(monsters, 'monsters')
  assertInRange(monsters, 'monsters', 0, rooms ? 8 : 0)
  assertInteger(horizon, 'horizon', 1)
  const width = rooms ? usual.columns * sector.width + 1 : smallSide
  const height = rooms ? usual.rows * sector.height + 1 : smallSide
  const arrivalsAt = DungeonState.messages + 2 * messageSlots
  const monstersAt = arrivalsAt + 2 * floors
  const cellsAt = monstersAt + MonsterState.size * monsters * floors
  return {
    layout,
    level,
    width,
    height,
    floors,
    monsters: monsters * floors,
    springs,
    horizon,
    arrivalsAt,
    monstersAt,
    cellsAt,
    stateSize: cellsAt + width * height * floors,
  }
}

/** Where cell (x, y) of a floor stands. */
export function cellAt(shape: DungeonShape, at: number, floor: number, x: number, y: number): number {
  return at + shape.cellsAt + (floor * shape.height + y) * shape.width + x
}

/** Where the living monster in a cell stands; −1 for none. */
export function monsterIn(
  states: Float64Array,
  at: number,
  shape: DungeonShape,
  floor: number,
  x: number,
  y: number,
): number {
  for (let m = 0; m < shape.monsters; m++) {
    const place = at + shape.monstersAt + MonsterState.size * m
    if (states[place + MonsterState.health] <= 0 || states[place + MonsterState.floor] !== floor) continue
    if (states[place + MonsterState.x] === x && states[place + MonsterState.y] === y) return place
  }
  return -1
}

/** Whether one can stand in a cell of this kind: no rock and no closed door. */
export function isOpen(cell: number): boolean {
  return cell !== DungeonCell.rock && cell !== DungeonCell.closedDoor && cell !== DungeonCell.lockedDoor
}
