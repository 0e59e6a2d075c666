import { readFileSync } from 'node:fs'
import { Random } from '@guerdon/core'
import { describe, expect, test } from 'vitest'
import type { NdArray, Tensor } from '../src/index.ts'
import * as t from '../src/index.ts'
import { compareCase, type Recording } from './torch/compare.ts'

const recording: Recording = JSON.parse(readFileSync(new URL('./torch/vectors.golden.json', import.meta.url), 'utf8'))
const recorded = (name: string) => recording.cases.find(each => each.name === name)!

describe('layers as in PyTorch: values, gradients, second order', () => {
  const run = (f: (...args: Tensor[]) => Tensor[], args: NdArray[]) => t.interpret(f)(...args)

  test('attention', async () => {
    const f = (x: Tensor, weight: Tensor, bias: Tensor, outWeight: Tensor, outBias: Tensor) => {
      const parameters = {
        projection: { weight: t.transpose(weight), bias },
        output: { weight: t.transpose(outWeight), bias: outBias },
      }
      return t.attention(parameters, x, { heads: 2, causal: true })
    }
    await compareCase(recorded('attention'), f as (...args: Tensor[]) => Tensor, run, 1e-11)
  })

  test('gru', async () => {
    const f = (x: Tensor, state: Tensor, wx: Tensor, wh: Tensor, bx: Tensor, bh: Tensor) => {
      const parameters = { input: { weight: t.transpose(wx), bias: bx }, hidden: { weight: t.transpose(wh), bias: bh } }
      return t.gru(parameters, x, { state }).outputs
    }
    await compareCase(recorded('gru'), f as (...args: Tensor[]) => Tensor, run, 1e-11)
  })
})

test('gru steps one by one give the sequence', () => {
  const parameters = t.gruParameters(new Random(1), { inputs: 3, width: 4 })
  const x = new Random(2).normals(2 * 5 * 3)
  const f = (p: t.Gru, sequence: Tensor) => {
    const whole = t.gru(p, sequence)
    let state = t.zeros([2, 4])
    for (let i = 0; i < 5; i++) {
      state = t.gruStep(p, t.squeeze(t.slice(sequence, { starts: [i], ends: [i + 1], axes: [1] }), { axis: 1 }), state)
    }
    return { whole: whole.state, state }
  }
  const { whole, state } = t.interpret(f)(parameters, t.ndarray(x, { shape: [2, 5, 3] }))
  state.data.forEach((value, i) => {
    expect(value).toBeCloseTo(whole.data[i], 14)
  })
})

