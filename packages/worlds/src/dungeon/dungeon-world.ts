import type { WorldDefinition } from '../world/definition.ts'
import { bytes, discrete } from '../world/space.ts'
import { expertAction } from './expert.ts'
import { drawDungeon } from './generate.ts'
import { eventsOf, messagesOf } from './messages.ts'
import { dungeonSvg, dungeonText, dungeonViewText } from './pictures.ts'
import { advanceDungeon } from './rules.ts'
import { type DungeonOptions, type DungeonShape, DungeonState, dungeonActions, dungeonShape } from './shape.ts'
import { dungeonObservation, viewDungeon } from './view.ts'

/** A dungeon and what can be asked about its states. */
export interface DungeonWorld extends WorldDefinition {
  readonly shape: DungeonShape
  /** What was said in the last step, in order: the captions language models label. */
  messages(state: Float64Array): readonly string[]
  /** What the adventurer sees, in 9 rows of 9 characters. */
  viewText(state: Float64Array): string
  /** The next action of someone who knows the map: see `expertAction`. */
  expert(state: Float64Array): number
}

/**
 * A dungeon to leave by its stairs: reward 1 on leaving the last floor, 0 for all else, and death ends the episode
 * unpaid. Rooms are seen when one is in them, corridors a step at a time; keys open locked doors, monsters bite, gold is
 * picked up in passing, and every step tells what happened (`messages`). `facts` counts those events, for reward
 * functions other than the world's.
 *
 * After NetHack as the exploration papers use it, much reduced: four directions, one kind of key, three monsters, no
 * hunger. `layout: 'chain'` is the task of online intrinsic rewards, `'key-room'` MiniHack's KeyRoom; without monsters
 * nothing is drawn after the start, so those can be enumerated.
 *
 * @throws invalid_option
 */
export function dungeonWorld(options: DungeonOptions = {}): DungeonWorld {
  const shape = dungeonShape(options)
  const name = shape.layout === 'rooms' ? `dungeon-${shape.level}` : `dungeon-${shape.layout}`
  return {
    name,
    shape,
    actionSpace: discrete(dungeonActions),
    observationSpace: bytes([dungeonObservation], 255),
    stateSize: shape.stateSize,
    horizon: shape.horizon,
    stochastic: shape.monsters > 0,
    start: (states, at, random) => drawDungeon(states, at, shape, random),
    advance: (states, at, actions, actionAt, outcome, random) =>
      advanceDungeon(states, at, actions[actionAt], shape, outcome, random),
    observe: (states, at, observations, to) => viewDungeon(states, at, shape, observations, to),
    svg: state => dungeonSvg(name, state, shape),
    text: state => dungeonText(state, shape),
    facts: state => ({
      floor: state[DungeonState.floor],
      x: state[DungeonState.x],
      y: state[DungeonState.y],
      health: state[DungeonState.health],
      keys: state[DungeonState.keys],
      ...eventsOf(state),
    }),
    messages: messagesOf,
    viewText: state => dungeonViewText(state, shape),
    expert: state => expertAction(state, 0, shape),
  }
}
