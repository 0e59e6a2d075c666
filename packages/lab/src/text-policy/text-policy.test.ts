import { json, numbers, Random, texts } from '@guerdon/core'
import { createEpisodeSampler, type Episode, episodeBatch, initialPolicy } from '@guerdon/learn'
import { beforeAll, describe, expect, it } from 'vitest'
import { creditEstimators } from '../arenas/credit-estimators.ts'
import { createBeliefReader } from './answer-belief.ts'
import { withCreditColumns } from './credit-columns.ts'
import { atGrpoScale, creditRecipe } from './credit-recipe.ts'
import { areaUnderCurve, rolloutsToThreshold } from './credit-trial.ts'
import { twoLetters } from './fixtures/two-letters.ts'
import { gradientSignalToNoise, signalToNoise } from './gradient-noise.ts'
import { creditCorrelation, turnCredit } from './probe.ts'
import { fitProgressEstimator } from './progress-estimator.ts'
import { trainPolicy } from './train-policy.ts'
import { trueAdvantages } from './true-advantages.ts'

const { world, config } = twoLetters
const policy = initialPolicy(config, new Random(1))
const signal = new AbortController().signal
const letters = (...tokens: string[]): Episode => {
  const [first, second] = tokens.map(token => world.vocabulary.id(token))
  const go = world.vocabulary.id('go')
  const start = world.start({ id: 'ab' })
  const one = world.step(start, [first])
  const two = world.step(one.state, [second])
  const zeros = new Float32Array(5)
  return {
    id: tokens.join(''),
    groupId: 'g',
    task: { id: 'ab' },
    forkStep: 0,
    tokens: Int32Array.of(1, go, first, go, second),
    drawn: Uint8Array.of(0, 0, 1, 0, 1),
    logProbs: zeros,
    samplingLogProbs: zeros,
    entropies: Float32Array.of(0, 0, 1, 0, 0.5),
    turns: [
      {
        node: `${tokens}0`,
        observationStart: 1,
        actionStart: 2,
        actionEnd: 3,
        state: start,
        reward: 0,
        facts: one.facts,
      },
      {
        node: `${tokens}1`,
        observationStart: 3,
        actionStart: 4,
        actionEnd: 5,
        state: one.state,
        reward: two.reward,
        facts: two.facts,
      },
    ],
    terminated: true,
    truncated: false,
    correct: two.correct ?? false,
  }
}
const episodes = [letters('a', 'b'), letters('a', 'a'), letters('b', 'b'), letters('go', 'b')]
const batch = withCreditColumns(episodeBatch(episodes, { vocabulary: world.vocabulary }), episodes)

describe('what estimators read', () => {
  it('tells places without turns, refusals and verdicts', () => {
    expect(json(batch, 'turn.place').slice(0, 4)).toEqual([
      { written: '' },
      { written: 'a' },
      { written: '' },
      { written: 'a' },
    ])
    expect([...numbers(batch, 'turn.form').values]).toEqual([0, 0, 0, 0, 0, 0, -0.1, 0])
    expect(texts(batch, 'turn.heard').slice(6)).toEqual(['done', 'Nothing happens'])
    expect([...numbers(batch, 'rollout.verdict').values]).toEqual([1, -1, -1, -1])
  })

  it('is the belief in the right answer: log 1/6 of a uniform policy, before each turn', async () => {
    const reader = createBeliefReader(twoLetters)
    const read = await reader.read(batch, episodes, policy)
    for (const rows of json(read, 'rollout.answerLogProbs') as number[][][]) {
      expect(rows).toEqual([[expect.closeTo(-Math.log(6), 5)], [expect.closeTo(-Math.log(6), 5)]])
    }
    expect(reader.scoredTokens()).toBe(4 * (3 + 5))
  })
})

describe('true advantages', () => {
  it('of a uniform policy are those by hand', async () => {
    const found = await trueAdvantages(episodes, policy, twoLetters, { rollouts: 3000, random: new Random(2), signal })
    const by = [
      [1 / 6 - 1 / 36, 5 / 6],
      [1 / 6 - 1 / 36, -1 / 6],
      [-1 / 36, 0],
      [-1 / 36, 0],
    ]
    for (const [e, row] of by.entries()) {
      for (const [t, value] of row.entries()) expect(found[e][t]).toBeCloseTo(value, 1)
    }
    // the value of the start is one number, whoever passes it: advantages of a first turn differ by those of what follows
    expect(found[0][0]).toBe(found[1][0])
    expect(found[0][1] - found[1][1]).toBeCloseTo(1, 12)
  })
})

