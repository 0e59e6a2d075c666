import { failureClasses, type Outcome } from '@guerdon/core'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Gate } from './http/gate.ts'

/** Counts of the server. Labels come from fixed sets: routes, statuses, outcomes, failure classes and reasons. */
export interface Metrics {
  /** One answered request; `status` 499 is a client that went away. */
  request(route: string, status: number, seconds: number): void
  /** The outcomes of one request. */
  items(route: string, outcomes: readonly Outcome[]): void
  /** Items without a number, by what the trainer was told. */
  unscored(route: string, action: 'refused' | 'replaced', count: number): void
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
    items: (route, outcomes) => {
      let scored = 0
      let abstained = 0
      for (const outcome of outcomes) {
        if (outcome.status === 'scored') scored++
        else if (outcome.status === 'abstained') abstained++
        else {
          items.inc({ route, outcome: 'failed' })
          failures.inc({ route, class: failureLabel(outcome.failure.class) })
        }
      }
      if (scored > 0) items.inc({ route, outcome: 'scored' }, scored)
      if (abstained > 0) items.inc({ route, outcome: 'abstained' }, abstained)
    },
    unscored: (route, action, count) => unscored.inc({ route, action }, count),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}

const knownClasses: ReadonlySet<string> = new Set(failureClasses)

/** A reward function may return any class at run time; only known ones become labels. */
function failureLabel(failureClass: string): string {
  return knownClasses.has(failureClass) ? failureClass : 'other'
}
