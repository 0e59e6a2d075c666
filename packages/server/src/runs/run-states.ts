import { GuerdonError, type Recipe, type RecipeState, type RolloutBatch } from '@guerdon/core'
import { RequestError } from '../http/request-error.ts'
import { carryState, isStateful } from './carry-state.ts'
import { createMutex, type Mutex } from './mutex.ts'
import type { RunFiles } from './run-files.ts'
import { findAnswer, keepAnswer, type RequestKey, type StoredAnswer } from './stored-answers.ts'

/** A batch through the recipe. */
export interface RunResult {
  readonly batch: RolloutBatch
  /** How many batches the run has seen, this one included; 0 for a recipe without state. */
  readonly update: number
}

/** Scores batches with the state of a run. */
export interface RunScorer {
  /** Scores a batch and advances the run when the transaction is committed; until then no other batch of the run goes on. */
  score(run: string, batch: RolloutBatch, signal: AbortSignal): Promise<RunResult>
  /** Scores a batch with the run's state and leaves it as it was. */
  preview(run: string, batch: RolloutBatch, signal: AbortSignal): Promise<RunResult>
}

/** One request on the state of a run: all of it happens, its answer included, or nothing. */
export interface RunTransaction extends RunScorer {
  /** Resolves when the new state is on the disk, with the answer of a request that has a key. After an error nothing changed. */
  commit(answer: string, request?: RequestKey): Promise<void>
  /** Leaves the run as it was; does nothing after `commit`. */
  abandon(): void
}

/** The states of the runs of one server. */
export interface RunStates {
  /** Begins a request on `recipe`; a run whose state another recipe left takes over what both have in common. */
  begin(recipe: Recipe, runStep?: RunStep): RunTransaction
  /** The answer this run gave to a request before. Throws 409 for a key that came with another request. */
  answered(recipe: Recipe, run: string, request: RequestKey): string | undefined
  /** Hands every run kept, in memory or on the disk, from one recipe to the next. Returns how many. */
  adopt(from: Recipe, to: Recipe): Promise<number>
}

/** Runs a recipe; told apart from `recipe.run` only where somebody watches its steps. */
export type RunStep = (
  recipe: Recipe,
  batch: RolloutBatch,
  state: RecipeState,
  signal: AbortSignal,
) => ReturnType<Recipe['run']>

interface Run {
  readonly mutex: Mutex
  recipe: Recipe
  state: RecipeState
  update: number
  answers: readonly StoredAnswer[]
}

const never = new AbortController().signal

/** Run states, restored from and saved to `files` when there are some. */
export function createRunStates(maxRuns: number, files?: RunFiles): RunStates {
  const runs = new Map<string, Run>()
  const find = (name: string, recipe: Recipe): Run => {
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
      recipe,
      state: saved === undefined ? recipe.initialState() : recipe.loadState(saved.state),
      update: saved?.update ?? 0,
      answers: saved?.answers ?? [],
    }
    runs.set(name, run)
    return run
  }
  const save = async (name: string, run: Run, next: Omit<Run, 'mutex'>): Promise<void> => {
    const { recipe, state, update, answers } = next
    await files?.write(name, { update, state: recipe.saveState(state), answers })
    Object.assign(run, next)
  }
  return {
    begin: (recipe, runStep = plainRun) => {
      const stateful = isStateful(recipe)
      let open: { readonly name: string; readonly run: Run; readonly release: () => void } | undefined
      let next: { state: RecipeState; update: number } | undefined
      const close = () => {
        open?.release()
        open = undefined
      }
      return {
        score: async (name, given, signal) => {
          assertRunName(name)
          if (!stateful) {
            const { batch } = await runStep(recipe, given, recipe.initialState(), signal)
            return { batch, update: 0 }
          }
          if (open === undefined) {
            const run = find(name, recipe)
            open = { name, run, release: await run.mutex.acquire(signal) }
          }
          const { run } = open
          const before = next ?? { state: carryState(run.recipe, recipe, run.state), update: run.update }
          const { batch, state } = await abandonable(signal, runStep(recipe, given, before.state, signal))
          next = { state, update: before.update + 1 }
          return { batch, update: next.update }
        },
        preview: async (name, given, signal) => {
          assertRunName(name)
          const run = stateful ? find(name, recipe) : undefined
          const state = run === undefined ? recipe.initialState() : carryState(run.recipe, recipe, run.state)
          const { batch } = await runStep(recipe, given, state, signal)
          return { batch, update: run?.update ?? 0 }
        },
        commit: async (answer, request) => {
          if (open === undefined || next === undefined) return
          const { name, run } = open
          const answers = request === undefined ? run.answers : keepAnswer(run.answers, { ...request, body: answer })
          await save(name, run, { recipe, ...next, answers }).finally(close)
        },
        abandon: close,
      }
    },
    answered: (recipe, name, request) => {
      if (!isStateful(recipe)) return undefined
      assertRunName(name)
      return findAnswer(find(name, recipe).answers, request)
    },
    adopt: async (from, to) => {
      if (from.version === to.version || !isStateful(from)) return 0
      const names = [...new Set([...runs.keys(), ...(files?.names() ?? [])])]
      // All are read before anything is waited for: a request that comes meanwhile finds them as `from` left them.
      const found = names.flatMap(name => {
        const run = readable(() => find(name, from))
        return run === undefined ? [] : [{ name, run }]
      })
      for (const { name, run } of found) {
        await run.mutex.run(never, () =>
          save(name, run, { ...run, recipe: to, state: carryState(run.recipe, to, run.state) }),
        )
      }
      return found.length
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

/** A run of yet another recipe, or a damaged one, stays as it is: its own requests tell what is wrong. */
function readable(read: () => Run): Run | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof GuerdonError && (error.code === 'version' || error.code === 'state')) return undefined
    throw error
  }
}

const plainRun: RunStep = (recipe, batch, state, signal) => recipe.run(batch, state, { signal })

/** `work`, or the reason of `signal` as soon as it is aborted: a stage that never settles must not hold its run. */
function abandonable<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
    if (signal.aborted) onAbort()
  })
}
