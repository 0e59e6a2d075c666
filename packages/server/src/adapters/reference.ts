import { type AdapterShape, kindOf, type Query, wrongShape } from './adapter.ts'

/** Columns that trainers' data sets keep the right answer in, in the order they are looked for. */
const usualNames = ['reference', 'ground_truth', 'solution', 'answer', 'expected_answer', 'label']

/** The name of the column with the right answer: `?reference=NAME`, else the first usual name among `names`. */
export function referenceName(names: readonly string[], query: Query): string | undefined {
  return query('reference') ?? usualNames.find(name => names.includes(name))
}

/** The right answer among the fields of one item. */
export function referenceOf(fields: Readonly<Record<string, unknown>>, query: Query): unknown {
  const name = referenceName(Object.keys(fields), query)
  return name === undefined ? undefined : fields[name]
}

/**
 * Columns as trainers hand them to reward functions, one list for each, as rows. Throws 422 for the column `needed` when it
 * is missing, and for a column in `needed` or the reference that is not as long as the others.
 */
export function readColumns(
  adapter: AdapterShape,
  body: Readonly<Record<string, unknown>>,
  needed: readonly string[],
  query: Query,
): { readonly size: number; readonly reference: readonly unknown[] | undefined } {
  const reference = referenceName(Object.keys(body), query)
  const names = reference === undefined || !(reference in body) ? needed : [...needed, reference]
  const [first] = needed
  let size = 0
  for (const name of names) {
    const column = body[name]
    if (!Array.isArray(column)) wrongShape(adapter, body, { path: [name], expected: 'a list', got: kindOf(column) })
    if (name === first) size = column.length
    if (column.length !== size) {
      wrongShape(adapter, body, {
        path: [name],
        expected: `${first} and ${name} of one length`,
        got: `${size} in ${first} and ${column.length} in ${name}`,
      })
    }
  }
  return { size, reference: reference === undefined ? undefined : (body[reference] as readonly unknown[] | undefined) }
}

/**
 * The groups of consecutive items that `?group=SIZE` asks for: trainers put the completions of one prompt side by side and
 * send no ids. Throws 422 when the items are no whole number of groups.
 */
export function groupsOf(
  adapter: AdapterShape,
  body: unknown,
  size: number,
  query: Query,
): (index: number) => string | undefined {
  const asked = query('group')
  if (asked === undefined) return () => undefined
  const count = Number(asked)
  if (Number.isInteger(count) && count >= 1 && size % count === 0) return index => String(Math.floor(index / count))
  return wrongShape(adapter, body, {
    path: ['group'],
    expected: 'a group size that divides the number of items',
    got: `${Number.isInteger(count) ? count : 'no whole number'} for ${size} items`,
  })
}
