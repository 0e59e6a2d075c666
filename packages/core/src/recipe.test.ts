import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import {
  affineStage,
  batchFromRollouts,
  bindStage,
  clipStage,
  combineStage,
  defineRecipe,
  defineStage,
  mapSignal,
  moveStage,
  numbers,
  outcomeAt,
  parseRecipe,
  recipeJsonSchema,
  signal,
} from './index.ts'
import { batch, records, refusal } from './testing/three-rollouts.ts'

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
