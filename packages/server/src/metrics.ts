import { failureClasses, type Outcome } from '@guerdon/core'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Gate } from './http/gate.ts'

/** How many items of one request came to what; plain data, as it may be counted in another process. */
export type ItemCount =
  | { readonly counter: 'items'; readonly route: string; readonly outcome: Outcome['status']; readonly count: number }
  | { readonly counter: 'failures'; readonly route: string; readonly class: string; readonly count: number }
  | {
      readonly counter: 'unscored'
      readonly route: string
      readonly action: 'refused' | 'replaced'
      readonly count: number
    }

/** What routes tell of the items of a request. */
export interface ItemMetrics {
  /** The outcomes of one request. */
  items(route: string, outcomes: readonly Outcome[]): void
  /** Items without a number, by what the trainer was told. */
  unscored(route: string, action: 'refused' | 'replaced', count: number): void
}

/** Counts of the server. Labels come from fixed sets: routes, statuses, outcomes, failure classes and reasons. */
export interface Metrics {
  /** One answered request; `status` 499 is a client that went away. */
  request(route: string, status: number, seconds: number): void
  count(counts: readonly ItemCount[]): void
  /** The Prometheus text. */
  text(): Promise<string>
  readonly contentType: string
}

/** Creates the metrics of one server. */
export function createMetrics(gate: Gate): Metrics {
  const registers = [new Registry()]
  const [registry] = registers
  const requests = new Counter({
    name: 'guerdon_requests_total',
    help: 'answered requests; 499 is a client that went away',
    labelNames: ['route', 'status'],
    registers,
  })
  const seconds = new Histogram({
    name: 'guerdon_request_seconds',
    help: 'time from the start of a request to its answer',
    labelNames: ['route'],
    buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100],
    registers,
  })
  const items = new Counter({
    name: 'guerdon_items_total',
    help: 'items by what became of them',
    labelNames: ['route', 'outcome'],
    registers,
  })
  const failures = new Counter({
    name: 'guerdon_failures_total',
    help: 'failed items by class',
    labelNames: ['route', 'class'],
    registers,
  })
  const unscored = new Counter({
    name: 'guerdon_unscored_total',
    help: 'items without a number by what the trainer was told',
    labelNames: ['route', 'action'],
    registers,
  })
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read())
      },
    })
  gauge('guerdon_active_requests', 'requests being worked on', () => gate.active)
  gauge('guerdon_queued_requests', 'requests waiting for a place', () => gate.queued)
  gauge('guerdon_resident_bytes', 'memory of the process', () => process.memoryUsage.rss())
  return {
    request: (route, status, duration) => {
      requests.inc({ route, status })
      seconds.observe({ route }, duration)
    },
    count: counts => {
      for (const entry of counts) {
        const { route, count } = entry
        if (entry.counter === 'items') items.inc({ route, outcome: entry.outcome }, count)
        else if (entry.counter === 'failures') failures.inc({ route, class: entry.class }, count)
        else unscored.inc({ route, action: entry.action }, count)
      }
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}

/** Collects the counts of one request in `counts`. */
export function countItems(counts: ItemCount[]): ItemMetrics {
  return {
    items: (route, outcomes) => {
      const found = { scored: 0, abstained: 0, failed: 0 }
      const classes = new Map<string, number>()
      for (const outcome of outcomes) {
        found[outcome.status]++
        if (outcome.status !== 'failed') continue
        const label = failureLabel(outcome.failure.class)
        classes.set(label, (classes.get(label) ?? 0) + 1)
      }
      for (const outcome of ['scored', 'abstained', 'failed'] as const) {
        if (found[outcome] > 0) counts.push({ counter: 'items', route, outcome, count: found[outcome] })
      }
      for (const [label, count] of classes) counts.push({ counter: 'failures', route, class: label, count })
    },
    unscored: (route, action, count) => counts.push({ counter: 'unscored', route, action, count }),
  }
}

const knownClasses: ReadonlySet<string> = new Set(failureClasses)

/** A reward function may return any class at run time; only known ones become labels. */
function failureLabel(failureClass: string): string {
  return knownClasses.has(failureClass) ? failureClass : 'other'
}
