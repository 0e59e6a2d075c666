import type { Recipe, RecipeState } from '@guerdon/core'
import { RequestError } from '../http/request-error.ts'
import { createMutex, type Mutex } from './mutex.ts'
import type { StoredAnswer } from './stored-answers.ts'

/** Where a run stands. */
export interface Standing {
  /** The recipe `state` belongs to. */
  readonly recipe: Recipe
  readonly state: RecipeState
  readonly update: number
  readonly answers: readonly StoredAnswer[]
  /** The write it came from; absent for a run that was never saved. */
  readonly revision?: string
}

/** A run in memory. */
export interface KnownRun {
  readonly mutex: Mutex
  /** As it stood when this process last had it; absent for one nobody has scored yet. */
  standing?: Standing
  /** Requests that have it or wait for it. */
  users: number
}

/** The runs a process has in memory, bounded in number. */
export interface KnownRuns {
  names(): string[]
  /** The standing of a run in memory. */
  peek(name: string): Standing | undefined
  /** A run for one more user, who must `leave` it. Throws 503 when there are too many. */
  enter(name: string): KnownRun
  leave(name: string): void
}

/** Up to `limit` runs. With `forget`, runs that nobody uses make place for others: they are saved elsewhere. */
export function createKnownRuns(limit: number, { forget }: { readonly forget: boolean }): KnownRuns {
  const runs = new Map<string, KnownRun>()
  const makePlace = () => {
    if (runs.size < limit) return
    const [idle] = forget ? ([...runs].find(([, { users }]) => users === 0) ?? []) : []
    if (idle === undefined) throw tooMany(limit, forget)
    runs.delete(idle)
  }
  return {
    names: () => [...runs.keys()],
    peek: name => runs.get(name)?.standing,
    enter: name => {
      let run = runs.get(name)
      if (run === undefined) {
        makePlace()
        run = { mutex: createMutex(), users: 0 }
      }
      // The latest stands last: the first idle one has waited longest.
      runs.delete(name)
      runs.set(name, run)
      run.users++
      return run
    },
    leave: name => {
      const run = runs.get(name)
      if (run !== undefined) run.users--
    },
  }
}

function tooMany(limit: number, forget: boolean): RequestError {
  return new RequestError(503, 'overloaded', `expected one of the ${limit} runs there are; got another`, {
    path: ['run'],
    hint: forget
      ? 'all of them are at work: send it again later, or raise the limit of runs'
      : 'restart the server to forget runs that have ended, or raise the limit of runs',
    retryAfterSeconds: forget ? 5 : 60,
  })
}
