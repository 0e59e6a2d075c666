import { type Column, failed, json, type Outcome, type RolloutBatch } from '@guerdon/core'

/** The column that says how likely the reference answer was at every turn boundary. */
export const boundariesColumn: Column = {
  name: 'rollout.answerLogProbs',
  kind: 'json',
  about: "number[][]: log-probabilities of the reference answer's tokens before the first and after each tool turn",
}

/** Log-probabilities of the reference answer at each boundary, NaN for one that was not finite; a failure for other data. [R] */
export function answerBoundaries(batch: RolloutBatch): (number[][] | Outcome)[] {
  const column = json(batch, boundariesColumn.name)
  return batch.rolloutIds.map((_, r) => {
    const rows = column[r]
    if (!isBoundaries(rows)) return failed('invalid_input', 'expected answer log-probabilities', 'igpo')
    return rows.map(row => row.map(value => value ?? Number.NaN))
  })
}

/** Lists of numbers; null stands for a log-probability that was not finite. */
function isBoundaries(value: unknown): value is (number | null)[][] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every(row => Array.isArray(row) && row.length > 0 && row.every(x => x === null || typeof x === 'number')) &&
    value.some(row => row.every((x: unknown) => typeof x === 'number'))
  )
}
