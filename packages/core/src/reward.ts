import * as z from 'zod'
import { groupOfRollout, type RolloutBatch } from './batch.ts'
import { batchToRollouts } from './batch-to-rollouts.ts'
import { levelOf } from './column-sinks.ts'
import { withoutColumns } from './columns.ts'
import { describeValue } from './errors.ts'
import { abstained, failed, type Outcome, scored } from './outcome.ts'
import type { Rollout, Turn } from './rollout.ts'
import { sha256 } from './sha256.ts'
import { type Level, signalFromOutcomes } from './signal.ts'
import { type Column, type ColumnName, defineStage, type StageDefinition } from './stage.ts'

/** What a reward function may return: a number, null to abstain, or an outcome. Anything else is failed(type). */
export type RewardResult = number | null | Outcome

interface RewardCommon {
  /** Name of the stage, and of the column it writes. */
  readonly name: string
  readonly about?: string
  /** Raise it when the numbers change for a reason the function's own text does not show. Default 1. */
  readonly version?: number
  /** Custom columns it looks at; token arrays are handed over only when one of them is at token level. */
  readonly reads?: readonly Column[]
  /** Column to write. Default `rollout.<name>` or `turn.<name>`. */
  readonly writes?: ColumnName
}

/** A reward function over rollouts, over turns, or over whole groups (one result for each rollout). */
export type RewardInput = RewardCommon &
  (
    | { readonly level?: 'rollout'; score(rollout: Rollout): RewardResult | Promise<RewardResult> }
    | {
        readonly level: 'turn'
        score(turn: Turn, context: { rollout: Rollout; index: number }): RewardResult | Promise<RewardResult>
      }
    | {
        readonly level: 'group'
        score(rollouts: readonly Rollout[]): readonly RewardResult[] | Promise<readonly RewardResult[]>
      }
  )

/**
 * A stage from a function of your own. One bad result never harms another: a throw is failed(bug), NaN and ±Infinity are
 * failed(range), anything that is not a number, null or outcome is failed(type) — true and "1" included. A group function
 * that throws or returns another number of results than it has rollouts fails its group only.
 *
 * The reward version covers the function's text and `version`, not what the function calls.
 */
export function defineReward(input: RewardInput): StageDefinition<Record<string, never>, null> {
  const level: Level = input.level === 'turn' ? 'turn' : 'rollout'
  const to = input.writes ?? (`${level}.${input.name}` as ColumnName)
  const source = sha256(input.score.toString())
  return defineStage<Record<string, never>, null>({
    name: input.name,
    about: input.about ?? `reward function ${input.name}`,
    options: z.strictObject({}).transform(() => ({ source })) as unknown as z.ZodType<Record<string, never>>,
    version: input.version ?? 1,
    reads: () => input.reads ?? [],
    writes: () => [{ name: to, kind: 'number', about: input.about ?? `result of ${input.name}` }],
    initial: () => null,
    apply: async batch => {
      const rollouts = batchToRollouts(withoutUnread(batch, input.reads ?? []))
      const outcomes: Outcome[] = []
      if (input.level === 'group') {
        for (const members of byGroup(batch, rollouts)) outcomes.push(...(await scoreGroup(input, members)))
      } else {
        for (const rollout of rollouts) {
          if (input.level !== 'turn') outcomes.push(await scoreOne(input.name, () => input.score(rollout)))
          else {
            for (const [index, turn] of (rollout.turns ?? []).entries()) {
              outcomes.push(await scoreOne(input.name, () => input.score(turn, { rollout, index })))
            }
          }
        }
      }
      return { columns: { [to]: signalFromOutcomes(level, outcomes) }, state: null }
    },
  })
}

async function scoreOne(name: string, score: () => RewardResult | Promise<RewardResult>): Promise<Outcome> {
  try {
    return readResult(await score(), name)
  } catch (error) {
    return threw(error, name)
  }
}

async function scoreGroup(
  input: Extract<RewardInput, { level: 'group' }>,
  members: readonly Rollout[],
): Promise<Outcome[]> {
  try {
    const results: unknown = await input.score(members)
    if (Array.isArray(results) && results.length === members.length) {
      return results.map(result => readResult(result, input.name))
    }
    const got = Array.isArray(results) ? `${results.length} of them` : describeValue(results)
    return members.map(() =>
      failed('type', `expected ${members.length} results, one a rollout; got ${got}`, input.name),
    )
  } catch (error) {
    return members.map(() => threw(error, input.name))
  }
}

function threw(error: unknown, name: string): Outcome {
  return failed(
    'bug',
    error instanceof Error ? `${error.name}: ${error.message}` : `threw ${describeValue(error)}`,
    name,
  )
}

/** The outcome a user's result stands for. */
function readResult(result: unknown, name: string): Outcome {
  if (typeof result === 'number') {
    const outcome = scored(result)
    return outcome.status === 'failed' ? failed('range', outcome.failure.message, name) : outcome
  }
  if (result === null) return abstained()
  if (isOutcome(result)) return result
  return failed('type', `expected a number, null or an outcome; got ${describeValue(result)}`, name)
}

function isOutcome(result: unknown): result is Outcome {
  if (typeof result !== 'object' || result === null || !('status' in result)) return false
  if (result.status === 'scored') return 'value' in result && typeof result.value === 'number'
  if (result.status === 'failed') return 'failure' in result && typeof result.failure === 'object'
  return result.status === 'abstained'
}

/** Without token columns, unless one is read: building lists of tokens for every rollout is not free. */
function withoutUnread(batch: RolloutBatch, reads: readonly Column[]): RolloutBatch {
  if (reads.some(column => levelOf(column.name) === 'token')) return batch
  return withoutColumns(
    batch,
    [...batch.columns.keys()].filter(name => levelOf(name) === 'token'),
  )
}

function byGroup(batch: RolloutBatch, rollouts: readonly Rollout[]): Rollout[][] {
  const groups: Rollout[][] = batch.groupIds.map(() => [])
  groupOfRollout(batch).forEach((group, r) => {
    groups[group].push(rollouts[r])
  })
  return groups
}
