import { assertInteger, GuerdonError, type Random } from '@guerdon/core'
import type { NdArray } from '@guerdon/tensor'

/** What a replay buffer holds. */
export interface ReplayLayout {
  /** Transitions kept; the oldest make room. */
  readonly capacity: number
  /** D. */
  readonly observationSize: number
  /** A numbers of an action, or null for discrete actions, one int32 each. */
  readonly actionSize: number | null
  /** Names of further rewards, potentials, scores. Default none. */
  readonly auxiliary?: readonly string[]
  /** Names of costs. Default none. */
  readonly costs?: readonly string[]
}

/**
 * Rows of transitions, column by column. Rewards stand here as the world paid them: what is learnt from is computed from the
 * channels when a batch is sampled, so it is never out of date.
 */
export interface ReplayColumns {
  /** [B·D] */
  readonly observations: Float32Array
  /** [B·A], or [B] discrete. */
  readonly actions: Float32Array | Int32Array
  /** [B] log π(a|s) of the policy that acted. */
  readonly logProbs: Float32Array
  /** [B] the world's own reward. */
  readonly rewards: Float64Array
  /** [B·D] the true next observation; of an episode that ended, its last one. */
  readonly nextObservations: Float32Array
  /** [B] 1 where the task ended by its own rule: nothing follows. */
  readonly terminated: Uint8Array
  /** [B] 1 where the time limit ended it: the next observation has a value. */
  readonly truncated: Uint8Array
  /** [B] each, by name. */
  readonly auxiliary: Readonly<Record<string, Float64Array>>
  /** [B] each, by name. */
  readonly costs: Readonly<Record<string, Float64Array>>
}

/** Transitions in order of arrival, in typed arrays that grow up to the capacity. */
export interface ReplayBuffer {
  readonly layout: ReplayLayout
  /** Transitions held. */
  size(): number
  /** Transitions ever added; the next one goes to row `added % capacity`. */
  added(): number
  /** Adds `count` rows of columns laid out alike, in order. */
  add(rows: ReplayColumns, count: number): void
  /** Fills a batch with rows drawn uniformly, with replacement; one integer a row. */
  sample(into: ReplayColumns, random: Random): void
  /** What is held, row by row as stored, to be saved. */
  arrays(): Record<string, NdArray>
  /** Takes back what `arrays` gave. */
  restore(tensors: Readonly<Record<string, NdArray>>, added: number): void
}

/** Columns of `rows` transitions, all 0. */
export function replayColumns(layout: ReplayLayout, rows: number): ReplayColumns {
  const { observationSize, actionSize, auxiliary = [], costs = [] } = layout
  const channels = (names: readonly string[]) =>
    Object.fromEntries(names.map(name => [name, new Float64Array(rows)] as const))
  return {
    observations: new Float32Array(rows * observationSize),
    actions: actionSize === null ? new Int32Array(rows) : new Float32Array(rows * actionSize),
    logProbs: new Float32Array(rows),
    rewards: new Float64Array(rows),
    nextObservations: new Float32Array(rows * observationSize),
    terminated: new Uint8Array(rows),
    truncated: new Uint8Array(rows),
    auxiliary: channels(auxiliary),
    costs: channels(costs),
  }
}

type Column = Float32Array | Int32Array | Float64Array | Uint8Array

/** The columns under their names, always in one order. */
function named(columns: ReplayColumns): [name: string, column: Column][] {
  const { auxiliary, costs, ...rest } = columns
  const under = (kind: string, channels: Readonly<Record<string, Float64Array>>) =>
    Object.entries(channels).map(([name, column]): [string, Column] => [`${kind}/${name}`, column])
  return [...(Object.entries(rest) as [string, Column][]), ...under('auxiliary', auxiliary), ...under('costs', costs)]
}

/** An empty buffer. Its memory doubles when it is full, up to the capacity. */
export function replayBuffer(layout: ReplayLayout): ReplayBuffer {
  const { capacity } = layout
  assertInteger(capacity, 'capacity', 1)
  let room = Math.min(capacity, 1024)
  let held = replayColumns(layout, room)
  let added = 0
  const size = (): number => Math.min(added, capacity)

  function grow(rows: number): void {
    if (rows <= room) return
    const next = replayColumns(layout, (room = Math.min(capacity, Math.max(2 * room, rows))))
    const from = named(held)
    for (const [i, [, column]] of named(next).entries()) column.set(from[i][1])
    held = next
  }

  return {
    layout,
    size,
    added: () => added,
    add(rows, count) {
      grow(Math.min(capacity, added + count))
      const from = named(rows)
      for (const [i, [, column]] of named(held).entries()) {
        const width = column.length / room
        for (let row = 0; row < count; row++) copyRow(from[i][1], row, column, (added + row) % capacity, width)
      }
      added += count
    },
    sample(into, random) {
      const count = into.rewards.length
      if (added === 0) {
        throw new GuerdonError('empty', 'expected a replay buffer with transitions; got an empty one', {
          hint: 'take steps before learning from them',
        })
      }
      const drawn = Int32Array.from({ length: count }, () => random.integer(size()))
      const from = named(held)
      for (const [i, [, column]] of named(into).entries()) {
        const width = column.length / count
        for (let row = 0; row < count; row++) copyRow(from[i][1], drawn[row], column, row, width)
      }
    },
    arrays() {
      return Object.fromEntries(
        named(held).map(([name, column]) => {
          const width = column.length / room
          const data = column.subarray(0, size() * width)
          return [name, { dtype: dtypeOf(column), shape: [size(), width], data } as NdArray]
        }),
      )
    },
    restore(tensors, count) {
      const rows = Math.min(count, capacity)
      room = Math.min(capacity, Math.max(1024, rows))
      const next = replayColumns(layout, room)
      for (const [name, column] of named(next)) {
        const width = column.length / room
        const found = tensors[name]
        if (found === undefined || found.data.length !== rows * width) {
          const got = found === undefined ? 'nothing' : `[${found.shape}]`
          throw new GuerdonError('shape_mismatch', `expected ${rows} rows of ${width} in ${name}; got ${got}`, {
            path: ['replay', name],
            hint: 'the state belongs to a buffer of another layout',
          })
        }
        column.set(found.data as Float32Array)
      }
      held = next
      added = count
    },
  }
}

function copyRow(from: Column, fromRow: number, to: Column, toRow: number, width: number): void {
  for (let k = 0; k < width; k++) to[toRow * width + k] = from[fromRow * width + k]
}

function dtypeOf(column: Column): NdArray['dtype'] {
  if (column instanceof Float64Array) return 'float64'
  if (column instanceof Float32Array) return 'float32'
  return column instanceof Int32Array ? 'int32' : 'bool'
}
