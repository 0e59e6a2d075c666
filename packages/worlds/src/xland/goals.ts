import { GuerdonError } from '@guerdon/core'
import {
  colours,
  GoalSize,
  isFloor,
  objectAt,
  objectShapes,
  PredicateKind,
  playerAt,
  predicateKinds,
  XlandCell,
  XlandObject,
  type XlandShape,
} from './shape.ts'

/** A predicate that must hold, or must not: the shape goals have in `@guerdon/methods/control/xland`. */
export interface XlandAtom {
  /** For example `near(player 0, red ball)`. */
  readonly predicate: string
  readonly negated?: boolean
}

/** A goal in disjunctive normal form: options of atoms. */
export type XlandGoal = readonly (readonly XlandAtom[])[]

/** An atom in numbers. Entities are numbered: players, then objects, then the colours of the floor. */
export interface CodedAtom {
  readonly kind: number
  readonly first: number
  readonly second: number
  readonly negated: boolean
}

/** How entity `entity` is called: `player 0`, `red ball`, `blue floor`. */
export function entityName(states: Float64Array, at: number, shape: XlandShape, entity: number): string {
  if (entity < shape.players) return `player ${entity}`
  const object = entity - shape.players
  if (object >= shape.objects) return `${colours[object - shape.objects]} floor`
  const place = objectAt(shape, at, object)
  return `${colours[states[place + XlandObject.colour]]} ${objectShapes[states[place + XlandObject.shape]]}`
}

/** Where atom `atom` of option `option` of a player's goal stands. */
export function atomAt(shape: XlandShape, at: number, player: number, option: number, atom: number): number {
  return at + shape.goalsAt + GoalSize.size * player + GoalSize.atom * (GoalSize.atoms * option + atom)
}

/** Writes a goal; its options must have atoms. */
export function writeGoal(
  states: Float64Array,
  at: number,
  shape: XlandShape,
  player: number,
  goal: readonly (readonly CodedAtom[])[],
): void {
  const from = atomAt(shape, at, player, 0, 0)
  states.fill(0, from, from + GoalSize.size)
  goal.forEach((option, o) => {
    option.forEach(({ kind, first, second, negated }, a) => {
      states.set([kind, first, second, negated ? 1 : 0], atomAt(shape, at, player, o, a))
    })
  })
}

/** Whether the predicate written at `place` holds, negation aside. */
export function predicateHolds(states: Float64Array, at: number, shape: XlandShape, place: number): boolean {
  const kind = states[place]
  const first = states[place + 1]
  const second = states[place + 2]
  const a = placeOf(shape, at, first)
  if (kind === PredicateKind.on) {
    const colour = second - shape.players - shape.objects
    return states[at + states[a + 1] * shape.size + states[a]] === XlandCell.colour + colour
  }
  if (kind === PredicateKind.hold)
    return states[objectAt(shape, at, second - shape.players) + XlandObject.holder] === first
  const b = placeOf(shape, at, second)
  if (kind === PredicateKind.near)
    return Math.abs(states[a] - states[b]) <= 1 && Math.abs(states[a + 1] - states[b + 1]) <= 1
  return sees(states, at, shape, a, b)
}

/** Whether the atom written at `place` holds, negated or not. */
export function atomHolds(states: Float64Array, at: number, shape: XlandShape, place: number): boolean {
  return predicateHolds(states, at, shape, place) !== (states[place + 3] === 1)
}

/** ∨ over options of ∧ over atoms: whether a player's goal holds. */
export function goalHoldsIn(states: Float64Array, at: number, shape: XlandShape, player: number): boolean {
  for (let option = 0; option < GoalSize.options; option++) {
    let count = 0
    let holding = 0
    for (let atom = 0; atom < GoalSize.atoms; atom++) {
      const place = atomAt(shape, at, player, option, atom)
      if (states[place] === PredicateKind.none) continue
      count++
      if (atomHolds(states, at, shape, place)) holding++
    }
    if (count > 0 && holding === count) return true
  }
  return false
}

