import { assertInRange } from '@guerdon/core'
import { assignRows } from '../../shared/assignment.ts'
import { boxDistance, boxOverlap } from '../../shared/boxes.ts'
import { dualFormatReward, type ImageSizes, type LabelledBox, readBoxes, releasedFormatReward } from './boxes-text.ts'

/** A predicted box matched with a true one. */
export interface MatchedBox {
  /** Index of the prediction. */
  readonly predicted: number
  /** Index of the true object. */
  readonly truth: number
  readonly iou: number
  readonly giou: number
}

/** Numbers of labels; labels with one number are one class. */
export type LabelIds = Readonly<Record<string, number>>

/** Options of `matchBoxes`. */
export interface MatchOptions {
  /** Default `box-prioritised`. */
  readonly cost?: 'box-prioritised' | 'l1'
  /** Class of each label; a label that is not listed equals none. Without it labels are classes of their own. */
  readonly labelIds?: LabelIds | undefined
}

/** Tells whether two labels name one class. Case and outer white space never matter. */
function labelMatcher(labelIds: LabelIds | undefined): (first: string, second: string) => boolean {
  const plain = (label: string): string => label.trim().toLowerCase()
  if (labelIds === undefined) return (first, second) => plain(first) === plain(second)
  const classes = new Map(Object.entries(labelIds).map(([label, id]) => [plain(label), id]))
  return (first, second) => {
    const id = classes.get(plain(first))
    return id !== undefined && id === classes.get(plain(second))
  }
}

/**
 * One-to-one matching of predictions with true objects by least total cost. `box-prioritised` (default): L1 distance in
 * pixels − 1 for labels of one class − GIoU, so labels and overlap only break ties; `l1`: the distance alone.
 *
 * @returns min(#predicted, #truth) pairs in the order of the predictions
 */
export function matchBoxes(
  predicted: readonly LabelledBox[],
  truth: readonly LabelledBox[],
  options: MatchOptions = {},
): MatchedBox[] {
  const { cost = 'box-prioritised', labelIds } = options
  const sameClass = labelMatcher(labelIds)
  const costs = predicted.map(prediction =>
    truth.map(object => {
      const distance = boxDistance(prediction.box, object.box)
      if (cost === 'l1') return distance
      return (
        distance - (sameClass(prediction.label, object.label) ? 1 : 0) - boxOverlap(prediction.box, object.box).giou
      )
    }),
  )
  const pairs: MatchedBox[] = []
  assignRows(costs).forEach((j, i) => {
    if (j !== -1) pairs.push({ predicted: i, truth: j, ...boxOverlap(predicted[i].box, truth[j].box) })
  })
  return pairs
}

/**
 * Differentiation: f(x) = 1 above the upper threshold, 0 below the lower one, x between. `inclusive` (default, the
 * paper): x = upper gives 1; `strict` (released code): x = upper stays x.
 */
export function differentiate(
  x: number,
  thresholds: { readonly lower: number; readonly upper: number; readonly boundary?: 'inclusive' | 'strict' },
): number {
  const { lower, upper, boundary = 'inclusive' } = thresholds
  if (boundary === 'inclusive') return x >= upper ? 1 : x < lower ? 0 : x
  const raised = x < lower ? 0 : x
  return raised > upper ? 1 : raised
}

/** Thresholds of one phase. */
export interface VisionThresholds {
  /** ξ₀: IoU from which a match is a true positive. */
  readonly xi0: number
  /** ξ₁: below it nothing is paid. */
  readonly xi1: number
  /** ξ₂: from it on everything is paid. */
  readonly xi2: number
}

/** Thresholds before and after the switch. */
export const visionPhases = {
  initial: { xi0: 0.5, xi1: 0.5, xi2: 0.75 },
  advanced: { xi0: 0.75, xi1: 0.75, xi2: 0.9 },
} as const satisfies Record<string, VisionThresholds>

/** Options of `thresholdsAt`. */
export interface ThresholdScheduleOptions {
  /**
   * Fraction of training after which the criteria tighten, in [0, 1]. Default 0.5; the paper leaves Qwen2.5-VL at 1.
   */
  readonly switchFraction?: number
  readonly initial?: VisionThresholds
  readonly advanced?: VisionThresholds
}

/**
 * Staged progression: the initial thresholds while step < switchFraction · totalSteps, the advanced ones from then on.
 */
export function thresholdsAt(
  step: number,
  totalSteps: number,
  options: ThresholdScheduleOptions = {},
): VisionThresholds & { readonly phase: 'initial' | 'advanced' } {
  const { switchFraction = 0.5, initial = visionPhases.initial, advanced = visionPhases.advanced } = options
  assertInRange(switchFraction, 'switchFraction', 0, 1)
  return step < switchFraction * totalSteps ? { ...initial, phase: 'initial' } : { ...advanced, phase: 'advanced' }
}

/** Recall and precision rewards of one completion. */
export interface BoxRewards {
  readonly recall: number
  readonly precision: number
  /** Overlap of each matched pair in the order of the predictions: IoU, or GIoU as released. */
  readonly matched: readonly number[]
}

