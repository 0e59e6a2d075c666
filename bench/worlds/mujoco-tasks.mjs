/** The MuJoCo worlds with a start and some actions, as numbers that the C program can be given. */
import { Random } from '@guerdon/core'
import { loadMujoco } from '@guerdon/worlds/mujoco/engine'
import { mujocoWorlds } from '@guerdon/worlds/mujoco/worlds'

/** [{ world, task }] with `count` random actions each. */
export async function mujocoTasks(count) {
  const mujoco = await loadMujoco()
  return mujocoWorlds(mujoco).map(world => {
    const random = new Random(3)
    const state = new Float64Array(world.stateSize)
    world.start(state, 0, random)
    const { low, high } = world.actionSpace
    const actions = Array.from({ length: count * low.length }, (_, i) =>
      random.uniform(low[i % low.length], high[i % low.length]),
    )
    const start = [...world.positionsOf(state), ...world.velocitiesOf(state)]
    return { world, task: { mjcf: world.mjcf, start, actions, frameSkip: world.frameSkip } }
  })
}
