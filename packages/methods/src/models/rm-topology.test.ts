import { Random } from '@guerdon/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  annotationLength,
  comparisonVariance,
  completeTreeSize,
  growthPlan,
  idealDistribution,
  inferenceDistances,
  leafPairs,
  meanInferenceDistance,
  type NetworkEdge,
  preferenceProbability,
  responseAt,
  rewardPosterior,
  sampleLeafPairs,
  structuralFunction,
  treeLeaves,
} from './rm-topology.ts'

const edges = (nodes: number) =>
  fc.array(
    fc.record({
      u: fc.integer({ min: 0, max: nodes - 1 }),
      v: fc.integer({ min: 0, max: nodes - 1 }),
      variance: fc.double({ min: 0.1, max: 5, noNaN: true }),
    }),
    { maxLength: 10 },
  )
const line: NetworkEdge[] = [
  { u: 0, v: 1, variance: 1 },
  { u: 1, v: 2, variance: 2 },
]

describe('inference distance', () => {
  it('adds along a path, halves with two equal comparisons, is null across components', () => {
    const [ends] = inferenceDistances({ nodes: 3, edges: line }, [[0, 2]])
    expect(ends.shortestPath).toBe(3)
    expect(ends.effectiveResistance).toBeCloseTo(3, 12)
    const twice = inferenceDistances({ nodes: 2, edges: [line[0], line[0]] }, [[0, 1]])[0]
    expect(twice.shortestPath).toBe(1)
    expect(twice.effectiveResistance).toBeCloseTo(0.5, 12)
    expect(inferenceDistances({ nodes: 4, edges: line }, [[0, 3]])[0]).toEqual({
      shortestPath: null,
      effectiveResistance: null,
    })
  })

  it('exact is at most the path form, symmetric, and falls when an edge is added', () => {
    fc.assert(
      fc.property(edges(5), fc.double({ min: 0.1, max: 5, noNaN: true }), (given, variance) => {
        const network = { nodes: 5, edges: given }
        const [there, back] = inferenceDistances(network, [
          [0, 4],
          [4, 0],
        ])
        expect(there.shortestPath).toEqual(back.shortestPath)
        if (there.shortestPath === null || there.effectiveResistance === null) return
        expect(there.effectiveResistance).toBeLessThanOrEqual(there.shortestPath + 1e-9)
        const more = inferenceDistances({ nodes: 5, edges: [...given, { u: 1, v: 3, variance }] }, [[0, 4]])[0]
        expect(more.effectiveResistance!).toBeLessThanOrEqual(there.effectiveResistance + 1e-9)
      }),
    )
  })

  it('averages over unordered pairs; one disconnected pair makes it infinite', () => {
    // 1, 2 and 3 on the line
    const mean = meanInferenceDistance({ nodes: 3, edges: line })
    expect(mean.shortestPath).toBeCloseTo(2, 12)
    expect(mean.effectiveResistance).toBeCloseTo(2, 12)
    expect(meanInferenceDistance({ nodes: 4, edges: line }).shortestPath).toBeNull()
    expect(meanInferenceDistance({ nodes: 1, edges: [] }).shortestPath).toBeNull()
  })

  it('names what is wrong', () => {
    expect(() => inferenceDistances({ nodes: 2, edges: [{ u: 0, v: 1, variance: 0 }] }, [])).toThrow(/edge 0 has 0/)
    expect(() => inferenceDistances({ nodes: 2, edges: [] }, [[0, 2]])).toThrow(/responses 0 … 1; got 2/)
  })
})

