import type { Random } from '@guerdon/core'
import { type Concrete, type Dense, jit, type NdArray, type Tensor } from '@guerdon/tensor'
import type { WorldDefinition } from '@guerdon/worlds/world/definition'
import type { VectorWorld } from '@guerdon/worlds/world/vector-world'
import { actorOutputs, initialActorCritic, type Policy } from '../control/actor-critic.ts'
import { observationRows, playEpisodes, writeGreedy } from '../control/play-episodes.ts'
import type { Spaces } from './demonstrations.ts'

/** A fresh policy without a critic. */
export function initialPolicyFor(random: Random, spaces: Spaces, hidden: readonly number[]): Policy<NdArray> {
  const { critic: _, ...policy } = initialActorCritic(random, { ...spaces, hidden })
  return policy
}

/** The most probable actions of a policy in the present observations of a world, within bounds, into `actions` [N·A]. */
export type GreedyPlayer = (policy: Policy<NdArray>, world: VectorWorld, actions: Float64Array) => Promise<void>

/** Compiles a player at its first use. */
export function greedyPlayer(options: { /** Default 1. */ readonly threads?: number } = {}): GreedyPlayer {
  const outputsOf = jit((actor: Dense[], observations: Tensor) => actorOutputs(actor, observations), options)
  return async ({ actor }, world, actions) => {
    const outputs = await outputsOf(...([actor, observationRows(world)] as unknown as Concrete<[Dense[], Tensor]>))
    writeGreedy(outputs.data, world.actionSpace, actions)
  }
}

/** Mean undiscounted return of `episodes` episodes, played greedily. */
export function evaluateGreedily(
  definition: WorldDefinition,
  policy: Policy<NdArray>,
  options: { readonly episodes: number; readonly seed: number },
): Promise<number> {
  const play = greedyPlayer()
  return playEpisodes(definition, (world, actions) => play(policy, world, actions), options)
}
