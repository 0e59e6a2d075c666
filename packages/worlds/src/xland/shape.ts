import { assertInRange, assertInteger, assertOneOf } from '@guerdon/core'

/** Actions of a player: `use` takes the object underfoot, or puts down the one that is held. */
export const xlandActions = ['up', 'right', 'down', 'left', 'use', 'wait'] as const
/** Steps (x, y) of the first four actions; y grows downwards. */
export const xlandSteps = [
  [0, -1],
  [1, 0],
  [0, 1],
  [-1, 0],
] as const
/** The actions that do not move. */
export const XlandAction = { use: 4, wait: 5 } as const

export const objectShapes = ['ball', 'cube', 'cone', 'slab'] as const
export const colours = ['red', 'yellow', 'blue', 'purple'] as const
/** Kinds of predicates; `none` marks an atom that is not used. */
export const predicateKinds = ['none', 'near', 'on', 'hold', 'see'] as const
export const PredicateKind = { none: 0, near: 1, on: 2, hold: 3, see: 4 } as const

/** What cells are: plain floor, wall, or floor of colour c as `colour` + c. */
export const XlandCell = { floor: 0, wall: 1, colour: 2 } as const
/** Numbers of an object: shape, colour, place, and the player who holds it (−1 nobody). */
export const XlandObject = { shape: 0, colour: 1, x: 2, y: 3, holder: 4, size: 5 } as const
/** Most options of a goal, most atoms of an option, and numbers of an atom: kind, first and second entity, negated. */
export const GoalSize = { options: 3, atoms: 3, atom: 4, size: 36 } as const

/** What the other players do: nothing, anything with equal probability, or what brings their own goal about. */
export const coPlayerKinds = ['still', 'random', 'greedy'] as const
export type CoPlayer = (typeof coPlayerKinds)[number]

/** Choices of a universe. Those that are left out follow from `level`. */
export interface XlandOptions {
  /** Difficulty 0 … 4: see `xlandLevels`. Default 1. */
  readonly level?: number
  /** Cells along a side, at least 4. Default 9. */
  readonly size?: number
  /** 1 … 4. Default 1. */
  readonly players?: number
  /** One for all players but the first. */
  readonly coPlayers?: CoPlayer
  /** Objects, 0 … 8. */
  readonly objects?: number
  /** Patches of coloured floor, 0 … 4, each of another colour. */
  readonly zones?: number
  /** Wall segments, at most `size`; those that would cut the floor in two are left out. */
  readonly walls?: number
  /** Default 50. */
  readonly horizon?: number
}

/**
 * What a level asks for: at level 0 one atom in an open field, at level 4 options of three atoms among walls. `steps` is
 * the least number of steps a greedy player takes to the goal.
 */
export const xlandLevels = [
  { walls: 0, zones: 2, objects: 1, options: 1, atoms: 1, negation: 0, steps: 1, coPlayers: 'still' },
  { walls: 2, zones: 2, objects: 2, options: 1, atoms: 1, negation: 0, steps: 2, coPlayers: 'still' },
  { walls: 3, zones: 2, objects: 3, options: 1, atoms: 2, negation: 0.1, steps: 4, coPlayers: 'random' },
  { walls: 4, zones: 3, objects: 3, options: 2, atoms: 3, negation: 0.25, steps: 6, coPlayers: 'greedy' },
  { walls: 5, zones: 3, objects: 4, options: 3, atoms: 3, negation: 0.25, steps: 8, coPlayers: 'greedy' },
] as const

/**
 * Sizes of a universe, and where the parts of its flat state stand: the cells row by row, the objects, x and y of the
 * players, their goals.
 */
export interface XlandShape {
  readonly level: number
  readonly size: number
  readonly players: number
  readonly coPlayers: CoPlayer
  readonly objects: number
  readonly zones: number
  readonly walls: number
  readonly horizon: number
  readonly objectsAt: number
  readonly playersAt: number
  readonly goalsAt: number
  readonly stateSize: number
}

/** @throws invalid_option */
export function xlandShape(options: XlandOptions = {}): XlandShape {
  const { level = 1, size = 9, players = 1, horizon = 50 } = options
  assertInteger(level, 'level')
  assertInRange(level, 'level', 0, xlandLevels.length - 1)
  const usual = xlandLevels[level]
  const { coPlayers = usual.coPlayers, objects = usual.objects, zones = usual.zones, walls = usual.walls } = options
  assertInteger(size, 'size', 4)
  assertInteger(players, 'players', 1)
  assertInRange(players, 'players', 1, 4)
  assertOneOf(coPlayers, 'coPlayers', coPlayerKinds)
  assertInteger(objects, 'objects')
  assertInRange(objects, 'objects', 0, 8)
  assertInteger(zones, 'zones')
  assertInRange(zones, 'zones', objects === 0 ? 1 : 0, colours.length)
  assertInteger(walls, 'walls')
  assertInRange(walls, 'walls', 0, size)
  assertInteger(horizon, 'horizon', 1)
  const objectsAt = size * size
  const playersAt = objectsAt + XlandObject.size * objects
  const goalsAt = playersAt + 2 * players
  const stateSize = goalsAt + GoalSize.size * players
  return { level, size, players, coPlayers, objects, zones, walls, horizon, objectsAt, playersAt, goalsAt, stateSize }
}

/** Where object `object` of the state at `at` stands. */
export function objectAt({ objectsAt }: XlandShape, at: number, object: number): number {
  return at + objectsAt + XlandObject.size * object
}

/** Where the place of player `player` stands. */
export function playerAt({ playersAt }: XlandShape, at: number, player: number): number {
  return at + playersAt + 2 * player
}

/** The object this player holds, −1 for none. */
export function heldBy(states: Float64Array, at: number, shape: XlandShape, player: number): number {
  for (let object = 0; object < shape.objects; object++)
    if (states[objectAt(shape, at, object) + XlandObject.holder] === player) return object
  return -1
}

/** Whether a cell lies inside the universe and is no wall. */
export function isFloor(states: Float64Array, at: number, { size }: XlandShape, x: number, y: number): boolean {
  return x >= 0 && y >= 0 && x < size && y < size && states[at + y * size + x] !== XlandCell.wall
}

/** The player in a cell, −1 for none. */
export function playerIn(states: Float64Array, at: number, shape: XlandShape, x: number, y: number): number {
  for (let player = 0; player < shape.players; player++) {
    const place = playerAt(shape, at, player)
    if (states[place] === x && states[place + 1] === y) return player
  }
  return -1
}

/** The object that lies in a cell and is held by nobody, −1 for none. */
export function objectIn(states: Float64Array, at: number, shape: XlandShape, x: number, y: number): number {
  for (let object = 0; object < shape.objects; object++) {
    const place = objectAt(shape, at, object)
    if (states[place + XlandObject.holder] >= 0) continue
    if (states[place + XlandObject.x] === x && states[place + XlandObject.y] === y) return object
  }
  return -1
}
