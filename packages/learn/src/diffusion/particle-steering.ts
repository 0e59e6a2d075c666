import { assertInteger, type Random } from '@guerdon/core'
import { type SteeredSystem, type SteerOptions, steer } from '@guerdon/methods/diffusion/fk-steering'
import type { Evaluated } from '@guerdon/tensor'
import { ancestors } from './chains.ts'
import { type ParticleReward, rewardParticles } from './rewards.ts'
import type { DiffusionSampler } from './sampler.ts'
import { addStepNoise } from './step-noise.ts'

/** Choices of steering. `schedule` counts the sampler's own steps. */
export interface ParticleSteeringOptions extends Omit<SteerOptions, 'steps'> {
  /** k chains of one system. Default 4. */
  readonly particles?: number
  /** Independent systems, run side by side. Default 1. */
  readonly systems?: number
  /** [systems] class of each system. Default: the empty condition. */
  readonly labels?: ArrayLike<number> | null
}

/** One system of particles when it has ended. */
export interface SteeredParticles extends Omit<SteeredSystem<Float32Array>, 'states' | 'spent'> {
  /** [k·D] */
  readonly samples: Float32Array
  /** [steps + 1][k] index that the ancestor of each final particle had before each step. */
  readonly ancestors: readonly Int32Array[]
  readonly spent: { readonly denoiserCalls: number; readonly rewardCalls: number }
}

/**
 * Feynman–Kac steering of a diffusion model (Singhal et al., arXiv 2501.06848): k chains run side by side, their clean
 * predictions are rewarded at the scored steps, and chains are resampled in proportion to their potentials. Uses rewards
 * alone, no gradients and no training; with the potential `bestOfN` it is best-of-k. At the last step the samples themselves
 * are rewarded. Every system draws from a stream of its own, so what it ends as does not depend on its neighbours.
 *
 * Compare at equal calls: `spent` counts calls of the network and of the reward apart.
 *
 * @returns one result a system
 * @throws invalid_option for a sampler without noise, whose copies would never part; not_finite for a reward that is not a
 * number, naming particle and step; null marks a reward that failed
 */
export async function steerDiffusion<P>(
  sampler: DiffusionSampler<P>,
  parameters: Evaluated<P>,
  reward: ParticleReward,
  options: ParticleSteeringOptions,
  random: Random,
): Promise<SteeredParticles[]> {
  const { particles = 4, systems = 1, labels = null } = options
  assertInteger(particles, 'particles', 1)
  assertInteger(systems, 'systems', 1)
  sampler.assertStochastic('steering')
  const { steps, size } = sampler
  const ofSystem = sampler.labels(labels, systems)
  const together = batchedSteps(sampler, parameters, ofSystem, particles)
  return Promise.all(Array.from({ length: systems }, (_, system) => run(system)))

  async function run(system: number): Promise<SteeredParticles> {
    const draws = random.split(system)
    const own = new Int32Array(particles).fill(ofSystem[system])
    const initial = Array.from({ length: particles }, () => Float32Array.from(draws.normals(size)))
    const { states, spent, ...ended } = await steer<Float32Array, Float32Array>(
      initial,
      {
        async advance(current, step) {
          const { means, clean, sigma } = await together(system, current, step)
          const { next } = addStepNoise(means, sigma, particles, draws)
          const predictions = step === steps - 1 ? next : clean
          return { states: rows(next, size), predictions: rows(predictions, size) }
        },
        reward: (predictions, step) =>
          rewardParticles(reward, {
            samples: joined(predictions, size),
            count: particles,
            size,
            labels: own,
            step: step === steps - 1 ? null : step,
          }),
      },
      { ...options, steps, schedule: options.schedule ?? everyFifth(steps) },
      draws,
    )
    return {
      ...ended,
      samples: joined(states, size),
      ancestors: ancestors(ended.genealogy, particles, steps),
      spent: { denoiserCalls: spent.advances * sampler.callsPerStep, rewardCalls: spent.rewardCalls },
    }
  }
}

/** A fifth of the steps apart, from a fifth to four fifths: the default of `steer` at 100 steps, for any number of them. */
function everyFifth(steps: number): { frequency: number; start: number; end: number } {
  const frequency = Math.max(1, Math.round(steps / 5))
  return { frequency, start: frequency, end: Math.floor(0.8 * steps) }
}

interface Waiting {
  readonly states: readonly Float32Array[]
  resolve(step: { means: Float32Array; clean: Float32Array; sigma: number }): void
  reject(reason: unknown): void
}

/** A step of all systems as one batch: waits until every system has asked for it. */
function batchedSteps<P>(
  sampler: DiffusionSampler<P>,
  parameters: Evaluated<P>,
  labels: Int32Array,
  particles: number,
) {
  const { size } = sampler
  const waiting = new Map<number, Waiting>()
  const all = Int32Array.from({ length: labels.length * particles }, (_, i) => labels[Math.floor(i / particles)])

  async function stepAll(step: number): Promise<void> {
    const asked = Array.from(labels, (_, system) => waiting.get(system) as Waiting)
    waiting.clear()
    try {
      const states = joined(
        asked.flatMap(one => [...one.states]),
        size,
      )
      const { means, clean, sigma } = await sampler.step(parameters, states, step, all)
      const length = particles * size
      asked.forEach(({ resolve }, system) => {
        const own = (data: Float32Array) => data.subarray(system * length, (system + 1) * length)
        resolve({ means: own(means), clean: own(clean), sigma })
      })
    } catch (reason) {
      for (const { reject } of asked) reject(reason)
    }
  }

  return (system: number, states: readonly Float32Array[], step: number) =>
    new Promise<{ means: Float32Array; clean: Float32Array; sigma: number }>((resolve, reject) => {
      waiting.set(system, { states, resolve, reject })
      if (waiting.size === labels.length) void stepAll(step)
    })
}

function rows(data: Float32Array, size: number): Float32Array[] {
  return Array.from({ length: data.length / size }, (_, i) => data.subarray(i * size, (i + 1) * size))
}

function joined(states: readonly Float32Array[], size: number): Float32Array {
  const data = new Float32Array(states.length * size)
  for (const [i, state] of states.entries()) data.set(state, i * size)
  return data
}
