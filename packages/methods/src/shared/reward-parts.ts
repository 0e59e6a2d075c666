import {
  abstained,
  type ColumnName,
  failed,
  GuerdonError,
  type Level,
  type Outcome,
  type Signal,
  Status,
  scored,
  signalFromOutcomes,
} from '@guerdon/core'

/** Why an item has no number. */
export type Unscored = Exclude<Outcome, { readonly status: 'scored' }>

/** The named parts of one item's reward; a part that is undefined has nothing to say about this item. */
export type RewardParts<Part extends string> = Readonly<Record<Part, number | undefined>>

/** An item this reward has nothing to say about. */
export function noScore(reason: string): Unscored {
  return { status: 'abstained', reason }
}

/**
 * Scores items one by one. An item whose data cannot be used (a `GuerdonError`) becomes `failed(invalid_input)`; an
 * option that cannot be used is the recipe's fault, not the item's, and is thrown, as is every other error.
 */
export function scoreItems<Parts extends object>(
  count: number,
  score: (index: number) => Parts | Unscored,
): (Parts | Unscored)[] {
  const items: (Parts | Unscored)[] = []
  for (let i = 0; i < count; i++) {
    try {
      items.push(score(i))
    } catch (error) {
      if (!(error instanceof GuerdonError) || error.code === 'invalid_option') throw error
      items.push(failed('invalid_input', error.message) as Unscored)
    }
  }
  return items
}

/** True for an item without a number. */
export function isUnscored(item: object): item is Unscored {
  return 'status' in item && (item.status === 'abstained' || item.status === 'failed')
}

/** One signal a part, so that every component is kept apart before it is summed. */
export function partSignals<Part extends string>(
  level: Level,
  items: readonly (RewardParts<Part> | Unscored)[],
  columns: Readonly<Record<Part, ColumnName>>,
): Record<ColumnName, Signal> {
  const signals: Record<ColumnName, Signal> = {}
  for (const [part, name] of Object.entries(columns) as [Part, ColumnName][]) {
    signals[name] = signalFromOutcomes(
      level,
      items.map(item => {
        if (isUnscored(item)) return item
        const value = item[part]
        return value === undefined ? abstained(`no ${part}`) : scored(value)
      }),
    )
  }
  return signals
}

/** The scored value of an item; undefined where the column is absent or the item has no number. */
export function scoredAt(column: Signal | undefined, index: number): number | undefined {
  return column !== undefined && column.status[index] === Status.scored ? column.values[index] : undefined
}