describe('every estimator of the arena', () => {
  const known = async () => {
    const read = await createBeliefReader(twoLetters).read(batch, episodes, policy)
    const fitting = { updates: 2, random: new Random(3), signal }
    return (await fitProgressEstimator(read, policy, twoLetters, fitting))(read)
  }
  let ready: Awaited<ReturnType<typeof known>>
  beforeAll(async () => {
    ready = await known()
  })

  it.each(creditEstimators.filter(({ uses }) => uses !== 'critic'))('$id credits a batch', async ({ id, steps }) => {
    const recipe = creditRecipe(id, steps)
    const own = numbers((await recipe.run(ready)).batch, 'token.advantage').values
    expect(own).toHaveLength(20)
    expect(own.every(Number.isFinite)).toBe(true)
    expect(own.filter((_, t) => t % 5 !== 2 && t % 5 !== 4).every(value => value === 0)).toBe(true)
    const matched = numbers((await atGrpoScale(recipe).run(ready)).batch, 'token.advantage').values
    // GRPO on (1, 0, 0, 0): 3/2 and three times −1/2, over 8 tokens
    const square = matched.reduce((sum, value) => sum + value * value, 0)
    expect(square / 8).toBeCloseTo(3 / 4, 4)
  })

  it('merges what SALT merges: the turn that good and bad rollouts share', async () => {
    const salt = creditEstimators.find(({ id }) => id === 'salt')!
    const { batch: credited } = await creditRecipe('salt', salt.steps).run(ready)
    const credit = turnCredit(credited)
    // both rollouts that begin with a, and only they, share their first transition: (3/2 − 1/2)/2
    expect(credit[0]).toBeCloseTo(0.5, 5)
    expect(credit[2]).toBeCloseTo(0.5, 5)
    expect(credit[1]).toBeCloseTo(1.5, 5)
    expect(creditCorrelation(credited, [0.5, 1.5, 0.5, -0.5])).toBeCloseTo(1, 5)
  })
})

describe('the gradient', () => {
  it('is signal over noise: mean (1, 0), deviations ±1 in one entry', () => {
    // ‖ḡ‖² = 1, s² = (1 + 1)/(2 − 1) = 2, (1 − 2/2)/2 = 0
    expect(signalToNoise([Float32Array.of(1, 1), Float32Array.of(1, -1)])).toBe(0)
    expect(signalToNoise([Float32Array.of(3, 1), Float32Array.of(3, -1)])).toBe(4)
    expect(signalToNoise([Float32Array.of(0), Float32Array.of(0)])).toBe(0)
  })

  it('keeps its ratio whatever the scale of the credit', async () => {
    const sampled = await createEpisodeSampler(world, { config })(
      policy,
      Array.from({ length: 96 }, (_, i) => ({ task: { id: 'ab' }, groupId: `g${Math.floor(i / 24)}` })),
      new Random(4),
    )
    const played = withCreditColumns(episodeBatch(sampled, { vocabulary: world.vocabulary }), sampled)
    const recipe = creditRecipe('drGrpo', creditEstimators.find(({ id }) => id === 'drGrpo')!.steps)
    const own = await gradientSignalToNoise((await recipe.run(played)).batch, policy, twoLetters)
    const matched = await gradientSignalToNoise((await atGrpoScale(recipe).run(played)).batch, policy, twoLetters)
    expect(Number.isFinite(own)).toBe(true)
    expect(matched).toBeCloseTo(own, 4)
  })
})

describe('a curve', () => {
  it('has the mean success of all rollouts, the start’s before the first update', () => {
    expect(areaUnderCurve([0.5, 1], [10, 20], 0.1)).toBeCloseTo(0.75, 12)
    expect(areaUnderCurve([0.5, 1], [20, 30], 0.1)).toBeCloseTo((1 + 5 + 10) / 30, 12)
  })

  it('reaches a threshold when the mean of five updates does', () => {
    const rollouts = [10, 20, 30, 40, 50, 60]
    expect(rolloutsToThreshold([1, 0, 0, 0, 0, 1], rollouts, 0.2)).toEqual({ rolloutsToThreshold: 50, reached: 1 })
    expect(rolloutsToThreshold([1, 0, 0, 0, 0, 0], rollouts, 0.5)).toEqual({ rolloutsToThreshold: 60, reached: 0 })
  })
})

describe('training', () => {
  const size = { updates: 3, groups: 2, groupSize: 4, miniBatches: 1, heldOut: 4 }
  const train = (id: string) =>
    trainPolicy(creditEstimators.find(arm => arm.id === id)!, {
      setting: twoLetters,
      size,
      start: policy,
      learningRate: 1e-2,
      random: new Random(5),
      signal,
      progress: () => {},
    })

  it('charges an estimator the episodes it was fitted to, and counts the tokens drawn', async () => {
    const plain = await train('grpo.verl')
    expect(plain.spent).toMatchObject({ updates: 3, rollouts: 24, tokens: 48, scoredTokens: 0 })
    const fitted = await train('spa')
    expect(fitted.spent).toMatchObject({ updates: 2, rollouts: 24, tokens: 48 })
    expect(fitted.rollouts).toEqual([16, 24])
  })

  it('repeats, and lets arms of a seed play the same first episodes', async () => {
    const [first, again, other] = [await train('grpo.verl'), await train('grpo.verl'), await train('empg')]
    expect(again.success).toEqual(first.success)
    expect(again.policy).toEqual(first.policy)
    expect(other.success[0]).toBe(first.success[0])
    expect(other.policy).not.toEqual(first.policy)
  })

  it('plays trees of no more episodes than the others have, and charges shared tokens once', async () => {
    const { spent } = await train('portool')
    // two starts fork once each: four leaves a task, of two tokens, the first of which two leaves share or not
    expect(spent['rollouts']).toBe(24)
    expect(spent['tokens']).toBeLessThanOrEqual(48)
  })
})
