import type { Budget } from './experiment.ts'

/** One piece of work for a worker process. */
export interface Job {
  readonly kind: 'prepare' | 'run'
  readonly experiment: string
  readonly budget: Budget
  readonly seed: number
  /** Only for `run`. */
  readonly arm?: string
  /** The results folder. */
  readonly results: string
}

/** What a worker tells its parent. */
export type WorkerMessage =
  | { readonly type: 'progress'; readonly fraction: number }
  | { readonly type: 'done' }
  | { readonly type: 'failed'; readonly message: string }

/** A job as people see it: `par-0.05, seed 3`. */
export function describeJob(job: Job): string {
  return job.kind === 'prepare' ? `preparing seed ${job.seed}` : `${job.arm}, seed ${job.seed}`
}
