import { assertOneOf, assertSameLength, GuerdonError } from '@guerdon/core'

/** A half-open range of token positions, `[start, end)`. */
export type Span = readonly [start: number, end: number]

/** How a span's value is written to its tokens. */
export interface PlaceOptions {
  /** `broadcast`: every token of the span; `last` / `first`: one token; `split`: value / length on every token. Default `broadcast`. */
  readonly at?: 'broadcast' | 'last' | 'first' | 'split'
  /** What happens where spans share a token: an error, add, keep the first, let the last win. Default `error`. */
  readonly overlap?: 'error' | 'add' | 'first' | 'last'
  /** Empty spans: skip them (their value is lost) or throw. Default `skip`. */
  readonly empty?: 'skip' | 'error'
}

/**
 * Writes one value a span onto a row of tokens; tokens outside every span get 0.
 *
 * @param spans token positions [start, end) within the row
 * @param values one value a span
 * @param length number of tokens L of the row
 * @returns [L]
 * @throws invalid_input for a span outside [0, L], reversed, or overlapping under `overlap: 'error'`
 */
export function placeOnTokens(
  spans: readonly Span[],
  values: ArrayLike<number>,
  length: number,
  options: PlaceOptions = {},
): Float64Array {
  const { at = 'broadcast', overlap = 'error', empty = 'skip' } = options
  assertSameLength(spans, 'spans', values, 'values')
  assertOneOf(at, 'at', ['broadcast', 'last', 'first', 'split'])
  const row = new Float64Array(length)
  let end = 0
  let ascending = true
  for (let i = 0; i < spans.length; i++) {
    checkSpan(spans[i], i, length, empty)
    if (spans[i][0] < end) ascending = false
    end = Math.max(end, spans[i][1])
  }
  if (ascending) for (let i = 0; i < spans.length; i++) fillSpan(row, spans[i], values[i], at)
  else placeShared(row, spans, values, at, overlap)
  return row
}

function fillSpan(row: Float64Array, [start, end]: Span, value: number, at: PlaceOptions['at']): void {
  if (start === end) return
  if (at === 'last') row[end - 1] = value
  else if (at === 'first') row[start] = value
  else row.fill(at === 'split' ? value / (end - start) : value, start, end)
}

/** Spans in any order that may share tokens: every token remembers whether it was written. */
function placeShared(
  row: Float64Array,
  spans: readonly Span[],
  values: ArrayLike<number>,
  at: PlaceOptions['at'],
  overlap: PlaceOptions['overlap'],
): void {
  const taken = new Uint8Array(row.length)
  for (let i = 0; i < spans.length; i++) {
    const [start, end] = spans[i]
    if (start === end) continue
    const from = at === 'last' ? end - 1 : start
    const to = at === 'first' ? start + 1 : end
    const value = at === 'split' ? values[i] / (end - start) : values[i]
    for (let t = from; t < to; t++) {
      if (taken[t] && overlap === 'error') {
        throw new GuerdonError(
          'invalid_input',
          `expected spans that do not overlap; token ${t} is in span ${i} and an earlier one`,
          {
            path: ['spans', i],
            hint: 'mend the spans, or choose overlap: "add", "first" or "last"',
          },
        )
      }
      if (!taken[t] || overlap === 'last') row[t] = value
      else if (overlap === 'add') row[t] += value
      taken[t] = 1
    }
  }
}

function checkSpan([start, end]: Span, index: number, length: number, empty: PlaceOptions['empty']): void {
  if (start === end && empty === 'error') {
    throw new GuerdonError('invalid_input', `expected a span with at least one token; span ${index} is empty`, {
      path: ['spans', index],
    })
  }
  if (Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start <= end && end <= length) return
  throw new GuerdonError(
    'invalid_input',
    `expected a span within [0, ${length}]; span ${index} is [${start}, ${end})`,
    { path: ['spans', index] },
  )
}
