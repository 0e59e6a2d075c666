import { GuerdonError } from '@guerdon/core'
import { RequestError } from '../http/request-error.ts'
import type { StoredAnswer } from './stored-answers.ts'

/** A run as it is kept: how many batches it has seen, and the recipe's state after them. */
export interface SavedRun {
  readonly update: number
  /** What `recipe.saveState` wrote. */
  readonly state: string
  /** The latest answers to requests with a key, oldest first. */
  readonly answers: readonly StoredAnswer[]
}

/** A run as it was read. */
export interface FoundRun extends SavedRun {
  /** Names the write it came from; no two writes have the same. */
  readonly revision: string
}

/** What reading a run gave: `undefined` for one that was never saved, `unchanged` for the revision that is known. */
export type Reading = FoundRun | 'unchanged' | undefined

/** Where the states of runs are kept: a folder, or a database that several servers may share. */
export interface RunStore {
  /** Resolves when runs can be read and saved. Throws `io`. */
  check(): Promise<void>
  /** The names of the runs there are. */
  names(): Promise<string[]>
  /** A run as it is. Throws `state` for a damaged one, `version` for another format, `io`. */
  read(run: string, known?: string): Promise<Reading>
  /**
   * Takes a run for this caller alone, once nobody else has it. Throws the reason of `signal` when that was aborted
   * meanwhile, `timeout` when others have it for too long, `io`.
   */
  hold(run: string, signal: AbortSignal): Promise<HeldRun>
  /** Resolves when others may use what it used. */
  close(): Promise<void>
}

/** A run nobody else advances, until it is released or the store takes it back from a process that stands still. */
export interface HeldRun {
  read(known?: string): Promise<Reading>
  /**
   * Resolves with its revision when the run is durable. Saves only if the run is still at the revision `known`, or was
   * never saved where that is `undefined`; else throws 503. After an error nothing changed, or the store could not tell
   * whether it did, as a later `read` can.
   */
  write(saved: SavedRun, known: string | undefined): Promise<string>
  /** Lets others have the run; saves nothing, never throws, may be repeated. */
  release(): Promise<void>
}

/** The format in which runs are kept. */
export const RUN_FORMAT = 1

/** 503 for a run that another server advanced since it was read: a process that stood still lost its hold. */
export function overtaken(run: string): RequestError {
  return new RequestError(503, 'unavailable', `expected run "${run}" as it was read; another server went on with it`, {
    path: ['run'],
    hint: 'send the request again; with an idempotency-key it counts once',
    retryAfterSeconds: 1,
  })
}

/** 504 for a run that others would not let go of. */
export function heldTooLong(run: string, ms: number): GuerdonError {
  return new GuerdonError('timeout', `expected run "${run}" to be free within ${ms} ms; other servers are at it`, {
    path: ['run'],
  })
}
