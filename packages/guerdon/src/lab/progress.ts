import { describeJob, type Job } from '@guerdon/lab'
import cliProgress from 'cli-progress'
import colours from 'picocolors'
import type { Io } from '../io.ts'

/** What a person sees of jobs that run, as the harness tells of them. */
export interface Progress {
  planned(total: number, finishedBefore: number): void
  progress(job: Job, fraction: number): void
  finished(job: Job): void
  failed(job: Job, message: string): void
  stop(): void
}

/** A bar on a terminal, a line a finished run elsewhere, nothing on standard output. */
export function startProgress(quiet: boolean, io: Io): Progress {
  const { terminal } = io
  const running = new Map<string, number>()
  let done = 0
  let total = 0
  const bar = new cliProgress.SingleBar(
    {
      format: '{bar} {percentage} % · {done} of {runs} runs · {elapsed} · {now}',
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
    },
    cliProgress.Presets.shades_grey,
  )
  const settled = (job: Job): boolean => {
    running.delete(describeJob(job))
    if (job.kind === 'run') done++
    return job.kind === 'run'
  }
  const elapsedSince = performance.now()
  const draw = (): void => {
    if (!terminal) return
    const partial = [...running.values()].reduce((a, b) => a + b, 0)
    const elapsed = `${((performance.now() - elapsedSince) / 1000).toFixed(0)} s`
    bar.update(Math.min(done + partial, total), { done, runs: total, elapsed, now: [...running.keys()].join(' | ') })
  }
  return {
    planned(count, before) {
      total = count
      done = before
      if (before > 0 && !quiet)
        io.err(`${before} of ${count} runs were finished before; going on from there (--fresh starts over)\n`)
      if (terminal) bar.start(Math.max(count, 1), before, { done, runs: count, elapsed: '0 s', now: '' })
    },
    progress(job, fraction) {
      running.set(describeJob(job), job.kind === 'run' ? fraction : 0)
      draw()
    },
    finished(job) {
      const counts = settled(job)
      if (!terminal && !quiet) io.err(`${counts ? `${done}/${total} ` : ''}${describeJob(job)}\n`)
      draw()
    },
    failed(job, message) {
      settled(job)
      io.err(`${colours.red('failed')} ${describeJob(job)}: ${message}\n`)
      draw()
    },
    stop: () => bar.stop(),
  }
}
