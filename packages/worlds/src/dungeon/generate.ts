import type { Random } from '@guerdon/core'
import { oddities } from './messages.ts'
import { drawRooms, type Room } from './rooms.ts'
import {
  adventurer,
  cellAt,
  DungeonCell,
  type DungeonShape,
  DungeonState,
  dungeonLevels,
  MonsterState,
  monsterIn,
  monsterKinds,
  smallSide,
} from './shape.ts'

/** Draws a dungeon floor by floor, the adventurer on the first one. */
export function drawDungeon(states: Float64Array, at: number, shape: DungeonShape, random: Random): void {
  states.fill(0, at, at + shape.stateSize)
  for (let floor = 0; floor < shape.floors; floor++) {
    if (shape.layout === 'rooms') drawRoomsFloor(states, at, shape, floor, random)
    else if (shape.layout === 'chain') drawChainFloor(states, at, shape, floor, random)
    else drawKeyRoom(states, at, shape, random)
  }
  states[at + DungeonState.x] = states[at + shape.arrivalsAt]
  states[at + DungeonState.y] = states[at + shape.arrivalsAt + 1]
  states[at + DungeonState.health] = adventurer.health
}

/** A whole small floor as one room. */
const smallRoom: Room = { left: 1, top: 1, right: smallSide - 2, bottom: smallSide - 2 }
/** Column of the wall in `key-room`. */
const wallColumn = 6

function drawRoomsFloor(states: Float64Array, at: number, shape: DungeonShape, floor: number, random: Random): void {
  const { locked, gold } = dungeonLevels[shape.level]
  const plan = drawRooms(states, at, shape, floor, random, { locked })
  const put = (rooms: readonly Room[], cell: number) =>
    putOn(states, at, shape, floor, random.choice(rooms), cell, random)
  arrive(states, at, shape, floor, put([plan.start], DungeonCell.floor))
  put([plan.end], DungeonCell.stairs)
  if (locked) put(plan.nearSide, DungeonCell.key)
  for (let k = 0; k < gold; k++) put(plan.rooms, DungeonCell.gold + 5 + random.integer(46))
  for (let k = 0; k < 2; k++) put(plan.rooms, DungeonCell.oddity + random.integer(oddities.length))
  const elsewhere = plan.rooms.filter(room => room !== plan.start)
  const each = shape.monsters / shape.floors
  for (let m = floor * each; m < (floor + 1) * each; m++) {
    const [x, y] = put(elsewhere, DungeonCell.floor)
    const kind = random.integer(Math.max(1, Math.min(monsterKinds.length, shape.level)))
    const place = at + shape.monstersAt + MonsterState.size * m
    states.set([floor, x, y, monsterKinds[kind].health, kind], place)
  }
}

function drawChainFloor(states: Float64Array, at: number, shape: DungeonShape, floor: number, random: Random): void {
  carve(states, at, shape, floor, smallRoom)
  const put = (cell: number) => putOn(states, at, shape, floor, smallRoom, cell, random)
  put(DungeonCell.hiddenStairs)
  if (shape.springs) put(DungeonCell.spring)
  for (let k = 0; k < oddities.length; k++) put(DungeonCell.oddity + k)
  arrive(states, at, shape, floor, put(DungeonCell.floor))
}

function drawKeyRoom(states: Float64Array, at: number, shape: DungeonShape, random: Random): void {
  const near = { ...smallRoom, right: wallColumn - 1 }
  const far = { ...smallRoom, left: wallColumn + 1 }
  carve(states, at, shape, 0, near)
  carve(states, at, shape, 0, far)
  states[cellAt(shape, at, 0, wallColumn, 1 + random.integer(smallSide - 2))] = DungeonCell.lockedDoor
  putOn(states, at, shape, 0, far, DungeonCell.stairs, random)
  putOn(states, at, shape, 0, near, DungeonCell.key, random)
  arrive(states, at, shape, 0, putOn(states, at, shape, 0, near, DungeonCell.floor, random))
}

function carve(states: Float64Array, at: number, shape: DungeonShape, floor: number, room: Room): void {
  for (let y = room.top; y <= room.bottom; y++)
    for (let x = room.left; x <= room.right; x++) states[cellAt(shape, at, floor, x, y)] = DungeonCell.floor
}

/** Puts something on a free cell of the room, and says where. */
function putOn(
  states: Float64Array,
  at: number,
  shape: DungeonShape,
  floor: number,
  room: Room,
  cell: number,
  random: Random,
): readonly [x: number, y: number] {
  for (;;) {
    const x = room.left + random.integer(room.right - room.left + 1)
    const y = room.top + random.integer(room.bottom - room.top + 1)
    const place = cellAt(shape, at, floor, x, y)
    if (states[place] !== DungeonCell.floor || occupied(states, at, shape, floor, x, y)) continue
    states[place] = cell
    return [x, y]
  }
}

/** Whether a monster or the place of arrival is there already. */
function occupied(states: Float64Array, at: number, shape: DungeonShape, floor: number, x: number, y: number): boolean {
  const arrival = at + shape.arrivalsAt + 2 * floor
  return (states[arrival] === x && states[arrival + 1] === y) || monsterIn(states, at, shape, floor, x, y) >= 0
}

function arrive(
  states: Float64Array,
  at: number,
  shape: DungeonShape,
  floor: number,
  [x, y]: readonly [number, number],
): void {
  states[at + shape.arrivalsAt + 2 * floor] = x
  states[at + shape.arrivalsAt + 2 * floor + 1] = y
}
