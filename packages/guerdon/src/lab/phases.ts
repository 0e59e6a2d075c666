import type { Io } from '../io.ts'
import { type Progress, startProgress } from './progress.ts'

/** Progress of work in phases, each with a name and a bar of its own. */
export interface PhaseProgress extends Omit<Progress, 'planned'> {
  /** Begins the next phase. */
  planned(phase: string, total: number, finishedBefore: number): void
}

/** Shows phases one after another; `quiet` leaves their names out. */
export function startPhases(quiet: boolean, io: Io): PhaseProgress {
  let bar = startProgress(quiet, io)
  return {
    planned(phase, total, before) {
      bar.stop()
      bar = startProgress(quiet, io)
      if (!quiet) io.err(`${phase}\n`)
      bar.planned(total, before)
    },
    progress: (job, fraction) => bar.progress(job, fraction),
    finished: job => bar.finished(job),
    failed: (job, message) => bar.failed(job, message),
    stop: () => bar.stop(),
  }
}
