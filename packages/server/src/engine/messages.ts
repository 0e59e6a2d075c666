import type { RolloutBatch } from '@guerdon/core'
import { traceOf } from '../http/log.ts'
import { asRequestError, RequestError, type RequestErrorCode, type RequestErrorDetails } from '../http/request-error.ts'
import type { ItemCount } from '../metrics.ts'
import type { RecipeSource, ServerLimits, UnscoredPolicy } from '../options.ts'
import type { Done, Reloaded, Work } from './work.ts'

/** What a worker process is told first. */
export interface WorkerSetup {
  readonly source: RecipeSource
  readonly limits: ServerLimits
  readonly unscored: UnscoredPolicy
  /** Where the states of runs are: a folder, locked by the process in front, or a URL. */
  readonly store?: string
  /** Scored batches are handed to the process in front to be recorded. */
  readonly records: boolean
  /** Which of how many workers it is: runs are divided by it. */
  readonly index: number
  readonly count: number
}

/** From the process in front to a worker. */
export type ToWorker =
  | { readonly type: 'setup'; readonly setup: WorkerSetup }
  | { readonly type: 'compute'; readonly id: number; readonly work: Work }
  | { readonly type: 'abort'; readonly id: number; readonly error: WireError }
  | { readonly type: 'reload'; readonly id: number; readonly source: RecipeSource }
  | { readonly type: 'recorded'; readonly id: number; readonly error?: WireError }
  | { readonly type: 'ping' }

/** A batch on its way to the recorder; the recipe is told by its version, as functions cannot travel. */
export interface SentBatch {
  readonly run: string
  readonly update: number
  readonly recipe: string
  readonly batch: RolloutBatch
}

/** From a worker to the process in front. */
export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'done'; readonly id: number; readonly result: Done | Reloaded }
  | { readonly type: 'failed'; readonly id: number; readonly error: WireError }
  | { readonly type: 'counts'; readonly counts: readonly ItemCount[] }
  | { readonly type: 'record'; readonly id: number; readonly sent: SentBatch }
  | { readonly type: 'pong' }

/** An error as it travels between processes. */
export interface WireError {
  readonly status: number
  readonly code: RequestErrorCode
  readonly message: string
  readonly details: RequestErrorDetails
}

/** Any thrown value for another process; of an unexpected fault only the call stack, for the log there. */
export function toWire(thrown: unknown): WireError {
  const { status, code, message, details } = asRequestError(thrown)
  return { status, code, message, details: code === 'internal' ? { ...details, trace: traceOf(thrown) } : details }
}

/** The error another process sent. */
export function fromWire({ status, code, message, details }: WireError): RequestError {
  return new RequestError(status, code, message, details)
}

/** Index of the worker that owns a run: FNV-1a of its name. */
export function ownerOf(run: string, count: number): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < run.length; i++) hash = Math.imul(hash ^ run.charCodeAt(i), 0x01000193)
  return (hash >>> 0) % count
}
