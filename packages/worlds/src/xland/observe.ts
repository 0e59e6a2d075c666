import type { Observations } from '../world/space.ts'
import {
  colours,
  GoalSize,
  objectAt,
  objectShapes,
  playerAt,
  XlandCell,
  XlandObject,
  type XlandShape,
} from './shape.ts'

/** Codes of what is seen: 0 nothing, then players (the one who sees first), objects by shape and colour, floors, wall. */
export const XlandCode = {
  player: 1,
  object: 5,
  floor: 5 + objectShapes.length * colours.length,
  wall: 5 + objectShapes.length * colours.length + colours.length,
} as const

/** Numbers of an observation: 3 of each cell, one for what is held, 4 of each atom of the goal. */
export function observationSize({ size }: XlandShape): number {
  return 3 * size * size + 1 + GoalSize.size
}

/**
 * What a player sees: floor, object and player of each cell at 3·(y·size + x), the object it holds, and its goal: kind,
 * both entities and negation of each atom. The whole universe is seen; the goals of others are not.
 */
export function observePlayer(
  states: Float64Array,
  at: number,
  shape: XlandShape,
  player: number,
  out: Observations,
  to: number,
): void {
  const { size, players, objects } = shape
  for (let cell = 0; cell < size * size; cell++) {
    const kind = states[at + cell]
    out[to + 3 * cell] =
      kind === XlandCell.floor
        ? 0
        : kind === XlandCell.wall
          ? XlandCode.wall
          : XlandCode.floor + kind - XlandCell.colour
    out[to + 3 * cell + 1] = 0
    out[to + 3 * cell + 2] = 0
  }
  const held = to + 3 * size * size
  out[held] = 0
  for (let object = 0; object < objects; object++) {
    const place = objectAt(shape, at, object)
    const code = objectCode(states, place)
    if (states[place + XlandObject.holder] === player) out[held] = code
    out[to + 3 * (states[place + XlandObject.y] * size + states[place + XlandObject.x]) + 1] = code
  }
  for (let other = 0; other < players; other++) {
    const place = playerAt(shape, at, other)
    const code = XlandCode.player + ((other - player + players) % players)
    out[to + 3 * (states[place + 1] * size + states[place]) + 2] = code
  }
  const goal = at + shape.goalsAt + GoalSize.size * player
  for (let k = 0; k < GoalSize.size; k += GoalSize.atom) {
    const used = states[goal + k] > 0
    out[held + 1 + k] = states[goal + k]
    out[held + 2 + k] = used ? entityCode(states, at, shape, player, states[goal + k + 1]) : 0
    out[held + 3 + k] = used ? entityCode(states, at, shape, player, states[goal + k + 2]) : 0
    out[held + 4 + k] = states[goal + k + 3]
  }
}

function objectCode(states: Float64Array, place: number): number {
  return XlandCode.object + colours.length * states[place + XlandObject.shape] + states[place + XlandObject.colour]
}

function entityCode(states: Float64Array, at: number, shape: XlandShape, player: number, entity: number): number {
  const { players, objects } = shape
  if (entity < players) return XlandCode.player + ((entity - player + players) % players)
  if (entity < players + objects) return objectCode(states, objectAt(shape, at, entity - players))
  return XlandCode.floor + entity - players - objects
}
