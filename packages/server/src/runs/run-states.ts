import { GuerdonError, type Recipe, type RecipeState, type RolloutBatch } from '@guerdon/core'
import { RequestError } from '../http/request-error.ts'
import { createMutex, type Mutex } from './mutex.ts'
import type { RunFiles } from './run-files.ts'

/** A batch through the recipe. */
export interface RunResult {
  readonly batch: RolloutBatch
  /** How many batches the run has seen, this one included; 0 for a recipe without state. */
  readonly update: number
}

/** The recipe's state, kept for each run. */
export interface RunStates {
  /** True when a stage of the recipe keeps a state: batches of one run then go through one after another. */
  readonly stateful: boolean
  /** Scores a batch and advances the run. The new state is on the disk before this resolves; after an error nothing changed. */
  score(run: string, batch: RolloutBatch, signal: AbortSignal): Promise<RunResult>
  /** Scores a batch with the run's state and leaves it as it was. */
  preview(run: string, batch: RolloutBatch, signal: AbortSignal): Promise<RunResult>
}

interface Run {
  readonly mutex: Mutex
  state: RecipeState
  update: number
}

/** Run states of `recipe`, restored from and saved to `files` when there are some. */
export function createRunStates(recipe: Recipe, maxRuns: number, files?: RunFiles): RunStates {
  const initial = recipe.initialState()
  const stateful = initial.steps.some(({ state }) => state !== null && state !== undefined)
  const runs = new Map<string, Run>()
  const find = (name: string): Run => {
    const known = runs.get(name)
    if (known !== undefined) return known
    if (runs.size >= maxRuns) {
      throw new RequestError(503, 'overloaded', `expected one of the ${maxRuns} runs there are; got another`, {
        path: ['run'],
        hint: 'restart the server to forget runs that have ended, or raise the limit of runs',
        retryAfterSeconds: 60,
      })
    }
    const saved = files?.read(name)
    const run: Run = {
      mutex: createMutex(),
      state: saved === undefined ? initial : recipe.loadState(saved.state),
      update: saved?.update ?? 0,
    }
    runs.set(name, run)
    return run
  }
  return {
    stateful,
    score: async (name, given, signal) => {
      assertRunName(name)
      if (!stateful) {
        const { batch } = await recipe.run(given, initial, { signal })
        return { batch, update: 0 }
      }
      const run = find(name)
      return await run.mutex.run(signal, async () => {
        const { batch, state } = await abandonable(signal, recipe.run(given, run.state, { signal }))
        const update = run.update + 1
        await files?.write(name, { update, state: recipe.saveState(state) })
        run.state = state
        run.update = update
        return { batch, update }
      })
    },
    preview: async (name, given, signal) => {
      assertRunName(name)
      const { state, update } = stateful ? find(name) : { state: initial, update: 0 }
      const { batch } = await recipe.run(given, state, { signal })
      return { batch, update }
    },
  }
}

/** Throws `invalid_input` for a name that could not be the name of a file. */
export function assertRunName(name: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)) return
  throw new GuerdonError('invalid_input', 'expected the name of a run; got another text', {
    path: ['run'],
    hint: 'use up to 64 letters, digits, ".", "_" and "-", the first a letter or digit',
  })
}

/** `work`, or the reason of `signal` as soon as it is aborted: a stage that never settles must not hold its run. */
function abandonable<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
    if (signal.aborted) onAbort()
  })
}
