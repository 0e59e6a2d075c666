import { interpret, type Tensor } from '@guerdon/tensor'
import { describe, expect, it } from 'vitest'
import { type Activation, type MlpLayer, mlp } from './mlp.ts'

const run = (activation: Activation, outputActivation: Activation = 'none') =>
  interpret((x: Tensor, layers: MlpLayer[]) => mlp(x, layers, { activation, outputActivation }))

describe('mlp', () => {
  // first layer [[1, −1], [0, 2]] + [0, 1], second [[1, 1]]: at (1, 2) the hidden values are −1 and 5
  const layers = [
    {
      weight: [
        [1, -1],
        [0, 2],
      ],
      bias: [0, 1],
    },
    { weight: [[1, 1]] },
  ]

  it.each([
    ['none', 4],
    ['relu', 5],
    ['leakyRelu', 4.8],
    ['tanh', Math.tanh(-1) + Math.tanh(5)],
    ['silu', -1 / (1 + Math.E) + 5 / (1 + Math.exp(-5))],
    ['sigmoid', 1 / (1 + Math.E) + 1 / (1 + Math.exp(-5))],
  ] as const)('%s between layers only', (activation, expected) => {
    expect(run(activation)([[1, 2]], layers).data[0]).toBeCloseTo(expected, 12)
  })

  it('can end in an activation and applies to every row', () => {
    const rows = run('relu', 'tanh')(
      [
        [1, 2],
        [0, -1],
      ],
      layers,
    )
    expect(rows.shape).toEqual([2, 1])
    expect(rows.data[0]).toBeCloseTo(Math.tanh(5), 12)
    expect(rows.data[1]).toBeCloseTo(Math.tanh(1), 12)
  })

  it('refuses no layer', () => {
    expect(() => interpret((x: Tensor) => mlp(x, []))([[1]])).toThrow(/at least one layer/)
  })
})
