import type { Recipe } from '@guerdon/core'
import { createGate, type Gate } from './http/gate.ts'
import { createIdempotency, type Idempotency } from './http/idempotency.ts'
import type { Log } from './http/log.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import {
  assertUnscoredPolicy,
  readLimits,
  type ServerLimits,
  type ServerOptions,
  type UnscoredPolicy,
} from './options.ts'
import { openRunFiles } from './runs/run-files.ts'
import { createRunStates, type RunStates } from './runs/run-states.ts'

/** What the routes of one server share. */
export interface Services {
  readonly recipe: Recipe
  readonly runs: RunStates
  readonly gate: Gate
  readonly idempotency: Idempotency
  readonly metrics: Metrics
  readonly limits: ServerLimits
  readonly unscored: UnscoredPolicy
  readonly token: string | undefined
  readonly log: Log
  /** Requests from their first byte to their answer. */
  open: number
  /** Bytes of the bodies being held. */
  buffered: number
  /** New work is refused. */
  draining: boolean
  /** Gives the store back. */
  close(): void
}

/** Opens the store and sets up what the routes share. Throws `io` for a store in use, `version` for states of another recipe. */
export function createServices(options: ServerOptions): Services {
  const limits = readLimits(options.limits)
  const unscored = options.unscored ?? 'refuse'
  assertUnscoredPolicy(unscored)
  const files = options.store === undefined ? undefined : openRunFiles(options.store)
  const gate = createGate(limits)
  return {
    recipe: options.recipe,
    runs: createRunStates(options.recipe, limits.runs, files),
    gate,
    idempotency: createIdempotency({ entries: limits.storedAnswers, characters: limits.storedCharacters }),
    metrics: createMetrics(gate),
    limits,
    unscored,
    token: options.token,
    log: options.log ?? (() => undefined),
    open: 0,
    buffered: 0,
    draining: false,
    close: () => files?.close(),
  }
}
