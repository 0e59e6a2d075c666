import { assertInteger, GuerdonError } from '@guerdon/core'
import type { Budget, ExperimentResults, FailedRun, Runnable } from './experiment.ts'
import type { Job } from './messages.ts'
import { type PoolOptions, runJobs, type SeedJobs } from './pool.ts'
import { clearResults, isPrepared, loadRun, openResults } from './results.ts'

export interface RunExperimentOptions extends PoolOptions {
  readonly budget: Budget
  /** Number of seeds; the experiment's own when absent. */
  readonly seeds?: number
  /** Added to every seed, so that others can rerun with seeds nobody chose. Default 0. */
  readonly seedBase?: number
  /** Ids of the arms to run. Default all. */
  readonly arms?: readonly string[]
  /** Folder for the results; what is finished there is not run again. */
  readonly results: string
  /** Forget earlier results in that folder. */
  readonly fresh?: boolean
  /** Told once, before anything runs: how many jobs there are and how many of them were done before. */
  planned?(total: number, finishedBefore: number): void
}

/**
 * Runs arms × seeds in worker processes, skipping what the results folder already holds.
 *
 * @throws invalid_option for a number of seeds below 1, version for a folder of another experiment or version
 */
export async function runExperiment(experiment: Runnable, options: RunExperimentOptions): Promise<ExperimentResults> {
  const { budget, results, seedBase = 0 } = options
  const count = options.seeds ?? experiment.seeds(budget)
  assertInteger(count, 'seeds', 1)
  assertInteger(seedBase, 'seedBase', 0)
  if (options.fresh) clearResults(results)
  const { manifest } = openResults(results, { experiment: experiment.slug, version: experiment.version, budget })

  const seeds = Array.from({ length: count }, (_, i) => seedBase + i)
  const wanted = options.arms && new Set(options.arms)
  const arms = experiment.arms(budget).filter(arm => wanted?.has(arm.id) ?? true)
  const plan: SeedJobs[] = []
  let finishedBefore = 0
  for (const seed of seeds) {
    const common = { experiment: experiment.slug, budget, seed, results }
    const missing = arms.filter(arm => loadRun(results, arm.id, seed) === undefined)
    finishedBefore += arms.length - missing.length
    if (missing.length === 0) continue
    const runs: Job[] = missing.map(arm => ({ kind: 'run', ...common, arm: arm.id }))
    const needsPreparation = experiment.prepare !== undefined && !isPrepared(results, seed)
    plan.push(needsPreparation ? { prepare: { kind: 'prepare', ...common }, runs } : { runs })
  }
  options.planned?.(arms.length * seeds.length, finishedBefore)

  const failures: FailedRun[] = []
  await runJobs(plan, {
    ...options,
    failed(job, message) {
      failures.push({ ...(job.arm === undefined ? {} : { arm: job.arm }), seed: job.seed, message })
      options.failed?.(job, message)
    },
  })
  const runs = seeds.flatMap(seed => arms.flatMap(arm => loadRun(results, arm.id, seed) ?? []))
  if (runs.length === 0) {
    throw new GuerdonError(
      'state',
      `no run of ${experiment.slug} finished; the first failure was: ${failures[0]?.message}`,
    )
  }
  return { manifest, seeds, runs, failures }
}
