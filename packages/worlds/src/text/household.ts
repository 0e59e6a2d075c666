import { type CardRow, card } from './card.ts'
import { firstSeen, helperAction, possibleActions, type Seen, seenAfter } from './household/helper.ts'
import {
  act,
  drawHouse,
  firstHouse,
  type House,
  type HouseShape,
  type HouseTask,
  houseKey,
  isMet,
  isOpen,
  objects,
  objectsIn,
  placeKinds,
  rooms,
  wishesWords,
} from './household/house.ts'
import type { TextWorld } from './text-world.ts'
import { assertLevel, assertRunning, readAction, writeAction } from './turns.ts'
import { vocabularyOf } from './vocabulary.ts'

export type { Condition, House, HouseTask, Place, Wish } from './household/house.ts'

const levels: readonly HouseShape[] = [
  { rooms: 1, places: 3, objects: 2, wishes: 1, conditions: false, closed: false, told: true },
  { rooms: 1, places: 5, objects: 4, wishes: 1, conditions: false, closed: true, told: false },
  { rooms: 2, places: 6, objects: 5, wishes: 1, conditions: true, closed: true, told: false },
  { rooms: 3, places: 8, objects: 6, wishes: 1, conditions: true, closed: true, told: false },
  { rooms: 4, places: 10, objects: 8, wishes: 2, conditions: true, closed: true, told: false },
]

/** Where an episode stands. */
export interface HouseState {
  readonly task: HouseTask
  readonly house: House
  readonly seen: Seen
  /** Subgoals reached so far: `found apple`, `taken apple`, `hot apple`, `placed apple`. */
  readonly reached: readonly string[]
  /** Keys of the houses that have been, the present one last. */
  readonly visited: readonly string[]
  /** Whether the last action could not be done. */
  readonly refused: boolean
  readonly turn: number
  readonly over: boolean
}

const maximumTurns = 50
const verbs = ['enter', 'go', 'open', 'close', 'take', 'put', 'heat', 'cool', 'clean', 'look'] as const
const vocabulary = vocabularyOf([
  ...verbs,
  ...['in', 'at', 'see', 'hold', 'and', ';', 'closed', 'nothing', 'happens', 'hot', 'cold'],
  ...rooms,
  ...Object.keys(placeKinds),
  ...objects,
])

/**
 * Put an object, perhaps heated, cooled or cleaned, in a place. Rooms show their places, places their objects once one
 * stands at them and they are open; one object can be held. Actions: `enter` a room, `go` to a place of the room, `open`,
 * `close`, `take`, `put`, `heat` (at the oven), `cool` (at the fridge), `clean` (at the sink) and the thing's name, `look`.
 * What cannot be done is answered by `nothing happens`.
 *
 * Reward: 1 when all wishes are met, which ends the episode; 0 before. Facts of a turn: `wellFormed`; `admissible`; `noop`
 * (admissible, and nothing changed); `revisited` (the house is again as it has been before); `subgoal` (the first one
 * reached now, or `none`), `subgoals` (how many), `progress` (share of all reached so far); `stateKey` (equal for equal
 * houses, for methods that merge states).
 */
