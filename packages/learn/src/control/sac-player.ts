import { type Concrete, type Dense, filledArray, jit, type NdArray, type Tensor } from '@guerdon/tensor'
import type { Space } from '@guerdon/worlds/world/space'
import { observationRows, type Player, writeGreedy } from './play-episodes.ts'
import { sacHead } from './sac-heads.ts'
import type { SacParameters } from './sac-update.ts'

/**
 * A player of the actor's middle: tanh of the means, or the first largest logit. This is what soft actor–critic is evaluated
 * by; its curve is of actions drawn, whose noise may cost more than it teaches.
 */
export function sacPlayer(
  { actor }: SacParameters<NdArray>,
  actionSpace: Space,
  options: { /** Default 1. */ readonly threads?: number } = {},
): Player {
  const head = sacHead(actionSpace)
  const act = jit(
    (layers: Dense[], observations: Tensor, noise: Tensor) => head.act(layers, observations, noise),
    options,
  )
  return async (world, actions) => {
    const args = [actor, observationRows(world), filledArray([world.copies, Math.max(1, head.noiseSize)], 0)]
    const { outputs } = await act(...(args as unknown as Concrete<[Dense[], Tensor, Tensor]>))
    writeGreedy(outputs.data, actionSpace, actions)
  }
}
