import type { Recipe } from '@guerdon/core'
import { assertInteger, GuerdonError } from '@guerdon/core'
import type { Log } from './http/log.ts'
import type { Recorder } from './recorder.ts'

/**
 * What a trainer is told about an item that has no number: `refuse` answers 503 for the whole request, so that the run
 * stops where it can be seen; a number is sent in its place. Both are counted.
 */
export type UnscoredPolicy = 'refuse' | number

/** Limits of the server; every one has a default. */
export interface ServerLimits {
  /** Longest body in bytes. Default 32 MiB. */
  readonly bodyBytes: number
  /** Bytes of all bodies being held at once. Default 512 MiB. */
  readonly bufferedBytes: number
  /** Milliseconds a body may take to arrive. Default 15,000. */
  readonly bodyTimeoutMs: number
  /** Milliseconds for an answer, waiting for a place included; a request may ask for less. Default 60,000. */
  readonly deadlineMs: number
  /** Requests worked on at a time. Default 512. */
  readonly active: number
  /** Requests waiting. Default 2,048. */
  readonly queued: number
  /** Items in one request. Default 16,384. */
  readonly items: number
  /** Runs with a state of their own. Default 256. */
  readonly runs: number
  /** Groups that wait for the rest of their rollouts. Default 1,024. */
  readonly groups: number
  /** Answers kept for repeated idempotency keys. Default 4,096. */
  readonly storedAnswers: number
  /** Characters of those answers. Default 64 Mi. */
  readonly storedCharacters: number
}

/** A recipe as something another process can build: plain data, or a module that exports it as `recipe`. */
export type RecipeSource = { readonly plain: unknown } | { readonly module: string }

/** What a server is made of. */
export interface ServerOptions {
  readonly recipe: Recipe
  /** The same recipe for worker processes, which cannot be handed functions. */
  readonly source?: RecipeSource
  /** Reads the recipe anew, when asked to reload it. Without it a reload must bring its recipe. */
  readonly readSource?: () => RecipeSource | Promise<RecipeSource>
  /**
   * Where the states of runs are kept: a folder for this server alone, or the URL of a database that several servers may
   * share (`postgres://…`, `redis://…`). Without it they live as long as the process.
   */
  readonly store?: string
  /** Keeps every scored batch before it is answered; it is closed with the server. */
  readonly recorder?: Recorder
  /** Processes that compute answers; 0, the default, computes them in the one that answers. Needs `source`. */
  readonly workers?: number
  /** Callers must send it as a bearer token (or `x-api-key`). */
  readonly token?: string
  /** For items without a number, where the trainer's protocol has no word for them. Default `refuse`. */
  readonly unscored?: UnscoredPolicy
  readonly limits?: Partial<ServerLimits>
  /** Receives one event a request, without any text of prompts or responses. */
  readonly log?: Log
}

/** The limits used unless told otherwise. */
export const defaultLimits: ServerLimits = {
  bodyBytes: 32 * 2 ** 20,
  bufferedBytes: 512 * 2 ** 20,
  bodyTimeoutMs: 15_000,
  deadlineMs: 60_000,
  active: 512,
  queued: 2048,
  items: 16_384,
  runs: 256,
  groups: 1024,
  storedAnswers: 4096,
  storedCharacters: 64 * 2 ** 20,
}

/** The limits with defaults filled in. Throws `invalid_option`. */
export function readLimits(given: Partial<ServerLimits> = {}): ServerLimits {
  const limits = { ...defaultLimits, ...given }
  for (const [name, value] of Object.entries(limits)) assertInteger(value, name, name === 'queued' ? 0 : 1)
  return limits
}

/** Throws `invalid_option` for a policy that is neither `refuse` nor a finite number. */
export function assertUnscoredPolicy(policy: UnscoredPolicy): void {
  if (policy === 'refuse' || Number.isFinite(policy)) return
  throw new GuerdonError(
    'invalid_option',
    `expected "refuse" or a finite number for items without one; got ${policy}`,
    {
      path: ['unscored'],
    },
  )
}
