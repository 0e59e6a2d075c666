import type { Random } from '@guerdon/core'
import { type CodedAtom, goalHoldsIn, writeGoal } from './goals.ts'
import { greedyAction } from './greedy.ts'
import { movePlayer } from './moves.ts'
import {
  colours,
  isFloor,
  objectAt,
  objectIn,
  objectShapes,
  PredicateKind,
  playerAt,
  playerIn,
  XlandAction,
  XlandCell,
  XlandObject,
  type XlandShape,
  xlandLevels,
} from './shape.ts'

/**
 * Draws a universe: wall segments that leave the floor in one piece, patches of coloured floor, objects no two of which
 * are alike, players, and for each player a goal of the level that does not hold at the start and that a greedy player
 * brings about within half the time while the others stand still. So every goal can be reached; what cannot be reached
 * greedily is not asked for. A universe in which no such goal is found is drawn anew.
 */
export function drawUniverse(states: Float64Array, at: number, shape: XlandShape, random: Random): void {
  for (;;) {
    states.fill(0, at, at + shape.stateSize)
    drawWalls(states, at, shape, random)
    drawZones(states, at, shape, random)
    drawObjects(states, at, shape, random)
    drawPlayers(states, at, shape, random)
    let found = 0
    while (found < shape.players && drawGoal(states, at, shape, found, random)) found++
    if (found === shape.players) return
  }
}

function drawWalls(states: Float64Array, at: number, shape: XlandShape, random: Random): void {
  const { size } = shape
  for (let k = 0; k < shape.walls; k++) {
    const stride = random.bernoulli(0.5) ? 1 : size
    const length = 2 + random.integer(size - 3)
    const along = random.integer(size - length + 1)
    const across = 1 + random.integer(size - 2)
    const start = stride === 1 ? across * size + along : along * size + across
    const cells = Array.from({ length }, (_, i) => at + start + i * stride)
    const before = cells.map(cell => states[cell])
    for (const cell of cells) states[cell] = XlandCell.wall
    if (inOnePiece(states, at, size)) continue
    cells.forEach((cell, i) => {
      states[cell] = before[i]
    })
  }
}

/** Whether all floor can be reached from any of it. */
function inOnePiece(states: Float64Array, at: number, size: number): boolean {
  const floor = Array.from({ length: size * size }, (_, cell) => cell).filter(
    cell => states[at + cell] !== XlandCell.wall,
  )
  const seen = new Set([floor[0]])
  for (const cell of seen) {
    const x = cell % size
    const next = [cell - size, cell + size, ...(x > 0 ? [cell - 1] : []), ...(x < size - 1 ? [cell + 1] : [])]
    for (const other of next)
      if (other >= 0 && other < size * size && states[at + other] !== XlandCell.wall) seen.add(other)
  }
  return seen.size === floor.length
}

function drawZones(states: Float64Array, at: number, shape: XlandShape, random: Random): void {
  const { size } = shape
  for (const colour of random.permutation(colours.length).slice(0, shape.zones)) {
    const [width, height] = [2 + random.integer(2), 2 + random.integer(2)]
    const [left, top] = [random.integer(size - width + 1), random.integer(size - height + 1)]
    for (let y = top; y < top + height; y++)
      for (let x = left; x < left + width; x++)
        if (isFloor(states, at, shape, x, y)) states[at + y * size + x] = XlandCell.colour + colour
  }
}

function drawObjects(states: Float64Array, at: number, shape: XlandShape, random: Random): void {
  for (let object = 0; object < shape.objects; object++) states[objectAt(shape, at, object) + XlandObject.x] = -1
  const kinds = random.permutation(objectShapes.length * colours.length)
  for (let object = 0; object < shape.objects; object++) {
    const [x, y] = freeCell(states, at, shape, random, (x, y) => objectIn(states, at, shape, x, y) < 0)
    const place = objectAt(shape, at, object)
    states[place + XlandObject.shape] = Math.floor(kinds[object] / colours.length)
    states[place + XlandObject.colour] = kinds[object] % colours.length
    states[place + XlandObject.x] = x
    states[place + XlandObject.y] = y
    states[place + XlandObject.holder] = -1
  }
}

