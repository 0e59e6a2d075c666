import {
  assertFinite,
  assertNotEmpty,
  assertSameLength,
  bootstrapInterval,
  type Interval,
  mean,
  pearsonCorrelation,
  Random,
  sigmoid,
  spearmanCorrelation,
} from '@guerdon/core'
import {
  bothOrientations,
  type Calibration,
  calibration,
  type RewardBenchScore,
  rewardBenchScore,
  rewardBenchSections,
} from '@guerdon/methods/models/baselines-reward-model'
import { auroc } from '@guerdon/methods/shared/auroc'

/** Scores of labelled pairs. */
export interface ScoredPairs {
  readonly chosen: ArrayLike<number>
  readonly rejected: ArrayLike<number>
  /** True where the label says that neither is better. Default: none is. */
  readonly tied?: readonly boolean[]
  /** Which part of a benchmark each pair belongs to. */
  readonly subsets?: readonly string[]
  /** Lengths of the responses, in tokens or characters. */
  readonly chosenLengths?: ArrayLike<number>
  readonly rejectedLengths?: ArrayLike<number>
}

/** How many pairs are in the right order, with bootstrap intervals. */
export interface OrderReport {
  readonly pairs: number
  /** Share with chosen > rejected strictly, as benchmarks count. */
  readonly accuracy: Interval
  /** The same with half credit for equal scores. */
  readonly accuracyTiesHalf: number
  /** Pairs whose scores are equal. */
  readonly equalScores: number
  readonly meanDifference: number
}

/** What length has to do with the scores. */
export interface LengthReport {
  /** Correlations of score and length over all responses; null when either is constant. */
  readonly pearson: number | null
  readonly spearman: number | null
  /** Share of pairs of different length whose longer response is the preferred one, by label and by score. */
  readonly longerChosen: number | null
  readonly longerScoredHigher: number | null
  /** Accuracy where the preferred response is the longer one, and where it is the shorter one. */
  readonly accuracyWhenLonger: number | null
  readonly accuracyWhenShorter: number | null
}

/** Everything that can be said about scores of pairs. */
export interface PairReport extends OrderReport {
  /** Of σ(d), over both orientations of each pair. */
  readonly calibration: Calibration
  /** The same of σ(d/T). */
  readonly scaled?: { readonly temperature: number; readonly calibration: Calibration }
  readonly subsets: Readonly<Record<string, OrderReport>>
  /** When every subset is one of RewardBench. */
  readonly rewardBench?: RewardBenchScore
  readonly length?: LengthReport
  /** Pairs labelled as ties, which count nowhere above: chance that |d| of a tie lies below that of a decided pair. */
  readonly labelledTies: { readonly pairs: number; readonly separation: number | null }
}

/** Choices of a pair report. */
export interface PairReportOptions {
  /** T of the model, fitted on other pairs. Default: none. */
  readonly temperature?: number
  /** Bins of the calibration. Default 10. */
  readonly bins?: number
  /** Seed of the bootstrap. Default 0. */
  readonly seed?: number
  /** Bootstrap resamples. Default 1000. */
  readonly resamples?: number
}

/** The report of scored pairs. Throws `empty` without a decided pair, `not_finite` naming the first bad score. */
export function pairReport(scored: ScoredPairs, options: PairReportOptions = {}): PairReport {
  const { temperature, bins = 10 } = options
  const { chosen, rejected, tied, subsets } = scored
  assertSameLength(chosen, 'chosen', rejected, 'rejected')
  assertFinite(chosen, 'chosen')
  assertFinite(rejected, 'rejected')
  const all = Float64Array.from(chosen, (score, i) => score - rejected[i])
  const decided = [...all.keys()].filter(i => !tied?.[i])
  assertNotEmpty(decided, 'decided pairs')
  const differences = decided.map(i => all[i])
  const orderOf = (values: readonly number[]): OrderReport => orderReport(values, options)
  const calibrated = (scale: number): Calibration => {
    const { probabilities, outcomes } = bothOrientations(differences.map(d => sigmoid(d / scale)))
    return calibration(probabilities, outcomes, { bins })
  }
  const bySubset: Record<string, OrderReport> = {}
  for (const name of new Set(subsets ? decided.map(i => subsets[i]) : [])) {
    bySubset[name] = orderOf(decided.filter(i => subsets?.[i] === name).map(i => all[i]))
  }
  return {
    ...orderOf(differences),
    calibration: calibrated(1),
    ...(temperature === undefined ? {} : { scaled: { temperature, calibration: calibrated(temperature) } }),
    subsets: bySubset,
    ...rewardBenchOf(bySubset),
    ...lengthOf(scored, decided),
    labelledTies: { pairs: all.length - decided.length, separation: separationOf(all, tied) },
  }
}

function orderReport(differences: readonly number[], options: PairReportOptions): OrderReport {
  const { seed = 0, resamples = 1000 } = options
  const equal = differences.filter(d => d === 0).length
  const right = differences.map(d => Number(d > 0))
  return {
    pairs: differences.length,
    accuracy: bootstrapInterval(right, mean, { random: new Random(seed), resamples }),
    accuracyTiesHalf: mean(right) + equal / 2 / differences.length,
    equalScores: equal,
    meanDifference: mean(differences),
  }
}

function rewardBenchOf(subsets: Readonly<Record<string, OrderReport>>): { rewardBench?: RewardBenchScore } {
  const known = new Set(Object.values(rewardBenchSections).flatMap(section => Object.keys(section)))
  const names = Object.keys(subsets)
  if (names.length === 0 || names.some(name => !known.has(name))) return {}
  return {
    rewardBench: rewardBenchScore(Object.fromEntries(names.map(name => [name, subsets[name].accuracy.estimate]))),
  }
}

function lengthOf(scored: ScoredPairs, decided: readonly number[]): { length?: LengthReport } {
  const { chosen, rejected, chosenLengths, rejectedLengths } = scored
  if (chosenLengths === undefined || rejectedLengths === undefined) return {}
  assertSameLength(chosen, 'chosen', chosenLengths, 'chosenLengths')
  assertSameLength(rejected, 'rejected', rejectedLengths, 'rejectedLengths')
  const scores = decided.flatMap(i => [chosen[i], rejected[i]])
  const lengths = decided.flatMap(i => [chosenLengths[i], rejectedLengths[i]])
  const longer = decided.filter(i => chosenLengths[i] > rejectedLengths[i])
  const shorter = decided.filter(i => chosenLengths[i] < rejectedLengths[i])
  const right = (pairs: readonly number[]): number => pairs.filter(i => chosen[i] > rejected[i]).length
  const wrong = (pairs: readonly number[]): number => pairs.filter(i => chosen[i] < rejected[i]).length
  const uneven = longer.length + shorter.length
  const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole)
  return {
    length: {
      pearson: pearsonCorrelation(scores, lengths) ?? null,
      spearman: spearmanCorrelation(scores, lengths) ?? null,
      longerChosen: share(longer.length, uneven),
      longerScoredHigher: share(right(longer) + wrong(shorter), uneven),
      accuracyWhenLonger: share(right(longer), longer.length),
      accuracyWhenShorter: share(right(shorter), shorter.length),
    },
  }
}

function separationOf(differences: Float64Array, tied: readonly boolean[] | undefined): number | null {
  if (!tied?.some(Boolean)) return null
  return (
    auroc(
      differences.map(Math.abs),
      Array.from(differences, (_, i) => Number(!tied[i])),
    ) ?? null
  )
}
