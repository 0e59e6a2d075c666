import { assertInteger, assertProbability, assertSameLength } from '@guerdon/core'

/** An n-step look-ahead from one transition of a replay buffer. */
export interface Lookahead {
  /** Σ_{k<length} γ^k r. */
  readonly return: number
  /** Steps summed. */
  readonly length: number
  /** True: nothing follows, do not bootstrap. */
  readonly done: boolean
  /** Transition whose *next* observation is bootstrapped from, as the index of the observation after it. */
  readonly bootstrapIndex: number
}

/** Choices of the look-ahead. */
export interface LookaheadOptions {
  /** Default 10. */
  readonly n?: number
  /** Default 0.99. */
  readonly discount?: number
  /**
   * `released`: a terminal on the *last* look-ahead index, or a look-ahead cut by the end of the buffer, counts as not
   * done and bootstraps through it. The default is done whenever a terminal is inside.
   */
  readonly compat?: 'released' | null
}

/**
 * n-step return from transition `start` of a buffer in order of time, cut after a terminal and at the end of the
 * buffer. Rewards are those of the current discriminator for every step of the window, not stored ones.
 *
 * @param rewards [N] @param terminals [N]
 * liayn-pytorch `memory.py: lookahead`.
 */
export function lookahead(
  rewards: ArrayLike<number>,
  terminals: ArrayLike<number>,
  start: number,
  options: LookaheadOptions = {},
): Lookahead {
  const { n = 10, discount = 0.99, compat = null } = options
  assertInteger(n, 'n', 1)
  assertInteger(start, 'start')
  assertProbability(discount, 'discount')
  assertSameLength(rewards, 'rewards', terminals, 'terminals')
  const windowEnd = Math.min(start + n, rewards.length) - 1
  let last = start
  while (last < windowEnd && !terminals[last]) last++
  let total = 0
  for (let t = last; t >= start; t--) total = rewards[t] + discount * total
  const terminal = Boolean(terminals[last])
  const done = compat === 'released' ? terminal && last !== windowEnd : terminal
  return { return: total, length: last - start + 1, done, bootstrapIndex: last + 1 }
}

/**
 * An episode's end wrapped as in DAC: observation zeros with flag 1, the action zeros; other observations get flag 0.
 */
export function absorbingObservation(size: number): Float64Array {
  const observation = new Float64Array(size + 1)
  observation[size] = 1
  return observation
}

/** An ordinary observation with flag 0 appended. */
export function flaggedObservation(observation: ArrayLike<number>): Float64Array {
  return Float64Array.from([...Array.from(observation), 0])
}

/** Mini-batch size: min(64, expert pairs); the last partial batch is dropped. */
export function expertBatchSize(expertPairs: number, batchSize = 64): number {
  assertInteger(expertPairs, 'expertPairs', 1)
  return Math.min(expertPairs, batchSize)
}

/** Settings of the released agent. */
export const samSettings = {
  discriminator: {
    hidden: [100, 100],
    leak: 0.1,
    learningRate: 5e-4,
    penaltyWeight: 10,
    penaltyTarget: 1,
    entropy: 0.001,
    expertLabels: [0.7, 1.2],
  },
  actor: { hidden: [300, 200], learningRate: 2.5e-4, clipNorm: 40, every: 2 },
  critic: { hidden: [400, 300], learningRate: 2.5e-4 },
  gamma: 0.99,
  lookahead: 10,
  polyak: 0.005,
  bufferSize: 100_000,
  batchSize: 64,
  rolloutLength: 2,
  trainingSteps: 2,
  targetNoise: { std: 0.2, clip: 0.5 },
  parameterNoise: 0.2,
  actionNoise: 0.2,
  observationClamp: 5,
} as const
