import type { Random } from '@guerdon/core'
import { Message, say } from './messages.ts'
import {
  adventurer,
  cellAt,
  type DungeonShape,
  DungeonState,
  dungeonSteps,
  isOpen,
  MonsterState,
  monsterIn,
  monsterKinds,
} from './shape.ts'

/**
 * Monsters act in their order: those beside the adventurer bite, hunters within `adventurer.noticed` steps come nearer,
 * others near by wander. They stop once the adventurer is dead.
 */
export function moveMonsters(states: Float64Array, at: number, shape: DungeonShape, random: Random): void {
  const x = states[at + DungeonState.x]
  const y = states[at + DungeonState.y]
  for (let m = 0; m < shape.monsters; m++) {
    const monster = at + shape.monstersAt + MonsterState.size * m
    if (states[monster + MonsterState.health] <= 0) continue
    if (states[monster + MonsterState.floor] !== states[at + DungeonState.floor]) continue
    const dx = x - states[monster + MonsterState.x]
    const dy = y - states[monster + MonsterState.y]
    const distance = Math.abs(dx) + Math.abs(dy)
    if (distance > adventurer.noticed) continue
    const kind = states[monster + MonsterState.kind]
    if (distance === 1) {
      bite(states, at, kind, random)
      if (states[at + DungeonState.health] <= 0) return
    } else if (monsterKinds[kind].hunts) {
      hunt(states, at, shape, monster, dx, dy)
    } else {
      const [stepX, stepY] = dungeonSteps[random.integer(dungeonSteps.length)]
      go(states, at, shape, monster, stepX, stepY)
    }
  }
}

function bite(states: Float64Array, at: number, kind: number, random: Random): void {
  const { accuracy, damage } = monsterKinds[kind]
  if (!random.bernoulli(accuracy)) {
    say(states, at, Message.dodged, kind)
    return
  }
  states[at + DungeonState.health] = Math.max(0, states[at + DungeonState.health] - damage)
  say(states, at, Message.bitten, kind)
}

/** One step along the longer way, or along the other where that is barred. */
function hunt(states: Float64Array, at: number, shape: DungeonShape, monster: number, dx: number, dy: number): void {
  const across = Math.abs(dx) >= Math.abs(dy)
  const first = go(states, at, shape, monster, across ? Math.sign(dx) : 0, across ? 0 : Math.sign(dy))
  if (!first) go(states, at, shape, monster, across ? 0 : Math.sign(dx), across ? Math.sign(dy) : 0)
}

/** Moves a monster where it can stand; says whether it could. */
function go(states: Float64Array, at: number, shape: DungeonShape, monster: number, dx: number, dy: number): boolean {
  if (dx === 0 && dy === 0) return false
  const floor = states[monster + MonsterState.floor]
  const x = states[monster + MonsterState.x] + dx
  const y = states[monster + MonsterState.y] + dy
  if (!isOpen(states[cellAt(shape, at, floor, x, y)]) || monsterIn(states, at, shape, floor, x, y) >= 0) return false
  if (x === states[at + DungeonState.x] && y === states[at + DungeonState.y]) return false
  states[monster + MonsterState.x] = x
  states[monster + MonsterState.y] = y
  return true
}
