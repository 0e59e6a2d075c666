import { antV5 } from './ant.ts'
import { doorDrawerTasks, doorDrawerWorld } from './door-drawer.ts'
import type { Mujoco } from './engine.ts'
import { halfCheetahV5 } from './half-cheetah.ts'
import { hopperV5 } from './hopper.ts'
import { reacherV5 } from './reacher.ts'
import type { MujocoWorld } from './world.ts'

/** All worlds on MuJoCo with their default options. */
export function mujocoWorlds(mujoco: Mujoco): readonly MujocoWorld[] {
  return [
    reacherV5(mujoco),
    hopperV5(mujoco),
    halfCheetahV5(mujoco),
    antV5(mujoco),
    ...doorDrawerTasks.map(task => doorDrawerWorld(mujoco, { task })),
  ]
}
