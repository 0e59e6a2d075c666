import { emptyWindow, extendWindow, type RunningWindow, windowIsFull, windowSlope } from '../../shared/windows.ts'

/** Batch means of the direct sum and of the outcome over the last updates: plain JSON. */
export interface HackingWatch {
  readonly direct: RunningWindow
  readonly outcome: RunningWindow
}

/** A watch over the last `updates` batches. */
export function hackingWatch(updates: number): HackingWatch {
  return { direct: emptyWindow(updates), outcome: emptyWindow(updates) }
}

/** The watch after one more batch, and whether it rings: over a full window the direct sum rises while the outcome falls. */
export function watchBatch(
  watch: HackingWatch,
  directMean: number,
  outcomeMean: number,
): { readonly watch: HackingWatch; readonly alarm: boolean } {
  const next = { direct: extendWindow(watch.direct, [directMean]), outcome: extendWindow(watch.outcome, [outcomeMean]) }
  const rises = (windowSlope(next.direct) ?? 0) > 0
  const falls = (windowSlope(next.outcome) ?? 0) < 0
  return { watch: next, alarm: windowIsFull(next.direct) && rises && falls }
}
