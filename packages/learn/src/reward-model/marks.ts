import { GuerdonError } from '@guerdon/core'
import { type Concrete, type Evaluated, jit, type NdArray, type Tensor } from '@guerdon/tensor'
import type { EncoderConfig, EncoderInput } from './encoder.ts'
import { packInputs, selectInputs, type TokensOrVector } from './inputs.ts'
import type { ScoreRequest } from './reward-model.ts'
import { paddedRows, paddedSize, type ScoringOptions } from './scoring.ts'

/** Positions of a token of the candidate, counted from the start of the prompt. */
export function markPositions({ prompt, candidate }: TokensOrVector, mark: number): number[] {
  return Array.from(candidate).flatMap((token, t) => (token === mark ? [prompt.length + t] : []))
}

/** Throws shape_mismatch unless candidate `i` has as many marks as labels. */
export function assertMarks(item: TokensOrVector, i: number, mark: number, labels: number): void {
  const marks = markPositions(item, mark).length
  if (marks === labels) return
  throw new GuerdonError(
    'shape_mismatch',
    `expected a label for each mark (token ${mark}) of example ${i}; got ${marks} marks and ${labels} labels`,
    { path: ['examples', i, 'labels'] },
  )
}

/** [rows][places]: `value(row, place)` laid out row by row. */
export function spreadPlaces(
  rows: ArrayLike<number>,
  places: number,
  value: (row: number, place: number) => number,
): number[] {
  return Array.from({ length: rows.length * places }, (_, i) => value(rows[Math.floor(i / places)], i % places))
}

/** Positions of the chosen rows, [rows][places] int32; 0 where a row has no further mark. */
export function positionArray(
  positions: readonly (readonly number[])[],
  rows: ArrayLike<number>,
  places: number,
): NdArray {
  const data = Int32Array.from(spreadPlaces(rows, places, (row, place) => positions[row][place] ?? 0))
  return { dtype: 'int32', shape: [rows.length, places], data }
}

/**
 * A graph over the marks of candidates with fixed parameters.
 *
 * @returns its result for a batch, and the positions of each request's marks
 * @throws invalid_input for a candidate without a mark
 */
export function markGraph<P, R>(
  parameters: Evaluated<P>,
  graph: (parameters: P, input: EncoderInput, positions: Tensor) => R,
  config: EncoderConfig,
  options: ScoringOptions & { readonly mark: number },
): (requests: readonly ScoreRequest[]) => Promise<{ result: Evaluated<R>; positions: number[][] }> {
  const run = jit(graph, { threads: options.threads ?? 1 })
  return async requests => {
    const positions = requests.map((request, i) => {
      const found = markPositions(request, options.mark)
      if (found.length > 0) return found
      throw new GuerdonError('invalid_input', `expected at least one mark in candidate ${i}; got none`, {
        path: ['requests', i, 'candidate'],
        hint: `each step or segment ends with the token ${options.mark}`,
      })
    })
    const places = paddedSize(Math.max(...positions.map(list => list.length)))
    const rows = paddedRows(requests.length)
    const input = selectInputs(packInputs(requests, config), rows)
    const args = [parameters, input, positionArray(positions, rows, places)]
    return { result: await run(...(args as unknown as Concrete<[P, EncoderInput, Tensor]>)), positions }
  }
}
