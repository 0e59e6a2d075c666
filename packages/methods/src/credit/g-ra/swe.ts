import { GuerdonError } from '@guerdon/core'
import { clears, type GateOp } from './gates.ts'

/** Outcome classes of a software-engineering episode, worst first. */
export type SweClass = 'noSubmit' | 'emptyPatch' | 'failsTests' | 'passesTests'

/** Reward of each class. */
export type SweValues = Readonly<Record<SweClass, number>>

/** The values used here; the paper's own were not published in what could be read. */
export const sweValues: SweValues = { noSubmit: -1, emptyPatch: -0.5, failsTests: 0, passesTests: 1 }

/** What happened in an episode. A truncated or timed-out episode was not submitted. */
export interface SweEpisode {
  readonly submitted: boolean
  readonly patchEmpty: boolean
  readonly testsPassed: boolean
}

/** Class and reward of an episode: no submission beats everything, then an empty patch, then the tests. */
export function sweOutcome(
  episode: SweEpisode,
  values: SweValues = sweValues,
): { readonly outcomeClass: SweClass; readonly reward: number } {
  const outcomeClass = !episode.submitted
    ? 'noSubmit'
    : episode.patchEmpty
      ? 'emptyPatch'
      : episode.testsPassed
        ? 'passesTests'
        : 'failsTests'
  return { outcomeClass, reward: values[outcomeClass] }
}

/** Shares of episodes; `undefined` without any. */
export interface SweMetrics {
  /** Submitted. */
  readonly completionRate: number | undefined
  /** Repository changed. */
  readonly modificationRate: number | undefined
  /** Tests pass. */
  readonly resolutionRate: number | undefined
}

/** Completion, modification and resolution rate from outcome rewards, which must be values of the four classes. */
export function sweMetrics(outcomeRewards: ArrayLike<number>, values: SweValues = sweValues): SweMetrics {
  const classes = Object.keys(values) as SweClass[]
  const counts: Record<SweClass, number> = { noSubmit: 0, emptyPatch: 0, failsTests: 0, passesTests: 0 }
  for (let i = 0; i < outcomeRewards.length; i++) {
    const found = classes.find(name => values[name] === outcomeRewards[i])
    if (!found) {
      throw new GuerdonError('invalid_input', `expected the reward of a class; got ${outcomeRewards[i]}`, {
        path: ['outcomeRewards', i],
        hint: `the values are ${classes.map(name => `${name} ${values[name]}`).join(', ')}`,
      })
    }
    counts[found]++
  }
  const n = outcomeRewards.length
  const rate = (count: number) => (n === 0 ? undefined : count / n)
  return {
    completionRate: rate(n - counts.noSubmit),
    modificationRate: rate(counts.failsTests + counts.passesTests),
    resolutionRate: rate(counts.passesTests),
  }
}

/**
 * True when step rewards alone can lift an episode above one of the next better class: `maxStepSum` (the largest weighted
 * sum an episode can earn) is at least the smallest gap between classes whose gate is open.
 */
export function stepsCanInvertClasses(
  maxStepSum: number,
  options: { readonly values?: SweValues; readonly threshold?: number; readonly gateOp?: GateOp } = {},
): boolean {
  const { values = sweValues, threshold = -0.5, gateOp = 'gt' } = options
  const sorted = Object.values(values).sort((a, b) => a - b)
  return sorted.some((value, i) => {
    const above = sorted[i + 1]
    return clears(value, threshold, gateOp) && above !== undefined && maxStepSum >= above - value
  })
}
