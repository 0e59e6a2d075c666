import type { RolloutBatch } from './batch.ts'
import { canonicalJson } from './canonical-json.ts'
import { type ColumnSinks, createColumnSinks, putNumber, putOutcome } from './column-sinks.ts'
import { readCell, readOutcome } from './custom-columns.ts'
import { describeValue, GuerdonError } from './errors.ts'
import { promptText, type Rollout } from './rollout.ts'
import { type CheckedRollout, checkRollout } from './rollout-checks.ts'
import { rolloutError } from './rollout-error.ts'
import type { Column, ColumnName } from './stage.ts'

export interface BatchOptions {
  /** Called for each record that cannot be used, which is then left out. Without it the first one is thrown. */
  onError?: (error: GuerdonError, index: number) => void
  /** Columns that exist even where no record has them (all absent): keeps the parts of a stream alike. */
  declare?: readonly Pick<Column, 'name' | 'kind'>[]
}

/** Names of token arrays whose column is called otherwise. */
export const tokenColumnNames: Readonly<Record<string, ColumnName>> = {
  ids: 'token.id',
  texts: 'token.text',
  logprobs: 'token.logprob',
  refLogprobs: 'token.refLogprob',
  entropies: 'token.entropy',
  values: 'token.value',
}

/**
 * A batch from rollout records.
 *
 * Records with the same `group` form a group; a record without one is a group of its own, named by its id. Groups keep
 * the order in which they first appear, rollouts the order inside their group. A rollout without `turns` gets one turn
 * that covers its response. `group.prompt` is absent where the rollouts of a group have different prompts.
 * `rollout.outcome` always exists; other columns exist when a record has them.
 *
 * Throws (or hands to `onError`) a `GuerdonError` naming rollout, field, expected and got for: wrong types, NaN and
 * ±Infinity, repeated ids, token arrays of unequal length, spans outside or overlapping, group columns that differ within a
 * group, a column that is numbers in one rollout and text in another.
 */
export function batchFromRollouts(records: readonly unknown[], options: BatchOptions = {}): RolloutBatch {
  const collector = createCollector(options.declare)
  records.forEach((record, index) => {
    try {
      collector.add(checkRollout(record, index))
    } catch (error) {
      if (options.onError === undefined || !(error instanceof GuerdonError)) throw error
      options.onError(error, index)
    }
  })
  return collector.batch()
}

/** Checked rollouts on their way into one batch. */
export interface BatchCollector {
  /** Throws when the rollout does not agree with those before it. */
  add(checked: CheckedRollout): void
  batch(): RolloutBatch
}

/** Collects rollouts for one batch that has at least the columns `declare`. */
export function createCollector(declare: readonly Pick<Column, 'name' | 'kind'>[] = []): BatchCollector {
  const groups = new Map<string, Members>()
  const ids = new Set<string>()
  const kinds = new Map<ColumnName, { kind: string; rollout: string }>()
  for (const { name, kind } of declare) kinds.set(name, { kind, rollout: 'the rollouts before' })
  return {
    add: checked => {
      const key = groupKey(checked.rollout)
      const namesake = groups.get(otherKey(checked.rollout))
      if (namesake !== undefined) throw sharedName(checked.rollout, namesake.rollouts[0].rollout)
      const members: Members = groups.get(key) ?? { rollouts: [], columns: new Map() }
      checkAgainstOthers(checked, { ids, kinds, members })
      ids.add(checked.rollout.id)
      for (const [name, kind] of checked.kinds) {
        if (!kinds.has(name)) kinds.set(name, { kind, rollout: `rollout ${describeValue(checked.rollout.id)}` })
      }
      for (const [name, value] of Object.entries(checked.rollout.groupColumns ?? {})) {
        if (present(value) && !members.columns.has(name))
          members.columns.set(name, { value, rollout: checked.rollout.id })
      }
      members.rollouts.push(checked)
      groups.set(key, members)
    },
    batch: () =>
      fill(
        [...groups.values()].map(({ rollouts }) => rollouts),
        declare,
      ),
  }
}

/** A group while it is being collected, with the first value of each of its columns. */
interface Members {
  readonly rollouts: CheckedRollout[]
  readonly columns: Map<string, { readonly value: unknown; readonly rollout: string }>
}

