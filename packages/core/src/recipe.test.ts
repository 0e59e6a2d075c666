import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import {
  affineStage,
  batchFromRollouts,
  bindStage,
  clipStage,
  combineStage,
  defineRecipe,
  defineReward,
  defineStage,
  GuerdonError,
  mapSignal,
  moveStage,
  numbers,
  outcomeAt,
  parseRecipe,
  recipeJsonSchema,
  signal,
  whitenStage,
} from './index.ts'

const counting = defineStage({
  name: 'counting',
  about: 'adds the number of batches seen',
  options: z.object({ step: z.number().default(1) }),
  reads: () => [{ name: 'rollout.score' as const, kind: 'number' as const, about: 'raw score' }],
  writes: () => [{ name: 'rollout.counted' as const, kind: 'number' as const, about: 'score plus batches seen' }],
  initial: () => ({ batches: 0 }),
  apply: (batch, state, { step }) => ({
    columns: { 'rollout.counted': mapSignal(numbers(batch, 'rollout.score'), value => value + step * state.batches) },
    state: { batches: state.batches + 1 },
  }),
})

const records = [{ name: 'rollout.score' as const, kind: 'number' as const }]
const batch = batchFromRollouts([
  {
    id: 'a',
    group: 'g',
    prompt: 'p',
    response: 'one two',
    outcome: 1,
    columns: { score: 3 },
    turns: [
      { action: 'x', reward: 2 },
      { action: 'y', reward: 4 },
    ],
  },
  { id: 'b', group: 'g', prompt: 'p', response: 'one', outcome: 0, columns: { score: -5 } },
  { id: 'c', prompt: 'q', response: '', outcome: { status: 'failed', failure: { class: 'timeout', message: 'late' } } },
])

function refusal(act: () => unknown): GuerdonError {
  try {
    act()
  } catch (error) {
    if (error instanceof GuerdonError) return error
    throw error
  }
  throw new Error('expected a refusal')
}

describe('checking a recipe', () => {
  it('names the column, who needs it, and who could supply it', () => {
    const error = refusal(() =>
      parseRecipe(
        { steps: [{ use: 'clip', with: { from: 'rollout.counted' } }, 'counting'], records: ['rollout.score'] },
        { stages: [counting] },
      ),
    )
    expect(error.code).toBe('missing_column')
    expect(error.message).toMatch(/column rollout\.counted .* for stage "clip" \(step 1\)/)
    expect(error.hint).toContain('move stage "counting" (step 2), which writes it, before this one')
    expect(error.hint).toContain('stages that can write it: counting')
  })
  it('suggests a near column and the place in the records', () => {
    const error = refusal(() =>
      defineRecipe({ name: 'r', steps: [counting], records: [{ name: 'rollout.scores', kind: 'number' }] }),
    )
    expect(error.hint).toContain('did you mean rollout.scores? Rename with columns: { rollout.score: rollout.scores }')
    expect(error.hint).toContain('columns.score')
  })
  it('refuses two writers of one column', () => {
    const error = refusal(() => defineRecipe({ name: 'r', steps: [clipStage, affineStage], records }))
    expect(error.message).toBe(
      'expected one writer of column rollout.reward; got stage "clip" (step 1) and stage "affine" (step 2)',
    )
  })
  it('refuses a column of the wrong kind, a renaming that fits nothing, an empty list, a final nobody writes', () => {
    expect(() => defineRecipe({ name: 'r', steps: [bindStage(clipStage, { from: 'rollout.response' })] })).toThrow(
      /hold number .* got text/,
    )
    expect(() =>
      defineRecipe({ name: 'r', steps: [{ stage: clipStage, columns: { 'rollout.scor': 'rollout.x' } }], records }),
    ).toThrow(/got rollout\.scor/)
    expect(() =>
      defineRecipe({ name: 'r', steps: [{ stage: clipStage, columns: { 'rollout.score': 'turn.x' } }], records }),
    ).toThrow(/within its level/)
    expect(() => defineRecipe({ name: 'r', steps: [] })).toThrow(/at least one step/)
    expect(() => defineRecipe({ name: 'r', steps: [clipStage], records, final: 'rollout.score' })).toThrow(
      /final column/,
    )
  })
  it('trusts what is known of the records over what they might have', () => {
    expect(() => defineRecipe({ name: 'r', steps: [moveStage] })).not.toThrow()
    expect(() => defineRecipe({ name: 'r', steps: [moveStage], available: records })).toThrow(/turn\.reward/)
  })
})

