import type { Random } from '@guerdon/core'

export const rooms = ['kitchen', 'hall', 'study', 'bedroom'] as const
export const objects = ['apple', 'egg', 'mug', 'plate', 'towel', 'book', 'cup', 'knife'] as const

/** Kinds of places: which can be closed, and what can be made of an object there. */
export const placeKinds: Readonly<Record<string, { readonly closable: boolean; readonly makes?: Condition }>> = {
  table: { closable: false },
  shelf: { closable: false },
  desk: { closable: false },
  bed: { closable: false },
  sink: { closable: false, makes: 'clean' },
  fridge: { closable: true, makes: 'cold' },
  oven: { closable: true, makes: 'hot' },
  drawer: { closable: true },
  cabinet: { closable: true },
  box: { closable: true },
}

/** What an object has been made; the last counts. */
export type Condition = 'hot' | 'cold' | 'clean'

/** What makes an object hot, cold or clean, at the place for it and with the object in hand. */
export const treatments = { heat: 'hot', cool: 'cold', clean: 'clean' } as const

/** A place and the room it is in. */
export interface Place {
  readonly name: string
  readonly room: string
}

/** One thing to be done: put this object, made so, in that place. */
export interface Wish {
  readonly object: string
  readonly condition: Condition | null
  readonly place: string
}

/** A house and what is to be done in it. */
export interface HouseTask {
  readonly id: string
  readonly level: number
  readonly wishes: readonly Wish[]
  readonly places: readonly Place[]
  /** Where each object is at first, by its name. */
  readonly objects: Readonly<Record<string, string>>
  /** Whether the first observation tells where the wished objects are. */
  readonly told: boolean
}

/** How things stand in the house. */
export interface House {
  readonly room: string
  /** The place stood at, or null. */
  readonly at: string | null
  readonly open: readonly string[]
  /** Object in hand, or null. */
  readonly held: string | null
  /** Place of each object; the one in hand is not there. */
  readonly objects: Readonly<Record<string, string>>
  readonly conditions: Readonly<Record<string, Condition>>
}

/** How the houses of a level are made. */
export interface HouseShape {
  readonly rooms: number
  readonly places: number
  readonly objects: number
  readonly wishes: number
  readonly conditions: boolean
  readonly closed: boolean
  readonly told: boolean
}

/** The house as it is at first: in the room of the first place, everything that can be closed closed. */
export function firstHouse(task: HouseTask): House {
  const { room } = task.places[0]
  return { room, at: null, open: [], held: null, objects: task.objects, conditions: {} }
}

/** Whether one can look into a place and reach into it. */
export function isOpen(house: House, place: string): boolean {
  return !placeKinds[place].closable || house.open.includes(place)
}

/** Objects in a place, in a fixed order. */
export function objectsIn(house: House, place: string): readonly string[] {
  return objects.filter(object => house.objects[object] === place)
}

/** Whether a wish is met. */
export function isMet({ objects, conditions }: House, { object, condition, place }: Wish): boolean {
  return objects[object] === place && (condition === null || conditions[object] === condition)
}

/** Text that is equal for equal houses only. */
export function houseKey({ room, at, open, held, objects: where, conditions }: House): string {
  const things = objects.map(object => `${where[object] ?? '-'}${conditions[object] ?? ''}`)
  return [room, at ?? '-', [...open].sort().join('+'), held ?? '-', ...things].join('|')
}

/**
 * The house after an action of a verb and an object of it; the same house when the action changes nothing, undefined when
 * it cannot be done.
 */
export function act(task: HouseTask, house: House, verb: string, thing: string | undefined): House | undefined {
  if (thing === undefined) return verb === 'look' ? house : undefined
  const { at, held } = house
  if (verb === 'enter') {
    if (!task.places.some(({ room }) => room === thing)) return undefined
    return thing === house.room ? house : { ...house, room: thing, at: null }
  }
  if (verb === 'go') {
    if (!task.places.some(({ name, room }) => name === thing && room === house.room)) return undefined
    return thing === at ? house : { ...house, at: thing }
  }
  if (at === null) return undefined
  if (verb === 'open') {
    return thing === at && !isOpen(house, at) ? { ...house, open: [...house.open, at] } : undefined
  }
  if (verb === 'close') {
    return thing === at && house.open.includes(at)
      ? { ...house, open: house.open.filter(name => name !== at) }
      : undefined
  }
  if (verb === 'take') {
    if (held !== null || house.objects[thing] !== at || !isOpen(house, at)) return undefined
    const { [thing]: _, ...others } = house.objects
    return { ...house, held: thing, objects: others }
  }
  if (held !== thing) return undefined
  if (verb === 'put') {
    return isOpen(house, at) ? { ...house, held: null, objects: { ...house.objects, [thing]: at } } : undefined
  }
  const condition = treatments[verb as keyof typeof treatments]
  if (condition === undefined || placeKinds[at].makes !== condition) return undefined
  if (house.conditions[thing] === condition) return house
  return { ...house, conditions: { ...house.conditions, [thing]: condition } }
}

/** Draws a house and wishes none of which is met. */
export function drawHouse(level: number, shape: HouseShape, random: Random): HouseTask {
  const names = Object.keys(placeKinds).filter(name => shape.closed || !placeKinds[name].closable)
  const tools = shape.conditions ? ['sink', 'fridge', 'oven'] : []
  const others = random.shuffle(names.filter(name => !tools.includes(name)))
  const chosen = random.shuffle([...tools, ...others].slice(0, shape.places))
  const here = random.shuffle([...rooms]).slice(0, shape.rooms)
  const places = chosen.map((name, i) => ({ name, room: i < here.length ? here[i] : random.choice(here) }))
  const present = random.shuffle([...objects]).slice(0, shape.objects)
  const where = Object.fromEntries(present.map(object => [object, random.choice(chosen)]))
  const wishes = present.slice(0, shape.wishes).map(object => ({
    object,
    condition: shape.conditions ? random.choice(['hot', 'cold', 'clean'] as const) : null,
    place: random.choice(chosen.filter(name => name !== where[object])),
  }))
  const layout = places.map(({ name, room }) => `${room} ${name}`).join(', ')
  const things = present.map(object => `${object} ${where[object]}`).join(', ')
  return {
    id: `${wishesWords(wishes)} (${layout}; ${things})`,
    level,
    wishes,
    places,
    objects: where,
    told: shape.told,
  }
}

/** Wishes in words. */
export function wishesWords(wishes: readonly Wish[]): string {
  return wishes
    .map(({ object, condition, place }) => `put ${condition === null ? '' : `${condition} `}${object} in ${place}`)
    .join(' and ')
}
