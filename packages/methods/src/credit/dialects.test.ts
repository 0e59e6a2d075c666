import { describe, expect, it } from 'vitest'
import { groupItems } from '../shared/group-normalise.ts'
import { dialectAdvantages, dialects, findDialect } from './dialects.ts'

const one = (length: number) => groupItems(new Array(length).fill('g'))
const of = (name: string, scores: readonly number[], compat?: 'released') => [
  ...dialectAdvantages(scores, one(scores.length), findDialect(name), {
    compat,
    lengths: scores.map(() => 4),
  }).advantages,
]

/**
 * Values of the trainers' own code (or their formula) for [1,0,0,0], [1,0] and [1,1,1,0.999].
 * Derivation: mean .25, sample std .5, population std √3/4; for the last, deviations .00025×3, −.00075, sample std .0005.
 */
const table: Record<
  string,
  { four: number[]; two: number[]; near?: number[]; alone: 'raw' | 'zero' | 'nan' | 'drop' }
> = {
  'grpo.verl': { four: [1.5, -0.5], two: [Math.SQRT1_2, -Math.SQRT1_2], near: [0.499, -1.497], alone: 'raw' },
  'grpo.skyrl': { four: [1.5, -0.5], two: [Math.SQRT1_2, -Math.SQRT1_2], near: [0.499, -1.497], alone: 'raw' },
  'grpo.verlVectorized': {
    four: [1.5, -0.5],
    two: [Math.SQRT1_2, -Math.SQRT1_2],
    near: [0.2497, -0.7493],
    alone: 'raw',
  },
  'grpo.openrlhf': { four: [1.5, -0.5], two: [Math.SQRT1_2, -Math.SQRT1_2], near: [0.5, -1.5], alone: 'nan' },
  'grpo.trl': { four: [1.4997, -0.4999], two: [0.70701, -0.70701], near: [0.417, -1.25], alone: 'zero' },
  'grpo.msSwift': { four: [1.4997, -0.4999], two: [0.70701, -0.70701], near: [0.417, -1.25], alone: 'zero' },
  'grpo.slime': { four: [1.5, -0.5], two: [Math.SQRT1_2, -Math.SQRT1_2], near: [0.499, -1.497], alone: 'nan' },
  'grpo.rllm': { four: [1.732, -0.577], two: [1, -1], near: [0.576, -1.728], alone: 'raw' },
  'grpo.art': { four: [1.732, -0.577], two: [1, -1], near: [0.576, -1.728], alone: 'drop' },
  'grpo.atropos': { four: [1.732, -0.577], two: [1, -1], near: [0.577, -1.732], alone: 'raw' },
  // in float64 the others of a 1 are [1, 1, .999]: difference 1/3000, sample std .001/√3, so √3/3 less ε
  'grpo.nemoRlLeaveOneOut': { four: [1, -0.577], two: [1, -1], near: [0.5764, -0.001], alone: 'zero' },
  'grpo.nemoRl': { four: [1.5, -0.5], two: [Math.SQRT1_2, -Math.SQRT1_2], near: [0.499, -1.497], alone: 'zero' },
  'grpo.primeRl': { four: [0.75, -0.25], two: [0.5, -0.5], near: [0.00025, -0.00075], alone: 'zero' },
  'grpo.tinker': { four: [0.75, -0.25], two: [0.5, -0.5], near: [0.00025, -0.00075], alone: 'zero' },
  'drGrpo.openrlhf': { four: [0.75, -0.25], two: [0.5, -0.5], near: [0.00025, -0.00075], alone: 'zero' },
  'reinforceBaseline.openrlhf': { four: [0.75, -0.25], two: [0.5, -0.5], near: [0.00025, -0.00075], alone: 'zero' },
  'reinforcePlusPlus.tinker': { four: [1.732, -0.577], two: [1, -1], near: [0.577, -1.732], alone: 'zero' },
  'rloo.verl': { four: [1, -0.333], two: [1, -1], near: [0.00033, -0.001], alone: 'raw' },
  'rloo.rllm': { four: [1, -0.333], two: [1, -1], near: [0.00033, -0.001], alone: 'raw' },
  'rloo.verlVectorized': { four: [1, -0.333], two: [1, -1], near: [0.00033, -0.001], alone: 'zero' },
  'rloo.skyrl': { four: [1, -0.333], two: [1, -1], near: [0.00033, -0.001], alone: 'zero' },
  'maxrl.skyrl': { four: [3, -1], two: [1, -1], alone: 'raw' },
  'maxrl.primeRl': { four: [3, -1], two: [1, -1], alone: 'zero' },
  'opo.verl': { four: [0.75, -0.25], two: [0.5, -0.5], alone: 'raw' },
}

const near = (value: number, digits: number) => expect.closeTo(value, digits)

