import type { Random } from '@guerdon/core'
import {
  act,
  type House,
  type HouseTask,
  isMet,
  isOpen,
  objectsIn,
  placeKinds,
  treatments,
  type Wish,
} from './house.ts'

/** What has been seen of a house so far. */
export interface Seen {
  readonly rooms: readonly string[]
  /** Places looked into. */
  readonly places: readonly string[]
  /** Objects that have been seen somewhere. */
  readonly objects: readonly string[]
}

/** What is seen after an action, with what was seen before. */
export function seenAfter(before: Seen, house: House): Seen {
  const looked = house.at !== null && isOpen(house, house.at) ? house.at : undefined
  const add = (list: readonly string[], more: readonly string[]): readonly string[] => [...new Set([...list, ...more])]
  return {
    rooms: add(before.rooms, [house.room]),
    places: add(before.places, looked === undefined ? [] : [looked]),
    objects: add(before.objects, looked === undefined ? [] : objectsIn(house, looked)),
  }
}

/** What is seen at first: the room, and the wished objects where the task tells of them. */
export function firstSeen(task: HouseTask): Seen {
  return {
    rooms: [task.places[0].room],
    places: [],
    objects: task.told ? task.wishes.map(({ object }) => object) : [],
  }
}

/**
 * The next action of a good helper who knows only what was seen: looks for the object (places and rooms in random order),
 * takes it, makes it hot, cold or clean, brings it. Draws from `random` where there is a choice of what to search next.
 */
export function helperAction(task: HouseTask, house: House, seen: Seen, random: Random): string {
  const wish = task.wishes.find(one => !isMet(house, one))
  if (!wish) return 'look'
  const { object, condition, place } = wish
  if (house.held === null) {
    if (!seen.objects.includes(object)) return searchAction(task, house, seen, random)
    const from = house.objects[object]
    return reach(task, house, seen, from, random) ?? `take ${object}`
  }
  if (house.held !== object) return layDown(task, house, house.held)
  const verb = verbFor(wish)
  if (verb && house.conditions[object] !== condition) {
    const tool = task.places.find(({ name }) => placeKinds[name].makes === condition)
    if (tool) return goTo(task, house, seen, tool.name, random) ?? `${verb} ${object}`
  }
  return reach(task, house, seen, place, random) ?? `put ${object}`
}

function verbFor({ condition }: Wish): string | undefined {
  return Object.entries(treatments).find(([, made]) => made === condition)?.[0]
}

/** The way to an open place to stand at; undefined when that is done. */
function reach(task: HouseTask, house: House, seen: Seen, place: string, random: Random): string | undefined {
  return goTo(task, house, seen, place, random) ?? (isOpen(house, place) ? undefined : `open ${place}`)
}

function goTo(task: HouseTask, house: House, seen: Seen, place: string, random: Random): string | undefined {
  if (house.at === place) return undefined
  const room = task.places.find(({ name }) => name === place)?.room ?? house.room
  if (room === house.room) return `go ${place}`
  return seen.rooms.includes(room) ? `enter ${room}` : enterUnseen(task, seen, random)
}

function enterUnseen(task: HouseTask, seen: Seen, random: Random): string {
  const rooms = [...new Set(task.places.map(({ room }) => room))].filter(room => !seen.rooms.includes(room))
  return `enter ${random.choice(rooms)}`
}

function searchAction(task: HouseTask, house: House, seen: Seen, random: Random): string {
  if (house.at !== null && !isOpen(house, house.at) && !seen.places.includes(house.at)) return `open ${house.at}`
  const unsearched = task.places.filter(({ name }) => !seen.places.includes(name))
  const here = unsearched.filter(({ room }) => room === house.room)
  if (here.length > 0) return `go ${random.choice(here).name}`
  const known = unsearched.filter(({ room }) => seen.rooms.includes(room))
  return known.length > 0 ? `enter ${random.choice(known).room}` : enterUnseen(task, seen, random)
}

function layDown(task: HouseTask, house: House, held: string): string {
  if (house.at !== null) return isOpen(house, house.at) ? `put ${held}` : `open ${house.at}`
  return `go ${task.places.find(({ room }) => room === house.room)?.name}`
}

/** All actions that can be done, and `look`. */
export function possibleActions(task: HouseTask, house: House): readonly string[] {
  const rooms = [...new Set(task.places.map(({ room }) => room))]
  const named = [
    ...rooms.map(room => `enter ${room}`),
    ...task.places.map(({ name }) => `go ${name}`),
    ...(house.at === null ? [] : [`open ${house.at}`, `close ${house.at}`]),
    ...(house.at === null ? [] : objectsIn(house, house.at).map(object => `take ${object}`)),
    ...(house.held === null ? [] : ['put', ...Object.keys(treatments)].map(verb => `${verb} ${house.held}`)),
  ]
  const changing = named.filter(action => {
    const [verb, thing] = action.split(' ')
    const after = act(task, house, verb, thing)
    return after !== undefined && after !== house
  })
  return [...changing, 'look']
}
