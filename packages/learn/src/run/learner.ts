import { assertInteger } from '@guerdon/core'
import type { LoggedPoint } from './run-log.ts'

/** Everything that decides a run, as plain data: settings, sizes, seed. */
export type Settings = Readonly<Record<string, number | string | boolean | null | readonly number[]>>

/** What one update measured. A measurement that is missing is null, never NaN. */
export type CurvePoint = Readonly<Record<string, number | null>>

/**
 * A learner with its world: a state that moves by updates. The state holds all there is — parameters, optimiser, random
 * streams, the world's copies — so that a learner restored from bytes goes on bit for bit as the one that saved them.
 */
export interface Learner {
  readonly name: string
  /** A learner with other settings refuses the saved state of this one. */
  readonly settings: Settings
  /** Updates made so far. */
  updates(): number
  /** Gathers experience and learns from it once. */
  update(): Promise<CurvePoint>
  save(): Uint8Array
  /**
   * @throws parse for bytes that are no saved learner, version for those of another version, shape_mismatch for those of a
   * learner with another name or other settings, naming what differs
   */
  restore(bytes: Uint8Array): void
}

/** Where points and checkpoints go; `openRun` keeps them in a folder. */
export interface RunSink {
  /** Points of the updates made before. */
  readonly points: readonly LoggedPoint[]
  /** Adds the point of one more update. */
  append(update: number, point: CurvePoint): void
  /** Keeps the state after `update` updates in place of the last one kept. */
  checkpoint(update: number, bytes: Uint8Array): void
}

/** How long to train and where to report. */
export interface TrainLearnerOptions {
  /** Updates in all, those made before included. */
  readonly updates: number
  readonly run?: RunSink
  /** Updates between checkpoints; one more stands at the end. Default 50. */
  readonly checkpointEvery?: number
  /** Stops early when it says so; the point is kept. A run that ended so does not go on. */
  readonly until?: (point: CurvePoint) => boolean
  readonly onPoint?: (update: number, point: CurvePoint) => void
  readonly signal?: AbortSignal
}

/**
 * Trains until `updates` updates have been made.
 *
 * @returns the points of the updates made here
 * @throws the signal's reason when it is aborted; whatever the learner or its world throws
 */
export async function trainLearner(learner: Learner, options: TrainLearnerOptions): Promise<CurvePoint[]> {
  const { updates, run, checkpointEvery = 50, until, onPoint, signal } = options
  assertInteger(updates, 'updates')
  assertInteger(checkpointEvery, 'checkpointEvery', 1)
  const points: CurvePoint[] = []
  const last = run?.points.at(-1)?.point
  if (last && until?.(last)) return points
  let kept = learner.updates()
  while (learner.updates() < updates) {
    signal?.throwIfAborted()
    const point = await learner.update()
    const update = learner.updates()
    points.push(point)
    run?.append(update, point)
    onPoint?.(update, point)
    if (until?.(point)) break
    if (run === undefined || update % checkpointEvery !== 0) continue
    run.checkpoint(update, learner.save())
    kept = update
  }
  if (learner.updates() > kept) run?.checkpoint(learner.updates(), learner.save())
  return points
}
