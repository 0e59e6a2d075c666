import { groupOfRollout, type RolloutBatch } from './batch.ts'
import { createColumnSinks, emptySignal } from './column-sinks.ts'
import { describeValue, GuerdonError } from './errors.ts'
import { type ColumnData, type Level, type Signal, Status } from './signal.ts'
import type { ColumnName } from './stage.ts'

/** The groups at `indices`, in that order, with everything inside. Throws `invalid_input` for an index twice or outside. */
export function takeGroups(batch: RolloutBatch, indices: ArrayLike<number>): RolloutBatch {
  assertDistinct(indices, batch.groupIds.length, 'group')
  const picks: Pick[] = []
  for (let k = 0; k < indices.length; k++) {
    const group = indices[k]
    const rollouts: number[] = []
    for (let r = batch.groupOffsets[group]; r < batch.groupOffsets[group + 1]; r++) rollouts.push(r)
    picks.push({ group, rollouts })
  }
  return take(batch, picks)
}

/** Groups `start` … `end − 1`. */
export function sliceGroups(batch: RolloutBatch, start: number, end: number = batch.groupIds.length): RolloutBatch {
  return takeGroups(
    batch,
    Array.from({ length: Math.max(0, end - start) }, (_, k) => start + k),
  )
}

/**
 * The rollouts at `indices`. Groups come in the order in which `indices` first meets them, rollouts in the order of
 * `indices` inside their group; groups of which nothing is taken are gone. Throws like `takeGroups`.
 */
export function takeRollouts(batch: RolloutBatch, indices: ArrayLike<number>): RolloutBatch {
  assertDistinct(indices, batch.rolloutIds.length, 'rollout')
  const groupOf = groupOfRollout(batch)
  const picks = new Map<number, Pick>()
  for (let k = 0; k < indices.length; k++) {
    const group = groupOf[indices[k]]
    const pick = picks.get(group)
    if (pick === undefined) picks.set(group, { group, rollouts: [indices[k]] })
    else pick.rollouts.push(indices[k])
  }
  return take(batch, [...picks.values()])
}

/**
 * One batch after the other. A column that a batch does not have is absent for its items. Throws `invalid_input` when a
 * group or rollout id occurs twice or a column is of one kind here and another there.
 */
export function concatBatches(batches: readonly RolloutBatch[]): RolloutBatch {
  const groupIds = batches.flatMap(batch => batch.groupIds)
  const rolloutIds = batches.flatMap(batch => batch.rolloutIds)
  assertDistinctIds(groupIds, 'group')
  assertDistinctIds(rolloutIds, 'rollout')
  const groupOffsets = joinOffsets(batches.map(batch => batch.groupOffsets))
  const turnOffsets = joinOffsets(batches.map(batch => batch.turnOffsets))
  const tokenOffsets = joinOffsets(batches.map(batch => batch.tokenOffsets))
  const turnSpans = new Int32Array(2 * turnOffsets[rolloutIds.length])
  const starts: Record<Level, number>[] = []
  const start = { group: 0, rollout: 0, turn: 0, token: 0 }
  for (const batch of batches) {
    starts.push({ ...start })
    batch.turnSpans.forEach((edge, k) => {
      turnSpans[2 * start.turn + k] = edge < 0 ? -1 : edge + start.token
    })
    start.group += batch.groupIds.length
    start.rollout += batch.rolloutIds.length
    start.turn += batch.turnSpans.length / 2
    start.token += batch.tokenOffsets[batch.rolloutIds.length]
  }
  const sinks = createColumnSinks(start)
  batches.forEach((batch, b) => {
    for (const [name, data] of batch.columns) {
      const existing = sinks.columns.get(name)
      if (existing !== undefined && existing.kind !== data.kind) {
        throw new GuerdonError(
          'invalid_input',
          `expected column ${name} to hold ${existing.kind} in all; got ${data.kind}`,
          {
            path: ['batches', b, name],
          },
        )
      }
      const identity = Int32Array.from({ length: data.values.length }, (_, i) => i)
      copyInto(sinks[data.kind](name), data, identity, starts[b][data.level])
    }
  })
  return { groupIds, rolloutIds, groupOffsets, turnOffsets, tokenOffsets, turnSpans, columns: sinks.columns }
}

interface Pick {
  readonly group: number
  readonly rollouts: number[]
}

