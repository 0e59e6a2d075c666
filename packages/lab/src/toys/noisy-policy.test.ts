import { Random } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import { actionProbabilities, ascend, createNoisyPolicy, decide, noiseShare } from './noisy-policy.ts'

const sizes = { states: 2, actions: 2, noiseFeatures: 1 }

describe('a policy that hears noise', () => {
  it('adds what the context says to the table', () => {
    const policy = createNoisyPolicy(sizes)
    policy.table.set([Math.log(2), 0], 0)
    policy.noiseWeights.set([0, 1])
    const probabilities = new Float64Array(2)
    // logits (log 2, log 3)
    const entropy = actionProbabilities(policy, 0, Float64Array.of(Math.log(3)), probabilities)
    expect([...probabilities]).toEqual([expect.closeTo(0.4, 12), expect.closeTo(0.6, 12)])
    expect(entropy).toBeCloseTo(-(0.4 * Math.log(0.4) + 0.6 * Math.log(0.6)), 12)
  })

  it('climbs the gradient of Σ A·log π, as finite differences have it', () => {
    const random = new Random(3)
    const policy = createNoisyPolicy(sizes)
    const episode = [decide(policy, 0, random), decide(policy, 1, random)]
    const advantages = [[0.7, -1.2]]
    const objective = (): number =>
      episode.reduce((sum, { state, action, context }, t) => {
        const probabilities = new Float64Array(2)
        actionProbabilities(policy, state, context, probabilities)
        return sum + advantages[0][t] * Math.log(probabilities[action])
      }, 0)
    const slopes = [policy.table, policy.noiseWeights].map(weights =>
      Float64Array.from(weights, (_, i) => {
        const step = 1e-6
        weights[i] += step
        const above = objective()
        weights[i] -= 2 * step
        const below = objective()
        weights[i] += step
        return (above - below) / (2 * step)
      }),
    )
    ascend(policy, [episode], advantages, 1)
    for (const [k, weights] of [policy.table, policy.noiseWeights].entries()) {
      expect([...weights]).toEqual([...slopes[k]].map(slope => expect.closeTo(slope, 7)))
    }
  })

  it('takes the mean over the episodes of a task for its own states, and over all for what tasks share', () => {
    const step = (options?: { tasks: number }) => {
      const policy = createNoisyPolicy(sizes)
      const random = new Random(3)
      const episodes = [0, 1].map(state => [decide(policy, state, random)])
      ascend(policy, episodes, [[1], [1]], 1, options)
      return policy
    }
    const [all, own] = [step(), step({ tasks: 2 })]
    expect([...own.table]).toEqual([...all.table].map(value => 2 * value))
    expect(own.noiseWeights).toEqual(all.noiseWeights)
  })

  it('measures noise against what was learnt', () => {
    const policy = createNoisyPolicy(sizes)
    expect(noiseShare(policy)).toBe(0)
    policy.table.set([1, -1, 3, 1]) // deviations 1, 1, 1, 1
    policy.noiseWeights.set([0.5, -0.1])
    expect(noiseShare(policy)).toBeCloseTo(0.3, 12)
  })
})
