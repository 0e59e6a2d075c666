import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  affineStage,
  batchFromRollouts,
  bindStage,
  combineStage,
  defineRecipe,
  numbers,
  outcomeAt,
  parseRecipe,
  whitenStage,
} from '../index.ts'
import { batch, records } from '../testing/three-rollouts.ts'

describe('combine', () => {
  const run = async (options: object) => {
    const recipe = defineRecipe({ name: 'c', records, steps: [bindStage(combineStage, options)] })
    const scored = (await recipe.run(batch)).batch
    return [0, 1, 2].map(i => outcomeAt(numbers(scored, 'rollout.reward'), i))
  }
  const parts = [
    { column: 'rollout.outcome', weight: 2 },
    { column: 'rollout.score', weight: 0.5 },
  ]
  // Rollouts: (outcome, score) = (1, 3), (0, −5), (failed, abstained).
  it.each<[string, object, unknown[]]>([
    ['sum', { parts }, [3.5, -2.5]],
    ['mean', { parts, how: 'mean' }, [1.4, -1]],
    ['min', { parts, how: 'min' }, [1.5, -2.5]],
    [
      'product',
      { parts: [{ column: 'rollout.outcome' }, { column: 'rollout.score', weight: 2 }], how: 'product' },
      [9, 0],
    ],
    ['staged', { parts: [{ column: 'rollout.outcome', gate: 1 }, { column: 'rollout.score' }], how: 'staged' }, [4, 0]],
  ])('%s', async (_, options, expected) => {
    const outcomes = await run(options)
    expect(outcomes.slice(0, 2).map(outcome => (outcome.status === 'scored' ? outcome.value : outcome))).toEqual(
      expected,
    )
    expect(outcomes[2]).toMatchObject({ status: 'failed', failure: { class: 'timeout' } })
  })
  it('explains the very number it writes', async () => {
    const value = fc.option(fc.double({ min: -5, max: 5, noNaN: true }), { nil: undefined })
    const how = fc.constantFrom('sum', 'mean', 'min', 'staged')
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 4 }), how, async (pairs, by) => {
        const given = batchFromRollouts(
          pairs.map(([a, b], i) => ({ id: `${i}`, prompt: 'p', columns: { a, b } })),
          {
            declare: [
              { name: 'rollout.a', kind: 'number' },
              { name: 'rollout.b', kind: 'number' },
            ],
          },
        )
        const stage = bindStage(combineStage, {
          how: by,
          parts: [
            { column: 'rollout.a', weight: 2, ...(by === 'staged' ? { gate: 0 } : {}) },
            { column: 'rollout.b', weight: 0.3 },
          ],
        })
        const both = defineRecipe({
          name: 'c',
          steps: [stage],
          available: [...given.columns].map(([name, { kind }]) => ({ name, kind })),
        })
        const scored = (await both.run(given)).batch
        pairs.forEach((_, i) => {
          const outcome = outcomeAt(numbers(scored, 'rollout.reward'), i)
          const [shares] = both.explain(scored, `${i}`).steps[0].contributions
          const added = shares.reduce((total, { contribution = 0 }) => total + contribution, 0)
          if (outcome.status === 'scored') expect(added).toBeCloseTo(outcome.value, 12)
          else expect(shares.every(share => share.contribution === undefined)).toBe(true)
        })
      }),
      { seed: 1 },
    )
  })
  it('treats what is unscored as told', async () => {
    expect((await run({ parts, failed: 'skip' }))[2]).toEqual({
      status: 'abstained',
      reason: 'every part was left out',
    })
    // There is no way to ask for 0: neither a failure nor an abstention is a number.
    await expect(run({ parts, failed: 'zero' })).rejects.toThrow(/one of "propagate", "skip"/)
    expect((await run({ parts: [{ column: 'rollout.score' }], abstained: 'propagate' }))[2].status).toBe('abstained')
  })
  it('makes a result without a finite value a failure', async () => {
    const outcomes = await run({ parts: [{ column: 'rollout.score', weight: 0.5 }], how: 'product' })
    expect(outcomes[1]).toMatchObject({ status: 'failed', failure: { class: 'range' } })
  })
  it.each<[object, RegExp]>([
    [{ parts: [{ column: 'rollout.score', weight: Number.NaN }] }, /finite number; got NaN/],
    [{ parts: [{ column: 'rollout.score', weight: 0 }] }, /a weight that is not 0/],
    [{ how: 'mean', parts: [{ column: 'rollout.score' }, { column: 'rollout.outcome', weight: -1 }] }, /sum is not 0/],
    [{ how: 'product', parts: [{ column: 'rollout.score', weight: -1 }] }, /exponent/],
    [{ parts: [] }, /a length ≥ 1/],
    [{ parts: [{ column: 'turn.reward' }] }, /at the level of rollout\.reward/],
    [{ parts: [{ column: 'rollout.score' }, { column: 'rollout.score' }] }, /each column once/],
    [{ parts: [{ column: 'rollout.score', gate: 1 }] }, /no gate unless/],
    [{ parts: [{ column: 'score' }] }, /a column name/],
  ])('refuses %o', (options, message) => {
    expect(() => bindStage(combineStage, options)).toThrow(message)
  })
})

describe('core stages', () => {
  it('move rewards of turns to the rollout', async () => {
    const recipe = parseRecipe({ steps: [{ use: 'move', with: { how: 'last' } }] })
    const { batch: scored } = await recipe.run(batch)
    expect(outcomeAt(numbers(scored, 'rollout.reward'), 0)).toEqual({ status: 'scored', value: 4 })
    expect(outcomeAt(numbers(scored, 'rollout.reward'), 1)).toEqual({ status: 'abstained' })
    expect(() => parseRecipe({ steps: [{ use: 'move', with: { how: 'spread' } }] })).toThrow(/one of sum, mean/)
  })
  it('scale, shift and whiten', async () => {
    const run = async (stage: typeof whitenStage | typeof affineStage, options: object) => {
      const recipe = defineRecipe({ name: 'w', records, steps: [bindStage<never, null>(stage as never, options)] })
      return [...numbers((await recipe.run(batch)).batch, 'rollout.reward').values].slice(0, 2)
    }
    expect(await run(affineStage, { scale: 2, shift: 1 })).toEqual([7, -9])
    // 3 and −5: mean −1, deviations ±4, population std 4.
    expect(await run(whitenStage, { ddof: 0, epsilon: 0 })).toEqual([1, -1])
    expect(await run(whitenStage, { ddof: 0, epsilon: 4, scope: 'group' })).toEqual([0.5, -0.5])
    expect(await run(whitenStage, { ddof: 0, epsilon: 0, centre: false })).toEqual([0.75, -1.25])
  })
  it('whiten a group of one, or all equal, as told', async () => {
    const even = batchFromRollouts([
      { id: 'a', group: 'g', prompt: 'p', columns: { score: 0.98 } },
      { id: 'b', group: 'g', prompt: 'p', columns: { score: 0.98 } },
      { id: 'c', prompt: 'q', columns: { score: 7 } },
    ])
    const run = async (few: string) => {
      const recipe = defineRecipe({ name: 'w', records, steps: [bindStage(whitenStage, { scope: 'group', few })] })
      return [...numbers((await recipe.run(even)).batch, 'rollout.reward').values]
    }
    expect(await run('zero')).toEqual([0, 0, 0])
    expect(await run('keep')).toEqual([0.98, 0.98, 7])
  })
})
