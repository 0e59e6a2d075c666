import { assertInteger } from '@guerdon/core'
import type { WorldDefinition } from '@guerdon/worlds/world/definition'
import { type Space, sizeOf } from '@guerdon/worlds/world/space'
import { type VectorWorld, vectorWorld } from '@guerdon/worlds/world/vector-world'

/** Writes an action for each copy of a world, as it is now, into `actions` [N·A]. */
export type Player = (world: VectorWorld, actions: Float64Array) => Promise<void> | void

/** Mean undiscounted return of the first episode of each of `episodes` copies. */
export async function playEpisodes(
  definition: WorldDefinition,
  play: Player,
  options: { readonly episodes: number; readonly seed: number },
): Promise<number> {
  const { episodes, seed } = options
  assertInteger(episodes, 'episodes', 1)
  const world = vectorWorld(definition, { copies: episodes, seed, autoreset: 'next-step' })
  const actions = new Float64Array(episodes * sizeOf(world.actionSpace))
  const over = new Uint8Array(episodes)
  let total = 0
  while (over.includes(0)) {
    await play(world, actions)
    world.step(actions)
    for (let n = 0; n < episodes; n++) {
      if (over[n] === 0) total += world.rewards[n]
      over[n] |= world.terminated[n] | world.truncated[n]
    }
  }
  return total / episodes
}

/** Writes the first largest logit of each row, or means held in the bounds. */
export function writeGreedy(outputs: ArrayLike<number>, space: Space, actions: Float64Array): void {
  if (space.kind === 'discrete') {
    for (let n = 0; n < actions.length; n++) {
      let best = 0
      for (let a = 1; a < space.count; a++) if (outputs[n * space.count + a] > outputs[n * space.count + best]) best = a
      actions[n] = best
    }
    return
  }
  const size = space.low.length
  for (let i = 0; i < actions.length; i++) {
    const low = space.low[i % size] ?? Number.NEGATIVE_INFINITY
    const high = space.high[i % size] ?? Number.POSITIVE_INFINITY
    actions[i] = Math.min(high, Math.max(low, outputs[i]))
  }
}

/** Observations of all copies as a network takes them, [N][D] float32. */
export function observationRows(world: VectorWorld): {
  readonly dtype: 'float32'
  readonly shape: readonly number[]
  readonly data: Float32Array
} {
  return {
    dtype: 'float32',
    shape: [world.copies, world.observations.length / world.copies],
    data: Float32Array.from(world.observations),
  }
}
