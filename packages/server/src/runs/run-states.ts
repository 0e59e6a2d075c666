import { GuerdonError, type Recipe, type RecipeState, type RolloutBatch } from '@guerdon/core'
import { carryState, isStateful } from './carry-state.ts'
import { createKnownRuns, type KnownRun, type Standing } from './known-runs.ts'
import type { HeldRun, Reading, RunStore } from './run-store.ts'
import { AnsweredBefore, findAnswer, keepAnswer, type RequestKey } from './stored-answers.ts'
import { abandonable } from './within.ts'

/** A batch through the recipe. */
export interface RunResult {
  readonly batch: RolloutBatch
  /** How many batches the run has seen, this one included; 0 for a recipe without state. */
  readonly update: number
}

/** Scores batches with the state of a run. */
export interface RunScorer {
  /**
   * Scores a batch and advances the run when the transaction is committed; until then no other batch of the run goes on.
   * Throws `AnsweredBefore` for a request this run has answered, 409 for a key that came with another request.
   */
  score(run: string, batch: RolloutBatch, signal: AbortSignal): Promise<RunResult>
  /** Scores a batch with the run's state and leaves it as it was. */
  preview(run: string, batch: RolloutBatch, signal: AbortSignal): Promise<RunResult>
}

/** One request on the state of a run: all of it happens, its answer included, or nothing. */
export interface RunTransaction extends RunScorer {
  /** Resolves when the new state is saved, with the answer of a request that has a key. After an error nothing changed. */
  commit(answer: string): Promise<void>
  /** Leaves the run as it was; does nothing after `commit`. */
  abandon(): void
}

/** The states of the runs of one server. */
export interface RunStates {
  /** Begins a request on `recipe`; a run whose state another recipe left takes over what both have in common. */
  begin(recipe: Recipe, options?: TransactionOptions): RunTransaction
  /** Hands every run kept, in memory or saved, from one recipe to the next. Returns how many. */
  adopt(from: Recipe, to: Recipe): Promise<number>
}

/** What a request may bring besides its recipe. */
export interface TransactionOptions {
  /** Runs the recipe. Default: `recipe.run`. */
  readonly runStep?: RunStep
  /** Given by a client that may send the request again. */
  readonly request?: RequestKey | undefined
}

/** Runs a recipe; told apart from `recipe.run` only where somebody watches its steps. */
export type RunStep = (
  recipe: Recipe,
  batch: RolloutBatch,
  state: RecipeState,
  signal: AbortSignal,
) => ReturnType<Recipe['run']>

/** A run taken for one request. */
interface Taken {
  readonly run: KnownRun
  /** Absent where runs are kept in memory alone. */
  readonly held: HeldRun | undefined
  readonly standing: Standing
  close(): void
}

/** Recipes remembered for runs whose state an earlier one left. */
const RECIPES = 8

const never = new AbortController().signal

