/** A worker process: takes one job after another from its parent, stores the result itself, and says when it is done. */
import { GuerdonError } from '@guerdon/core'
import { loadRunnable } from '../experiments.ts'
import type { JobContext } from './experiment.ts'
import type { Job, WorkerMessage } from './messages.ts'
import { markPrepared, saveRun, seedFolder } from './results.ts'

const cancelled = new AbortController()

function tell(message: WorkerMessage): void {
  process.send?.(message)
}

async function work(job: Job): Promise<void> {
  const experiment = await loadRunnable(job.experiment)
  const started = process.cpuUsage()
  let lastTold = 0
  const context: JobContext = {
    signal: cancelled.signal,
    folder: seedFolder(job.results, job.seed),
    progress(fraction) {
      const now = performance.now()
      if (now - lastTold < 100) return
      lastTold = now
      tell({ type: 'progress', fraction })
    },
  }
  if (job.kind === 'prepare') {
    await experiment.prepare?.(job.seed, job.budget, context)
    markPrepared(job.results, job.seed)
    return
  }
  const arm = experiment.arms(job.budget).find(({ id }) => id === job.arm)
  if (!arm) throw new GuerdonError('unknown_name', `experiment ${experiment.slug} has no arm "${job.arm}"`)
  const record = await experiment.run(arm, job.seed, job.budget, context)
  const { user, system } = process.cpuUsage(started)
  saveRun(job.results, { arm: arm.id, seed: job.seed, seconds: (user + system) / 1e6, record })
}

function wordsOf(error: unknown): string {
  if (error instanceof GuerdonError && error.hint !== undefined) return `${error.message}; ${error.hint}`
  return error instanceof Error ? error.message : String(error)
}

process.on('message', (job: Job) => {
  work(job).then(
    () => tell({ type: 'done' }),
    (error: unknown) => tell({ type: 'failed', message: wordsOf(error) }),
  )
})
process.on('disconnect', () => {
  cancelled.abort()
  process.exit(0)
})