/** Tells groups apart; a rollout without a group never shares the key of one with a group. */
export function groupKey(rollout: Rollout): string {
  return rollout.group === null || rollout.group === undefined ? `alone ${rollout.id}` : `group ${rollout.group}`
}

/** The key a rollout of the other sort, with or without a group, would have under the same name. */
function otherKey(rollout: Rollout): string {
  return present(rollout.group) ? `alone ${rollout.group}` : `group ${rollout.id}`
}

function sharedName(rollout: Rollout, other: Rollout): GuerdonError {
  return rolloutError({
    rollout: rollout.id,
    path: [present(rollout.group) ? 'group' : 'id'],
    expected: `a name that differs from rollout ${describeValue(other.id)}, whose group is called the same`,
    got: describeValue(rollout.group ?? rollout.id),
    hint: 'a rollout without a group is a group of its own, named by its id: give it its group, or rename one',
  })
}

interface Others {
  readonly ids: ReadonlySet<string>
  readonly kinds: ReadonlyMap<ColumnName, { kind: string; rollout: string }>
  readonly members: Members
}

function checkAgainstOthers({ rollout, kinds }: CheckedRollout, others: Others): void {
  if (others.ids.has(rollout.id)) {
    throw rolloutError({
      rollout: rollout.id,
      path: ['id'],
      expected: 'an id of its own',
      got: 'one that an earlier rollout has',
    })
  }
  for (const [name, kind] of kinds) {
    const known = others.kinds.get(name)
    if (known !== undefined && known.kind !== kind) {
      throw rolloutError({
        rollout: rollout.id,
        path: [name],
        expected: `${known.kind} as in ${known.rollout}`,
        got: kind,
      })
    }
  }
  checkSameGroupColumns(rollout, others.members)
}

/** The prompt all rollouts of a group share, `undefined` when they differ (reworded questions compared with each other). */
function commonPrompt(members: readonly CheckedRollout[]): string | undefined {
  const { prompt } = members[0].rollout
  const same = (other: Rollout['prompt']) => other === prompt || canonicalJson(other) === canonicalJson(prompt)
  return members.every(({ rollout }) => same(rollout.prompt)) ? promptText(prompt) : undefined
}

function checkSameGroupColumns(rollout: Rollout, members: Members): void {
  for (const [name, value] of Object.entries(rollout.groupColumns ?? {})) {
    const known = members.columns.get(name)
    if (!present(value) || known === undefined || canonicalJson(value) === canonicalJson(known.value)) continue
    throw rolloutError({
      rollout: rollout.id,
      path: ['groupColumns', name],
      expected: `${describeValue(known.value)} as in rollout ${describeValue(known.rollout)} of the same group`,
      got: describeValue(value),
    })
  }
}

function fill(
  groups: readonly (readonly CheckedRollout[])[],
  declared: NonNullable<BatchOptions['declare']>,
): RolloutBatch {
  const rollouts = groups.flat()
  const groupOffsets = new Int32Array(groups.length + 1)
  const turnOffsets = new Int32Array(rollouts.length + 1)
  const tokenOffsets = new Int32Array(rollouts.length + 1)
  groups.forEach((members, g) => {
    groupOffsets[g + 1] = groupOffsets[g] + members.length
  })
  rollouts.forEach(({ turns, tokenCount }, r) => {
    turnOffsets[r + 1] = turnOffsets[r] + turns.length
    tokenOffsets[r + 1] = tokenOffsets[r] + tokenCount
  })
  const turnSpans = new Int32Array(2 * turnOffsets[rollouts.length]).fill(-1)
  const sinks = createColumnSinks({
    group: groups.length,
    rollout: rollouts.length,
    turn: turnOffsets[rollouts.length],
    token: tokenOffsets[rollouts.length],
  })
  sinks.text('group.prompt')
  sinks.text('rollout.prompt')
  sinks.text('rollout.response')
  sinks.number('rollout.outcome')
  for (const { name, kind } of declared) sinks[kind](name)
  groups.forEach((members, g) => {
    sinks.text('group.prompt').values[g] = commonPrompt(members)
    for (const { rollout } of members) putColumns(sinks, 'group', g, rollout.groupColumns)
  })
  rollouts.forEach((checked, r) => {
    putRollout(sinks, r, checked.rollout)
    putTurns(sinks, checked, turnOffsets[r], tokenOffsets[r], turnSpans)
    putTokens(sinks, checked.rollout, tokenOffsets[r])
  })
  return {
    groupIds: groups.map(([first]) => first.rollout.group ?? first.rollout.id),
    rolloutIds: rollouts.map(({ rollout }) => rollout.id),
    groupOffsets,
    turnOffsets,
    tokenOffsets,
    turnSpans,
    columns: sinks.columns,
  }
}

