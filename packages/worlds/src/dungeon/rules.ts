import type { Random } from '@guerdon/core'
import type { Outcome } from '../world/definition.ts'
import { clearMessages, Message, say } from './messages.ts'
import { moveMonsters } from './monsters.ts'
import {
  adventurer,
  cellAt,
  DungeonAction,
  DungeonCell,
  type DungeonShape,
  DungeonState,
  dungeonSteps,
  isOpen,
  MonsterState,
  monsterIn,
} from './shape.ts'

/** Gold of a spring, each time it is entered. */
const springGold = 5

/**
 * One step on the state at `states[at …]`, in place: the adventurer acts, then the monsters of its floor. Leaving the last
 * floor pays 1 and ends the episode; dying ends it unpaid; all else pays 0. Draws only where a monster is about.
 */
export function advanceDungeon(
  states: Float64Array,
  at: number,
  action: number,
  shape: DungeonShape,
  outcome: Outcome,
  random: Random,
): void {
  outcome.reward = 0
  outcome.terminated = false
  clearMessages(states, at)
  const floor = states[at + DungeonState.floor]
  const x = states[at + DungeonState.x]
  const y = states[at + DungeonState.y]
  const here = cellAt(shape, at, floor, x, y)
  if (action < dungeonSteps.length) {
    walk(states, at, shape, x + dungeonSteps[action][0], y + dungeonSteps[action][1], outcome, random)
  } else if (action === DungeonAction.pickup) {
    pickUp(states, at, here)
  } else if (action === DungeonAction.apply) {
    unlock(states, at, shape)
  } else if (action === DungeonAction.descend) {
    if (isStairs(states[here])) goDown(states, at, shape, outcome)
    else say(states, at, Message.noStairs)
  } else {
    search(states, at, shape)
  }
  if (outcome.terminated || states[at + DungeonState.floor] !== floor) return
  moveMonsters(states, at, shape, random)
  if (states[at + DungeonState.health] > 0) return
  say(states, at, Message.died)
  outcome.terminated = true
}

function isStairs(cell: number): boolean {
  return cell === DungeonCell.stairs || cell === DungeonCell.hiddenStairs
}

function walk(
  states: Float64Array,
  at: number,
  shape: DungeonShape,
  x: number,
  y: number,
  outcome: Outcome,
  random: Random,
): void {
  const floor = states[at + DungeonState.floor]
  const there = cellAt(shape, at, floor, x, y)
  const monster = monsterIn(states, at, shape, floor, x, y)
  if (monster >= 0) {
    strike(states, at, monster, random)
    return
  }
  const cell = states[there]
  if (cell === DungeonCell.closedDoor) {
    states[there] = DungeonCell.openDoor
    say(states, at, Message.opened)
    return
  }
  if (!isOpen(cell)) {
    say(states, at, cell === DungeonCell.lockedDoor ? Message.locked : Message.wall)
    return
  }
  states[at + DungeonState.x] = x
  states[at + DungeonState.y] = y
  if (cell >= DungeonCell.gold) {
    say(states, at, Message.gold, cell - DungeonCell.gold)
    states[there] = DungeonCell.floor
  } else if (cell >= DungeonCell.oddity) {
    say(states, at, Message.oddity, cell - DungeonCell.oddity)
  } else if (cell === DungeonCell.spring) {
    say(states, at, Message.gold, springGold)
  } else if (cell === DungeonCell.key) {
    say(states, at, Message.seeKey)
  } else if (isStairs(cell)) {
    if (shape.layout === 'chain') goDown(states, at, shape, outcome)
    else say(states, at, Message.seeStairs)
  }
}

function strike(states: Float64Array, at: number, monster: number, random: Random): void {
  const kind = states[monster + MonsterState.kind]
  if (!random.bernoulli(adventurer.accuracy)) {
    say(states, at, Message.missed, kind)
    return
  }
  const health = --states[monster + MonsterState.health]
  say(states, at, health > 0 ? Message.hit : Message.killed, kind)
}

function pickUp(states: Float64Array, at: number, here: number): void {
  if (states[here] !== DungeonCell.key) {
    say(states, at, Message.nothingHere)
    return
  }
  states[here] = DungeonCell.floor
  states[at + DungeonState.keys]++
  say(states, at, Message.tookKey)
}

/** A key opens the first locked door beside the adventurer, and is used up. */
function unlock(states: Float64Array, at: number, shape: DungeonShape): void {
  if (states[at + DungeonState.keys] === 0) {
    say(states, at, Message.noKey)
    return
  }
  for (let k = 0; k < dungeonSteps.length; k++) {
    const x = states[at + DungeonState.x] + dungeonSteps[k][0]
    const y = states[at + DungeonState.y] + dungeonSteps[k][1]
    const door = cellAt(shape, at, states[at + DungeonState.floor], x, y)
    if (states[door] !== DungeonCell.lockedDoor) continue
    states[door] = DungeonCell.openDoor
    states[at + DungeonState.keys]--
    say(states, at, Message.unlocked)
    return
  }
  say(states, at, Message.noDoor)
}

function search(states: Float64Array, at: number, shape: DungeonShape): void {
  for (let dy = -1; dy <= 1; dy++)
    for (let dx = -1; dx <= 1; dx++) {
      const [x, y] = [states[at + DungeonState.x] + dx, states[at + DungeonState.y] + dy]
      const cell = cellAt(shape, at, states[at + DungeonState.floor], x, y)
      if (states[cell] !== DungeonCell.hiddenStairs) continue
      states[cell] = DungeonCell.stairs
      say(states, at, Message.found)
    }
}

function goDown(states: Float64Array, at: number, shape: DungeonShape, outcome: Outcome): void {
  const floor = states[at + DungeonState.floor] + 1
  if (floor === shape.floors) {
    say(states, at, Message.escaped)
    outcome.reward = 1
    outcome.terminated = true
    return
  }
  states[at + DungeonState.floor] = floor
  states[at + DungeonState.x] = states[at + shape.arrivalsAt + 2 * floor]
  states[at + DungeonState.y] = states[at + shape.arrivalsAt + 2 * floor + 1]
  say(states, at, Message.descended, floor)
}
