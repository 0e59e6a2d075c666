import { Random } from '@guerdon/core'
import { denseParameters, interpret, type Tensor } from '@guerdon/tensor'
import { describe, expect, it } from 'vitest'
import { initialPolicy, type PolicyParameters, tokenLogProbs } from './policy.ts'
import { createSampler } from './sampler.ts'
import { responseOf, responseTargetMask, tokenArray } from './sequences.ts'

const config = { vocabularySize: 6, maximumLength: 9, width: 8, layers: 2, heads: 2 }
const sampler = createSampler({ config, endToken: 2, padToken: 0, maximumResponseLength: 6 })
const policy = {
  ...initialPolicy(config, new Random(3)),
  head: denseParameters(new Random(4), { inputs: 8, outputs: 6 }),
}
const prompts = Array.from({ length: 40 }, (_, i) => [1, 3 + (i % 3), 5])

describe('sampler', () => {
  it('records the log-probability the policy gives each sampled token', async () => {
    const sampled = await sampler(policy, prompts, new Random(1))
    const exact = interpret((p: PolicyParameters, tokens: Tensor) => tokenLogProbs(p, tokens, config))(
      policy,
      tokenArray(sampled),
    )
    const mask = responseTargetMask(sampled).data
    let checked = 0
    for (let i = 0; i < sampled.count; i++) {
      for (let t = 0; t < sampled.width - 1; t++) {
        if (mask[i * (sampled.width - 1) + t] === 0) continue
        expect(sampled.logProbs[i * sampled.width + t + 1]).toBeCloseTo(exact.data[i * (sampled.width - 1) + t], 4)
        checked++
      }
    }
    expect(checked).toBe(sampled.responseLengths.reduce((a, b) => a + b, 0))
  })

  it('ends each response at its first end token or at the limit', async () => {
    const sampled = await sampler(policy, prompts, new Random(2))
    for (let i = 0; i < sampled.count; i++) {
      const response = Array.from(responseOf(sampled, i))
      expect(response.slice(0, -1)).not.toContain(2)
      expect(response.length === 6 || response.at(-1) === 2).toBe(true)
    }
  })

  it('samples the same for the same generator and otherwise not', async () => {
    const [a, b, c] = [
      await sampler(policy, prompts, new Random(7)),
      await sampler(policy, prompts, new Random(7)),
      await sampler(policy, prompts, new Random(8)),
    ]
    expect(a.tokens).toEqual(b.tokens)
    expect(a.tokens).not.toEqual(c.tokens)
  })

  it('becomes greedy as the temperature falls', async () => {
    const [a, b] = [
      await sampler(policy, prompts, new Random(7), { temperature: 1e-4 }),
      await sampler(policy, prompts, new Random(8), { temperature: 1e-4 }),
    ]
    expect(a.tokens).toEqual(b.tokens)
  })

  it('refuses prompts of several lengths and responses that do not fit', async () => {
    await expect(sampler(policy, [[1], [1, 2]], new Random(0))).rejects.toThrow(/one length/)
    await expect(sampler(policy, [[1, 3, 4, 5]], new Random(0))).rejects.toThrow(/within 9 tokens; got 10/)
  })
})