function putRollout(sinks: ColumnSinks, r: number, rollout: Rollout): void {
  sinks.text('rollout.prompt').values[r] = promptText(rollout.prompt)
  if (typeof rollout.prompt !== 'string') sinks.json('rollout.promptMessages').values[r] = rollout.prompt
  sinks.text('rollout.response').values[r] = rollout.response ?? undefined
  if (present(rollout.outcome)) putOutcome(sinks.number('rollout.outcome'), r, readOutcome(rollout.outcome))
  if (present(rollout.messages)) sinks.json('rollout.messages').values[r] = rollout.messages
  if (present(rollout.reference)) sinks.json('rollout.reference').values[r] = rollout.reference
  if (present(rollout.meta)) sinks.json('rollout.meta').values[r] = rollout.meta
  putColumns(sinks, 'rollout', r, rollout.columns)
}

function putTurns(
  sinks: ColumnSinks,
  checked: CheckedRollout,
  firstTurn: number,
  firstToken: number,
  spans: Int32Array,
): void {
  const { rollout, turns, spansCountTokens } = checked
  turns.forEach((turn, i) => {
    const t = firstTurn + i
    let action = turn.action ?? undefined
    if (present(turn.span)) {
      const [start, end] = turn.span
      if (spansCountTokens) {
        spans[2 * t] = firstToken + start
        spans[2 * t + 1] = firstToken + end
      } else {
        putNumber(sinks.number('turn.textStart'), t, start)
        putNumber(sinks.number('turn.textEnd'), t, end)
        action ??= rollout.response?.slice(start, end)
      }
    }
    if (action !== undefined) sinks.text('turn.action').values[t] = action
    if (present(turn.observation)) sinks.text('turn.observation').values[t] = turn.observation
    if (present(turn.reward)) putOutcome(sinks.number('turn.reward'), t, readOutcome(turn.reward))
    if (present(turn.done)) putNumber(sinks.number('turn.done'), t, turn.done ? 1 : 0)
    if (present(turn.state)) sinks.json('turn.state').values[t] = turn.state
    if (present(turn.toolCalls)) sinks.json('turn.toolCalls').values[t] = turn.toolCalls
    putColumns(sinks, 'turn', t, turn.columns)
  })
}

function putTokens(sinks: ColumnSinks, rollout: Rollout, firstToken: number): void {
  for (const [name, values] of Object.entries(rollout.tokens ?? {})) {
    if (!present(values)) continue
    const column = tokenColumnNames[name] ?? (`token.${name}` as ColumnName)
    const given = values as ArrayLike<number | string | null>
    if (Array.isArray(values) && values.some(value => typeof value === 'string')) {
      const texts = sinks.text(column).values
      for (let i = 0; i < given.length; i++) texts[firstToken + i] = (given[i] as string | null) ?? undefined
      continue
    }
    const sink = sinks.number(column)
    for (let i = 0; i < given.length; i++) {
      if (given[i] !== null) putNumber(sink, firstToken + i, given[i] as number)
    }
  }
}

function putColumns(sinks: ColumnSinks, level: string, index: number, columns: Rollout['columns']): void {
  for (const [name, value] of Object.entries(columns ?? {})) {
    const cell = readCell(value)
    if (cell === undefined) continue
    const column = `${level}.${name}` as ColumnName
    if (cell.kind === 'number') putOutcome(sinks.number(column), index, cell.outcome)
    else if (cell.kind === 'text') sinks.text(column).values[index] = cell.text
    else sinks.json(column).values[index] = cell.json
  }
}

function present<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined
}