export const householdWorld: TextWorld<HouseTask, HouseState> & {
  actions(state: HouseState): readonly Int32Array[]
} = {
  name: 'household',
  about: 'Find an object in a house, heat, cool or clean it, and put it where it belongs.',
  vocabulary,
  levels: levels.length,
  maximumTurns,
  maximumActionLength: 3,
  maximumObservationLength: 28,

  task(level, random) {
    assertLevel(level, levels.length)
    return drawHouse(level, levels[level], random)
  },

  start(task) {
    const house = firstHouse(task)
    const seen = firstSeen(task)
    const reached = subgoals(task, house, seen)
    return { task, house, seen, reached, visited: [houseKey(house)], refused: false, turn: 0, over: false }
  },

  observe(state) {
    if (state.refused) return vocabulary.encode('nothing happens')
    if (state.turn > 0) return vocabulary.encode(sight(state))
    const { task } = state
    const told = task.told ? task.wishes.map(({ object }) => `${object} at ${task.objects[object]} ; `).join('') : ''
    return vocabulary.encode(`${wishesWords(task.wishes)} ; ${told}${sight(state)}`)
  },

  step(state, action) {
    assertRunning(state.over, 'household')
    const { words, complete } = readAction(vocabulary, action)
    const { task } = state
    const wellFormed = complete && isAction(words)
    const after = wellFormed ? act(task, state.house, words[0], words[1]) : undefined
    const admissible = after !== undefined
    const house = after ?? state.house
    const changed = house !== state.house
    const seen = seenAfter(state.seen, house)
    const reached = subgoals(task, house, seen).filter(goal => !state.reached.includes(goal))
    const key = houseKey(house)
    const terminated = task.wishes.every(wish => isMet(house, wish))
    const turn = state.turn + 1
    const truncated = !terminated && turn >= maximumTurns
    const over = terminated || truncated
    const all = [...state.reached, ...reached]
    return {
      state: {
        task,
        house,
        seen,
        reached: all,
        visited: changed ? [...state.visited.filter(one => one !== key), key] : state.visited,
        refused: !admissible,
        turn,
        over,
      },
      reward: terminated ? 1 : 0,
      terminated,
      truncated,
      ...(over && { correct: terminated }),
      facts: {
        wellFormed,
        admissible,
        noop: admissible && !changed,
        revisited: changed && state.visited.includes(key),
        subgoal: reached[0] ?? 'none',
        subgoals: reached.length,
        progress: all.length / subgoalCount(task),
        stateKey: key,
      },
    }
  },

  expert: (state, random) => writeAction(vocabulary, helperAction(state.task, state.house, state.seen, random)),

  actions: state =>
    state.over ? [] : possibleActions(state.task, state.house).map(action => writeAction(vocabulary, action)),

  text: state =>
    rowsOf(state)
      .map(({ label, text }) => `${label}: ${text}`)
      .join('\n'),
  svg: state => card('household', rowsOf(state)),
}

function isAction(words: readonly string[]): boolean {
  const [verb, thing] = words
  if (words.length === 1) return verb === 'look'
  if (words.length !== 2 || !verbs.some(name => name === verb) || verb === 'look') return false
  if (verb === 'enter') return rooms.some(room => room === thing)
  if (verb === 'go' || verb === 'open' || verb === 'close') return Object.hasOwn(placeKinds, thing)
  return objects.some(object => object === thing)
}

function sight({ task, house }: HouseState): string {
  const { room, at, held, conditions } = house
  const inHand = held === null ? '' : ` ; hold ${conditions[held] ? `${conditions[held]} ` : ''}${held}`
  if (at === null) {
    const places = task.places.filter(place => place.room === room).map(({ name }) => name)
    return `in ${room} see ${places.join(' ')}${inHand}`
  }
  if (!isOpen(house, at)) return `at ${at} closed${inHand}`
  const lying = objectsIn(house, at).map(object => (conditions[object] ? `${conditions[object]} ${object}` : object))
  return `at ${at} see ${lying.join(' ') || 'nothing'}${inHand}`
}

/** Subgoals that are reached as things stand. */
function subgoals(task: HouseTask, house: House, seen: Seen): readonly string[] {
  return task.wishes.flatMap(wish => {
    const { object, condition } = wish
    const reached: string[] = []
    if (seen.objects.includes(object)) reached.push(`found ${object}`)
    if (house.held === object) reached.push(`taken ${object}`)
    if (condition !== null && house.conditions[object] === condition) reached.push(`${condition} ${object}`)
    if (isMet(house, wish)) reached.push(`placed ${object}`)
    return reached
  })
}

function subgoalCount({ wishes }: HouseTask): number {
  return wishes.reduce((count, { condition }) => count + (condition === null ? 3 : 4), 0)
}

function rowsOf(state: HouseState): readonly CardRow[] {
  const { task, house } = state
  const solved = task.wishes.every(wish => isMet(house, wish))
  return [
    { label: 'wish', text: wishesWords(task.wishes), tone: 'agent' },
    { label: 'sight', text: `${house.room} ; ${sight(state)}`, tone: state.refused ? 'bad' : 'plain' },
    { label: 'reached', text: state.reached.join(', ') || 'nothing yet' },
    {
      label: 'end',
      text: solved ? 'all is done' : state.over ? 'out of turns' : 'not yet',
      tone: solved ? 'good' : 'plain',
    },
  ]
}
