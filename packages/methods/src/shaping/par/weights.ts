import { assertNotEmpty, GuerdonError } from '@guerdon/core'

/** Weights of a model as plain data: numbers, typed arrays, nested lists or objects of them. */
export type Weights = number | ArrayLike<number> | readonly Weights[] | { readonly [name: string]: Weights }

/**
 * WARM: the element-wise mean of the weights of models of one architecture, m = (1/K)·Σ_k w_k (Ramé et al. 2024, as a
 * baseline of PAR: five reward models trained with different seeds, learning rates and amounts of data).
 *
 * Differs from an ensemble, which averages scores and needs K forward passes.
 *
 * @returns weights of the same layout; typed arrays stay typed arrays of float64
 * @throws empty for no model; shape_mismatch naming the first place where two models differ
 */
export function averageWeights<T extends Weights>(models: readonly T[]): T {
  assertNotEmpty(models, 'models')
  return average(models, []) as T
}

function average(given: readonly Weights[], path: readonly (string | number)[]): Weights {
  const first = given[0]
  if (typeof first === 'number') {
    let total = 0
    for (const value of given) {
      if (typeof value !== 'number') throw differs(path, 'a number')
      total += value
    }
    if (!Number.isFinite(total)) {
      throw new GuerdonError('not_finite', `expected finite weights; their mean is ${total}`, { path })
    }
    return total / given.length
  }
  if (isList(first)) {
    const rows = given.map(entry => {
      if (!isList(entry) || entry.length !== first.length) throw differs(path, `a list of ${first.length} entries`)
      return entry
    })
    const merged = Array.from({ length: first.length }, (_, i) =>
      average(
        rows.map(row => row[i] as Weights),
        [...path, i],
      ),
    )
    return ArrayBuffer.isView(first) ? Float64Array.from(merged as number[]) : merged
  }
  const names = Object.keys(first)
  return Object.fromEntries(
    names.map(name => [
      name,
      average(
        given.map(entry => {
          const value = (entry as { readonly [name: string]: Weights })[name]
          if (value === undefined || Object.keys(entry).length !== names.length) {
            throw differs([...path, name], 'the same names')
          }
          return value
        }),
        [...path, name],
      ),
    ]),
  )
}

function isList(value: Weights): value is ArrayLike<number> | readonly Weights[] {
  return Array.isArray(value) || ArrayBuffer.isView(value)
}

function differs(path: readonly (string | number)[], expected: string): GuerdonError {
  return new GuerdonError('shape_mismatch', `expected ${expected} in every model at ${path.join('.') || 'the root'}`, {
    path,
    hint: 'weights can only be averaged over models of one architecture',
  })
}
