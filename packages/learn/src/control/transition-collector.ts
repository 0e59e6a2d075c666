import type { Random } from '@guerdon/core'
import { type Compiled, type Concrete, compile, type Dense, type NdArray, type Tensor } from '@guerdon/tensor'
import { sizeOf } from '@guerdon/worlds/world/space'
import type { VectorWorld } from '@guerdon/worlds/world/vector-world'
import { assertNumbers, assertSameStep, stepWorld } from './checked-step.ts'
import { drawDiscrete } from './draw-action.ts'
import { countStep, type EpisodeWindowState } from './episode-window.ts'
import type { StepView } from './experience.ts'
import { type ReplayBuffer, replayColumns } from './replay-buffer.ts'
import type { SacHead } from './sac-heads.ts'

/** What a recorder sees of a step of N copies. */
export interface RecordedStep extends Omit<StepView, 'nextObservations' | 'finalObservations'> {
  /** [N][D] what each copy came to; of an episode that ended, its last observation. */
  readonly nextObservations: ArrayLike<number>
  /** [N] the world's own. */
  readonly rewards: ArrayLike<number>
}

/** Further rewards and costs to keep of each step, apart from the world's own reward. */
export interface ReplayChannels {
  /** Names of further rewards, potentials, scores. */
  readonly auxiliary?: readonly string[]
  /** Names of costs. */
  readonly costs?: readonly string[]
  /** Writes [N] numbers into each channel when a step was taken. */
  record(
    step: RecordedStep,
    into: {
      readonly auxiliary: Readonly<Record<string, Float64Array>>
      readonly costs: Readonly<Record<string, Float64Array>>
    },
  ): void
}

/** Takes steps and keeps them in a buffer. */
export interface TransitionCollector {
  /**
   * One step of every copy. Draws, copy by copy, what an action needs: normals, or one uniform; without an actor a uniform
   * for each entry of an action, or an integer.
   *
   * @param actor null acts uniformly
   * @param step steps of the world before, for errors
   */
  step(actor: Dense<NdArray>[] | null, random: Random, window: EpisodeWindowState, step: number): Promise<void>
}

/**
 * A collector of a world into a buffer.
 *
 * @throws invalid_option for a world whose autoreset is not `same-step`; while collecting, not_finite for a reward,
 * observation or channel that is not a number, naming copy and step
 */
export function transitionCollector(
  world: VectorWorld,
  options: {
    readonly buffer: ReplayBuffer
    readonly head: SacHead
    readonly channels?: ReplayChannels
    readonly threads: number
  },
): TransitionCollector {
  const { buffer, head, channels, threads } = options
  const { copies, actionSpace } = world
  assertSameStep(world)
  const size = sizeOf(world.observationSpace)
  const rows = replayColumns(buffer.layout, copies)
  const noise: NdArray = {
    dtype: 'float32',
    shape: [copies, Math.max(1, head.noiseSize)],
    data: new Float32Array(copies * Math.max(1, head.noiseSize)),
  }
  const drawn = { logProb: 0 }
  const observations: NdArray = { dtype: 'float32', shape: [copies, size], data: rows.observations }
  let compiled: Promise<Compiled<[Dense[], Tensor, Tensor], ReturnType<SacHead['act']>>> | undefined

  function actUniformly(random: Random): void {
    for (let n = 0; n < copies; n++) {
      if (actionSpace.kind === 'discrete') {
        rows.actions[n] = random.integer(actionSpace.count)
        rows.logProbs[n] = -Math.log(actionSpace.count)
        continue
      }
      rows.logProbs[n] = 0
      for (const [a, low] of (actionSpace.low as readonly number[]).entries()) {
        const high = actionSpace.high[a]!
        rows.actions[n * actionSpace.low.length + a] = random.uniform(low, high)
        rows.logProbs[n] -= Math.log(high - low)
      }
    }
  }

  async function actBy(actor: Dense<NdArray>[], random: Random): Promise<void> {
    for (let i = 0; i < copies * head.noiseSize; i++) noise.data[i] = random.normal()
    compiled ??= compile(head.act, [actor, observations, noise] as Concrete<[Dense[], Tensor, Tensor]>, { threads })
    const { outputs, logProb } = await (await compiled).run(
      ...([actor, observations, noise] as Concrete<[Dense[], Tensor, Tensor]>),
    )
    for (let n = 0; n < copies; n++) {
      if (actionSpace.kind === 'discrete') {
        const { count } = actionSpace
        rows.actions[n] = drawDiscrete(outputs.data as Float32Array, n * count, count, random, drawn)
        rows.logProbs[n] = drawn.logProb
        continue
      }
      rows.logProbs[n] = logProb.data[n]
      for (const [a, low] of (actionSpace.low as readonly number[]).entries()) {
        const at = n * actionSpace.low.length + a
        // a squashed action may leave its box by a rounding
        const value = Math.min(actionSpace.high[a]!, Math.max(low, outputs.data[at]))
        rows.actions[at] = value
      }
    }
  }

  function keep(window: EpisodeWindowState, taken: number): void {
    const { rewards, terminated, truncated, finalObservations, observations: shown } = world
    rows.rewards.set(rewards)
    rows.terminated.set(terminated)
    rows.truncated.set(truncated)
    for (let n = 0; n < copies; n++) {
      const over = terminated[n] | truncated[n]
      const next = over ? finalObservations : shown
      for (let k = n * size; k < (n + 1) * size; k++) rows.nextObservations[k] = next[k]
      countStep(window, n, rewards[n], over)
    }
    if (channels) {
      const { observations: before, actions, nextObservations, auxiliary, costs } = rows
      const step = { observations: before, actions, nextObservations, rewards, terminated, truncated }
      channels.record(step, { auxiliary, costs })
      for (const [name, values] of Object.entries({ ...rows.auxiliary, ...rows.costs })) {
        assertNumbers(values, `channel ${name}`, 'the recorder', 1, taken)
      }
    }
    buffer.add(rows, copies)
  }

  return {
    async step(actor, random, window, step) {
      rows.observations.set(world.observations)
      if (actor === null) actUniformly(random)
      else await actBy(actor, random)
      stepWorld(world, rows.actions, step)
      keep(window, step)
    },
  }
}
