import {
  heldBy,
  isFloor,
  objectAt,
  objectIn,
  playerAt,
  playerIn,
  XlandAction,
  XlandObject,
  type XlandShape,
  xlandSteps,
} from './shape.ts'

/**
 * One player acts on the state at `states[at …]`, in place. Walls, the edge and other players stop a step; an object that
 * is held goes where its holder goes; nothing can be put down on another object, nor taken from another player. What
 * cannot be done does nothing.
 */
export function movePlayer(states: Float64Array, at: number, shape: XlandShape, player: number, action: number): void {
  if (action === XlandAction.wait) return
  const place = playerAt(shape, at, player)
  const x = states[place]
  const y = states[place + 1]
  const held = heldBy(states, at, shape, player)
  if (action === XlandAction.use) {
    const under = objectIn(states, at, shape, x, y)
    if (held >= 0 && under < 0) states[objectAt(shape, at, held) + XlandObject.holder] = -1
    if (held < 0 && under >= 0) states[objectAt(shape, at, under) + XlandObject.holder] = player
    return
  }
  const [dx, dy] = xlandSteps[action]
  if (!isFloor(states, at, shape, x + dx, y + dy) || playerIn(states, at, shape, x + dx, y + dy) >= 0) return
  states[place] = x + dx
  states[place + 1] = y + dy
  if (held < 0) return
  const object = objectAt(shape, at, held)
  states[object + XlandObject.x] = x + dx
  states[object + XlandObject.y] = y + dy
}
