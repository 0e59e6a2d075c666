import { assertInteger, GuerdonError, sha256 } from '@guerdon/core'
import { type Space, sizeOf } from '@guerdon/worlds/world/space'
import type { VectorWorld } from '@guerdon/worlds/world/vector-world'
import { assertNumbers, assertSameStep, stepWorld } from '../control/checked-step.ts'
import { toBase64 } from '../run/learner-state.ts'

/** What an expert did. */
export interface Demonstrations {
  /** M, pairs. */
  readonly count: number
  /** [M·D] */
  readonly observations: Float32Array
  /** [M·A] numbers, or [M] numbers of discrete actions. */
  readonly actions: Float32Array | Int32Array
}

/** Writes the action [A] (discrete: its number) of each copy of a world into `actions` [N·A]. */
export type Expert = (observations: ArrayLike<number>, actions: Float64Array) => void

/** The spaces of a world. */
export interface Spaces {
  readonly observationSpace: Space
  readonly actionSpace: Space
}

/**
 * The first whole episodes an expert plays, `episodes` of them in the order in which they end.
 *
 * @returns pairs, episode after episode, and the undiscounted return of each episode
 * @throws invalid_option for a world whose autoreset is not `same-step`; what the world throws for an action it does not
 * take, with the step
 */
export function collectDemonstrations(
  world: VectorWorld,
  expert: Expert,
  options: { readonly episodes: number },
): Demonstrations & { readonly returns: readonly number[] } {
  const { episodes } = options
  assertInteger(episodes, 'episodes', 1)
  assertSameStep(world)
  const { copies } = world
  const size = sizeOf(world.observationSpace)
  const actionSize = sizeOf(world.actionSpace)
  const actions = new Float64Array(copies * actionSize)
  const running = Array.from({ length: copies }, () => ({
    observations: [] as number[],
    actions: [] as number[],
    total: 0,
  }))
  const finished: (typeof running)[number][] = []
  for (let step = 0; finished.length < episodes; step++) {
    for (const [n, own] of running.entries()) {
      for (let k = 0; k < size; k++) own.observations.push(world.observations[n * size + k])
    }
    expert(world.observations, actions)
    assertNumbers(actions, 'action', 'the expert', actionSize, step)
    for (const [n, own] of running.entries())
      own.actions.push(...actions.subarray(n * actionSize, (n + 1) * actionSize))
    stepWorld(world, actions, step)
    for (const [n, own] of running.entries()) {
      own.total += world.rewards[n]
      if ((world.terminated[n] | world.truncated[n]) === 0) continue
      finished.push(own)
      running[n] = { observations: [], actions: [], total: 0 }
    }
  }
  const taken = finished.slice(0, episodes)
  const played = taken.flatMap(episode => episode.actions)
  return {
    count: played.length / actionSize,
    observations: Float32Array.from(taken.flatMap(episode => episode.observations)),
    actions: world.actionSpace.kind === 'discrete' ? Int32Array.from(played) : Float32Array.from(played),
    returns: taken.map(({ total }) => total),
  }
}

/**
 * Checks demonstrations against the spaces of a world.
 *
 * @throws empty, shape_mismatch; not_finite or invalid_input naming the pair
 */
export function assertDemonstrations({ count, observations, actions }: Demonstrations, spaces: Spaces): void {
  const { observationSpace, actionSpace } = spaces
  if (observationSpace.kind !== 'box') {
    throw new GuerdonError('unsupported', 'expected observations that are vectors of numbers; got a discrete space', {
      path: ['observationSpace'],
    })
  }
  if (count === 0) {
    throw new GuerdonError('empty', 'expected demonstrations; got none', { path: ['demonstrations'] })
  }
  const sizes = [
    ['observations', observations, sizeOf(observationSpace)],
    ['actions', actions, sizeOf(actionSpace)],
  ] as const
  for (const [name, values, size] of sizes) {
    if (values.length !== count * size) {
      throw new GuerdonError(
        'shape_mismatch',
        `expected ${count * size} numbers, ${size} for each of ${count} pairs; got ${values.length} — ${name}`,
        { path: ['demonstrations', name] },
      )
    }
    const wrong = values.findIndex(value => !Number.isFinite(value))
    if (wrong >= 0) {
      throw new GuerdonError(
        'not_finite',
        `expected finite demonstrations; got ${values[wrong]} — ${name} of pair ${Math.floor(wrong / size)}`,
        { path: ['demonstrations', name, wrong] },
      )
    }
  }
  if (actionSpace.kind !== 'discrete') return
  const odd = actions.findIndex(action => !(action >= 0 && action < actionSpace.count && Number.isInteger(action)))
  if (odd < 0) return
  throw new GuerdonError(
    'invalid_input',
    `expected actions in 0 … ${actionSpace.count - 1}; got ${actions[odd]} — pair ${odd}`,
    { path: ['demonstrations', 'actions', odd] },
  )
}

/** A hash of demonstrations, so that a run goes on with those it was begun with. */
export function demonstrationsHash({ observations, actions }: Demonstrations): string {
  const bytes = ({ buffer, byteOffset, byteLength }: Float32Array | Int32Array) =>
    toBase64(new Uint8Array(buffer, byteOffset, byteLength))
  return sha256(`${bytes(observations)} ${bytes(actions)}`)
}
