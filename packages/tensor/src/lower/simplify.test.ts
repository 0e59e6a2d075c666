import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Tensor } from '../index.ts'
import * as t from '../index.ts'

const shape = [3, 3]
const arrays = [1, 2].map(phase => ({
  dtype: 'float64' as const,
  shape,
  data: Float64Array.from({ length: 9 }, (_, i) => Math.round(4 * Math.sin(phase + 2.3 * i)) / 2),
}))

/** Runs a graph as it is and simplified; returns both results and the simplified graph's operators. */
function both(f: (a: Tensor, b: Tensor) => Tensor) {
  const inputs = arrays.map((_, i) => t.placeholder(`x${i}`, shape, 'float64'))
  const known = new Map(inputs.map((input, i) => [input, arrays[i]]))
  const output = f(inputs[0], inputs[1])
  const [simple] = t.simplify([output])
  const [plain, simplified] = [output, simple].map(tensor => t.evaluate([tensor], known)[0])
  const operators = t.topologicalOrder([simple]).flatMap(({ op }) => (op.name === 'input' ? [] : [op.name]))
  return { plain, simplified, operators: operators.sort() }
}

describe('each rule', () => {
  const row = (x: Tensor) => t.slice(x, { starts: [0], ends: [1] })
  const at = (x: Tensor, before: number) => t.pad(x, { before: [before, 0], after: [3 - before - x.shape[0], 0] })
  test.each<[string, (a: Tensor, b: Tensor) => Tensor, string[]]>([
    ['−a + b', (a, b) => t.add(t.neg(a), b), ['sub']],
    ['a + −b', (a, b) => t.add(a, t.neg(b)), ['sub']],
    ['a − −b', (a, b) => t.sub(a, t.neg(b)), ['add']],
    ['−−a', a => t.neg(t.neg(a)), []],
    ['a·1 + 0', a => t.add(0, t.mul(a, 1)), []],
    ['a/1 − 0', a => t.sub(t.div(a, 1), 0), []],
    ['2·(3·a)', a => t.mul(2, t.mul(a, 3)), ['constant', 'mul']],
    ['aᵀᵀ', a => t.transpose(t.transpose(a)), []],
    ['reshaped there and back', a => t.reshape(t.reshape(a, [9]), [3, 3]), []],
    ['aᵀ·b', (a, b) => t.matmul(t.transpose(a), b), ['matmul']],
    ['a·bᵀ', (a, b) => t.matmul(a, t.transpose(b), { transposeA: true }), ['matmul']],
    ['the same twice', (a, b) => t.mul(t.exp(t.add(a, b)), t.exp(t.add(a, b))), ['add', 'exp', 'mul']],
    ['constants', a => t.mul(a, t.exp(t.add(t.ones([3, 3]), 1))), ['constant', 'mul']],
    ['stretched operands', (a, b) => t.add(t.broadcastTo(row(a), [3, 3]), b), ['add', 'slice']],
    [
      'padded parts',
      (a, b) => t.add(t.add(at(row(a), 2), at(row(b), 0)), at(row(t.neg(a)), 1)),
      ['concat', 'neg', 'slice', 'slice', 'slice'],
    ],
  ])('%s', (_name, f, expected) => {
    const { plain, simplified, operators } = both(f)
    // Rules may change the sign of a zero.
    const unsigned = ({ data }: t.NdArray) => Array.from(data, value => value + 0)
    expect(unsigned(simplified)).toEqual(unsigned(plain))
    expect(simplified.shape).toEqual(plain.shape)
    expect(operators).toEqual(expected)
  })
})

type Make = (a: Tensor, b: Tensor) => Tensor

const leaf: fc.Arbitrary<Make> = fc.oneof(
  fc.constant<Make>(a => a),
  fc.constant<Make>((_a, b) => b),
  fc.constantFrom(0, 1, -1, 2.5).map(
    (value): Make =>
      a =>
        t.cast(t.full(a.shape, value), a.dtype),
  ),
)

const { expression } = fc.letrec<{ expression: Make }>(tie => {
  const sub = tie('expression')
  const one = (apply: (x: Tensor) => Tensor) =>
    sub.map(
      (f): Make =>
        (a, b) =>
          apply(f(a, b)),
    )
  const two = (apply: (x: Tensor, y: Tensor) => Tensor) =>
    fc.tuple(sub, sub).map(
      ([f, g]): Make =>
        (a, b) =>
          apply(f(a, b), g(a, b)),
    )
  return {
    expression: fc.oneof(
      { depthSize: 'medium', withCrossShrink: true },
      leaf,
      two(t.add),
      two(t.sub),
      two(t.mul),
      two((x, y) => t.matmul(x, y)),
      one(t.neg),
      one(x => t.transpose(x)),
      one(t.abs),
      one(x => t.reshape(t.reshape(x, [9]), [3, 3])),
      one(x => t.broadcastTo(t.sum(x, { axis: 0, keepDims: true }), [3, 3])),
      one(x => t.mul(2, x)),
      one(x => t.slice(t.pad(x, { before: [1, 0], after: [0, 0] }), { starts: [0], ends: [3] })),
    ),
  }
})

// All numbers are multiples of a power of two, so that every order of the same arithmetic gives the same bits.
test('simplified graphs compute what they did', () => {
  fc.assert(
    fc.property(expression, make => {
      fc.pre(isExact(make))
      const { plain, simplified } = both(make)
      expect(simplified.shape).toEqual(plain.shape)
      for (let i = 0; i < 9; i++) expect(Math.abs(simplified.data[i] - plain.data[i])).toBe(0)
    }),
    { numRuns: 300 },
  )
})

/** True when no number on the way needs more than the bits of a double. */
function isExact(make: Make): boolean {
  const inputs = arrays.map((_, i) => t.placeholder(`x${i}`, shape, 'float64'))
  const nodes = t.topologicalOrder([make(inputs[0], inputs[1])])
  const values = t.evaluate(nodes, new Map(inputs.map((input, i) => [input, arrays[i]])))
  return values.every(({ data }) => data.every(value => Math.abs(value) < 2 ** 40 && Number.isInteger(value * 2 ** 12)))
}
