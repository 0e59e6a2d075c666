import { Random } from '@guerdon/core'
import { klEstimate, klEstimators } from '@guerdon/methods/shared/kl'
import { denseParameters, type NdArray } from '@guerdon/tensor'
import { describe, expect, it } from 'vitest'
import { initialPolicy, type PolicyParameters } from './policy.ts'
import { createPolicyTrainer, type PolicyGradientOptions } from './policy-gradient.ts'
import { createTokenScorer } from './token-scores.ts'
import type { TrainingRows } from './training-rows.ts'

const config = { vocabularySize: 5, maximumLength: 8, width: 8, layers: 1, heads: 2 }
const policyOf = (seed: number): PolicyParameters<NdArray> => ({
  ...initialPolicy(config, new Random(seed)),
  head: denseParameters(new Random(seed + 1), { inputs: 8, outputs: 5 }),
})
const policy = policyOf(1)
const other = policyOf(11)
const options: PolicyGradientOptions = { config, learningRate: 1e-2 }

const random = new Random(5)
const [count, width] = [6, 8]
const tokens = Int32Array.from({ length: count * width }, () => random.integer(5))
const logProbs = await createTokenScorer(config)(policy, { count, width, tokens })
const mask = Float32Array.from({ length: count * (width - 1) }, (_, i) => (i % (width - 1) < 2 ? 0 : 1))
const advantages = Float32Array.from(mask, m => m * random.normal())
const rows: TrainingRows = { count, width, tokens, mask, advantages, logProbs }

const step = async (
  extra: Partial<PolicyGradientOptions>,
  given = rows,
  reference: PolicyParameters<NdArray> | null = null,
) => {
  const trainer = createPolicyTrainer(policy, reference, { ...options, ...extra })
  const update = await trainer.update(given, new Random(3))
  return { ...update, head: Array.from(trainer.parameters().head.weight.data), trainer }
}
const masked = (f: (i: number) => number): number => {
  let total = 0
  for (const [i, m] of mask.entries()) if (m > 0) total += f(i)
  return total / mask.reduce((a, b) => a + b, 0)
}

