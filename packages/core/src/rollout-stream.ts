import type { RolloutBatch } from './batch.ts'
import { createCollector, groupKey } from './batch-from-rollouts.ts'
import type { ByteSource } from './byte-lines.ts'
import { describeValue, GuerdonError, located } from './errors.ts'
import { type JsonlOptions, type JsonlReport, readJsonLines } from './jsonl.ts'
import { type CheckedRollout, checkRollout } from './rollout-checks.ts'
import { rolloutError } from './rollout-error.ts'
import type { Column, ColumnName } from './stage.ts'

export interface RolloutStreamOptions extends JsonlOptions {
  /** A batch is closed at the first end of a group after this many rollouts. Default 256. */
  rolloutsPerBatch?: number
  /**
   * How many rollouts of other groups may stand between two rollouts of one group. Default 0: groups stand together. A
   * group is complete, and scored, once that many others have come.
   */
  groupWindow?: number
  /** Stop after this many usable rollouts. */
  limit?: number
  /** Columns that every batch has, even where no record has them. */
  declare?: readonly Pick<Column, 'name' | 'kind'>[]
}

/** A batch of whole groups and the line of each of its rollouts. */
export interface StreamedBatch {
  readonly batch: RolloutBatch
  /** Line (from 1) by rollout id. */
  readonly lines: ReadonlyMap<string, number>
}

export interface RolloutStream {
  readonly batches: AsyncIterable<StreamedBatch>
  readonly report: JsonlReport
}

interface Held {
  readonly line: number
  readonly checked: CheckedRollout
}

/** Ids and ended groups remembered at least, for recognising repetitions: memory stays constant however long the stream. */
const REMEMBERED = 50_000

/**
 * Reads rollouts from a JSONL stream of any size as batches of whole groups, holding only the groups that are still open.
 * Every column met so far exists in all later batches. Besides what `readJsonLines` and `batchFromRollouts` refuse, a
 * group that goes on after it had ended is an error; repeated ids and groups are recognised among the last 50 000.
 */
export function readRolloutBatches(source: ByteSource, options: RolloutStreamOptions = {}): RolloutStream {
  const reading = readJsonLines(source, options)
  const { groupWindow = 0, rolloutsPerBatch = 256, limit = Number.POSITIVE_INFINITY } = options
  const open = new Map<string, { held: Held[]; lastIndex: number }>()
  const ended = recent<string>(REMEMBERED)
  const ids = recent<string>(REMEMBERED)
  const declared = new Map<ColumnName, Column['kind']>()
  for (const { name, kind } of options.declare ?? []) declared.set(name, kind)
  let ready: Held[] = []

  const refuse = (error: unknown, line: number) => {
    if (!(error instanceof GuerdonError)) throw error
    reading.refuse(withPlace(error, options.file, line))
  }

  function build(): StreamedBatch {
    const collector = createCollector([...declared].map(([name, kind]) => ({ name, kind })))
    const lines = new Map<string, number>()
    for (const { line, checked } of ready) {
      try {
        collector.add(checked)
        lines.set(checked.rollout.id, line)
      } catch (error) {
        refuse(error, line)
      }
    }
    ready = []
    const batch = collector.batch()
    for (const [name, { kind }] of batch.columns) declared.set(name, kind)
    return { batch, lines }
  }

  function close(key: string, held: readonly Held[]): void {
    open.delete(key)
    ended.add(key)
    for (const one of held) ready.push(one)
  }

  async function* batches(): AsyncGenerator<StreamedBatch> {
    let index = 0
    let accepted = 0
    for await (const { line, value } of reading.records) {
      try {
        const checked = checkRollout(value, index)
        const { id } = checked.rollout
        const key = groupKey(checked.rollout)
        if (ids.has(id)) {
          throw rolloutError({
            rollout: id,
            path: ['id'],
            expected: 'an id of its own',
            got: 'one that an earlier rollout has',
          })
        }
        if (ended.has(key)) throw groupEnded(checked, groupWindow)
        ids.add(id)
        accepted++
        const held = open.get(key)?.held ?? []
        held.push({ line, checked })
        open.delete(key)
        open.set(key, { held, lastIndex: index })
      } catch (error) {
        refuse(error, line)
      }
      for (const [key, group] of open) {
        if (index - group.lastIndex <= groupWindow) break
        close(key, group.held)
      }
      if (ready.length >= rolloutsPerBatch) yield build()
      index++
      if (accepted >= limit) break
    }
    for (const [key, group] of open) close(key, group.held)
    if (ready.length > 0) yield build()
  }
  return { batches: batches(), report: reading.report }
}

function groupEnded({ rollout }: CheckedRollout, groupWindow: number): GuerdonError {
  return rolloutError({
    rollout: rollout.id,
    path: ['group'],
    expected:
      groupWindow === 0
        ? 'the rollouts of a group next to each other'
        : `at most ${groupWindow} others between two rollouts of a group`,
    got: `one more of group ${describeValue(rollout.group)} after it had ended`,
    hint: 'sort the file by group, or allow a larger group window',
  })
}

function withPlace(error: GuerdonError, file: string | undefined, line: number): GuerdonError {
  const place = `${file === undefined ? '' : `${file}, `}line ${line}`
  const at = error.message.lastIndexOf(' — ')
  const message =
    at < 0 ? `${error.message} — ${place}` : `${error.message.slice(0, at)} — ${place}, ${error.message.slice(at + 3)}`
  return located(new GuerdonError(error.code, message, error), file === undefined ? { line } : { file, line })
}

/** A set of at least the last `size` things put into it and at most twice as many: two generations, the older one dropped. */
function recent<T>(size: number): { has(entry: T): boolean; add(entry: T): void } {
  let young = new Set<T>()
  let old = new Set<T>()
  return {
    has: entry => young.has(entry) || old.has(entry),
    add: entry => {
      young.add(entry)
      if (young.size < size) return
      old = young
      young = new Set()
    },
  }
}
