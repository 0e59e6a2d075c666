import {
  batchFromRollouts,
  type ColumnData,
  type ColumnName,
  jsonColumn,
  type Message,
  promptText,
  type Recipe,
  type RolloutBatch,
  signal,
  signalFromOutcomes,
  textColumn,
} from '@guerdon/core'

/** One prompt and response as a trainer sends it. */
export interface TextItem {
  readonly prompt: string | readonly Message[]
  readonly response: string
  /** Items of one group are compared by stages that compare; alone when absent. */
  readonly group?: string
  /** The right answer or whatever the trainer sends as label; null and undefined are absent. */
  readonly reference?: unknown
  /** Further data of the trainer, for no stage to read by accident. */
  readonly meta?: unknown
}

/**
 * The batch that `batchFromRollouts` makes of the records `{ id: "<index>", group, prompt, response, reference, meta }`.
 * Without groups it is made without building the records: trainers send thousands a second.
 */
export function textBatch(items: readonly TextItem[], declare: Recipe['needs'] = []): RolloutBatch {
  if (items.some(({ group }) => group !== undefined)) {
    return batchFromRollouts(
      items.map((item, i) => ({ ...item, id: String(i) })),
      { declare },
    )
  }
  const size = items.length
  const ids = items.map((_, i) => String(i))
  const offsets = Int32Array.from({ length: size + 1 }, (_, i) => i)
  const prompts = items.map(({ prompt }) => (typeof prompt === 'string' ? prompt : promptText([...prompt])))
  const responses = items.map(item => item.response)
  const columns = new Map<ColumnName, ColumnData>([
    ['group.prompt', textColumn('group', prompts)],
    ['rollout.prompt', textColumn('rollout', prompts)],
    ['rollout.response', textColumn('rollout', responses)],
    ['rollout.outcome', absent('rollout', size)],
  ])
  for (const { name, kind } of declare) {
    if (columns.has(name)) continue
    const level = name.slice(0, name.indexOf('.')) as ColumnData['level']
    const length = level === 'token' ? 0 : size
    if (kind === 'number') columns.set(name, absent(level, length))
    else columns.set(name, { kind, level, values: new Array(length).fill(undefined) })
  }
  const put = (name: ColumnName, values: readonly unknown[]) => {
    if (values.some(value => value !== undefined)) columns.set(name, jsonColumn('rollout', values))
  }
  put(
    'rollout.promptMessages',
    items.map(({ prompt }) => (typeof prompt === 'string' ? undefined : prompt)),
  )
  put(
    'rollout.reference',
    items.map(({ reference }) => reference ?? undefined),
  )
  put(
    'rollout.meta',
    items.map(({ meta }) => meta ?? undefined),
  )
  columns.set('turn.action', textColumn('turn', responses))
  columns.set('turn.textStart', signal('turn', new Float64Array(size)))
  columns.set(
    'turn.textEnd',
    signal(
      'turn',
      responses.map(text => text.length),
    ),
  )
  return {
    groupIds: ids,
    rolloutIds: ids,
    groupOffsets: offsets,
    turnOffsets: offsets,
    tokenOffsets: new Int32Array(size + 1),
    turnSpans: new Int32Array(2 * size).fill(-1),
    columns,
  }
}

function absent(level: ColumnData['level'], size: number): ColumnData {
  return signalFromOutcomes(level, new Array(size).fill({ status: 'abstained' }))
}