function take(batch: RolloutBatch, picks: readonly Pick[]): RolloutBatch {
  const rollouts = picks.flatMap(pick => pick.rollouts)
  const turns = members(batch.turnOffsets, rollouts)
  const tokens = members(batch.tokenOffsets, rollouts)
  const sources: Record<Level, Int32Array> = {
    group: Int32Array.from(picks, pick => pick.group),
    rollout: Int32Array.from(rollouts),
    turn: turns.indices,
    token: tokens.indices,
  }
  const groupOffsets = new Int32Array(picks.length + 1)
  picks.forEach((pick, g) => {
    groupOffsets[g + 1] = groupOffsets[g] + pick.rollouts.length
  })
  const turnSpans = new Int32Array(2 * turns.indices.length)
  rollouts.forEach((source, r) => {
    const shift = tokens.offsets[r] - batch.tokenOffsets[source]
    for (let t = turns.offsets[r]; t < turns.offsets[r + 1]; t++) {
      for (const edge of [0, 1]) {
        const from = batch.turnSpans[2 * turns.indices[t] + edge]
        turnSpans[2 * t + edge] = from < 0 ? -1 : from + shift
      }
    }
  })
  const columns = new Map<ColumnName, ColumnData>()
  for (const [name, data] of batch.columns) columns.set(name, takeColumn(data, sources[data.level]))
  return {
    groupIds: picks.map(pick => batch.groupIds[pick.group]),
    rolloutIds: rollouts.map(r => batch.rolloutIds[r]),
    groupOffsets,
    turnOffsets: turns.offsets,
    tokenOffsets: tokens.offsets,
    turnSpans,
    columns,
  }
}

function members(offsets: Int32Array, rollouts: readonly number[]): { offsets: Int32Array; indices: Int32Array } {
  const taken = new Int32Array(rollouts.length + 1)
  rollouts.forEach((r, k) => {
    taken[k + 1] = taken[k] + offsets[r + 1] - offsets[r]
  })
  const indices = new Int32Array(taken[rollouts.length])
  rollouts.forEach((r, k) => {
    for (let i = 0; i < taken[k + 1] - taken[k]; i++) indices[taken[k] + i] = offsets[r] + i
  })
  return { offsets: taken, indices }
}

/** Entries `indices` of a column, in that order. */
export function takeColumn(data: ColumnData, indices: Int32Array): ColumnData {
  if (data.kind !== 'number') {
    const values = Array.from(indices, index => data.values[index])
    return { ...data, values } as ColumnData
  }
  const taken = emptySignal(data.level, indices.length)
  copyInto(taken, data, indices, 0)
  return taken
}

function copyInto(target: ColumnData, source: ColumnData, indices: Int32Array, at: number): void {
  if (target.kind !== 'number' || source.kind !== 'number') {
    const values = target.values as unknown[]
    for (let k = 0; k < indices.length; k++) values[at + k] = source.values[indices[k]]
    return
  }
  const failures = target.failures as Map<number, unknown>
  const reasons = target.reasons as Map<number, string>
  for (let k = 0; k < indices.length; k++) {
    const from = indices[k]
    target.values[at + k] = source.values[from]
    target.status[at + k] = source.status[from]
    copySparse(source, from, at + k, failures, reasons)
  }
}

function copySparse(
  source: Signal,
  from: number,
  to: number,
  failures: Map<number, unknown>,
  reasons: Map<number, string>,
): void {
  if (source.status[from] === Status.failed) failures.set(to, source.failures.get(from))
  else if (source.status[from] === Status.abstained) {
    const reason = source.reasons.get(from)
    if (reason !== undefined) reasons.set(to, reason)
  }
}

function joinOffsets(parts: readonly Int32Array[]): Int32Array {
  const joined = [0]
  for (const part of parts) {
    const base = joined[joined.length - 1]
    for (let i = 1; i < part.length; i++) joined.push(base + part[i])
  }
  return Int32Array.from(joined)
}

function assertDistinct(indices: ArrayLike<number>, size: number, level: Level): void {
  const seen = new Uint8Array(size)
  for (let k = 0; k < indices.length; k++) {
    const index = indices[k]
    if (!Number.isInteger(index) || index < 0 || index >= size || seen[index] === 1) {
      const got = seen[index] === 1 ? `${index} twice` : `${index}`
      throw new GuerdonError('invalid_input', `expected distinct ${level} indices in [0, ${size}); got ${got}`, {
        path: ['indices', k],
      })
    }
    seen[index] = 1
  }
}

function assertDistinctIds(ids: readonly string[], level: Level): void {
  const seen = new Set<string>()
  for (const id of ids) {
    if (seen.has(id)) {
      throw new GuerdonError(
        'invalid_input',
        `expected each ${level} id in one batch only; got ${describeValue(id)} in two`,
        {
          hint: `build one batch from the records when a ${level} is spread over several`,
        },
      )
    }
    seen.add(id)
  }
}
