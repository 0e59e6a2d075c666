import { DungeonState, messageSlots, monsterKinds } from './shape.ts'

/** What can be told of a step. */
export const Message = {
  none: 0,
  wall: 1,
  locked: 2,
  opened: 3,
  seeKey: 4,
  tookKey: 5,
  unlocked: 6,
  noKey: 7,
  noDoor: 8,
  nothingHere: 9,
  gold: 10,
  seeStairs: 11,
  noStairs: 12,
  descended: 13,
  escaped: 14,
  found: 15,
  oddity: 16,
  hit: 17,
  missed: 18,
  killed: 19,
  bitten: 20,
  dodged: 21,
  died: 22,
} as const

/** Things heard or felt that mean nothing. */
export const oddities = [
  'You hear water dripping in the distance.',
  'A cold draught touches your neck.',
  'You hear the footsteps of a guard on patrol.',
  'Something is written here in the dust.',
] as const

const monster = (kind: number) => monsterKinds[kind]?.name ?? 'monster'

const texts: readonly ((argument: number) => string)[] = [
  () => '',
  () => 'Solid stone blocks your way.',
  () => 'This door is locked.',
  () => 'The door opens.',
  () => 'You see here a key.',
  () => 'You pick up a key.',
  () => 'You unlock the door. The key breaks in the lock.',
  () => 'You have no key.',
  () => 'There is no locked door beside you.',
  () => 'There is nothing here to pick up.',
  amount => `You collect ${amount} gold pieces.`,
  () => 'There is a staircase down here.',
  () => 'There are no stairs here.',
  floor => `You descend to floor ${floor}.`,
  () => 'You escape from the dungeon.',
  () => 'You find a hidden staircase.',
  k => oddities[k] ?? oddities[0],
  kind => `You hit the ${monster(kind)}.`,
  kind => `You miss the ${monster(kind)}.`,
  kind => `You kill the ${monster(kind)}!`,
  kind => `The ${monster(kind)} bites you!`,
  kind => `The ${monster(kind)} misses you.`,
  () => 'You die.',
]

/** Forgets the messages of the last step. */
export function clearMessages(states: Float64Array, at: number): void {
  const from = at + DungeonState.messages
  states.fill(0, from, from + 2 * messageSlots)
}

/** Adds a message; those beyond the last slot are dropped. */
export function say(states: Float64Array, at: number, message: number, argument = 0): void {
  for (let slot = 0; slot < messageSlots; slot++) {
    const place = at + DungeonState.messages + 2 * slot
    if (states[place] !== Message.none) continue
    states[place] = message
    states[place + 1] = argument
    return
  }
}

/** What was said in the last step, in order. */
export function messagesOf(state: Float64Array): string[] {
  return messageCodes(state).map(([message, argument]) => texts[message](argument))
}

/** Every message there is, with one argument each: what a labeller may be asked about. */
export function allMessages(): string[] {
  return texts.slice(1).map(text => text(1))
}

/** What happened in the last step, as numbers. */
export function eventsOf(state: Float64Array): Record<string, number> {
  const said = messageCodes(state)
  const count = (message: number) => said.filter(([code]) => code === message).length
  const total = (message: number, of: (argument: number) => number) =>
    said.reduce((sum, [code, argument]) => sum + (code === message ? of(argument) : 0), 0)
  return {
    gold: total(Message.gold, amount => amount),
    'key taken': count(Message.tookKey),
    'door opened': count(Message.opened),
    'door unlocked': count(Message.unlocked),
    'stairs found': count(Message.found),
    'stairs reached': count(Message.seeStairs),
    descended: count(Message.descended),
    escaped: count(Message.escaped),
    killed: count(Message.killed),
    damage: total(Message.bitten, kind => monsterKinds[kind]?.damage ?? 0),
    died: count(Message.died),
    bumped: count(Message.wall),
  }
}

function messageCodes(state: Float64Array): (readonly [message: number, argument: number])[] {
  const codes: (readonly [number, number])[] = []
  for (let slot = 0; slot < messageSlots; slot++) {
    const place = DungeonState.messages + 2 * slot
    if (state[place] !== Message.none) codes.push([state[place], state[place + 1]])
  }
  return codes
}
