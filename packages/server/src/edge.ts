import { assertInteger } from '@guerdon/core'
import { createLocalEngine, type LocalEngineOptions } from './engine/local.ts'
import { createPool } from './engine/pool.ts'
import type { Engine } from './engine/work.ts'
import { createGroups, type Groups } from './groups/assembly.ts'
import { admitted } from './http/endpoint.ts'
import { createGate, type Gate } from './http/gate.ts'
import { groupWork } from './http/group-part.ts'
import type { HostPolicy } from './http/host-check.ts'
import { createIdempotency, type Idempotency, type Reply } from './http/idempotency.ts'
import type { Log } from './http/log.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import { assertUnscoredPolicy, readLimits, type ServerLimits, type ServerOptions } from './options.ts'
import { openRuns } from './runs/open-runs.ts'

/** What all requests of a server pass: admission, limits, repeats, counting; behind it an engine computes the answers. */
export interface Edge {
  readonly engine: Engine
  readonly gate: Gate
  readonly idempotency: Idempotency
  readonly groups: Groups<Reply>
  readonly metrics: Metrics
  readonly limits: ServerLimits
  readonly token: string | undefined
  readonly hosts: HostPolicy | undefined
  readonly log: Log
  /** Requests from their first byte to their answer. */
  open: number
  /** Bytes of the bodies being held. */
  buffered: number
  /** New work is refused. */
  draining: boolean
}

/** Sets up what all requests pass. Throws `io` for a store in use, `invalid_option` for limits that make no sense. */
export function createEdge(options: ServerOptions, hosts?: HostPolicy): Edge {
  const limits = readLimits(options.limits)
  const unscored = options.unscored ?? 'refuse'
  assertUnscoredPolicy(unscored)
  const gate = createGate(limits)
  const metrics = createMetrics(gate)
  const engine = createEngine(options, { recipe: options.recipe, limits, unscored, onCounts: metrics.count })
  const edge: Edge = {
    engine,
    gate,
    idempotency: createIdempotency({ entries: limits.storedAnswers, characters: limits.storedCharacters }),
    groups: createGroups({ waiting: limits.groups, answered: limits.storedAnswers }, (part, rollouts, signal) =>
      admitted(edge, groupWork(part, rollouts), signal),
    ),
    metrics,
    limits,
    token: options.token,
    hosts,
    log: options.log ?? (() => undefined),
    open: 0,
    buffered: 0,
    draining: false,
  }
  return edge
}

function createEngine(options: ServerOptions, basis: LocalEngineOptions): Engine {
  const { workers = 0, store, recorder, source } = options
  assertInteger(workers, 'workers', 0)
  const { deadlineMs } = basis.limits
  const states = store === undefined ? undefined : openRuns(store, { shared: false, deadlineMs })
  const parts = {
    ...basis,
    ...(states === undefined ? {} : { states }),
    ...(recorder === undefined ? {} : { recorder }),
  }
  if (workers === 0) return createLocalEngine(parts)
  try {
    const log = options.log ?? (() => undefined)
    return createPool({ ...parts, count: workers, source, log, ...(store === undefined ? {} : { store }) })
  } catch (error) {
    void states?.close()
    throw error
  }
}
