import {
  batchToRollouts,
  defineReward,
  failed,
  type Outcome,
  type RewardResult,
  type Rollout,
  type StageDefinition,
  signalFromOutcomes,
} from '@guerdon/core'
import { withDeadline } from '../http/deadline.ts'
import { createGate } from '../http/gate.ts'
import { RequestError } from '../http/request-error.ts'
import { childSpan, endSpan } from '../trace/spans.ts'
import { requestContext, requestSignal } from './request-signal.ts'

/** A reward that waits for something: another server, a judge, a sandbox. */
export interface AsyncRewardInput {
  /** Name of the stage, and of the column `rollout.<name>` it writes. */
  readonly name: string
  readonly about?: string
  /** Raise it when the numbers change for a reason the function's own text does not show. Default 1. */
  readonly version?: number
  /** A number, null to abstain, or an outcome. `signal` is aborted at the time-out and when nobody waits any more. */
  score(rollout: Rollout, context: { readonly signal: AbortSignal }): RewardResult | Promise<RewardResult>
  /** Milliseconds one item may take; then it is failed(timeout). Default 30,000. */
  readonly timeoutMs?: number
  /** Calls at a time, over all requests. Default 1,024. */
  readonly concurrency?: number
}

/**
 * A stage like `defineReward` makes, with the items of a batch scored side by side and a time-out each. A throw is
 * failed(bug), a call that takes too long failed(timeout); neither harms another item.
 */
export function defineAsyncReward(input: AsyncRewardInput): StageDefinition<Record<string, never>, null> {
  const { name, timeoutMs = 30_000, concurrency = 1024 } = input
  const gate = createGate({ active: concurrency, queued: Number.MAX_SAFE_INTEGER })
  // The plain stage gives the declaration and reads results; here only the waiting differs.
  const plain = defineReward({
    name,
    score: input.score as unknown as (rollout: Rollout) => RewardResult,
    ...(input.about === undefined ? {} : { about: input.about }),
    ...(input.version === undefined ? {} : { version: input.version }),
  })
  const scoreOne = async (rollout: Rollout, outer: AbortSignal): Promise<RewardResult> => {
    const leave = await gate.enter(outer)
    try {
      return await withDeadline(timeoutMs, outer, async signal => input.score(rollout, { signal }))
    } catch (error) {
      if (error instanceof RequestError && error.code === 'timeout' && !outer.aborted) {
        return failed('timeout', `expected a result within ${timeoutMs} ms; got none`, name)
      }
      throw error
    } finally {
      leave()
    }
  }
  return {
    ...plain,
    apply: async batch => {
      const outer = requestSignal()
      const outcomes = await Promise.all(
        batchToRollouts(batch).map(rollout =>
          traced(name, () => scoreOne(rollout, outer).then(result => settle(result, name), threw(name))),
        ),
      )
      outer.throwIfAborted()
      return { columns: { [`rollout.${name}`]: signalFromOutcomes('rollout', outcomes) }, state: null }
    },
  }
}

/** `work` within a span of the stage at work, which tells what came of it and nothing of the texts. */
async function traced(name: string, work: () => Promise<Outcome>): Promise<Outcome> {
  const stage = requestContext()?.stage
  if (stage === undefined) return await work()
  const opened = childSpan(`reward ${name}`, stage, { 'guerdon.reward': name })
  const outcome = await work()
  opened.span.setAttribute('guerdon.outcome', outcome.status)
  endSpan(opened, outcome.status === 'failed' ? outcome.failure.class : undefined)
  return outcome
}

function threw(name: string) {
  return (error: unknown): Outcome =>
    failed('bug', error instanceof Error ? `${error.name}: ${error.message}` : 'threw what is not an error', name)
}

function settle(result: RewardResult, name: string): Outcome {
  if (typeof result === 'number') {
    if (Number.isFinite(result)) return { status: 'scored', value: result }
    return failed('range', `expected a finite score; got ${result}`, name)
  }
  if (result === null) return { status: 'abstained' }
  const status: unknown = typeof result === 'object' ? result.status : undefined
  if (status === 'scored' || status === 'abstained' || status === 'failed') return result
  return failed('type', `expected a number, null or an outcome; got ${typeof result}`, name)
}