describe('a policy update', { timeout: 30_000 }, () => {
  it('of policy-gradient kind starts from −mean A, and its ratio losses agree while the policy is the one that sampled', async () => {
    const ppo = await step({})
    expect(ppo.loss).toBeCloseTo(
      masked(i => -advantages[i]),
      5,
    )
    expect(ppo.clipFraction).toBe(0)
    const cispo = await step({ surrogate: 'cispo' })
    for (const [i, weight] of cispo.head.entries()) expect(weight).toBeCloseTo(ppo.head[i], 4)
  })

  it('clips what moved up less under clip-higher', async () => {
    // the policy gives each token e^0.3 = 1.35 times what it gave when it sampled
    const moved = { ...rows, logProbs: logProbs.map(value => value - 0.3), advantages: mask.slice() }
    expect((await step({}, moved)).clipFraction).toBeCloseTo(1, 5)
    expect((await step({}, moved)).loss).toBeCloseTo(-1.2, 4)
    expect((await step({ clip: { clipHigh: 0.28 } }, moved)).loss).toBeCloseTo(-1.28, 4)
    expect((await step({ clip: { clipHigh: 0.5 } }, moved)).clipFraction).toBe(0)
    // one ratio a sequence, the same for all tokens here
    expect((await step({ surrogate: 'gspo' }, moved)).loss).toBeCloseTo(-1.2, 4)
  })

  it('bounds the loss of bad tokens by the dual clip', async () => {
    const far = { ...rows, logProbs: logProbs.map(value => value - 3), advantages: mask.map(m => -m) }
    expect((await step({}, far)).loss).toBeCloseTo(3, 4)
    expect((await step({ clip: { dualClip: 5 } }, far)).loss).toBeCloseTo(5, 4)
  })

  it.each(klEstimators)('adds the %s estimate of the KL to the reference', async klEstimator => {
    const reference = await createTokenScorer(config)(other, rows)
    const expected = masked(i => klEstimate(logProbs[i], reference[i], klEstimator))
    const { kl, loss } = await step({ klWeight: 0.5, klEstimator }, { ...rows, advantages: mask.map(() => 0) }, other)
    expect(kl).toBeCloseTo(expected, 4)
    expect(loss).toBeCloseTo(0.5 * expected, 4)
  })

  it('takes reference log-probabilities that rows bring', async () => {
    const given = { ...rows, advantages: mask.map(() => 0), referenceLogProbs: logProbs.map(value => value - 1) }
    expect((await step({ klWeight: 1, klEstimator: 'k1' }, given)).loss).toBeCloseTo(1, 5)
  })

  it('pays for entropy, so that a policy with nothing to gain spreads out', async () => {
    const idle = { ...rows, advantages: mask.map(() => 0) }
    const trainer = createPolicyTrainer(policy, null, { ...options, entropyWeight: 0.1 })
    const before = (await trainer.update(idle)).measured['entropy']
    for (let update = 0; update < 20; update++) await trainer.update(idle)
    expect((await trainer.update(idle)).measured['entropy']).toBeGreaterThan(before)
  })

  it('teaches a value head what rows say it should have been', async () => {
    const critic = { ...policy, value: denseParameters(new Random(2), { inputs: 8, outputs: 1 }) }
    const returns = mask.map(m => 2 * m)
    const trainer = createPolicyTrainer(critic, null, { ...options, valueClip: 100 })
    const given = { ...rows, advantages: mask.map(() => 0), returns, values: mask.map(() => 0) }
    const first = (await trainer.update(given)).measured['valueLoss']
    for (let update = 0; update < 60; update++) await trainer.update(given)
    expect((await trainer.update(given)).measured['valueLoss']).toBeLessThan(first / 4)
  })

  it('weighs advantages by truncated importance when told that others sampled', async () => {
    const shifted = { ...rows, samplingLogProbs: logProbs.map(value => value + Math.log(2)) }
    const trusted = await step({}, shifted)
    const halved = await step({ offPolicy: {} }, shifted)
    expect(halved.loss).toBeCloseTo(trusted.loss / 2, 4)
    // a ratio of 2 or more is held to the cap
    const rare = { ...rows, samplingLogProbs: logProbs.map(value => value - 5) }
    expect((await step({ offPolicy: { cap: 1.5 } }, rare)).loss).toBeCloseTo(1.5 * trusted.loss, 4)
  })

  it('takes epochs × minibatches steps, the last filled up with rows that do not count', async () => {
    const { trainer, measured } = await step({ epochs: 3, miniBatches: 4 })
    // minibatches of 2 rows: 3 of them a pass
    expect(trainer.state().optimiser.updates.data[0]).toBe(9)
    expect(measured['approxKl']).not.toBe(0)
    const uneven = await step({ miniBatches: 4 }, { ...rows, count: 5 })
    expect(uneven.trainer.state().optimiser.updates.data[0]).toBe(3)
  })

  it('does not depend on rows of padding', async () => {
    const padded: TrainingRows = {
      count: count + 2,
      width,
      tokens: Int32Array.from({ length: (count + 2) * width }, (_, i) => tokens[i] ?? 0),
      mask: Float32Array.from({ length: (count + 2) * (width - 1) }, (_, i) => mask[i] ?? 0),
      advantages: Float32Array.from({ length: (count + 2) * (width - 1) }, (_, i) => advantages[i] ?? 0),
      logProbs: Float32Array.from({ length: (count + 2) * (width - 1) }, (_, i) => logProbs[i] ?? 0),
    }
    for (const aggregation of ['token-mean', 'seq-mean-token-sum', 'seq-mean-token-mean'] as const) {
      const [plain, filled] = [
        await step({ aggregation: { aggregation } }),
        await step({ aggregation: { aggregation } }, padded),
      ]
      expect(filled.loss).toBeCloseTo(plain.loss, 6)
    }
  })

  it('goes on from a kept state as if nothing had happened', async () => {
    const whole = createPolicyTrainer(policy, null, options)
    const parts = createPolicyTrainer(policy, null, options)
    await whole.update(rows)
    parts.restore(whole.state())
    await whole.update(rows)
    await parts.update(rows)
    expect(parts.parameters()).toEqual(whole.parameters())
  })
})
