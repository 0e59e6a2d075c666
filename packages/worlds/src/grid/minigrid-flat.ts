import type { Outcome } from '../world/definition.ts'
import type { Observations } from '../world/space.ts'
import {
  DoorState,
  MinigridColour,
  MinigridObject,
  minigridDirections,
  minigridSuccessReward,
  minigridView,
} from './minigrid-cells.ts'

/** What does not change during an episode. */
export interface MinigridSize {
  readonly width: number
  readonly height: number
  readonly maxSteps: number
}

/** Where the parts of a flat state stand: x, y, direction, carried object, colour and state (0 0 0: nothing), steps, cells. */
export const FlatMinigrid = { x: 0, y: 1, direction: 2, carried: 3, steps: 6, cells: 7 } as const

/** Numbers of a flat state. */
export function flatMinigridSize({ width, height }: MinigridSize): number {
  return FlatMinigrid.cells + 3 * width * height
}

/** Acts on the flat state at `flat[at …]`, in place. */
export function advanceMinigrid(
  flat: Float64Array,
  at: number,
  action: number,
  size: MinigridSize,
  outcome: Outcome,
): void {
  const steps = ++flat[at + FlatMinigrid.steps]
  outcome.reward = 0
  outcome.terminated = false
  if (action <= 1) {
    const turn = action === 0 ? 3 : 1
    flat[at + FlatMinigrid.direction] = (flat[at + FlatMinigrid.direction] + turn) % 4
    return
  }
  const step = minigridDirections[flat[at + FlatMinigrid.direction]]
  const x = flat[at + FlatMinigrid.x] + step[0]
  const y = flat[at + FlatMinigrid.y] + step[1]
  const cell = at + FlatMinigrid.cells + 3 * (y * size.width + x)
  const hand = at + FlatMinigrid.carried
  switch (action) {
    case 2:
      if (!canEnter(flat, cell)) return
      flat[at + FlatMinigrid.x] = x
      flat[at + FlatMinigrid.y] = y
      if (flat[cell] !== MinigridObject.goal) return
      outcome.reward = minigridSuccessReward(steps, size.maxSteps)
      outcome.terminated = true
      return
    case 3:
      if (flat[cell] !== MinigridObject.key || flat[hand] !== 0) return
      flat.copyWithin(hand, cell, cell + 3)
      putCell(flat, cell, MinigridObject.empty)
      return
    case 4:
      if (flat[cell] !== MinigridObject.empty || flat[hand] === 0) return
      flat.copyWithin(cell, hand, hand + 3)
      putCell(flat, hand, 0)
      return
    case 5:
      if (flat[cell] === MinigridObject.door) toggle(flat, cell, hand)
  }
}

function canEnter(flat: Float64Array, cell: number): boolean {
  const object = flat[cell]
  if (object === MinigridObject.door) return flat[cell + 2] === DoorState.open
  return object === MinigridObject.empty || object === MinigridObject.goal
}

function putCell(flat: Float64Array, cell: number, object: number): void {
  flat[cell] = object
  flat[cell + 1] = 0
  flat[cell + 2] = 0
}

function toggle(flat: Float64Array, door: number, hand: number): void {
  const locked = flat[door + 2] === DoorState.locked
  if (locked && (flat[hand] !== MinigridObject.key || flat[hand + 1] !== flat[door + 1])) return
  flat[door + 2] = flat[door + 2] === DoorState.open ? DoorState.closed : DoorState.open
}

/**
 * Writes what the agent of `flat[at …]` sees to `out[to …]`: a 7×7 view ahead of it, itself at the middle of the nearest
 * row, walls and closed doors hiding what is behind. Object, colour, state at `3·(i·7 + j)`, i across from the agent's
 * left, j from far (0) to near (6); zeros where unseen. The agent's own cell shows what it carries.
 */
export function viewMinigrid(flat: Float64Array, at: number, size: MinigridSize, out: Observations, to: number): void {
  const direction = flat[at + FlatMinigrid.direction]
  const aheadX = minigridDirections[direction][0]
  const aheadY = minigridDirections[direction][1]
  const asideX = minigridDirections[(direction + 1) % 4][0]
  const asideY = minigridDirections[(direction + 1) % 4][1]
  const agentX = flat[at + FlatMinigrid.x]
  const agentY = flat[at + FlatMinigrid.y]
  const cells = at + FlatMinigrid.cells
  const { width, height } = size
  const half = (minigridView - 1) / 2
  let entry = to
  for (let across = -half; across <= half; across++) {
    for (let forward = minigridView - 1; forward >= 0; forward--, entry += 3) {
      const x = agentX + forward * aheadX + across * asideX
      const y = agentY + forward * aheadY + across * asideY
      if (x < 0 || y < 0 || x >= width || y >= height) {
        out[entry] = MinigridObject.wall
        out[entry + 1] = MinigridColour.grey
        out[entry + 2] = 0
        continue
      }
      const cell = cells + 3 * (y * width + x)
      out[entry] = flat[cell]
      out[entry + 1] = flat[cell + 1]
      out[entry + 2] = flat[cell + 2]
    }
  }
  const own = to + 3 * (half * minigridView + minigridView - 1)
  const hand = at + FlatMinigrid.carried
  out[own] = flat[hand] === 0 ? MinigridObject.empty : flat[hand]
  out[own + 1] = flat[hand + 1]
  out[own + 2] = flat[hand + 2]
  hideUnseen(out, to)
}

/** Rows of the view in which each column is seen, as bits; light spreads from the agent's cell sideways and forwards. */
function hideUnseen(out: Observations, to: number): void {
  let seen = 1 << ((minigridView - 1) / 2)
  for (let j = minigridView - 1; j >= 0; j--) {
    let farther = 0
    for (let i = 0; i < minigridView - 1; i++) {
      if (!shines(out, to, seen, i, j)) continue
      seen |= 1 << (i + 1)
      farther |= (1 << (i + 1)) | (1 << i)
    }
    for (let i = minigridView - 1; i > 0; i--) {
      if (!shines(out, to, seen, i, j)) continue
      seen |= 1 << (i - 1)
      farther |= (1 << (i - 1)) | (1 << i)
    }
    for (let i = 0; i < minigridView; i++) {
      if (seen & (1 << i)) continue
      const entry = to + 3 * (i * minigridView + j)
      out[entry] = 0
      out[entry + 1] = 0
      out[entry + 2] = 0
    }
    seen = farther
  }
}

/** Whether cell (i, j) is seen and can be seen through. */
function shines(out: Observations, to: number, seen: number, i: number, j: number): boolean {
  if (!(seen & (1 << i))) return false
  const entry = to + 3 * (i * minigridView + j)
  if (out[entry] === MinigridObject.wall) return false
  return out[entry] !== MinigridObject.door || out[entry + 2] === DoorState.open
}