/** Run states, restored from and saved to `store` where there is one; in memory there are at most `maxRuns`. */
export function createRunStates(maxRuns: number, store?: RunStore): RunStates {
  const runs = createKnownRuns(maxRuns, { forget: store !== undefined })
  const recipes: Recipe[] = []

  const standingOf = (reading: Reading, known: Standing | undefined, recipe: Recipe): Standing => {
    if (reading === 'unchanged' && known !== undefined) return known
    if (reading === undefined || reading === 'unchanged') return unscored(recipe)
    const { update, answers, revision } = reading
    const [owner, state] = stateIn(reading.state, recipe, recipes)
    return { recipe: owner, state, update, answers, revision }
  }
  const take = async (name: string, recipe: Recipe, signal: AbortSignal): Promise<Taken> => {
    const run = runs.enter(name)
    let held: HeldRun | undefined
    let release: (() => void) | undefined
    let closed = false
    const close = () => {
      if (closed) return
      closed = true
      // The next batch of the run need not find the store still holding it for this one.
      void (held?.release() ?? Promise.resolve()).finally(() => {
        release?.()
        runs.leave(name)
      })
    }
    try {
      release = await run.mutex.acquire(signal)
      held = await store?.hold(name, signal)
      const known = run.standing
      run.standing = held ? standingOf(await held.read(known?.revision), known, recipe) : (known ?? unscored(recipe))
      return { run, held, standing: run.standing, close }
    } catch (error) {
      close()
      throw error
    }
  }
  const save = async ({ run, held, standing }: Taken, next: Standing): Promise<void> => {
    const { recipe, state, update, answers } = next
    const revision = await held?.write({ update, state: recipe.saveState(state), answers }, standing.revision)
    run.standing = { recipe, state, update, answers, ...(revision === undefined ? {} : { revision }) }
  }

  /** A run as it stands, without taking it. */
  const standingNow = async (name: string, recipe: Recipe): Promise<Standing> => {
    const known = runs.peek(name)
    if (store === undefined) return known ?? unscored(recipe)
    return standingOf(await store.read(name, known?.revision), known, recipe)
  }
  /** Saves a run for another recipe; true for one that has been scored. */
  const handOn = async (name: string, to: Recipe): Promise<boolean> => {
    const taken = await take(name, to, never)
    const { standing } = taken
    try {
      if (standing.recipe.version === to.version) return standing.update > 0
      await save(taken, { ...standing, recipe: to, state: carryState(standing.recipe, to, standing.state) })
      return true
    } finally {
      taken.close()
    }
  }

  return {
    begin: (recipe, { runStep = plainRun, request } = {}) => {
      const stateful = isStateful(recipe)
      let taken: Taken | undefined
      let next: { state: RecipeState; update: number } | undefined
      const close = () => {
        taken?.close()
        taken = undefined
      }
      return {
        score: async (name, given, signal) => {
          assertRunName(name)
          if (!stateful) {
            const { batch } = await runStep(recipe, given, recipe.initialState(), signal)
            return { batch, update: 0 }
          }
          if (taken === undefined) {
            taken = await take(name, recipe, signal)
            const before = request === undefined ? undefined : findAnswer(taken.standing.answers, request)
            if (before !== undefined) throw new AnsweredBefore(before)
          }
          const { standing } = taken
          const from = next ?? { state: carryState(standing.recipe, recipe, standing.state), update: standing.update }
          const { batch, state } = await abandonable(signal, runStep(recipe, given, from.state, signal))
          next = { state, update: from.update + 1 }
          return { batch, update: next.update }
        },
        preview: async (name, given, signal) => {
          assertRunName(name)
          const standing = stateful ? await standingNow(name, recipe) : unscored(recipe)
          const { batch } = await runStep(recipe, given, carryState(standing.recipe, recipe, standing.state), signal)
          return { batch, update: standing.update }
        },
        commit: async answer => {
          if (taken === undefined || next === undefined) return
          const { answers } = taken.standing
          const kept = request === undefined ? answers : keepAnswer(answers, { ...request, body: answer })
          await save(taken, { recipe, ...next, answers: kept }).finally(close)
        },
        abandon: close,
      }
    },
    adopt: async (from, to) => {
      if (from.version === to.version || !isStateful(from)) return 0
      // Known before anything is waited for: a request that comes meanwhile may find its run as either left it.
      recipes.push(from, to)
      recipes.splice(0, recipes.length - RECIPES)
      const inMemory = runs.names()
      const saved = ((await store?.names()) ?? []).filter(name => !inMemory.includes(name))
      let adopted = 0
      for (const name of inMemory) if (await readable(() => handOn(name, to))) adopted++
      for (const name of saved) {
        // The runs of other recipes are looked at without being held.
        if (await readable(async () => (await standingNow(name, to)).update > 0 && handOn(name, to))) adopted++
      }
      return adopted
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

function unscored(recipe: Recipe): Standing {
  return { recipe, state: recipe.initialState(), update: 0, answers: [] }
}

/** The state in `saved` and the recipe it belongs to: `recipe`, or one that this process went on from. */
function stateIn(saved: string, recipe: Recipe, earlier: readonly Recipe[]): readonly [Recipe, RecipeState] {
  try {
    return [recipe, recipe.loadState(saved)]
  } catch (error) {
    if (!(error instanceof GuerdonError) || error.code !== 'version') throw error
    const { recipe: version } = JSON.parse(saved) as { readonly recipe?: unknown }
    const owner = earlier.find(candidate => candidate.version === version)
    if (owner === undefined || owner.version === recipe.version) throw error
    return [owner, owner.loadState(saved)]
  }
}

/** A run of yet another recipe, or a damaged one, stays as it is: its own requests tell what is wrong. */
async function readable(work: () => Promise<boolean>): Promise<boolean> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof GuerdonError && (error.code === 'version' || error.code === 'state')) return false
    throw error
  }
}

const plainRun: RunStep = (recipe, batch, state, signal) => recipe.run(batch, state, { signal })
