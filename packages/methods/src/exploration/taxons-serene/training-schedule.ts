import type { ChunkChoice } from './scheduler.ts'

/** Exploration chunks since the behaviour space was last trained, and how many must pass. Plain data. */
export interface TrainingSchedule {
  readonly chunks: number
  readonly interval: number
}

/** Before the first chunk. */
export const initialTrainingSchedule: TrainingSchedule = { chunks: 0, interval: 1 }

/**
 * Whether to train after a chunk. Only exploration chunks count; each training makes the wait one chunk longer, so that it
 * happens after exploration chunks 1, 3, 6, 10, … (triangular numbers).
 */
export function trainingScheduleAfter(
  schedule: TrainingSchedule,
  choice: ChunkChoice,
): { readonly train: boolean; readonly schedule: TrainingSchedule } {
  if (choice === 'exploit') return { train: false, schedule }
  const chunks = schedule.chunks + 1
  if (chunks < schedule.interval) return { train: false, schedule: { ...schedule, chunks } }
  return { train: true, schedule: { chunks: 0, interval: schedule.interval + 1 } }
}
