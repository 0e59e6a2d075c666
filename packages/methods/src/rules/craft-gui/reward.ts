import { assertInRange, describeValue, GuerdonError } from '@guerdon/core'
import { type Box, insideBox, isBox, isPoint } from '../../shared/boxes.ts'
import { isJsonObject, type JsonObject, parseJson } from '../../shared/json-text.ts'
import { readTagged } from '../../shared/tagged-text.ts'
import { tokenF1 } from '../../shared/text-overlap.ts'

/** The action an annotator took on one screen. */
export interface GuiAction {
  readonly action: string
  /** The element to click or press. */
  readonly bbox?: Box | undefined
  readonly direction?: string | undefined
  readonly text?: string | undefined
  readonly app?: string | undefined
}

/** Weights of the operation reward. */
export interface OperationWeights {
  readonly format: number
  readonly type: number
  readonly argument: number
}

/** The parts of an operation reward, each in [0, 1], and their weighted sum. */
export interface OperationReward extends OperationWeights {
  readonly total: number
}

const argumentScores: ReadonlyMap<string, (predicted: JsonObject, truth: GuiAction) => number> = new Map([
  ['click', pointScore],
  ['long_press', pointScore],
  ['scroll', (predicted: JsonObject, truth: GuiAction) => (predicted['direction'] === truth.direction ? 1 : 0)],
  ['type', (predicted: JsonObject, truth: GuiAction) => tokenF1(textOf(predicted['text']), truth.text ?? '').f1],
  ['open_app', (predicted: JsonObject, truth: GuiAction) => (plain(predicted['app']) === plain(truth.app) ? 1 : 0)],
])

/**
 * Rule reward of one operation: R = w_f·R_fmt + w_t·R_type + w_a·R_type·R_arg, weights 1, 1, 1.
 *
 * R_fmt: one non-empty `<think>` block, then one `<answer>` block holding a JSON object with a string `action`; nothing
 * else but white space. Failing it makes every part 0. R_type: the action is equal. R_arg: for `click` and `long_press`
 * the point lies in the element's box (borders included); for `scroll` the direction is equal; for `type` the token F1
 * of the texts; for `open_app` the name is equal up to case and outer white space; 1 for every other action.
 *
 * Source: reconstruction from the abstract of arXiv 2508.11360; constants are not the paper's. Relative: `mobile-r1`,
 * which wants exact text.
 *
 * @throws invalid_input for a true click or press without a box
 */
export function operationReward(
  completion: string,
  truth: GuiAction,
  options: { readonly weights?: OperationWeights } = {},
): OperationReward {
  const { weights = { format: 1, type: 1, argument: 1 } } = options
  const predicted = readOperation(completion)
  if (predicted === undefined) return { format: 0, type: 0, argument: 0, total: 0 }
  const type = predicted['action'] === truth.action ? 1 : 0
  const argument = type === 1 ? (argumentScores.get(truth.action)?.(predicted, truth) ?? 1) : 0
  return {
    format: 1,
    type,
    argument,
    total: weights.format + weights.type * type + weights.argument * type * argument,
  }
}

/** The JSON action of a well-formed completion, else undefined. */
export function readOperation(completion: string): JsonObject | undefined {
  const read = readTagged(completion, ['think', 'answer'])
  if (!read.ok) return undefined
  const parsed = parseJson(read.bodies[1])
  return parsed.ok && isJsonObject(parsed.value) && typeof parsed.value['action'] === 'string'
    ? parsed.value
    : undefined
}

function pointScore(predicted: JsonObject, truth: GuiAction): number {
  if (!isBox(truth.bbox)) {
    throw new GuerdonError(
      'invalid_input',
      `expected a true ${truth.action} to have a bbox [x1, y1, x2, y2]; got ${describeValue(truth.bbox)}`,
      { path: ['reference', 'bbox'] },
    )
  }
  return isPoint(predicted['point']) && insideBox(predicted['point'], truth.bbox) ? 1 : 0
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function plain(value: unknown): string | undefined {
  return typeof value === 'string' ? value.trim().toLowerCase() : undefined
}

/** Weights of the understanding reward. */
export interface UnderstandingWeights {
  readonly format: number
  readonly judge: number
}

/** The parts of an understanding reward and where the judged part came from. */
export interface UnderstandingReward extends UnderstandingWeights {
  /** `model`: the judge; `rule`: token F1, because there was no verdict; `none`: the format failed. */
  readonly source: 'model' | 'rule' | 'none'
  readonly total: number
}

/**
 * Judged reward of a free-text answer: R = w_f·R_fmt + w_j·J with J = clip(judgeScore / judgeMax, 0, 1). Without a
 * verdict J is the token F1 of answer and reference, and `source` says so. A failed format makes every part 0.
 *
 * @param judgeScore the judge's score on [0, judgeMax]; null when it failed or could not be read
 */
export function understandingReward(
  completion: string,
  reference: string,
  judgeScore: number | null,
  options: { readonly judgeMax?: number; readonly weights?: UnderstandingWeights } = {},
): UnderstandingReward {
  const { judgeMax = 10, weights = { format: 1, judge: 1 } } = options
  assertInRange(judgeMax, 'judgeMax', Number.MIN_VALUE, Number.MAX_VALUE)
  const read = readTagged(completion, ['think', 'answer'], { nonEmpty: ['think'] })
  if (!read.ok) return { format: 0, judge: 0, source: 'none', total: 0 }
  const judged = judgeScore !== null && Number.isFinite(judgeScore)
  const judge = judged
    ? Math.min(1, Math.max(0, (judgeScore as number) / judgeMax))
    : tokenF1(read.bodies[1], reference).f1
  return { format: 1, judge, source: judged ? 'model' : 'rule', total: weights.format + weights.judge * judge }
}
