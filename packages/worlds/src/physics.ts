import { GuerdonError, nearestName } from '@guerdon/core'
import { arenaWorld } from './arena/arena-world.ts'
import { loadRapier } from './arena/bodies.ts'
import { loadMujoco } from './mujoco/engine.ts'
import { mujocoWorlds } from './mujoco/worlds.ts'
import { physicsWorldNames } from './world/catalogue.ts'
import type { WorldDefinition } from './world/definition.ts'

/**
 * All worlds that need a physics engine, with their default options: what `worlds` is for the others. Loads MuJoCo and
 * Rapier (WebAssembly) on first use.
 *
 * @throws unsupported where `mujoco-js` or `@dimforge/rapier3d-compat` is not installed
 */
export async function physicsWorlds(): Promise<readonly WorldDefinition[]> {
  const [mujoco, rapier] = await Promise.all([loadMujoco(), loadRapier()])
  return [...mujocoWorlds(mujoco), arenaWorld(rapier), arenaWorld(rapier, { blue: 2, orange: 2 })]
}

/** The world of this name, with its engine. @throws unknown_name, with the nearest name there is */
export async function findPhysicsWorld(name: string): Promise<WorldDefinition> {
  if (!physicsWorldNames.includes(name)) {
    const near = nearestName(name, physicsWorldNames)
    throw new GuerdonError(
      'unknown_name',
      `expected the name of a physics world; got ${name} — there are ${physicsWorldNames.join(', ')}`,
      { ...(near !== undefined && { hint: `did you mean ${near}?` }) },
    )
  }
  if (name.startsWith('arena-')) {
    const rapier = await loadRapier()
    return name === 'arena-1v1' ? arenaWorld(rapier) : arenaWorld(rapier, { blue: 2, orange: 2 })
  }
  const mujoco = await loadMujoco()
  return mujocoWorlds(mujoco).find(world => world.name === name)!
}
