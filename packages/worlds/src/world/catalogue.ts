import { GuerdonError, nearestName } from '@guerdon/core'
import { curlingWorld } from '../arm/curling.ts'
import { redundantArmWorld } from '../arm/redundant-arm.ts'
import { acrobotWorld } from '../control/acrobot.ts'
import { cartPoleWorld } from '../control/cart-pole.ts'
import { hardMazeWorld } from '../control/hard-maze.ts'
import { mountainCarWorld } from '../control/mountain-car.ts'
import { mountainCarContinuousWorld } from '../control/mountain-car-continuous.ts'
import { pendulumWorld } from '../control/pendulum.ts'
import { reacherWorld } from '../control/reacher.ts'
import { dungeonWorld } from '../dungeon/dungeon-world.ts'
import { chain } from '../grid/chain.ts'
import { fourRoom } from '../grid/four-room.ts'
import { lineKey } from '../grid/line-key.ts'
import { doorKeyWorld, fourRoomsWorld } from '../grid/minigrid-world.ts'
import { objectRoomsWorld } from '../grid/object-rooms-world.ts'
import { tabularDefinition } from '../grid/tabular-definition.ts'
import { xlandGame, xlandWorld } from '../xland/xland-world.ts'
import type { WorldDefinition } from './definition.ts'

/** All worlds with their default options, in the order they are listed to people. */
export const worlds: readonly WorldDefinition[] = [
  cartPoleWorld,
  mountainCarWorld,
  mountainCarContinuousWorld,
  pendulumWorld,
  acrobotWorld,
  reacherWorld,
  hardMazeWorld(),
  curlingWorld(),
  redundantArmWorld(),
  fourRoomsWorld(),
  doorKeyWorld(),
  tabularDefinition(fourRoom()),
  tabularDefinition(lineKey()),
  tabularDefinition(chain()),
  objectRoomsWorld(),
  xlandWorld(),
  xlandGame(),
  dungeonWorld(),
  dungeonWorld({ layout: 'chain' }),
  dungeonWorld({ layout: 'key-room' }),
]

/** Worlds that need a physics engine: `physicsWorlds()` and `findPhysicsWorld()` of `@guerdon/worlds/physics` load it. */
export const physicsWorldNames: readonly string[] = [
  'reacher-v5',
  'hopper-v5',
  'half-cheetah-v5',
  'ant-v5',
  'open-drawer',
  'close-drawer',
  'open-door',
  'close-door',
  'arena-1v1',
  'arena-2v2',
]

/** The world of this name. Throws `unknown_name`, with the nearest name there is, or with where to load it. */
export function findWorld(name: string): WorldDefinition {
  const found = worlds.find(world => world.name === name)
  if (found) return found
  const names = worlds.map(world => world.name)
  const loaded = physicsWorldNames.includes(name)
  const near = nearestName(name, [...names, ...physicsWorldNames])
  const load = `await findPhysicsWorld('${near}') of @guerdon/worlds/physics loads it with its engine`
  const hint = loaded ? load : near !== undefined && `did you mean ${near}?`
  throw new GuerdonError('unknown_name', `expected the name of a world; got ${name} — there are ${names.join(', ')}`, {
    ...(hint && { hint }),
  })
}