describe('posterior', () => {
  it('one comparison of two responses: half the shrunk difference each', () => {
    // H = [[2, −1], [−1, 2]], AᵀW·d = (3, −3) → mean (1, −1), covariance [[2/3, 1/3], [1/3, 2/3]]
    const { mean, covariance } = rewardPosterior(2, [{ u: 0, v: 1, variance: 1, difference: 3 }], { priorVariance: 1 })
    expect(mean[0]).toBeCloseTo(1, 12)
    expect(mean[1]).toBeCloseTo(-1, 12)
    expect(covariance[0][0]).toBeCloseTo(2 / 3, 12)
    expect(covariance[0][1]).toBeCloseTo(1 / 3, 12)
  })

  it('with a flat prior the variance of a difference is the effective resistance', () => {
    const observations = [...line, { u: 0, v: 2, variance: 1.5 }].map(edge => ({ ...edge, difference: 0 }))
    const { covariance } = rewardPosterior(3, observations, { priorVariance: 1e6 })
    const spread = covariance[0][0] + covariance[2][2] - 2 * covariance[0][2]
    const exact = inferenceDistances({ nodes: 3, edges: observations }, [[0, 2]])[0].effectiveResistance
    expect(spread).toBeCloseTo(exact!, 5)
  })

  it('preference, its variance and the ideal policy', () => {
    expect(preferenceProbability(Math.log(3) / 2, { beta: 2 })).toBeCloseTo(0.75, 12)
    expect(comparisonVariance({ beta: 2 })).toBeCloseTo(Math.PI ** 2 / 12, 12)
    expect([...idealDistribution([0, Math.log(3)], { beta: 1 })].map(p => p.toFixed(6))).toEqual([
      '0.250000',
      '0.750000',
    ])
  })

  it('structural function: the best balanced partition', () => {
    // two tight pairs far apart
    const far = [
      [0, 1, 9, 9],
      [1, 0, 9, 9],
      [9, 9, 0, 3],
      [9, 9, 3, 0],
    ]
    expect(structuralFunction(far, 2)).toBe(2)
    expect(structuralFunction(far, 1)).toBeCloseTo((1 + 3 + 36) / 6, 12)
    expect(structuralFunction(far, 4)).toBe(0)
    expect(structuralFunction(far, 3)).toBe(1)
    expect(() => structuralFunction(far, 5)).toThrow(/clusters ≤ nodes ≤ 12/)
  })
})

describe('trees', () => {
  const tree = {
    parents: [null, 0, 0, 1, 1],
    segments: [['prompt'], ['a', 'b'], ['c'], ['d'], ['e', 'f']],
  }

  it('lists leaves, responses without the prompt, and pairs with what they share', () => {
    expect(treeLeaves(tree)).toEqual([2, 3, 4])
    expect(responseAt(tree, 4)).toEqual(['a', 'b', 'e', 'f'])
    expect(leafPairs(tree)[2]).toEqual({
      leafA: 3,
      leafB: 4,
      ancestor: 1,
      sharedPrefixTokens: 2,
      suffixTokensA: 1,
      suffixTokensB: 2,
    })
    // pairs (2,3), (2,4), (3,4): with prefix (1+3)/2, (1+4)/2, 2+1.5; without 2, 2.5, 1.5
    expect(annotationLength(leafPairs(tree))).toEqual({ withPrefix: (2 + 2.5 + 3.5) / 3, withoutPrefix: 2 })
  })

  it('one leaf has no pairs; the prompt alone no leaf', () => {
    expect(leafPairs({ parents: [null, 0], segments: [[], ['a']] })).toEqual([])
    expect(treeLeaves({ parents: [null], segments: [[]] })).toEqual([])
  })

  it('draws distinct pairs, none of equal texts', () => {
    const twins = { parents: [null, 0, 0, 0], segments: [[], ['a'], ['a'], ['b']] }
    const pairs = sampleLeafPairs(twins, 10, new Random(1))
    expect(pairs.map(({ leafA, leafB }) => [leafA, leafB]).sort()).toEqual([
      [1, 3],
      [2, 3],
    ])
    expect(sampleLeafPairs(tree, 2, new Random(5))).toEqual(sampleLeafPairs(tree, 2, new Random(5)))
  })

  it('counts a complete tree and plans its growth', () => {
    expect(completeTreeSize({ depth: 4, branching: 2 })).toEqual({ leaves: 16, segments: 30, pairs: 120 })
    expect(growthPlan({ depth: 3, branching: 2, maxTokens: 30 }).map(step => step.tokens)).toEqual([10, 10, null])
  })

  it('refuses a node before its parent', () => {
    expect(() => treeLeaves({ parents: [null, 2, 0], segments: [[], [], []] })).toThrow(/node 1 has parent 2/)
  })
})
