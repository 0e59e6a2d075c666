import { GuerdonError, type Recipe } from '@guerdon/core'
import type { Log } from '../http/log.ts'
import type { RecipeSource } from '../options.ts'
import { isStateful } from '../runs/carry-state.ts'
import { assertRunName } from '../runs/run-states.ts'
import type { LocalEngineOptions } from './local.ts'
import { ownerOf, type SentBatch } from './messages.ts'
import type { Done, Engine, Reloaded } from './work.ts'
import { startWorker, type WorkerProcess } from './worker-process.ts'

/** What a pool of workers is made of. */
export interface PoolOptions extends LocalEngineOptions {
  /** Worker processes. */
  readonly count: number
  readonly source: RecipeSource | undefined
  /** Where `states` are: a folder, whose lock this process holds for the workers, or a URL. */
  readonly store?: string
  readonly log: Log
}

/** Time beyond the deadline after which a worker that gives no sign of life is ended, in milliseconds. */
const GRACE_MS = 100

/** Recipes remembered for batches that are still to be recorded. */
const RECIPES = 8

/**
 * An engine of worker processes. This process reads and answers requests and is never kept busy by a recipe; a run with a
 * state belongs to one worker, told by its name, everything else goes to the worker with the least to do.
 *
 * Throws `invalid_option` for a recipe that cannot be built in another process, and for one with a state but no store: a
 * worker that ends would take the states of its runs with it.
 */
export function createPool(options: PoolOptions): Engine {
  const { count, limits, unscored, store, recorder } = options
  let { recipe, source } = options
  const checked = (next: Recipe, from: RecipeSource | undefined): RecipeSource => {
    if (from === undefined) {
      throw new GuerdonError('invalid_option', 'expected the source of the recipe for worker processes; got none', {
        path: ['source'],
      })
    }
    if (isStateful(next) && store === undefined) {
      throw new GuerdonError(
        'invalid_option',
        'expected a store for worker processes and a recipe with a state; got none',
        {
          path: ['store'],
          hint: 'give a store, or serve with one process: the states of a worker that ends would be lost',
        },
      )
    }
    return from
  }
  source = checked(recipe, source)
  const recipes = new Map([[recipe.version, recipe]])
  const onRecord = async ({ recipe: version, ...sent }: SentBatch): Promise<void> => {
    const known = recipes.get(version)
    if (known === undefined) throw new GuerdonError('internal', 'expected a batch of a recipe in use; got another')
    await recorder?.record({ ...sent, recipe: known })
  }
  const workers: readonly WorkerProcess[] = Array.from({ length: count }, (_, index) =>
    startWorker({
      setup: () => ({
        source: source as RecipeSource,
        limits,
        unscored,
        records: recorder !== undefined,
        index,
        count,
        ...(store === undefined ? {} : { store }),
      }),
      silentMs: limits.deadlineMs + GRACE_MS,
      onCounts: options.onCounts,
      onRecord,
      log: options.log,
    }),
  )
  const idlest = () => workers.reduce((best, worker) => (worker.pending < best.pending ? worker : best))
  const never = new AbortController().signal
  return {
    get recipe() {
      return recipe
    },
    started: async () => {
      await options.states?.check()
      await Promise.all(workers.map(worker => worker.started()))
    },
    ready: async () => {
      if (isStateful(recipe)) await options.states?.check()
    },
    compute: async (work, signal) => {
      assertRunName(work.run)
      const worker = isStateful(recipe) ? workers[ownerOf(work.run, count)] : idlest()
      return (await worker.ask({ type: 'compute', work }, signal)) as Done
    },
    reload: async (next, from) => {
      const found = checked(next, from)
      await options.states?.check()
      source = found
      recipe = next
      recipes.set(next.version, next)
      for (const version of [...recipes.keys()].slice(0, -RECIPES)) recipes.delete(version)
      const question = { type: 'reload', source } as const
      const answers = (await Promise.all(workers.map(worker => worker.ask(question, never)))) as Reloaded[]
      return { ...answers[0], runs: answers.reduce((sum, { runs }) => sum + runs, 0) }
    },
    close: async () => {
      await Promise.all(workers.map(worker => worker.close()))
      await recorder?.close()
      await options.states?.close()
    },
  }
}
