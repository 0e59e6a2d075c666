import { type ChildProcess, fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { describeJob, type Job, type WorkerMessage } from './messages.ts'

/** What a person watching wants to know. */
export interface PoolEvents {
  started?(job: Job): void
  progress?(job: Job, fraction: number): void
  finished?(job: Job): void
  failed?(job: Job, message: string): void
}

export interface PoolOptions extends PoolEvents {
  /** Number of worker processes; one a core when absent. */
  readonly workers?: number
  readonly signal?: AbortSignal
  /** Module the workers run. For tests. */
  readonly module?: string
}

/** Jobs of one seed: the shared preparation, if any, and the runs that wait for it. */
export interface SeedJobs {
  readonly prepare?: Job
  readonly runs: readonly Job[]
}

/**
 * Works through jobs in worker processes: all preparations first, each seed's runs as soon as its own preparation is done.
 * A worker that dies has its job tried once more in a fresh process; a second death, or an error the job itself reports, is
 * a failure of that job only.
 */
export async function runJobs(seeds: readonly SeedJobs[], options: PoolOptions = {}): Promise<void> {
  const ready: Job[] = []
  const waiting = new Map<Job, readonly Job[]>()
  for (const { prepare, runs } of seeds) {
    if (prepare) {
      ready.push(prepare)
      waiting.set(prepare, runs)
    }
  }
  for (const { prepare, runs } of seeds) if (!prepare) ready.push(...runs)

  const total = seeds.reduce((count, { prepare, runs }) => count + runs.length + (prepare ? 1 : 0), 0)
  let settled = 0
  let wake = (): void => {}
  const settle = (job: Job, message?: string): void => {
    settled++
    const dependants = waiting.get(job) ?? []
    if (message === undefined) {
      ready.push(...dependants)
      options.finished?.(job)
    } else {
      options.failed?.(job, message)
      for (const dependant of dependants) settle(dependant, `not run: ${describeJob(job)} failed`)
    }
    const sleeping = wake
    wake = () => {}
    sleeping()
  }

  const working = new Set<Worker>()
  const onAbort = (): void => {
    for (const worker of working) worker.kill()
    wake()
  }
  const lane = async (): Promise<void> => {
    let worker: Worker | undefined
    try {
      while (settled < total && !options.signal?.aborted) {
        const job = ready.shift()
        if (!job) {
          await new Promise<void>(resolve => {
            const previous = wake
            wake = () => {
              previous()
              resolve()
            }
          })
          continue
        }
        options.started?.(job)
        let message: string | undefined
        for (let attempt = 0; attempt < 2 && !options.signal?.aborted; attempt++) {
          worker ??= startWorker(options.module)
          working.add(worker)
          const outcome = await worker.run(job, fraction => options.progress?.(job, fraction))
          message = outcome.message
          if (!outcome.died) break
          working.delete(worker)
          worker = undefined
        }
        if (options.signal?.aborted) return
        settle(job, message)
      }
    } finally {
      worker?.stop()
    }
  }
  const lanes = Math.max(1, Math.min(options.workers ?? availableParallelism(), total))
  options.signal?.addEventListener('abort', onAbort, { once: true })
  try {
    await Promise.all(Array.from({ length: lanes }, lane))
  } finally {
    options.signal?.removeEventListener('abort', onAbort)
  }
  options.signal?.throwIfAborted()
}

interface Worker {
  /** `message` is absent on success. */
  run(job: Job, progress: (fraction: number) => void): Promise<{ message?: string; died: boolean }>
  /** Lets it end. */
  stop(): void
  /** Ends it in the middle of its job. */
  kill(): void
}

function startWorker(module = fileURLToPath(new URL('./worker.js', import.meta.url))): Worker {
  const child: ChildProcess = fork(module, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], serialization: 'advanced' })
  let errors = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    errors = `${errors}${chunk}`.slice(-2000)
  })
  return {
    run: (job, progress) =>
      new Promise(resolve => {
        const finish = (outcome: { message?: string; died: boolean }): void => {
          child.off('message', onMessage)
          child.off('exit', onExit)
          resolve(outcome)
        }
        const onMessage = (message: WorkerMessage): void => {
          if (message.type === 'progress') progress(message.fraction)
          else finish(message.type === 'done' ? { died: false } : { message: message.message, died: false })
        }
        const onExit = (code: number | null, signal: string | null): void => {
          finish({
            message: `the worker process ended (${signal ?? `exit code ${code}`}) ${errors}`.trim(),
            died: true,
          })
        }
        child.on('message', onMessage)
        child.on('exit', onExit)
        child.send(job, error => {
          if (error) finish({ message: `could not reach the worker process: ${error.message}`, died: true })
        })
      }),
    stop: () => void child.disconnect?.(),
    kill: () => void child.kill('SIGKILL'),
  }
}
