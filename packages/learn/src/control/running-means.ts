import type { CurvePoint } from '../run/learner.ts'

/** Means of measurements that come now and then. */
export interface RunningMeans {
  add(measured: Readonly<Record<string, number>>): void
  /** A mean for each name; null for what was never measured. */
  point(): CurvePoint
}

/** Means of the named measurements since now. */
export function runningMeans(names: readonly string[]): RunningMeans {
  const totals = new Map<string, number>()
  const counts = new Map<string, number>()
  return {
    add(measured) {
      for (const [name, value] of Object.entries(measured)) {
        totals.set(name, (totals.get(name) ?? 0) + value)
        counts.set(name, (counts.get(name) ?? 0) + 1)
      }
    },
    point: () =>
      Object.fromEntries(
        names.map(name => {
          const total = totals.get(name)
          return [name, total === undefined ? null : total / counts.get(name)!]
        }),
      ),
  }
}