describe('parseRecipe', () => {
  it.each<[string, unknown, RegExp]>([
    ['an unknown stage', { steps: ['clop'] }, /name of a stage; got "clop" — recipe, steps\[0\]\.use/],
    [
      'a wrong option',
      { steps: [{ use: 'clip', with: { low: 'x' } }] },
      /a finite number; got "x".*steps\[0\]\.with\.low/,
    ],
    ['a misspelt option', { steps: [{ use: 'clip', with: { lo: 1 } }] }, /got the field "lo"/],
    ['low above high', { steps: [{ use: 'clip', with: { low: 2 } }] }, /low ≤ high/],
    ['a misspelt field', { stepz: ['clip'], steps: ['clip'] }, /got the field "stepz"/],
    ['no steps', { name: 'x' }, /a list; got nothing — recipe, steps/],
    ['a list', [], /an object; got \[\]/],
    ['a bad step', { steps: [3] }, /the name of a stage, or \{ use, with, columns \}; got 3 — recipe, steps\[0\]/],
    ['a bad column', { steps: ['clip'], records: ['score'] }, /a column name such as rollout\.score; got "score"/],
  ])('refuses %s', (_, plain, message) => {
    expect(refusal(() => parseRecipe(plain)).message).toMatch(message)
  })
  it('suggests the nearest stage', () => {
    expect(refusal(() => parseRecipe({ steps: ['clop'] })).hint).toBe('did you mean clip?')
  })
  it('has a JSON Schema', () => {
    expect(recipeJsonSchema()).toMatchObject({ type: 'object', required: ['steps'] })
  })
})

describe('running a recipe', () => {
  const recipe = defineRecipe({
    name: 'counted',
    records,
    steps: [
      counting,
      {
        stage: bindStage(clipStage, { low: -1, high: 1 }),
        columns: { 'rollout.score': 'rollout.counted', 'rollout.reward': 'rollout.clipped' },
      },
    ],
  })
  it('adds columns, keeps state apart and leaves its input alone', async () => {
    const before = [...batch.columns.keys()]
    const first = await recipe.run(batch)
    const second = await recipe.run(batch, first.state)
    expect([...numbers(first.batch, 'rollout.counted').values].slice(0, 2)).toEqual([3, -5])
    expect([...numbers(second.batch, 'rollout.counted').values].slice(0, 2)).toEqual([4, -4])
    expect([...numbers(second.batch, 'rollout.clipped').values].slice(0, 2)).toEqual([1, -1])
    expect(outcomeAt(numbers(second.batch, 'rollout.clipped'), 2).status).toBe('abstained')
    expect(second.state.steps[0].state).toEqual({ batches: 2 })
    expect([...batch.columns.keys()]).toEqual(before)
    expect(recipe.final).toBe('rollout.clipped')
    expect(recipe.needs.map(need => need.name)).toEqual(['rollout.score'])
  })
  it('resumes from a saved state and refuses a foreign one', async () => {
    const { state } = await recipe.run(batch)
    const saved = recipe.saveState(state)
    expect(recipe.loadState(saved)).toEqual(state)
    const other = defineRecipe({ name: 'other', records, steps: [bindStage(counting, { step: 2 })] })
    expect(refusal(() => other.loadState(saved))).toMatchObject({
      code: 'version',
      hint: expect.stringContaining('use the recipe that wrote'),
    })
    await expect(other.run(batch, state)).rejects.toMatchObject({ code: 'version' })
    const newer = defineRecipe({ name: 'newer', records, steps: [{ ...counting, stateVersion: 2 }, recipe.steps[1]] })
    expect(refusal(() => newer.loadState(saved)).message).toBe('expected state version 2 of stage "counting"; got 1')
    expect(refusal(() => recipe.loadState('{')).code).toBe('state')
    expect(refusal(() => recipe.loadState('{"format":1}')).message).toMatch(
      /text in a saved state; got nothing — recipe/,
    )
    expect(refusal(() => recipe.loadState(saved.replace('"format":1', '"format":9'))).code).toBe('version')
    const typed = { ...state, steps: [{ ...state.steps[0], state: Float64Array.of(1) }] }
    expect(refusal(() => recipe.saveState(typed)).message).toMatch(
      /stage "counting"; got expected a list of numbers; got a typed array/,
    )
  })
  it('tells when a step is through, and stops when aborted', async () => {
    const through: number[] = []
    await recipe.run(batch, undefined, { afterStep: index => through.push(index) })
    expect(through).toEqual([0, 1])
    await expect(recipe.run(batch, undefined, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'aborted',
    })
  })
  it('has one version for one content', () => {
    const build = (step: number, name = 'x') =>
      defineRecipe({ name, records, steps: [bindStage(counting, { step })] }).version
    expect(build(1)).toBe(build(1, 'another name'))
    expect(build(1)).not.toBe(build(2))
    expect(build(1)).toMatch(/^[0-9a-f]{64}$/)
    const raised = defineRecipe({ name: 'x', records, steps: [{ ...counting, version: 2 }] })
    expect(raised.version).not.toBe(build(1))
  })
  it('says which step failed, and which column a batch lacks', async () => {
    const broken = { ...counting, name: 'broken', apply: () => ({ columns: {}, state: { batches: 0 } }) }
    await expect(defineRecipe({ name: 'r', records, steps: [broken] }).run(batch)).rejects.toThrow(
      /"broken" \(step 1\) to write rollout\.counted; got nothing/,
    )
    const short = {
      ...counting,
      name: 'short',
      apply: () => ({ columns: { 'rollout.counted': signal('rollout', [1]) } as const, state: { batches: 0 } }),
    }
    await expect(defineRecipe({ name: 'r', records, steps: [short] }).run(batch)).rejects.toThrow(
      /3 rollouts; got 1 — stage "short" \(step 1\)/,
    )
    const without = batchFromRollouts([{ id: 'x', prompt: 'p' }])
    await expect(recipe.run(without)).rejects.toMatchObject({ code: 'missing_column', path: ['rollout.score'] })
  })
})

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

