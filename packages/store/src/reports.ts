import { findNamed } from '@guerdon/core'
import type { Store } from './open-store.ts'
import type { PlainRow, QueryResult } from './query.ts'

/** A question that is asked of a store again and again. */
export interface Report {
  readonly name: string
  readonly about: string
  /** Its answer in SQL; `$1` is the run, null for all. */
  readonly sql: string
}

const ofRun = '($1 IS NULL OR run = $1)'

/** The reports there are. */
export const reports: readonly Report[] = [
  {
    name: 'rewards',
    about: 'rewards of each run and recipe; groups of two or more scored rollouts with one reward teach nothing',
    sql: `
      WITH group_spread AS (
        SELECT run, recipe, count(*) AS comparable, count(*) FILTER (spread = 0) AS zero_variance FROM (
          SELECT run, recipe, max(reward) - min(reward) AS spread FROM scores
          WHERE ${ofRun} AND status = 'scored' GROUP BY run, recipe, batch, group_id HAVING count(*) > 1)
        GROUP BY run, recipe)
      SELECT scores.run, scores.recipe[1:12] AS recipe, count(*) AS rollouts,
        count(*) FILTER (status = 'abstained') AS abstained, count(*) FILTER (status = 'failed') AS failed,
        avg(reward) AS mean, stddev_samp(reward) AS deviation, min(reward) AS minimum,
        quantile_cont(reward, 0.05) AS p5, median(reward) AS median, quantile_cont(reward, 0.95) AS p95,
        max(reward) AS maximum, coalesce(any_value(comparable), 0) AS comparable_groups,
        coalesce(any_value(zero_variance), 0) AS zero_variance_groups
      FROM scores LEFT JOIN group_spread
        ON group_spread.run = scores.run AND group_spread.recipe IS NOT DISTINCT FROM scores.recipe
      WHERE ($1 IS NULL OR scores.run = $1)
      GROUP BY scores.run, scores.recipe ORDER BY scores.run, min(batch)`,
  },
  {
    name: 'failures',
    about: 'items without a number by column and class, with the rollout of the first',
    sql: `
      SELECT run, name, class, count(*) AS items, count(DISTINCT (batch, id)) AS rollouts,
        arg_min(id, batch) AS first, arg_min(message, batch) AS message
      FROM failures WHERE ${ofRun} GROUP BY run, name, class ORDER BY run, items DESC, name, class`,
  },
  {
    name: 'components',
    about: 'every number the recipe wrote: how often there is one, its range, and how it goes with the reward',
    sql: `
      WITH one AS (
        SELECT run, recipe, batch, id, name, level,
          CASE WHEN items IS NULL THEN value ELSE list_avg(items) END AS value
        FROM components WHERE ${ofRun})
      SELECT one.run, one.recipe[1:12] AS recipe, name, level, count(*) AS rollouts,
        count(value) / count(*) AS validity, avg(value) AS mean, stddev_samp(value) AS deviation,
        min(value) AS minimum, max(value) AS maximum,
        CASE WHEN stddev_pop(value) > 0 AND stddev_pop(reward) > 0 THEN corr(value, reward) END AS with_reward
      FROM one LEFT JOIN scores ON scores.batch = one.batch AND scores.id = one.id
        AND scores.recipe IS NOT DISTINCT FROM one.recipe
      GROUP BY one.run, one.recipe, name, level ORDER BY one.run, one.recipe, min(one.batch), name`,
  },
  {
    name: 'drift',
    about: 'each run in up to ten parts, first to last: reward, its spread, response length, items without a number',
    sql: `
      WITH counted AS (
        SELECT scores.run, scores.recipe, scores.batch, scores.id, scores.group_id, reward, status,
          coalesce(tokens, length(response)) AS length,
          ntile(10) OVER (PARTITION BY scores.run, scores.recipe ORDER BY scores.batch, position) AS part
        FROM scores LEFT JOIN rollouts ON rollouts.batch = scores.batch AND rollouts.id = scores.id
        WHERE ($1 IS NULL OR scores.run = $1)),
      spread AS (
        SELECT run, recipe, part, avg(CAST(low = high AS INTEGER)) AS zero_variance FROM (
          SELECT run, recipe, part, min(reward) AS low, max(reward) AS high FROM counted
          WHERE reward IS NOT NULL GROUP BY run, recipe, part, batch, group_id HAVING count(*) > 1)
        GROUP BY run, recipe, part)
      SELECT counted.run, counted.recipe[1:12] AS recipe, counted.part, count(*) AS rollouts, avg(reward) AS mean,
        stddev_samp(reward) AS deviation, any_value(zero_variance) AS zero_variance, avg(length) AS length,
        avg(CAST(status <> 'scored' AS INTEGER)) AS unscored
      FROM counted LEFT JOIN spread ON spread.run = counted.run AND spread.part = counted.part
        AND spread.recipe IS NOT DISTINCT FROM counted.recipe
      GROUP BY counted.run, counted.recipe, counted.part ORDER BY counted.run, min(counted.batch), counted.part`,
  },
]

/** Answers the report called `name`, of one run or of all. Throws `unknown_name`. */
export async function runReport(
  store: Store,
  name: string,
  options: { readonly run?: string } = {},
): Promise<QueryResult> {
  const report = findNamed(name, reports, {
    kind: 'report',
    nameOf: one => one.name,
    hint: `there are ${reports.map(one => one.name).join(', ')}`,
  })
  return await store.query(report.sql, [options.run ?? null])
}

/** What a run has: rollouts, and by which recipes they are scored. Throws `unknown_name` naming the runs there are. */
export async function findRun(store: Store, run: string | undefined): Promise<PlainRow & { readonly run: string }> {
  const { rows } = await store.query(
    `SELECT run, count(*) AS rollouts, count(record) AS with_texts FROM rollouts GROUP BY run ORDER BY run`,
  )
  if (run === undefined && rows.length === 1) return rows[0] as PlainRow & { readonly run: string }
  return findNamed(run ?? '', rows as readonly (PlainRow & { readonly run: string })[], {
    kind: 'run',
    nameOf: one => one.run,
    hint:
      rows.length === 0
        ? 'the store has no rollouts'
        : `there are ${rows.map(one => one['run']).join(', ')}; --run takes one`,
  })
}