describe('attention', () => {
  const random = new Random(7)
  const [batch, length, width, heads] = [2, 5, 8, 2]
  const parameters = t.transformerBlockParameters(random, { width })
  const x = t.ndarray(random.normals(batch * length * width), { shape: [batch, length, width] })

  test('extendCache refuses positions outside the cache', () => {
    const cache = t.attentionCache({ batch, heads, length, width })
    const entry = t.attentionCache({ batch, heads, length: 1, width })
    for (const position of [-1, length, Number.NaN]) {
      expect(() => t.extendCache(cache, entry, position)).toThrow(/position in \[0, 4\]/)
    }
  })

  test('with the cache gives what the whole sequence gives, position by position', async () => {
    const whole = t.interpret((p: t.TransformerBlock, all: Tensor) =>
      t.transformerBlock(p, all, { heads, causal: true }),
    )(parameters, x)
    const step = t.jit((p: t.TransformerBlock, one: Tensor, cache: t.AttentionCache, position: Tensor) =>
      t.transformerBlockStep(p, one, cache, position, { heads }),
    )
    let cache = t.attentionCache({ batch, heads, length, width })
    const written = t.attentionCache({ batch, heads, length, width })
    written.keys.data.fill(1e6)
    for (let position = 0; position < length; position++) {
      const one = Float64Array.from({ length: batch * width }, (_, i) => {
        return x.data[(Math.floor(i / width) * length + position) * width + (i % width)]
      })
      const result = await step(
        parameters,
        t.ndarray(one, { shape: [batch, 1, width] }),
        cache,
        t.ndarray(position, { dtype: 'int32' }),
      )
      cache = result.cache
      t.extendCache(written, result.entry, position)
      for (const part of ['keys', 'values'] as const) {
        const rows = (array: NdArray) =>
          t.interpret((all: Tensor) => t.slice(all, { starts: [0], ends: [position + 1], axes: [2] }))(array)
        expect(rows(written[part])).toEqual(rows(cache[part]))
      }
      const again = await step(
        parameters,
        t.ndarray(one, { shape: [batch, 1, width] }),
        written,
        t.ndarray(position, { dtype: 'int32' }),
      )
      expect(again.output).toEqual(result.output)
      for (let i = 0; i < batch * width; i++) {
        const at = (Math.floor(i / width) * length + position) * width + (i % width)
        expect(result.output.data[i]).toBeCloseTo(whole.data[at], 5)
      }
    }
  })

  test('causal: later positions do not matter to earlier ones', () => {
    const f = t.interpret((p: t.Attention, all: Tensor) => t.attention(p, all, { heads, causal: true }))
    const before = f(parameters.attention, x)
    const changed = { ...x, data: Float64Array.from(x.data) }
    changed.data[(length - 1) * width] += 5
    const after = f(parameters.attention, changed)
    const same = (length - 1) * width
    expect([...after.data.subarray(0, same)]).toEqual([...before.data.subarray(0, same)])
    expect(after.data[same]).not.toBe(before.data[same])
  })

  test('a width that the heads do not divide is refused', () => {
    const f = t.interpret((p: t.Attention, all: Tensor) => t.attention(p, all, { heads: 3 }))
    expect(() => f(parameters.attention, x)).toThrow(/3 heads divide/)
  })
})

test('orthogonal initialisation', () => {
  for (const shape of [
    [5, 3],
    [3, 5],
    [4, 4],
  ] as const) {
    const w = t.orthogonalArray(new Random(3), shape, 2)
    const gram = t.interpret((a: Tensor) =>
      shape[0] < shape[1] ? t.matmul(a, a, { transposeB: true }) : t.matmul(a, a, { transposeA: true }),
    )(w)
    const size = Math.min(...shape)
    gram.data.forEach((value, i) => {
      expect(value).toBeCloseTo(i % (size + 1) === 0 ? 4 : 0, 5)
    })
  }
})

test('dense, mlp, embedding, norms and conv have the documented shapes and ranges', () => {
  const random = new Random(4)
  const layers = t.mlpParameters(random, [3, 5, 2])
  expect(layers.map(({ weight }) => weight.shape)).toEqual([
    [3, 5],
    [5, 2],
  ])
  expect(Math.max(...layers[0].weight.data)).toBeLessThanOrEqual(1 / Math.sqrt(3))
  const out = t.interpret((p: t.Dense[], x: Tensor) => t.mlp(p, x, { activation: t.tanh }))(layers, [[1, 2, 3]])
  expect(out.shape).toEqual([1, 2])
  const table = t.embeddingParameters(random, { entries: 4, width: 2 })
  const rows = t.interpret(t.embedding)(table, t.ndarray([3, 0], { dtype: 'int32' }))
  expect([...rows.data]).toEqual([...table.table.data.subarray(6), ...table.table.data.subarray(0, 2)])
  const normed = t.interpret((p: t.RmsNorm, x: Tensor) => t.rmsNormLayer(p, x))(
    t.rmsNormParameters({ width: 2 }),
    [3, 4],
  )
  expect(normed.data[0]).toBeCloseTo(3 / Math.sqrt(12.5), 6)
  const conv = t.conv2dParameters(random, { inputs: 2, outputs: 3, kernel: [3, 1] })
  const image = t.interpret((p: t.Conv2d, x: Tensor) => t.conv2dLayer(p, x))(
    conv,
    t.ndarray(new Float64Array(2 * 4 * 4), { shape: [1, 2, 4, 4] }),
  )
  expect(image.shape).toEqual([1, 3, 2, 4])
  expect([...image.data.subarray(0, 8)]).toEqual(new Array(8).fill(conv.bias.data[0]))
})
