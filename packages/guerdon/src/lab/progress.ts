import cliProgress from 'cli-progress'
import colours from 'picocolors'
import type { Io } from '../io.ts'

/** What a person sees of jobs that run. */
export interface Progress {
  planned(total: number, before: number): void
  partial(job: string, fraction: number): void
  settled(job: string, counts: boolean, failure?: string): void
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
    partial(job, fraction) {
      running.set(job, job.startsWith('preparing') ? 0 : fraction)
      draw()
    },
    settled(job, counts, failure) {
      running.delete(job)
      if (counts) done++
      if (failure !== undefined) io.err(`${colours.red('failed')} ${job}: ${failure}\n`)
      else if (!terminal && !quiet) io.err(`${counts ? `${done}/${total} ` : ''}${job}\n`)
      draw()
    },
    stop: () => bar.stop(),
  }
}
