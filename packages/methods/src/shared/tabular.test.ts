import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dotProduct, euclideanNorm, solveLinearSystem } from './linear-algebra.ts'
import {
  evaluatePolicy,
  finiteMdp,
  oneHotPolicy,
  shapeRewardTable,
  stateDistribution,
  valueIteration,
  withRewards,
} from './tabular.ts'

// two states and a terminal: "go" moves on (0 → 1 → end), "stay" stays; leaving state 1 pays 1
const line = finiteMdp({
  transitions: [
    [
      [1, 0],
      [0, 1],
      [0, 0],
    ],
    [
      [0, 0],
      [1, 0],
      [0, 1],
    ],
    [
      [0, 0],
      [0, 0],
      [1, 1],
    ],
  ],
  rewards: [
    [0, 0],
    [0, 1],
    [0, 0],
  ],
  discount: 0.5,
  initial: [1, 0, 0],
})

const probabilities = fc.array(fc.double({ min: 0.05, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 })
const randomMdp = fc
  .record({
    rows: fc.array(probabilities, { minLength: 6, maxLength: 6 }),
    rewards: fc.array(fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 2, maxLength: 2 }), {
      minLength: 3,
      maxLength: 3,
    }),
    discount: fc.double({ min: 0.1, max: 0.9, noNaN: true }),
  })
  .map(({ rows, rewards, discount }) => {
    const normal = rows.map(row => row.map(p => p / (row[0] + row[1] + row[2])))
    const transitions = [0, 1, 2].map(s => [0, 1, 2].map(next => [0, 1].map(a => normal[s * 2 + a][next])))
    return finiteMdp({ transitions, rewards, discount, initial: [1, 0, 0] })
  })

describe('finite MDPs', () => {
  it('solves a two-step line by hand', () => {
    // V(1) = 1, V(0) = 0.5·1; staying is worth half of going: Q(0,stay) = 0.25, Q(1,stay) = 0.5
    const { q, v, policy, stochasticPolicy } = valueIteration(line, { tolerance: 1e-12 })
    expect([...v]).toEqual([0.5, 1, 0])
    expect([...q]).toEqual([0.25, 0.5, 0.5, 1, 0, 0])
    expect([...policy]).toEqual([1, 1, 0])
    expect([...stochasticPolicy]).toEqual([0, 1, 0, 1, 0.5, 0.5])
  })

  it('evaluates a policy exactly: half stay, half go', () => {
    // V(1) = ½·(1) + ½·½·V(1) → V(1) = 2/3; V(0) = ½·½·V(1) + ½·½·V(0) → V(0) = (1/4·2/3)/(3/4) = 2/9
    const { v } = evaluatePolicy(line, new Float64Array(6).fill(0.5))
    expect(v[1]).toBeCloseTo(2 / 3, 14)
    expect(v[0]).toBeCloseTo(2 / 9, 14)
    expect(v[2]).toBe(0)
  })

  it('gives the discounted state distribution without the terminal state', () => {
    // going at once visits 0 then 1 with weights (1 − γ)·(1, γ): 2/3 and 1/3 after renormalising
    const mu = stateDistribution(line, oneHotPolicy([1, 1, 0], 2))
    expect(mu[0]).toBeCloseTo(2 / 3, 14)
    expect(mu[1]).toBeCloseTo(1 / 3, 14)
    expect(mu[2]).toBe(0)
  })

  it('leaves no signal but zeros where V* is the potential and the best action is taken', () => {
    const { v, policy } = valueIteration(line, { tolerance: 1e-12 })
    const shaped = shapeRewardTable(line, v)
    expect(shaped[policy[0]]).toBeCloseTo(0, 12)
    expect(shaped[2 + policy[1]]).toBeCloseTo(0, 12)
    expect(shaped[0]).toBeCloseTo(-0.25, 12)
  })

  it('agrees with exact evaluation of the greedy policy, and shaping shifts Q by −Φ', () => {
    fc.assert(
      fc.property(
        randomMdp,
        fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 3, maxLength: 3 }),
        (mdp, potential) => {
          const solved = valueIteration(mdp, { tolerance: 1e-11 })
          const evaluated = evaluatePolicy(mdp, oneHotPolicy(solved.policy, 2))
          const shaped = valueIteration(withRewards(mdp, shapeRewardTable(mdp, potential)), { tolerance: 1e-11 })
          for (let row = 0; row < 6; row++) {
            expect(evaluated.q[row]).toBeCloseTo(solved.q[row], 8)
            expect(shaped.q[row]).toBeCloseTo(solved.q[row] - potential[Math.floor(row / 2)], 8)
          }
          const mu = stateDistribution(mdp, solved.stochasticPolicy, { dropTerminal: false })
          expect(mu[0] + mu[1] + mu[2]).toBeCloseTo(1, 12)
        },
      ),
      { numRuns: 25 },
    )
  })

  it('ends for huge rewards and refuses rewards that are not finite', () => {
    const huge = valueIteration(withRewards(line, [0, 0, 0, 1e15, 0, 0]), { tolerance: 1e-12 })
    expect(huge.v[1]).toBe(1e15)
    expect(() => valueIteration(withRewards(line, [0, 0, 0, Number.NaN, 0, 0]))).toThrow(/finite numbers in rewards/)
  })

  it('names what is wrong', () => {
    const transitions = [
      [[0.5], [0.4]],
      [[0], [1]],
    ]
    expect(() => finiteMdp({ transitions, rewards: [[0], [0]], discount: 0.9 })).toThrow(
      /state 0 under action 0 to sum to 1/,
    )
    expect(() => finiteMdp({ transitions, rewards: [[0], [0]], discount: 1 })).toThrow(/discount/)
    expect(() => stateDistribution({ ...line, initial: Float64Array.of(0, 0, 1) }, oneHotPolicy([1, 1, 0], 2))).toThrow(
      /outside the terminal state/,
    )
    const { initial: _, ...without } = line
    expect(() => stateDistribution(without, oneHotPolicy([1, 1, 0], 2))).toThrow(/initial distribution/)
    expect(() => withRewards(line, [1])).toThrow(/6 rewards/)
  })
})

describe('linear systems', () => {
  it('solves with pivoting, and refuses a singular matrix', () => {
    // [[0, 1], [2, 0]]·x = [3, 4] → x = [2, 3]
    expect([...solveLinearSystem(Float64Array.of(0, 1, 2, 0), Float64Array.of(3, 4))]).toEqual([2, 3])
    expect(() => solveLinearSystem(Float64Array.of(1, 2, 2, 4), Float64Array.of(1, 2))).toThrow(/regular matrix/)
    expect(() => solveLinearSystem(Float64Array.of(1), Float64Array.of(1, 2))).toThrow(/n×n matrix/)
    expect(dotProduct([1, 2], [3, 4])).toBe(11)
    expect(euclideanNorm([3, 4])).toBe(5)
  })
})