describe('explain', () => {
  const recipe = defineRecipe({
    name: 'explained',
    records,
    steps: [
      counting,
      {
        stage: bindStage(combineStage, {
          parts: [
            { column: 'rollout.outcome', weight: 2 },
            { column: 'rollout.score', weight: 0.5 },
          ],
        }),
        columns: { 'rollout.score': 'rollout.counted' },
      },
    ],
  })
  it('shows every component in order, and contributions that add up to the final number', async () => {
    const { batch: scored } = await recipe.run(batch)
    const explanation = recipe.explain(scored, 'a')
    expect(explanation).toMatchObject({
      rollout: 'a',
      group: 'g',
      recipe: { name: 'explained', version: recipe.version },
    })
    expect(explanation.steps.map(step => step.stage)).toEqual(['counting', 'combine'])
    expect(explanation.steps[1].reads.map(({ column, values }) => [column, values])).toEqual([
      ['rollout.outcome', [{ status: 'scored', value: 1 }]],
      ['rollout.counted', [{ status: 'scored', value: 3 }]],
    ])
    const [shares] = explanation.steps[1].contributions
    expect(shares.map(({ column, weight, contribution }) => [column, weight, contribution])).toEqual([
      ['rollout.outcome', 2, 2],
      ['rollout.counted', 0.5, 1.5],
    ])
    expect(explanation.final.values).toEqual([{ status: 'scored', value: 3.5 }])
    expect(recipe.explain(scored, 'c').steps[1].contributions[0].map(part => part.note)).toEqual([
      'failed, decides',
      'abstained, left out',
    ])
  })
  it('refuses an unknown rollout and a batch that was not scored', async () => {
    const { batch: scored } = await recipe.run(batch)
    expect(refusal(() => recipe.explain(scored, 'zz')).code).toBe('unknown_name')
    expect(refusal(() => recipe.explain(batch, 'a')).code).toBe('missing_column')
  })
})

describe('defineReward', () => {
  const results: Record<string, unknown> = {
    a: 1.5,
    b: Number.NaN,
    c: 'high',
    d: null,
    e: undefined,
    f: true,
    g: { status: 'abstained', reason: 'r' },
  }
  const many = batchFromRollouts([...Object.keys(results), 'h'].map(id => ({ id, prompt: 'p', response: id })))
  it('keeps one bad result from harming another', async () => {
    const reward = defineReward({
      name: 'picky',
      score: rollout => {
        if (rollout.id === 'h') throw new TypeError('no such thing')
        return results[rollout.id] as number
      },
    })
    const { batch: scored } = await defineRecipe({ name: 'r', steps: [reward] }).run(many)
    const column = numbers(scored, 'rollout.picky')
    const seen = many.rolloutIds.map((_, i) => {
      const outcome = outcomeAt(column, i)
      return outcome.status === 'failed'
        ? outcome.failure.class
        : outcome.status === 'scored'
          ? outcome.value
          : outcome.status
    })
    expect(seen).toEqual([1.5, 'range', 'type', 'abstained', 'type', 'type', 'abstained', 'bug'])
    expect(outcomeAt(column, 7)).toMatchObject({ failure: { message: 'TypeError: no such thing', component: 'picky' } })
  })
  it('scores turns and whole groups', async () => {
    const turns = defineReward({ name: 'length', level: 'turn', score: turn => turn.action?.length ?? null })
    const rank = defineReward({
      name: 'rank',
      level: 'group',
      score: rollouts =>
        rollouts.map(one => rollouts.filter(other => (other.response ?? '') < (one.response ?? '')).length),
    })
    const { batch: scored } = await defineRecipe({ name: 'r', steps: [turns, rank] }).run(batch)
    expect([...numbers(scored, 'turn.length').values]).toEqual([1, 1, 3, 0])
    expect([...numbers(scored, 'rollout.rank').values]).toEqual([1, 0, 0])
  })
  it('fails only the group whose function misbehaves', async () => {
    const odd = defineReward({ name: 'odd', level: 'group', score: rollouts => (rollouts.length > 1 ? [1] : [2]) })
    const { batch: scored } = await defineRecipe({ name: 'r', steps: [odd] }).run(batch)
    expect(outcomeAt(numbers(scored, 'rollout.odd'), 0)).toMatchObject({
      failure: { class: 'type', message: 'expected 2 results, one a rollout; got 1 of them' },
    })
    expect(outcomeAt(numbers(scored, 'rollout.odd'), 2)).toEqual({ status: 'scored', value: 2 })
  })
  it('is part of the reward version with its text', () => {
    const version = (score: () => number) =>
      defineRecipe({ name: 'r', steps: [defineReward({ name: 'x', score })] }).version
    expect(version(() => 1)).not.toBe(version(() => 2))
    expect(version(() => 1)).toBe(version(() => 1))
  })
})
