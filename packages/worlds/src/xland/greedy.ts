import { atomAt, atomHolds } from './goals.ts'
import {
  GoalSize,
  heldBy,
  objectAt,
  objectIn,
  PredicateKind,
  playerAt,
  XlandAction,
  XlandCell,
  XlandObject,
  type XlandShape,
  xlandSteps,
} from './shape.ts'

/**
 * What a player does who knows the rules: of its goal's options takes the one that lacks fewest atoms, and
 * 1. goes to the nearest cell in which the whole option would hold, with what it holds;
 * 2. if there is none and it holds something: carries it to the cell where most atoms would hold, and puts it down;
 * 3. else fetches the first object that an atom that does not hold names;
 * 4. else goes where most atoms would hold.
 *
 * Draws nothing. Not optimal, and beaten by goals that need two things at once or another player's help; universes are
 * drawn such that it brings every goal about when the others stand still.
 */
export function greedyAction(states: Float64Array, at: number, shape: XlandShape, player: number): number {
  const option = nearestOption(states, at, shape, player)
  const reach = reachableCells(states, at, shape, player)
  const held = heldBy(states, at, shape, player)
  const best = bestCell(states, at, shape, player, option, reach)
  if (best.whole) return best.step
  if (held >= 0) {
    const here = playerAt(shape, at, player)
    const free = objectIn(states, at, shape, states[here], states[here + 1]) < 0
    return best.step === XlandAction.wait && free ? XlandAction.use : best.step
  }
  for (let atom = 0; atom < GoalSize.atoms; atom++) {
    const place = atomAt(shape, at, player, option, atom)
    if (states[place] === PredicateKind.none || atomHolds(states, at, shape, place)) continue
    for (const k of [1, 2]) {
      const object = states[place + k] - shape.players
      if (object < 0 || object >= shape.objects) continue
      const from = objectAt(shape, at, object)
      if (states[from + XlandObject.holder] >= 0) continue
      const cell = states[from + XlandObject.y] * shape.size + states[from + XlandObject.x]
      if (reach.steps[cell] === XlandAction.wait) return XlandAction.use
      if (reach.steps[cell] >= 0) return reach.steps[cell]
    }
  }
  return best.step
}

/** The option of which fewest atoms are missing, the first of equals. */
function nearestOption(states: Float64Array, at: number, shape: XlandShape, player: number): number {
  let chosen = 0
  let fewest = Number.POSITIVE_INFINITY
  for (let option = 0; option < GoalSize.options; option++) {
    if (states[atomAt(shape, at, player, option, 0)] === PredicateKind.none) continue
    const missing = missingAtoms(states, at, shape, player, option)
    if (missing >= fewest) continue
    fewest = missing
    chosen = option
  }
  return chosen
}

function missingAtoms(states: Float64Array, at: number, shape: XlandShape, player: number, option: number): number {
  let missing = 0
  for (let atom = 0; atom < GoalSize.atoms; atom++) {
    const place = atomAt(shape, at, player, option, atom)
    if (states[place] !== PredicateKind.none && !atomHolds(states, at, shape, place)) missing++
  }
  return missing
}

/** Cells a player can walk to, nearest first, and the first action on the way to each (−1 for the others). */
interface Reach {
  readonly cells: Int32Array
  readonly count: number
  readonly steps: Int8Array
}

function reachableCells(states: Float64Array, at: number, shape: XlandShape, player: number): Reach {
  const { size, players } = shape
  const place = playerAt(shape, at, player)
  const start = states[place + 1] * size + states[place]
  const steps = new Int8Array(size * size).fill(-1)
  for (let other = 0; other < players; other++) {
    const where = playerAt(shape, at, other)
    steps[states[where + 1] * size + states[where]] = taken
  }
  steps[start] = XlandAction.wait
  const cells = new Int32Array(size * size)
  cells[0] = start
  let count = 1
  for (let i = 0; i < count; i++) {
    const cell = cells[i]
    const x = cell % size
    const first = i === 0 ? -1 : steps[cell]
    for (let action = 0; action < xlandSteps.length; action++) {
      const toX = x + xlandSteps[action][0]
      const next = cell + xlandSteps[action][0] + size * xlandSteps[action][1]
      if (toX < 0 || toX >= size || next < 0 || next >= size * size) continue
      if (steps[next] !== -1 || states[at + next] === XlandCell.wall) continue
      steps[next] = first < 0 ? action : first
      cells[count++] = next
    }
  }
  return { cells, count, steps }
}

/** Marks cells in which another player stands. */
const taken = -2

/** The first action towards the nearest cell in which fewest atoms of the option are missing. */
function bestCell(
  states: Float64Array,
  at: number,
  shape: XlandShape,
  player: number,
  option: number,
  { cells, count, steps }: Reach,
): { readonly step: number; readonly whole: boolean } {
  const place = playerAt(shape, at, player)
  const held = heldBy(states, at, shape, player)
  const start = cells[0]
  let best = start
  let fewest = Number.POSITIVE_INFINITY
  for (let i = 0; i < count && fewest > 0; i++) {
    imagine(states, at, shape, place, held, cells[i])
    const missing = missingAtoms(states, at, shape, player, option)
    if (missing >= fewest) continue
    const blocked = missing > 0 && held >= 0 && objectIn(states, at, shape, states[place], states[place + 1]) >= 0
    if (blocked) continue
    fewest = missing
    best = cells[i]
  }
  imagine(states, at, shape, place, held, start)
  return { step: steps[best], whole: fewest === 0 }
}

/** Puts the player whose place is given, and what it holds, into a cell. */
function imagine(states: Float64Array, at: number, shape: XlandShape, place: number, held: number, cell: number): void {
  const x = cell % shape.size
  const y = (cell - x) / shape.size
  states[place] = x
  states[place + 1] = y
  if (held < 0) return
  const object = objectAt(shape, at, held)
  states[object + XlandObject.x] = x
  states[object + XlandObject.y] = y
}