describe('trainers’ dialects', () => {
  it('pins every row of the table', () => {
    expect(Object.keys(table).sort()).toEqual(dialects.map(dialect => dialect.name).sort())
  })

  it.each(Object.entries(table))('%s', (name, want) => {
    expect(of(name, [1, 0, 0, 0])).toEqual([near(want.four[0], 3), ...Array(3).fill(near(want.four[1], 3))])
    expect(of(name, [1, 0])).toEqual(want.two.map(value => near(value, 3)))
    if (want.near) {
      expect(of(name, [1, 1, 1, 0.999])).toEqual([...Array(3).fill(near(want.near[0], 3)), near(want.near[1], 3)])
    }
    if (want.alone === 'nan') {
      expect(() => of(name, [0.7])).toThrow(/expected groups of at least 2 scored rollouts/)
      expect(of(name, [0.7], 'released')).toEqual([Number.NaN])
    } else expect(of(name, [0.7])).toEqual([want.alone === 'raw' ? 0.7 : 0])
    const dropped = want.alone === 'drop' ? 1 : 0
    if (want.alone !== 'nan') {
      expect([...dialectAdvantages([0.7], one(1), findDialect(name), { lengths: [3] }).dropped]).toEqual([dropped])
    }
  })

  it.each(dialects.map(dialect => [dialect.name]))('%s gives exactly 0 for equal rewards', name => {
    for (const [count, reward] of [
      [15, Math.fround(0.98)],
      [30, Math.fround(0.9)],
      [7, 0.35],
      [2, -1e300],
      [3, 0.1],
    ]) {
      expect(of(name, Array(count).fill(reward))).toEqual(Array(count).fill(0))
    }
  })

  it('reproduces the float32 residues of equal rewards that the released code blows up', () => {
    const largest = (name: string) => {
      let best = 0
      for (const n of [7, 15, 30])
        for (let k = 0; k <= 100; k++) best = Math.max(best, Math.abs(of(name, Array(n).fill(k / 100), 'released')[0]))
      return best
    }
    // measured with PyTorch 1.13: 15 × 0.98 under ε 1e-6, 30 × 0.90 under ε 1e-9, 15 × 0.98 under ε 1e-4
    expect(Math.abs(of('grpo.verl', Array(15).fill(0.98), 'released')[0])).toBeCloseTo(0.19122643768787384, 6)
    expect(of('grpo.openrlhf', Array(30).fill(0.9), 'released')[0]).toBeCloseTo(-0.9778156280517578, 6)
    expect(largest('grpo.verl')).toBeCloseTo(0.191, 3)
    expect(largest('grpo.openrlhf')).toBeCloseTo(0.978, 3)
    expect(largest('grpo.trl')).toBeCloseTo(0.0024, 4)
    expect(largest('grpo.verlVectorized')).toBeGreaterThan(0.0002)
    expect(largest('grpo.verlVectorized')).toBeLessThan(0.0005)
  })

  it('reproduces the cancellation in the spread of NeMo-RL, and avoids it by default', () => {
    const group = [...Array(7).fill(0.35), 1]
    expect(of('grpo.nemoRlLeaveOneOut', group, 'released')[7]).toBeGreaterThan(3900)
    expect(of('grpo.nemoRlLeaveOneOut', group)[7]).toBe(0.65)
    expect(of('grpo.nemoRlLeaveOneOut', [1, 1, 1, 0.999], 'released')).toEqual([
      ...Array(3).fill(near(0.642, 3)),
      near(-0.001, 4),
    ])
    expect(of('grpo.nemoRl', [1, 1, 1, 0.999], 'released')).toEqual([...Array(3).fill(near(0.511, 3)), near(-1.533, 3)])
  })

  it.each(dialects.map(dialect => [dialect.name]))('%s keeps uneven groups apart', name => {
    const dialect = findDialect(name)
    const scores = [1, 0.2, 0, 0.5, 0.25]
    const both = dialectAdvantages(scores, groupItems(['a', 'b', 'a', 'b', 'b']), dialect, { lengths: [2, 3, 5, 1, 4] })
    const a = dialectAdvantages([1, 0], one(2), dialect, { lengths: [2, 5] })
    const b = dialectAdvantages([0.2, 0.5, 0.25], one(3), dialect, { lengths: [3, 1, 4] })
    expect([...both.advantages]).toEqual([a, b, a, b, b].map((part, i) => part.advantages[[0, 0, 1, 1, 2][i]]))
  })

  it.each(dialects.map(dialect => [dialect.name]))('%s is finite for huge and for nearly equal rewards', name => {
    for (const scores of [
      [1e12, -1e12, 3],
      [1, 1, 1.001],
      [-1e-300, 1e-300],
    ])
      expect(of(name, scores).every(Number.isFinite)).toBe(true)
  })

  it('weighs the baseline of opo.verl by length', () => {
    // (1·1 + 3·0) / 4 = 0.25
    const { advantages } = dialectAdvantages([1, 0], one(2), findDialect('opo.verl'), { lengths: [1, 3] })
    expect([...advantages]).toEqual([0.75, -0.25])
    expect(() => dialectAdvantages([1, 0], one(2), findDialect('opo.verl'))).toThrow(
      /expected the length of each rollout/,
    )
  })

  it('leaves out missing rewards; released verl, SkyRL and slime lose the whole group', () => {
    const scored = [1, 1, 0, 1]
    for (const { name, missing } of dialects) {
      const options = { scored, lengths: [1, 1, 1, 1] }
      const without = dialectAdvantages([1, 0, 9, 0], one(4), findDialect(name), options).advantages
      expect([...without]).toEqual([...of(name, [1, 0, 0]).slice(0, 2), 0, of(name, [1, 0, 0])[2]])
      const released = dialectAdvantages([1, 0, 9, 0], one(4), findDialect(name), { ...options, compat: 'released' })
      expect(Number.isNaN(released.advantages[0])).toBe(missing === 'poisons-group')
    }
  })

  it('has nothing to say about no rollouts, refuses NaN and suggests names', () => {
    expect(dialectAdvantages([], groupItems([]), findDialect('grpo.trl')).advantages).toHaveLength(0)
    expect(() => of('grpo.trl', [1, Number.NaN])).toThrow(/expected finite scores; got NaN/)
    expect(() => findDialect('grpo.tlr')).toThrow('there is no dialect "grpo.tlr"')
  })

  it('clamps what OpenRLHF clamps', () => {
    // one success in 200: (1 − 1/200)/√(1/200) ≈ 14.1
    const group = [1, ...Array(199).fill(0)]
    expect(of('grpo.openrlhf', group)[0]).toBe(10)
    expect(of('grpo.verl', group)[0]).toBeGreaterThan(14)
  })
})
