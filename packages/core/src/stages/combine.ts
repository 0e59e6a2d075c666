import * as z from 'zod'
import { emptySignal, levelOf, putOutcome } from '../column-sinks.ts'
import { numbers } from '../columns.ts'
import { abstained, type Outcome, scored } from '../outcome.ts'
import { outcomeAt, Status } from '../signal.ts'
import { type Column, type Contribution, defineStage } from '../stage.ts'
import { columnName } from './column-name.ts'

const partSchema = z.strictObject({
  column: columnName,
  weight: z.number().default(1),
  gate: z.number().optional().describe('staged only: smallest value with which the parts after it still count'),
})

const policy = z.enum(['propagate', 'skip'])

/** Options of the stage. */
export const combineOptions = z
  .strictObject({
    parts: z
      .array(partSchema)
      .min(1)
      .prefault([{ column: 'rollout.outcome' }]),
    to: columnName.prefault('rollout.reward').describe('column to write, at the level of the parts'),
    how: z.enum(['sum', 'mean', 'product', 'min', 'staged']).default('sum'),
    abstained: policy
      .default('skip')
      .describe('what an abstained part does: decide the result, or leave it; it never counts as 0'),
    failed: policy.default('propagate').describe('what a failed part does'),
  })
  .superRefine(({ parts, to, how }, context) => {
    const fail = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message })
    const total = parts.reduce((sum, part) => sum + part.weight, 0)
    if (parts.every(part => part.weight === 0)) fail(['parts'], 'a weight that is not 0')
    else if (how === 'mean' && total === 0) fail(['parts'], 'weights whose sum is not 0, which a mean divides by')
    parts.forEach(({ column, gate, weight }, index) => {
      if (levelOf(column) !== levelOf(to)) fail(['parts', index, 'column'], `a column at the level of ${to}`)
      if (parts.findIndex(part => part.column === column) < index) fail(['parts', index, 'column'], 'each column once')
      if (gate !== undefined && how !== 'staged') fail(['parts', index, 'gate'], 'no gate unless how is "staged"')
      if (how === 'product' && weight < 0) fail(['parts', index, 'weight'], 'a weight ≥ 0, the exponent of its part')
    })
  })

export type CombineOptions = z.infer<typeof combineOptions>

/**
 * One number from several columns of one level, xᵢ with weights wᵢ in the order given:
 *
 * - `sum` Σ wᵢxᵢ; `mean` Σ wᵢxᵢ / Σ wᵢ over the parts that count; `product` Π xᵢ^wᵢ; `min` minᵢ wᵢxᵢ;
 * - `staged` Σ wᵢxᵢ over the parts up to and including the first with xᵢ < gateᵢ: later, less important parts count only
 *   when all gates before them are passed (a lexicographic order when the weights fall fast enough).
 *
 * An abstained part leaves (`skip`), a failed one fails the result (`propagate`), unless told otherwise; when every part
 * leaves, the result abstains. A result that is not finite failed(range).
 */
export const combineStage = defineStage<CombineOptions, null>({
  name: 'combine',
  about: 'combines several columns into one number: weighted sum or mean, product, minimum, or in stages with gates',
  options: combineOptions as unknown as z.ZodType<CombineOptions>,
  reads: ({ parts }): Column[] =>
    parts.map(({ column, weight }) => ({ name: column, kind: 'number', about: `part with weight ${weight}` })),
  writes: ({ to, how, parts }): Column[] => [
    { name: to, kind: 'number', about: `${how} of ${parts.map(part => part.column).join(', ')}` },
  ],
  initial: () => null,
  apply: (batch, _state, options) => {
    const columns = options.parts.map(part => numbers(batch, part.column))
    const { level } = columns[0]
    const result = emptySignal(level, columns[0].values.length)
    const row = new Float64Array(columns.length)
    for (let i = 0; i < result.values.length; i++) {
      if (columns.every(column => column.status[i] === Status.scored)) {
        for (let p = 0; p < row.length; p++) row[p] = columns[p].values[i]
        putOutcome(result, i, scored(combineScored(row, options)))
      } else {
        const outcomes = columns.map(column => outcomeAt(column, i))
        putOutcome(result, i, combine(outcomes, options).outcome)
      }
    }
    return { columns: { [options.to]: result }, state: null }
  },
  explain: (batch, index, options) =>
    combine(
      options.parts.map(part => outcomeAt(numbers(batch, part.column), index)),
      options,
    ).contributions,
})

/** The common case, every part scored: the same number as `combine` gives, without an object an item. */
function combineScored(row: Float64Array, { parts, how }: CombineOptions): number {
  let result = how === 'product' ? 1 : how === 'min' ? Number.POSITIVE_INFINITY : 0
  let weights = 0
  for (const { weight } of parts) weights += weight
  const divisor = how === 'mean' ? weights : 1
  for (let p = 0; p < row.length; p++) {
    const { weight, gate } = parts[p]
    if (how === 'product') result *= row[p] ** weight
    else if (how === 'min') result = Math.min(result, weight * row[p])
    else result += (weight * row[p]) / divisor
    if (how === 'staged' && gate !== undefined && row[p] < gate) break
  }
  return result
}

interface Combined {
  readonly outcome: Outcome
  readonly contributions: readonly Contribution[]
}

function combine(values: readonly Outcome[], options: CombineOptions): Combined {
  const { parts, how } = options
  const counted: { part: number; value: number; weight: number }[] = []
  const notes: (string | undefined)[] = parts.map(() => undefined)
  let decided: Outcome | undefined
  values.forEach((value, i) => {
    if (value.status === 'scored') counted.push({ part: i, value: value.value, weight: parts[i].weight })
    else if (options[value.status] === 'skip') notes[i] = `${value.status}, left out`
    else {
      if (decided === undefined || (decided.status === 'abstained' && value.status === 'failed')) decided = value
      notes[i] = `${value.status}, decides`
    }
  })
  const added = new Map<number, number>()
  let outcome = decided
  if (outcome === undefined) {
    outcome =
      counted.length === 0 ? abstained('every part was left out') : scored(total(counted, how, parts, added, notes))
  }
  const contributions = parts.map(({ column, weight }, i) => {
    const contribution = added.get(i)
    return {
      column,
      value: values[i],
      weight,
      ...(contribution === undefined || outcome?.status !== 'scored' ? {} : { contribution }),
      ...(notes[i] === undefined ? {} : { note: notes[i] }),
    }
  })
  return { outcome, contributions }
}

function total(
  counted: readonly { part: number; value: number; weight: number }[],
  how: CombineOptions['how'],
  parts: CombineOptions['parts'],
  added: Map<number, number>,
  notes: (string | undefined)[],
): number {
  if (how === 'product') return counted.reduce((product, { value, weight }) => product * value ** weight, 1)
  if (how === 'min') {
    const smallest = counted.reduce((least, entry) =>
      entry.weight * entry.value < least.weight * least.value ? entry : least,
    )
    added.set(smallest.part, smallest.weight * smallest.value)
    return smallest.weight * smallest.value
  }
  const divisor = how === 'mean' ? counted.reduce((sum, { weight }) => sum + weight, 0) : 1
  let result = 0
  let closed = false
  for (const { part, value, weight } of counted) {
    if (closed) {
      notes[part] = 'behind a gate that was not passed'
      continue
    }
    const share = (weight * value) / divisor
    added.set(part, share)
    result += share
    const gate = parts[part].gate
    if (how === 'staged' && gate !== undefined && value < gate) {
      closed = true
      notes[part] = `below its gate ${gate}`
    }
  }
  return result
}