/** A player's goal in words. */
export function goalOf(states: Float64Array, at: number, shape: XlandShape, player: number): XlandGoal {
  const goal: XlandAtom[][] = []
  for (let option = 0; option < GoalSize.options; option++) {
    const atoms: XlandAtom[] = []
    for (let atom = 0; atom < GoalSize.atoms; atom++) {
      const place = atomAt(shape, at, player, option, atom)
      if (states[place] === PredicateKind.none) continue
      const predicate = predicateName(states, at, shape, place)
      atoms.push(states[place + 3] === 1 ? { predicate, negated: true } : { predicate })
    }
    if (atoms.length > 0) goal.push(atoms)
  }
  return goal
}

/** Which of the predicates that goals name hold, by name. */
export function predicatesOf(states: Float64Array, at: number, shape: XlandShape): Record<string, boolean> {
  const truth: Record<string, boolean> = {}
  for (let k = 0; k < shape.players * GoalSize.options * GoalSize.atoms; k++) {
    const place = at + shape.goalsAt + GoalSize.atom * k
    if (states[place] !== PredicateKind.none)
      truth[predicateName(states, at, shape, place)] = predicateHolds(states, at, shape, place)
  }
  return truth
}

/** `near(red ball, player 0) and not on(…) or …` */
export function goalText(goal: XlandGoal): string {
  return goal
    .map(option => option.map(({ predicate, negated }) => (negated ? `not ${predicate}` : predicate)).join(' and '))
    .join(' or ')
}

/**
 * Reads a goal in words for this state, to ask for another one than was drawn.
 * @throws invalid_input for more than 3 options or atoms, an option without atoms, or a name the state does not know
 */
export function readGoal(states: Float64Array, at: number, shape: XlandShape, goal: XlandGoal): CodedAtom[][] {
  if (goal.length > GoalSize.options || goal.some(({ length }) => length === 0 || length > GoalSize.atoms)) {
    throw new GuerdonError('invalid_input', 'expected at most 3 options of 1 … 3 atoms; got others — goal', {
      path: ['goal'],
    })
  }
  const names = Array.from({ length: shape.players + shape.objects + colours.length }, (_, entity) =>
    entityName(states, at, shape, entity),
  )
  const nobody = shape.players
  const floor = shape.players + shape.objects
  return goal.map((option, o) =>
    option.map(({ predicate, negated = false }, a) => {
      const [, word = '', one = '', other = ''] = /^(\w+)\(([^,]+), ([^)]+)\)$/.exec(predicate) ?? []
      const kind = (predicateKinds as readonly string[]).indexOf(word)
      const [first, second] = [names.indexOf(one), names.indexOf(other)]
      const fits =
        kind === PredicateKind.on
          ? first < floor && second >= floor
          : kind === PredicateKind.hold
            ? first < nobody && second >= nobody && second < floor
            : first < floor && second < floor && first !== second
      if (kind > 0 && first >= 0 && second >= 0 && fits) return { kind, first, second, negated }
      throw new GuerdonError('invalid_input', `expected a predicate of this universe; got ${predicate}`, {
        path: ['goal', o, a],
        hint: `near, on, hold or see, as in near(a, b), of ${names.join(', ')}`,
      })
    }),
  )
}

function predicateName(states: Float64Array, at: number, shape: XlandShape, place: number): string {
  const [first, second] = [1, 2].map(k => entityName(states, at, shape, states[place + k]))
  return `${predicateKinds[states[place]]}(${first}, ${second})`
}

/** Where x of a player or object stands; y follows. */
function placeOf(shape: XlandShape, at: number, entity: number): number {
  return entity < shape.players
    ? playerAt(shape, at, entity)
    : objectAt(shape, at, entity - shape.players) + XlandObject.x
}

/** In one row or column without a wall between. */
function sees(states: Float64Array, at: number, shape: XlandShape, a: number, b: number): boolean {
  const dx = Math.sign(states[b] - states[a])
  const dy = Math.sign(states[b + 1] - states[a + 1])
  if (dx !== 0 && dy !== 0) return false
  let [x, y] = [states[a], states[a + 1]]
  while (x !== states[b] || y !== states[b + 1]) {
    x += dx
    y += dy
    if (!isFloor(states, at, shape, x, y)) return false
  }
  return true
}
