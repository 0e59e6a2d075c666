import { Random } from '@guerdon/core'
import { interpret, type NdArray, type Tensor } from '@guerdon/tensor'
import { describe, expect, it } from 'vitest'
import {
  emptyCache,
  extendTransformerCache,
  initialTransformer,
  type TransformerCache,
  type TransformerParameters,
  transformerHidden,
  transformerStep,
} from './transformer.ts'

const config = { vocabularySize: 7, maximumLength: 6, width: 8, layers: 2, heads: 2 }
const parameters = initialTransformer(config, new Random(1))
const int32 = (shape: readonly number[], data: readonly number[]): NdArray => ({
  dtype: 'int32',
  shape,
  data: Int32Array.from(data),
})
const rows = (array: NdArray, width: number): number[][] =>
  Array.from({ length: array.data.length / width }, (_, i) => Array.from(array.data.slice(i * width, (i + 1) * width)))

const hidden = interpret((p: TransformerParameters, tokens: Tensor) =>
  transformerHidden(p, tokens, config, { causal: true }),
)

describe('transformer', () => {
  it('gives the same states step by step with a cache as for the whole sequence', () => {
    const tokens = [3, 1, 4, 1, 5, 2]
    const whole = rows(hidden(parameters, int32([1, 6], tokens)), config.width)
    const step = interpret((p: TransformerParameters, cache: TransformerCache, token: Tensor, position: Tensor) =>
      transformerStep(p, cache, token, position, config),
    )
    const cache = emptyCache(config, 1)
    tokens.forEach((token, t) => {
      const result = step(parameters, cache, int32([1], [token]), int32([], [t]))
      extendTransformerCache(cache, result.entries, t)
      for (const [d, value] of result.hidden.data.entries()) expect(value).toBeCloseTo(whole[t][d], 5)
    })
  })

  it('is causal: a later token changes no earlier state', () => {
    const first = rows(hidden(parameters, int32([1, 4], [3, 1, 4, 1])), config.width)
    const second = rows(hidden(parameters, int32([1, 4], [3, 1, 4, 6])), config.width)
    expect(second.slice(0, 3)).toEqual(first.slice(0, 3))
    expect(second[3]).not.toEqual(first[3])
  })

  it('ignores what is not visible when it looks both ways', () => {
    const encode = interpret((p: TransformerParameters, tokens: Tensor, visible: Tensor) =>
      transformerHidden(p, tokens, config, { causal: false, visible }),
    )
    const visible: NdArray = { dtype: 'bool', shape: [1, 4], data: Uint8Array.from([1, 1, 1, 0]) }
    const first = rows(encode(parameters, int32([1, 4], [3, 1, 4, 0]), visible), config.width)
    const second = rows(encode(parameters, int32([1, 4], [3, 1, 4, 6]), visible), config.width)
    for (const [t, row] of first.slice(0, 3).entries()) {
      for (const [d, value] of row.entries()) expect(second[t][d]).toBeCloseTo(value, 6)
    }
  })

  it('refuses heads that do not divide the width', () => {
    expect(() => initialTransformer({ ...config, heads: 3 }, new Random(0))).toThrow(/3 heads and width 8/)
  })
})
