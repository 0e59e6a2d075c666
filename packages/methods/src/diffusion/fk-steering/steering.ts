import { assertInteger, assertNotEmpty, GuerdonError, type Random } from '@guerdon/core'
import { type FkOptions, initialFkState, resampleState, weighParticles } from './potentials.ts'
import { type ResamplingScheme, resampleIndices, resampleSchedule } from './resampling.ts'

/** The sampler that is steered, and the reward that steers it. */
export interface SteeredSampler<State, Prediction> {
  /** Advances all particles by one step with fresh noise each; must not change the states it is given. */
  advance(
    states: readonly State[],
    step: number,
  ): Promise<{ readonly states: readonly State[]; readonly predictions: readonly Prediction[] }>
  /** Intermediate rewards of the predictions of the clean sample; `null` where scoring failed. */
  reward(predictions: readonly Prediction[], step: number): Promise<readonly (number | null)[]>
}

/** Choices of `steer`. */
export interface SteerOptions extends FkOptions {
  /** Steps T of the sampler. */
  readonly steps: number
  /** Scored steps beside the last. Default: every 20th from 20 to 80 % of the steps. */
  readonly schedule?: { readonly frequency: number; readonly start: number; readonly end: number }
  /** Default `systematic`, which duplicates nothing while weights are equal. */
  readonly scheme?: ResamplingScheme
  readonly signal?: AbortSignal
}

/** One resampling: new particle i came from `sources[i]`. */
export interface ResamplingEvent {
  readonly step: number
  readonly sources: Int32Array
  readonly effectiveSampleSize: number
}

/** What a particle system ended as. */
export interface SteeredSystem<State> {
  readonly states: readonly State[]
  /** [k] final rewards; null where scoring failed. */
  readonly rewards: readonly (number | null)[]
  /** Index of the particle with the highest final reward. */
  readonly best: number
  readonly genealogy: readonly ResamplingEvent[]
  /** Estimate of log E[exp(λ·r(x₀))]. */
  readonly logNormalizer: number
  readonly spent: { readonly advances: number; readonly rewardCalls: number }
  /** Scored steps whose weights fell back to uniform. */
  readonly degenerateSteps: number
}

/**
 * Runs k chains side by side and resamples them in proportion to their potentials at the scored steps. Best-of-n is the
 * potential `bestOfN`. Compare with it at equal reward calls: steering scores k particles at every scored step.
 */
export async function steer<State, Prediction>(
  initial: readonly State[],
  sampler: SteeredSampler<State, Prediction>,
  options: SteerOptions,
  random: Random,
): Promise<SteeredSystem<State>> {
  const { steps, scheme = 'systematic', potential = 'difference' } = options
  assertNotEmpty(initial, 'initial')
  assertInteger(steps, 'steps', 1)
  const { frequency, start, end } = options.schedule ?? { frequency: 20, start: 20, end: Math.floor(0.8 * steps) }
  const scored = new Set(resampleSchedule({ frequency, start, end, steps }))
  const late = potential === 'bestOfN' || potential === 'importance'
  let states = initial
  let state = initialFkState(initial.length)
  let rewards: readonly (number | null)[] = []
  let [logNormalizer, rewardCalls, degenerateSteps] = [0, 0, 0]
  const genealogy: ResamplingEvent[] = []
  for (let step = 0; step < steps; step++) {
    options.signal?.throwIfAborted()
    const advanced = await sampler.advance(states, step)
    states = advanced.states
    const terminal = step === steps - 1
    if (!scored.has(step) || (late && !terminal)) continue
    rewards = await sampler.reward(advanced.predictions, step)
    if (rewards.length !== states.length) {
      throw new GuerdonError(
        'shape_mismatch',
        `expected ${states.length} rewards at step ${step}; got ${rewards.length}`,
      )
    }
    rewardCalls += rewards.length
    const failed = rewards.map(reward => reward === null)
    const weighed = weighParticles(
      state,
      rewards.map(reward => reward ?? 0),
      terminal,
      options,
      failed,
    )
    state = weighed.state
    if (weighed.degenerate) degenerateSteps++
    if (terminal && !weighed.degenerate) logNormalizer += weighed.logMeanWeight
    if (potential === 'bestOfN' || !weighed.resample) continue
    if (!terminal && !weighed.degenerate) logNormalizer += weighed.logMeanWeight
    const uniforms = Float64Array.from({ length: scheme === 'systematic' ? 1 : states.length }, () => random.float())
    const sources = resampleIndices(weighed.weights, uniforms, scheme)
    genealogy.push({ step, sources, effectiveSampleSize: weighed.effectiveSampleSize })
    const [before, beforeRewards] = [states, rewards]
    states = Array.from(sources, source => before[source])
    rewards = Array.from(sources, source => beforeRewards[source])
    state = resampleState(state, sources)
  }
  const best = rewards.reduce<number>(
    (top, reward, i) => (reward !== null && reward > (rewards[top] ?? Number.NEGATIVE_INFINITY) ? i : top),
    0,
  )
  const spent = { advances: steps * initial.length, rewardCalls }
  return { states, rewards, best, genealogy, logNormalizer, spent, degenerateSteps }
}