function drawPlayers(states: Float64Array, at: number, shape: XlandShape, random: Random): void {
  for (let player = 0; player < shape.players; player++) states[playerAt(shape, at, player)] = -1
  for (let player = 0; player < shape.players; player++) {
    const [x, y] = freeCell(states, at, shape, random, (x, y) => playerIn(states, at, shape, x, y) < 0)
    const place = playerAt(shape, at, player)
    states[place] = x
    states[place + 1] = y
  }
}

function freeCell(
  states: Float64Array,
  at: number,
  shape: XlandShape,
  random: Random,
  free: (x: number, y: number) => boolean,
): readonly [number, number] {
  for (;;) {
    const [x, y] = [random.integer(shape.size), random.integer(shape.size)]
    if (isFloor(states, at, shape, x, y) && free(x, y)) return [x, y]
  }
}

const tries = 60

/** Writes a goal that fits; false when none of some tries does. */
function drawGoal(states: Float64Array, at: number, shape: XlandShape, player: number, random: Random): boolean {
  const { options, atoms, negation, steps: usual } = xlandLevels[shape.level]
  const most = Math.max(1, Math.floor(shape.horizon / 2))
  const least = Math.min(usual, most)
  for (let k = 0; k < tries; k++) {
    const goal = Array.from({ length: options }, () =>
      drawOption(states, at, shape, player, random, { atoms, negation }),
    )
    writeGoal(states, at, shape, player, goal)
    if (goalHoldsIn(states, at, shape, player)) continue
    const steps = stepsToGoal(states, at, shape, player, most)
    if (steps >= least && steps <= most) return true
  }
  return false
}

/** Atoms of which no two name the same predicate, and the first is not negated. */
function drawOption(
  states: Float64Array,
  at: number,
  shape: XlandShape,
  player: number,
  random: Random,
  { atoms, negation }: { readonly atoms: number; readonly negation: number },
): CodedAtom[] {
  const option: CodedAtom[] = []
  for (let k = 0; k < 4 * atoms && option.length < atoms; k++) {
    const negated = option.length > 0 && random.bernoulli(negation)
    const predicate = drawPredicate(states, at, shape, player, random)
    if (!predicate) break
    const atom = { ...predicate, negated }
    const known = option.some(
      ({ kind, first, second }) => kind === atom.kind && first === atom.first && second === atom.second,
    )
    if (!known) option.push(atom)
  }
  return option
}

/** A predicate about the player or an object; at level 0 only `on` a floor or `near` an object, about the player. */
function drawPredicate(
  states: Float64Array,
  at: number,
  shape: XlandShape,
  player: number,
  random: Random,
): Omit<CodedAtom, 'negated'> | undefined {
  const { players, objects, level } = shape
  const present = colours.flatMap((_, colour) => (hasFloor(states, at, shape, colour) ? [colour] : []))
  const others = players + objects - 1
  const kinds: number[] = [
    ...(present.length > 0 ? [PredicateKind.on] : []),
    ...(others > 0 ? [PredicateKind.near] : []),
    ...(objects > 0 && level > 0 ? [PredicateKind.hold] : []),
    ...(others > 0 && level > 0 ? [PredicateKind.see] : []),
  ]
  if (kinds.length === 0) return undefined
  const kind = random.choice(kinds)
  const own = level === 0 || random.bernoulli(0.5)
  const first = own || objects === 0 ? player : players + random.integer(objects)
  if (kind === PredicateKind.on) return { kind, first, second: players + objects + random.choice(present) }
  if (kind === PredicateKind.hold) return { kind, first: player, second: players + random.integer(objects) }
  const second = random.integer(others)
  return { kind, first, second: second < first ? second : second + 1 }
}

function hasFloor(states: Float64Array, at: number, { size }: XlandShape, colour: number): boolean {
  return states.subarray(at, at + size * size).includes(XlandCell.colour + colour)
}

/** Steps a greedy player takes to bring its goal about while the others stand still; ∞ for more than `most`. */
function stepsToGoal(states: Float64Array, at: number, shape: XlandShape, player: number, most: number): number {
  const trial = states.slice(at, at + shape.stateSize)
  let before = -1
  for (let t = 1; t <= most; t++) {
    const action = greedyAction(trial, 0, shape, player)
    // it draws nothing: where it waits once, or takes what it put down, it does so for ever
    if (action === XlandAction.wait || (action === XlandAction.use && before === action)) break
    before = action
    movePlayer(trial, 0, shape, player, action)
    if (goalHoldsIn(trial, 0, shape, player)) return t
  }
  return Number.POSITIVE_INFINITY
}