/** Options of `boxRewards`. */
export interface BoxRewardOptions extends MatchOptions {
  /** Default `visionPhases.initial`. */
  readonly thresholds?: VisionThresholds
  /**
   * What precision is divided by: all predictions, so that superfluous ones cost, or the matched ones. Default
   * `predictions`.
   */
  readonly precisionDenominator?: 'predictions' | 'matched'
  /** Whether a match of unequal labels is worth nothing. Default false: labels only break ties. */
  readonly requireLabelMatch?: boolean
}

/**
 * The paper's rewards: recall = f(#{IoU ≥ ξ₀} / #truth), precision = (1/M)·Σ [IoU ≥ ξ₀]·f(IoU), f with ξ₁, ξ₂. M counts
 * all predictions by default; with `matched` (the paper's text, the released code) superfluous boxes are free and
 * policies flood the image. Nothing predicted: both 1 on an image without objects, else 0; predictions on such an image
 * earn 0.
 */
export function boxRewards(
  predicted: readonly LabelledBox[],
  truth: readonly LabelledBox[],
  options: BoxRewardOptions = {},
): BoxRewards {
  const { thresholds = visionPhases.initial, precisionDenominator = 'predictions' } = options
  const { requireLabelMatch = false } = options
  const sameClass = labelMatcher(options.labelIds)
  if (predicted.length === 0 || truth.length === 0) return withoutMatches(predicted.length, truth.length)
  const overlaps = matchBoxes(predicted, truth, options).map(pair =>
    requireLabelMatch && !sameClass(predicted[pair.predicted].label, truth[pair.truth].label) ? 0 : pair.iou,
  )
  const f = (x: number): number => differentiate(x, { lower: thresholds.xi1, upper: thresholds.xi2 })
  const positives = overlaps.filter(iou => iou >= thresholds.xi0)
  const credit = positives.reduce((sum, iou) => sum + f(iou), 0)
  return {
    recall: f(positives.length / truth.length),
    precision: credit / (precisionDenominator === 'predictions' ? predicted.length : overlaps.length),
    matched: overlaps,
  }
}

function withoutMatches(predicted: number, truth: number): BoxRewards {
  const value = predicted === 0 && truth === 0 ? 1 : 0
  return { recall: value, precision: value, matched: [] }
}

/** Options of `releasedBoxRewards`. */
export interface ReleasedBoxOptions {
  /** Training step; null is the released launch script, which differentiates nothing. */
  readonly step: number | null
  /** Default 1500. */
  readonly switchStep?: number
  /** See `MatchOptions`. */
  readonly labelIds?: LabelIds | undefined
}

/**
 * The rewards as released, on GIoU: recall counts f₀(GIoU) with both thresholds at 0.5, or 0.75 from `switchStep` on,
 * and is itself mapped with (0.5, 0.75) in *both* phases; precision is the mean of f(GIoU) over matched pairs with
 * (0.5, 0.75), then (0.75, 0.9). With `step` null (the released launch script) nothing is differentiated: recall counts
 * at 0.5 and both mappings are (0, 1).
 */
export function releasedBoxRewards(
  predicted: readonly LabelledBox[],
  truth: readonly LabelledBox[],
  options: ReleasedBoxOptions,
): BoxRewards {
  const { step, switchStep = 1500, labelIds } = options
  if (predicted.length === 0 || truth.length === 0) return withoutMatches(predicted.length, truth.length)
  const overlaps = matchBoxes(predicted, truth, { labelIds }).map(pair => pair.giou)
  const late = step !== null && step >= switchStep
  const strict = (lower: number, upper: number) => (x: number) => differentiate(x, { lower, upper, boundary: 'strict' })
  const count = late ? strict(0.75, 0.75) : strict(0.5, 0.5)
  const ofRecall = step === null ? strict(0, 1) : strict(0.5, 0.75)
  const ofInstance = step === null ? strict(0, 1) : late ? strict(0.75, 0.9) : strict(0.5, 0.75)
  const total = (f: (x: number) => number): number => overlaps.reduce((sum, overlap) => sum + f(overlap), 0)
  return {
    recall: ofRecall(total(count) / truth.length),
    precision: total(ofInstance) / overlaps.length,
    matched: overlaps,
  }
}

/** The three parts of one completion's reward and their plain sum, in [0, 3]. */
export interface VisionReward extends BoxRewards {
  readonly format: number
  readonly total: number
}

/** Options of `visionReward`. */
export interface VisionRewardOptions extends BoxRewardOptions {
  readonly sizes?: ImageSizes | undefined
}

/**
 * Vision-R1's reward of one completion as the paper defines it: format + recall + precision. Source: arXiv 2503.18013
 * §3.
 */
export function visionReward(
  completion: string,
  truth: readonly LabelledBox[],
  options: VisionRewardOptions = {},
): VisionReward {
  const boxes = boxRewards(readBoxes(completion, options), truth, options)
  const format = dualFormatReward(completion, options.sizes)
  return { ...boxes, format, total: format + boxes.recall + boxes.precision }
}

/** The same as released. `step` null is the released launch script. */
export function releasedVisionReward(
  completion: string,
  truth: readonly LabelledBox[],
  options: ReleasedBoxOptions & { readonly sizes?: ImageSizes | undefined },
): VisionReward {
  const boxes = releasedBoxRewards(readBoxes(completion, { ...options, compat: 'released' }), truth, options)
  const format = releasedFormatReward(completion, truth.length)
  return { ...boxes, format, total: format + boxes.recall + boxes.precision }
}
