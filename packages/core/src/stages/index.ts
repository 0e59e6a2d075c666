import type { StageDefinition } from '../stage.ts'
import { combineStage } from './combine.ts'
import { exactAnswerStage } from './exact-answer.ts'
import { formatStage } from './format.ts'
import { moveStage } from './move.ts'
import { affineStage, clipStage, whitenStage } from './simple.ts'

export { type CombineOptions, combineStage } from './combine.ts'
export { type ExactAnswerOptions, exactAnswerStage } from './exact-answer.ts'
export { type FormatOptions, formatStage } from './format.ts'
export { type MoveStageOptions, moveStage } from './move.ts'
export {
  type AffineOptions,
  affineStage,
  type ClipOptions,
  clipStage,
  type WhitenOptions,
  whitenStage,
} from './simple.ts'

/** Stages every recipe may use: arithmetic and plain rules that are no method of their own. */
export const coreStages: readonly StageDefinition<unknown, unknown>[] = [
  combineStage,
  moveStage,
  clipStage,
  affineStage,
  whitenStage,
  formatStage,
  exactAnswerStage,
]
