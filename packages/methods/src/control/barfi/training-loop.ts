import { assertInteger, type Random } from '@guerdon/core'

/** Constants of the training loop. */
export interface BarfiSchedule {
  /** δ: episodes between updates. Default 3. */
  readonly interval?: number
  /** Inner steps per episode of the interval. Default 5. */
  readonly innerMultiplier?: number
  /** Extra inner steps, and episodes, of the first phase. Default 150 (30 on MuJoCo). */
  readonly firstMultiplier?: number
  /** Episodes of the inner batch per unit of batch size. Default 15. */
  readonly hessianMultiplier?: number
  /** Default 1. */
  readonly batchSize?: number
}

/** What to do after an episode. */
export interface BarfiPlan {
  /** Update φ and g first. */
  readonly outerStep: boolean
  /** One policy step on the newest episodes in naive mode. */
  readonly naiveStep: boolean
  /** Policy steps in aligned mode, each on a fresh random batch. */
  readonly alignedSteps: number
  /** Whether the first phase goes on afterwards. */
  readonly firstPhase: boolean
}

/**
 * Order of work at the end of an episode, counted from 1: nothing unless it is the δ-th; in the first phase a naive
 * step; later an outer step; once more than `firstMultiplier + innerMultiplier` episodes were seen, δ·innerMultiplier
 * aligned steps (plus `firstMultiplier` extra ones the first time), which ends the first phase.
 *
 * Source: `Barfi.optimize`.
 */
export function barfiPlan(episodes: number, firstPhase: boolean, schedule: BarfiSchedule = {}): BarfiPlan {
  const { interval = 3, innerMultiplier = 5, firstMultiplier = 150 } = schedule
  assertInteger(episodes, 'episodes', 1)
  assertInteger(interval, 'interval', 1)
  if (episodes % interval !== 0) return { outerStep: false, naiveStep: false, alignedSteps: 0, firstPhase }
  const aligned = episodes > firstMultiplier + innerMultiplier
  return {
    outerStep: !firstPhase,
    naiveStep: firstPhase,
    alignedSteps: aligned ? interval * innerMultiplier + (firstPhase ? firstMultiplier : 0) : 0,
    firstPhase: firstPhase && !aligned,
  }
}

/**
 * Buffer slots of the outer batch: the newest δ + 1 episodes (the released off-by-one, kept because its figures rest on
 * it), fewer when there are not so many. Oldest first.
 */
export function outerEpisodes(available: number, interval = 3): Int32Array {
  const count = Math.min(available, interval + 1)
  return Int32Array.from({ length: count }, (_, i) => available - count + i)
}

/**
 * Buffer slots of the inner batch: min(hessianMultiplier·batchSize, available − δ) draws with replacement from all but
 * the newest δ. Empty when there are none: skip the outer step.
 */
export function innerEpisodes(available: number, random: Random, schedule: BarfiSchedule = {}): Int32Array {
  const { interval = 3, hessianMultiplier = 15, batchSize = 1 } = schedule
  const eligible = available - interval
  if (eligible <= 0) return new Int32Array(0)
  return Int32Array.from({ length: Math.min(hessianMultiplier * batchSize, eligible) }, () => random.integer(eligible))
}

/** Settings of the official experiments. */
export const barfiSettings = {
  gridworld: {
    optimiser: 'rmsprop',
    actorRate: 0.005,
    rewardRate: 0.005,
    gammaRate: 0.005,
    entropy: 0.25,
    gammaPenalty: 0.25,
    rewardPenalty: 0,
    interval: 3,
    alpha: 5e-4,
    loops: 5,
    buffer: 1000,
    episodes: 2000,
  },
  cartPole: {
    optimiser: 'rmsprop',
    actorRate: 0.001,
    entropy: 0.25,
    interval: 3,
    alpha: 5e-4,
    loops: 5,
    buffer: 10_000,
    episodes: 1000,
    basis: 'fourier',
  },
  mountainCar: {
    optimiser: 'rmsprop',
    actorRate: 0.0625,
    rewardRate: 1 / 64,
    firstMultiplier: 50,
    innerMultiplier: 5,
    buffer: 50,
    episodes: 500,
    basis: 'tiles 4×5',
  },
  halfCheetah: {
    optimiser: 'adam',
    actorRate: 1e-4,
    rewardRate: 0.0025,
    gammaRate: 0,
    rewardPenalty: 1,
    firstMultiplier: 30,
    buffer: 50,
    episodes: 10_000,
    policyStd: 0.1,
  },
} as const
