import type { Random } from '@guerdon/core'
import type { NdArray } from '@guerdon/tensor'
import { sizeOf } from '@guerdon/worlds/world/space'
import type { VectorWorld } from '@guerdon/worlds/world/vector-world'
import type { ActorCritic } from './actor-critic.ts'
import { assertNumbers, assertSameStep, stepWorld } from './checked-step.ts'
import { drawDiscrete, drawGaussian } from './draw-action.ts'
import { countStep, type EpisodeWindowState } from './episode-window.ts'
import type { Experience, RewardFunction } from './experience.ts'
import { compileNetworks } from './networks.ts'
import type { Normaliser } from './normaliser.ts'

/** What a collector is built for. */
export interface CollectorOptions {
  /** T, steps of a block. */
  readonly steps: number
  readonly normaliser: Normaliser
  readonly rewardFunction?: RewardFunction
  readonly threads: number
}

/** Gathers blocks of experience. */
export interface Collector {
  /** [N] 1 where the world's present observation begins an episode. */
  readonly begins: Uint8Array
  /**
   * Draws an action a copy and step, in the order of the copies: one uniform each, or a normal an entry.
   *
   * @param taken steps of the world before this block, for errors
   */
  collect(
    parameters: ActorCritic<NdArray>,
    window: EpisodeWindowState,
    random: Random,
    taken: number,
  ): Promise<Experience>
}

/**
 * A collector of a world whose copies start anew within the step that ends an episode. No allocation per step besides what
 * the networks return.
 *
 * @throws invalid_option for a world with another autoreset; while collecting, not_finite for a reward or observation that
 * is not a number, naming copy and step
 */
export function createCollector(world: VectorWorld, options: CollectorOptions): Collector {
  const { steps, normaliser, rewardFunction, threads } = options
  const { copies, actionSpace } = world
  assertSameStep(world)
  const size = sizeOf(world.observationSpace)
  const discrete = actionSpace.kind === 'discrete'
  const actionSize = discrete ? 1 : sizeOf(actionSpace)
  const length = steps * copies
  const networks = compileNetworks({ observationSize: size, actorRows: copies, criticRows: length + copies, threads })
  const actions = discrete ? new Int32Array(length) : new Float32Array(length * actionSize)
  const experience = {
    steps,
    copies,
    observations: new Float32Array((length + copies) * size),
    actions,
    logProbs: new Float32Array(length),
    rewards: new Float64Array(length),
    begins: new Uint8Array(length + copies),
    values: new Float32Array(length + copies),
    truncationValues: new Float32Array(length),
  }
  const begins = new Uint8Array(copies).fill(1)
  const finals = { observations: new Float32Array((length + copies) * size), entries: new Int32Array(length), count: 0 }
  const stepActions = new Float64Array(copies * actionSize)
  const before = new Float64Array(rewardFunction ? copies * size : 0)
  const rewards = new Float64Array(copies)
  const drawn = { logProb: 0 }
  normaliser.learn(world.observations)

  function look(t: number): void {
    for (let n = 0; n < copies; n++) {
      normaliser.write(world.observations, n * size, experience.observations, (t * copies + n) * size)
    }
    experience.begins.set(begins, t * copies)
  }

  function choose(t: number, outputs: Float32Array, logStd: Float32Array | undefined, random: Random): void {
    for (let n = 0; n < copies; n++) {
      const entry = t * copies + n
      if (actionSpace.kind === 'discrete') {
        actions[entry] = drawDiscrete(outputs, n * actionSpace.count, actionSpace.count, random, drawn)
        experience.logProbs[entry] = drawn.logProb
        stepActions[n] = actions[entry]
        continue
      }
      const own = actions.subarray(t * copies * actionSize) as Float32Array
      experience.logProbs[entry] = drawGaussian(outputs, logStd!, n * actionSize, random, own)
      for (let a = 0; a < actionSize; a++) {
        const low = actionSpace.low[a] ?? Number.NEGATIVE_INFINITY
        const high = actionSpace.high[a] ?? Number.POSITIVE_INFINITY
        stepActions[n * actionSize + a] = Math.min(high, Math.max(low, own[n * actionSize + a]))
      }
    }
  }

  function learnFrom(t: number, window: EpisodeWindowState, step: number): void {
    const { terminated, truncated } = world
    assertNumbers(world.rewards, 'reward', world.name, 1, step)
    assertNumbers(world.observations, 'observation', world.name, size, step)
    rewards.set(world.rewards)
    if (rewardFunction) {
      const { observations: nextObservations, finalObservations } = world
      const view = { actions: stepActions, nextObservations, finalObservations, terminated, truncated }
      rewardFunction(rewards, { observations: before, ...view })
      assertNumbers(rewards, 'reward', 'the reward function', 1, step)
    }
    normaliser.scale(rewards, terminated)
    normaliser.learn(world.observations)
    for (let n = 0; n < copies; n++) {
      const entry = t * copies + n
      const over = terminated[n] | truncated[n]
      experience.rewards[entry] = rewards[n]
      begins[n] = over
      countStep(window, n, world.rewards[n], over)
      if (over === 0 || terminated[n] === 1) continue
      normaliser.write(world.finalObservations, n * size, finals.observations, finals.count * size)
      finals.entries[finals.count++] = entry
    }
  }

  return {
    begins,
    async collect(parameters, window, random, taken) {
      finals.count = 0
      experience.truncationValues.fill(0)
      const logStd = parameters.logStd?.data as Float32Array | undefined
      for (let t = 0; t < steps; t++) {
        look(t)
        const seen = experience.observations.subarray(t * copies * size, (t + 1) * copies * size)
        choose(t, await networks.act(parameters, seen), logStd, random)
        if (rewardFunction) before.set(world.observations)
        stepWorld(world, stepActions, taken + t)
        learnFrom(t, window, taken + t)
      }
      look(steps)
      experience.values.set(await networks.value(parameters, experience.observations))
      if (finals.count > 0) {
        const values = await networks.value(parameters, finals.observations)
        for (let k = 0; k < finals.count; k++) experience.truncationValues[finals.entries[k]] = values[k]
      }
      return experience
    },
  }
}
