import type { Recipe } from '@guerdon/core'
import { parseBody } from '../http/body.ts'
import { asRequestError } from '../http/request-error.ts'
import { countItems, type ItemCount } from '../metrics.ts'
import type { ServerLimits, UnscoredPolicy } from '../options.ts'
import { type Recorder, recordedScorer } from '../recorder.ts'
import { withRequestContext } from '../rewards/request-signal.ts'
import type { Call } from '../routes/route.ts'
import { findRoute } from '../routes/table.ts'
import { carriedStages, isStateful } from '../runs/carry-state.ts'
import { createRunStates, type RunStep } from '../runs/run-states.ts'
import type { RunStore } from '../runs/run-store.ts'
import { AnsweredBefore } from '../runs/stored-answers.ts'
import { childSpan, endSpan, parentOf, tracedSteps } from '../trace/spans.ts'
import type { Engine, Work } from './work.ts'

/** What an engine is made of. */
export interface LocalEngineOptions {
  readonly recipe: Recipe
  readonly limits: ServerLimits
  readonly unscored: UnscoredPolicy
  /** Where the states of runs are kept. */
  readonly states?: RunStore
  /** Keeps what was scored, before it is answered. */
  readonly recorder?: Recorder
  /** Receives what is to be counted, of answers and of errors. */
  readonly onCounts: (counts: readonly ItemCount[]) => void
}

/** An engine in this process. */
export function createLocalEngine(options: LocalEngineOptions): Engine {
  const { limits, unscored } = options
  const states = createRunStates(limits.runs, options.states)
  let recipe = options.recipe
  let reloading: Promise<unknown> = Promise.resolve()

  const answer = async (work: Work, signal: AbortSignal, traced: RunStep | undefined, counts: ItemCount[]) => {
    const used = recipe
    const { request } = work
    const transaction = states.begin(used, { request, ...(traced === undefined ? {} : { runStep: traced }) })
    const { recorder } = options
    const runs = recorder === undefined ? transaction : recordedScorer(transaction, used, recorder)
    const services = { recipe: used, runs, metrics: countItems(counts), limits, unscored }
    const call: Call = {
      body: work.binary ? work.body : parseBody(work.body),
      run: work.run,
      signal,
      query: name => work.query[name],
      path: name => work.path[name] ?? '',
    }
    try {
      const result = await findRoute(work.route).handle(services, call)
      signal.throwIfAborted()
      if (result instanceof Uint8Array) return { body: result, replayed: false }
      const body = JSON.stringify(result)
      await transaction.commit(body)
      return { body, replayed: false }
    } catch (error) {
      if (error instanceof AnsweredBefore) return { body: error.body, replayed: true }
      throw error
    } finally {
      transaction.abandon()
    }
  }

  return {
    get recipe() {
      return recipe
    },
    started: async () => options.states?.check(),
    ready: async () => {
      if (isStateful(recipe)) await options.states?.check()
    },
    compute: async (work, signal) => {
      const attributes = { 'guerdon.route': work.route, 'guerdon.run': work.run, 'guerdon.recipe': recipe.version }
      const opened = childSpan('score', parentOf(work.trace ?? {}), attributes)
      const counts: ItemCount[] = []
      try {
        // Without an SDK nothing would read the spans of the steps.
        const traced = opened.span.isRecording() ? tracedSteps(opened.context) : undefined
        const done = await withRequestContext({ signal }, () => answer(work, signal, traced, counts))
        endSpan(opened)
        return done
      } catch (error) {
        endSpan(opened, asRequestError(error).code)
        throw error
      } finally {
        options.onCounts(counts)
      }
    },
    reload: next => {
      const work = reloading.then(async () => {
        await options.states?.check()
        const before = recipe
        recipe = next
        try {
          const runs = await states.adopt(before, next)
          return { runs, ...carriedStages(before, next) }
        } catch (error) {
          recipe = before
          throw error
        }
      })
      reloading = work.catch(() => undefined)
      return work
    },
    close: async () => {
      await options.recorder?.close()
      await options.states?.close()
    },
  }
}
