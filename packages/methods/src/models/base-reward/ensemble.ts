import {
  assertNotEmpty,
  assertOneOf,
  assertSameLength,
  assertSameRagged,
  GuerdonError,
  mean,
  sigmoid,
} from '@guerdon/core'
import { pairAccuracy } from '../../shared/pair-loss.ts'

type Rows = readonly ArrayLike<number>[]

/** The ways to combine several reward models. */
export const ensembleModes = ['average', 'accuracy', 'confidence'] as const
/** Name of a way to combine several reward models. */
export type EnsembleMode = (typeof ensembleModes)[number]

/** Scores of K models on validation pairs they were not trained on, [K][n]. */
export interface ValidationScores {
  readonly chosen: Rows
  readonly rejected: Rows
}

/**
 * Weights of K reward models, Σ w = 1: `average` 1/K; `accuracy` ∝ share of validation pairs ranked right; `confidence` ∝ mean
 * margin on them, negative ones as 0. Falls back to the average when there is nothing to weigh by. The average is the paper's
 * best and needs no validation data.
 */
export function ensembleWeights(count: number, mode: EnsembleMode, validation?: ValidationScores): Float64Array {
  assertOneOf(mode, 'mode', ensembleModes)
  if (mode === 'average') return new Float64Array(count).fill(1 / count)
  if (validation === undefined) {
    throw new GuerdonError('invalid_input', `expected validation scores for mode "${mode}"; got none`, {
      path: ['validation'],
      hint: 'score held-out pairs with every model, or use mode "average"',
    })
  }
  assertSameRagged(validation.rejected, 'validation.rejected', validation.chosen, 'validation.chosen')
  if (validation.chosen.length !== count) {
    throw new GuerdonError(
      'shape_mismatch',
      `expected validation scores of ${count} models; got ${validation.chosen.length}`,
      {
        path: ['validation', 'chosen'],
      },
    )
  }
  const merits = Float64Array.from(validation.chosen, (chosen, k) => {
    const { strict, meanDifference } = pairAccuracy(chosen, validation.rejected[k])
    return mode === 'accuracy' ? strict : Math.max(meanDifference, 0)
  })
  const total = merits.reduce((a, b) => a + b, 0)
  return total > 0 ? merits.map(merit => merit / total) : new Float64Array(count).fill(1 / count)
}

/**
 * Σ_k w_k·r_k for each response. A model without a score for a response (`null`) is left out there and the weights of the
 * others are scaled up. Members must share a scale (standardise them first when they do not).
 *
 * @param scoresByModel [K][n]
 * @param weights [K]
 * @throws invalid_input when no model has a score for a response; not_finite
 */
export function weightedScores(
  scoresByModel: readonly ArrayLike<number | null>[],
  weights: ArrayLike<number>,
): Float64Array {
  assertNotEmpty(scoresByModel, 'scoresByModel')
  assertSameLength(scoresByModel, 'scoresByModel', weights, 'weights')
  return Float64Array.from({ length: scoresByModel[0].length }, (_, i) => {
    let total = 0
    let weight = 0
    let whole = 0
    scoresByModel.forEach((scores, k) => {
      const score = scores[i]
      whole += weights[k]
      if (score === null) return
      total += weights[k] * score
      weight += weights[k]
    })
    if (weight === 0) {
      throw new GuerdonError('invalid_input', `expected a weighted model with a score for response ${i}; got none`, {
        path: ['scoresByModel', 0, i],
      })
    }
    const score = total * (whole / weight)
    if (!Number.isFinite(score)) {
      throw new GuerdonError('not_finite', `expected finite scores for response ${i}; their sum is ${score}`, {
        path: ['scoresByModel', 0, i],
      })
    }
    return score
  })
}

/**
 * Reward of a verifiable answer: 1 when it matches the ground truth exactly, else σ(r), which never reaches 1, so a match
 * always ranks first.
 */
export function hybridReward(score: number, matches: boolean): number {
  return matches ? 1 : sigmoid(score)
}

/**
 * Rewards of G responses from a pairwise judge: R(i) = Σ_{j≠i} S(i, j). The diagonal is ignored.
 *
 * @param scores [G][G] preference of i over j
 */
export function pairwiseSumRewards(scores: Rows): Float64Array {
  return Float64Array.from(scores, (row, i) => {
    assertSameLength(scores, 'scores', row, `scores[${i}]`)
    let total = 0
    for (let j = 0; j < row.length; j++) if (j !== i) total += row[j]
    return total
  })
}

/** One judged pair of a benchmark. */
export interface BenchmarkPair {
  readonly sampleId: string | number
  readonly category: string
  readonly correct: boolean
}

/** Accuracies on a benchmark of preference pairs, in [0, 1]. */
export interface BenchmarkMetrics {
  /** Share of pairs ranked right (micro average). */
  readonly accuracy: number
  /** Share of samples all of whose pairs are right. */
  readonly accuracyPlus: number
  /** Mean of the categories' accuracies. */
  readonly macroAccuracy: number
  readonly perCategory: Readonly<Record<string, number>>
}

/** Accuracy, Acc+, macro accuracy. Throws `empty` for no pairs. */
export function benchmarkMetrics(pairs: readonly BenchmarkPair[]): BenchmarkMetrics {
  assertNotEmpty(pairs, 'pairs')
  const samples = new Map<string | number, boolean>()
  const categories = new Map<string, number[]>()
  for (const { sampleId, category, correct } of pairs) {
    samples.set(sampleId, (samples.get(sampleId) ?? true) && correct)
    categories.set(category, [...(categories.get(category) ?? []), Number(correct)])
  }
  const perCategory = Object.fromEntries([...categories].map(([name, marks]) => [name, mean(marks)]))
  return {
    accuracy: mean(pairs.map(pair => Number(pair.correct))),
    accuracyPlus: mean([...samples.values()].map(Number)),
    macroAccuracy: mean(Object.values(perCategory)),
    perCategory,
  }
}
