import { GuerdonError } from '@guerdon/core'

/** The key by which NeMo Gym tells tasks apart. */
const taskKey = '_ng_task_index'
const bookkeeping = new Set([taskKey, '_ng_rollout_index'])

/** `POST /seed_session`: nothing is kept between calls, so there is nothing to begin. */
export const seedSession = (): object => ({})

/** `GET /reverify_mode`: the reward is a function of the row, so that a row may be verified again. */
export const reverifyMode = (): string => 'stateless'

type Row = Readonly<Record<string, unknown>>

/**
 * `POST /aggregate_metrics { verify_responses: [row, …] }` → `{ group_level_metrics, agent_metrics, key_metrics }`: mean, max,
 * min, median and sample standard deviation (0 for one row) of every field that is a number, for each task in the order of
 * its index and for all rows, named `mean/reward` and so on; the means are the key metrics. Rows with `mask_sample` do not
 * count.
 */
export function aggregateMetrics(body: unknown): object {
  const rows = (body as { verify_responses?: unknown } | null)?.verify_responses
  if (!Array.isArray(rows)) {
    throw new GuerdonError('invalid_input', 'expected a list; got something else — verify_responses', {
      path: ['verify_responses'],
      hint: 'this route takes { "verify_responses": [row, …] }',
    })
  }
  const valid = (rows as Row[]).filter(row => row['mask_sample'] !== true)
  const tasks = new Map<unknown, Row[]>()
  for (const row of valid) tasks.set(row[taskKey], [...(tasks.get(row[taskKey]) ?? []), row])
  const agent = describe(valid)
  return {
    group_level_metrics: [...tasks].sort(([a], [b]) => Number(a) - Number(b)).map(([, members]) => describe(members)),
    agent_metrics: agent,
    key_metrics: Object.fromEntries(Object.entries(agent).filter(([name]) => name.startsWith('mean/'))),
  }
}

function describe(rows: readonly Row[]): Record<string, number> {
  const columns = new Map<string, number[]>()
  for (const row of rows) {
    for (const [name, value] of Object.entries(row)) {
      if (bookkeeping.has(name) || (typeof value !== 'number' && typeof value !== 'boolean')) continue
      columns.set(name, [...(columns.get(name) ?? []), Number(value)])
    }
  }
  const metrics: Record<string, number> = {}
  for (const [name, values] of columns) {
    const sorted = values.toSorted((a, b) => a - b)
    const middle = (sorted.length - 1) / 2
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
    metrics[`mean/${name}`] = mean
    metrics[`max/${name}`] = sorted[sorted.length - 1]
    metrics[`min/${name}`] = sorted[0]
    metrics[`median/${name}`] = (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2
    metrics[`std/${name}`] = values.length === 1 ? 0 : Math.sqrt(squares / (values.length - 1))
  }
  return metrics
}
