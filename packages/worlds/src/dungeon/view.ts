import type { Observations } from '../world/space.ts'
import { cellAt, DungeonCell, type DungeonShape, DungeonState, isOpen, MonsterState, messageSlots } from './shape.ts'

/** Cells along a side of what is seen, the adventurer in the middle. */
export const dungeonView = 9
const reach = (dungeonView - 1) / 2

/** What a seen cell shows. Closed doors look alike, locked or not; what is hidden looks like floor. */
export const DungeonSight = {
  dark: 0,
  rock: 1,
  floor: 2,
  corridor: 3,
  closedDoor: 4,
  openDoor: 5,
  stairs: 6,
  key: 7,
  gold: 8,
  adventurer: 9,
  monster: 10,
} as const

/** Numbers of an observation: the view, health, keys, floor, and a code for each message. */
export const dungeonObservation = dungeonView ** 2 + 3 + messageSlots

/**
 * What the adventurer sees, at `to`: 9×9 cells around it row by row, its health, keys and floor, and the codes of the last
 * step's messages. A room is lit and seen as far as its floor goes on; corridors and doors show only what is beside.
 */
export function viewDungeon(
  states: Float64Array,
  at: number,
  shape: DungeonShape,
  out: Observations,
  to: number,
): void {
  const centreX = states[at + DungeonState.x]
  const centreY = states[at + DungeonState.y]
  const floor = states[at + DungeonState.floor]
  for (let k = 0; k < dungeonView ** 2; k++) out[to + k] = DungeonSight.dark
  // cells whose surroundings are seen; each is put in the queue once, as it is first shown
  const queue = new Uint8Array(dungeonView ** 2)
  let length = 1
  queue[0] = reach * dungeonView + reach
  out[to + queue[0]] = sightOf(states[cellAt(shape, at, floor, centreX, centreY)])
  for (let i = 0; i < length; i++) {
    const column = queue[i] % dungeonView
    const row = (queue[i] - column) / dungeonView
    for (let k = 0; k < 9; k++) {
      const nextColumn = column + (k % 3) - 1
      const nextRow = row + Math.floor(k / 3) - 1
      if (nextColumn < 0 || nextRow < 0 || nextColumn >= dungeonView || nextRow >= dungeonView) continue
      const entry = to + nextRow * dungeonView + nextColumn
      if (out[entry] !== DungeonSight.dark) continue
      const x = centreX + nextColumn - reach
      const y = centreY + nextRow - reach
      const outside = x < 0 || y < 0 || x >= shape.width || y >= shape.height
      const cell = outside ? DungeonCell.rock : states[cellAt(shape, at, floor, x, y)]
      out[entry] = sightOf(cell)
      if (isLit(cell)) queue[length++] = nextRow * dungeonView + nextColumn
    }
  }
  showMonsters(states, at, shape, out, to)
  out[to + reach * dungeonView + reach] = DungeonSight.adventurer
  const rest = to + dungeonView ** 2
  out[rest] = states[at + DungeonState.health]
  out[rest + 1] = states[at + DungeonState.keys]
  out[rest + 2] = floor
  for (let slot = 0; slot < messageSlots; slot++) out[rest + 3 + slot] = states[at + DungeonState.messages + 2 * slot]
}

function showMonsters(states: Float64Array, at: number, shape: DungeonShape, out: Observations, to: number): void {
  for (let m = 0; m < shape.monsters; m++) {
    const monster = at + shape.monstersAt + MonsterState.size * m
    if (states[monster + MonsterState.health] <= 0) continue
    if (states[monster + MonsterState.floor] !== states[at + DungeonState.floor]) continue
    const column = states[monster + MonsterState.x] - states[at + DungeonState.x] + reach
    const row = states[monster + MonsterState.y] - states[at + DungeonState.y] + reach
    if (column < 0 || row < 0 || column >= dungeonView || row >= dungeonView) continue
    const entry = to + row * dungeonView + column
    if (out[entry] !== DungeonSight.dark) out[entry] = DungeonSight.monster + states[monster + MonsterState.kind]
  }
}

/** Whether one sees on from such a cell: the floor of rooms, and what lies on it. */
function isLit(cell: number): boolean {
  return isOpen(cell) && cell !== DungeonCell.corridor && cell !== DungeonCell.openDoor
}

function sightOf(cell: number): number {
  switch (cell) {
    case DungeonCell.rock:
      return DungeonSight.rock
    case DungeonCell.corridor:
      return DungeonSight.corridor
    case DungeonCell.closedDoor:
    case DungeonCell.lockedDoor:
      return DungeonSight.closedDoor
    case DungeonCell.openDoor:
      return DungeonSight.openDoor
    case DungeonCell.stairs:
      return DungeonSight.stairs
    case DungeonCell.key:
      return DungeonSight.key
    case DungeonCell.spring:
      return DungeonSight.gold
    default:
      return cell >= DungeonCell.gold ? DungeonSight.gold : DungeonSight.floor
  }
}
