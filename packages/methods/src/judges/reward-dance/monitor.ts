import { assertFinite, assertFiniteNumber, assertInRange, assertInteger, mean, standardDeviation } from '@guerdon/core'

/** Spread of the rewards over a running window. */
export interface VarianceTrace {
  /** [T] population standard deviation of the last `window` rewards up to and including t. */
  readonly runningStd: Float64Array
  /** First t at which the window is full and the deviation lies below the bound; null if never. */
  readonly firstCollapse: number | null
}

/**
 * Reward-variance monitor: a judge that is being exploited gives nearly the same reward to everything. High variance
 * alone proves nothing; pair it with a gold metric. Source: RewardDance, arXiv 2509.08826 §4 (the alarm is a
 * recommendation).
 *
 * @param rewards [T] in the order of training
 * @param options.collapseStd the bound, in units of the reward
 */
export function varianceTrace(
  rewards: ArrayLike<number>,
  options: { readonly window?: number; readonly collapseStd: number },
): VarianceTrace {
  const { window = 1000, collapseStd } = options
  assertInteger(window, 'window', 1)
  assertInRange(collapseStd, 'collapseStd', 0, Number.MAX_VALUE)
  assertFinite(rewards, 'rewards')
  const all = Float64Array.from(rewards)
  const runningStd = all.map((_, t) => standardDeviation(all.subarray(Math.max(0, t + 1 - window), t + 1), { ddof: 0 }))
  const first = runningStd.findIndex((deviation, t) => t + 1 >= window && deviation < collapseStd)
  return { runningStd, firstCollapse: first === -1 ? null : first }
}

/** What the monitor keeps between updates; plain JSON. */
export interface HackingMonitor {
  readonly rewards: readonly number[]
  readonly golds: readonly number[]
  /** Of the first full window. */
  readonly initial: { readonly mean: number; readonly std: number; readonly gold: number | null } | null
}

/** A monitor that has seen nothing. */
export const noHackingMonitor: HackingMonitor = { rewards: [], golds: [], initial: null }

/** What the monitor says after an update. */
export interface HackingReport {
  readonly mean: number
  readonly std: number
  /** std relative to the first full window; null before it is full. */
  readonly ratio: number | null
  /** The variance has collapsed *while* the mean rose or the gold metric fell. */
  readonly alarm: boolean
}

/** Options of `watchRewards`. */
export interface HackingMonitorOptions {
  /** Rewards in the window. Default 1000. */
  readonly window?: number
  /** Alarm below this share of the initial deviation. Default 0.15. */
  readonly collapseRatio?: number
}

/**
 * Adds rewards (and gold values, where there are any) and compares the window with the first full one. Never alarms
 * before the window is full; feed it all rewards of an update, not those of one group.
 */
export function watchRewards(
  monitor: HackingMonitor,
  rewards: ArrayLike<number>,
  golds: ArrayLike<number>,
  options: HackingMonitorOptions = {},
): { readonly monitor: HackingMonitor; readonly report: HackingReport } {
  const { window = 1000, collapseRatio = 0.15 } = options
  assertInteger(window, 'window', 1)
  assertFiniteNumber(collapseRatio, 'collapseRatio')
  assertFinite(rewards, 'rewards')
  assertFinite(golds, 'golds')
  const kept = [...monitor.rewards, ...Array.from(rewards)].slice(-window)
  const keptGolds = [...monitor.golds, ...Array.from(golds)].slice(-window)
  const current = {
    mean: kept.length === 0 ? 0 : mean(kept),
    std: kept.length === 0 ? 0 : standardDeviation(kept, { ddof: 0 }),
    gold: keptGolds.length === 0 ? null : mean(keptGolds),
  }
  const full = kept.length >= window
  const initial = monitor.initial ?? (full ? current : null)
  const ratio = full && initial !== null && initial.std > 0 ? current.std / initial.std : null
  const goldFell = initial !== null && initial.gold !== null && current.gold !== null && current.gold < initial.gold
  const rose = initial !== null && current.mean > initial.mean
  return {
    monitor: { rewards: kept, golds: keptGolds, initial },
    report: {
      mean: current.mean,
      std: current.std,
      ratio,
      alarm: ratio !== null && ratio < collapseRatio && (rose || goldFell),
    },
  }
}
