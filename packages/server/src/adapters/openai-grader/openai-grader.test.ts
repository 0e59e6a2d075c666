import { batchFromRollouts, outcomeAt, parseRecipe, type Signal } from '@guerdon/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { evaluate, type Formula, linearWeights, parseFormula } from './formula.ts'
import { type Grader, graderOfRecipe, graderStages, recipeOfGrader } from './index.ts'
import { similarity } from './similarity.ts'
import { fillTemplate } from './template.ts'

const exact = {
  type: 'string_check',
  name: 'exact',
  input: '{{sample.output_text}}',
  reference: '{{item.answer}}',
  operation: 'eq',
} as const
const close = {
  type: 'text_similarity',
  name: 'close',
  input: '{{ sample.output_text }}',
  reference: '{{item.answer}}',
  evaluation_metric: 'rouge_l',
} as const
const model = {
  type: 'score_model',
  name: 'taste',
  model: 'm',
  input: [{ role: 'user', content: '{{sample.output_text}}' }],
  range: [0, 5],
  sampling_params: { seed: 1 },
} as const
const python = {
  type: 'python',
  name: 'code',
  source: 'def grade(sample, item):\n  return 1.0',
  image_tag: 'x',
} as const

const recipeOf = (grader: unknown) => parseRecipe(recipeOfGrader(grader).recipe, { stages: graderStages })

async function grade(grader: unknown, records: readonly object[]) {
  const recipe = recipeOf(grader)
  const rollouts = records.map((record, i) => ({ id: String(i), prompt: 'p', ...record }))
  const { batch } = await recipe.run(batchFromRollouts(rollouts, { declare: recipe.needs }))
  const final = batch.columns.get(recipe.final) as Signal
  return rollouts.map((_, i) => {
    const outcome = outcomeAt(final, i)
    return outcome.status === 'scored' ? outcome.value : outcome.status
  })
}

describe('string_check', () => {
  it.each([
    ['eq', 'Paris', 'Paris', 1],
    ['eq', 'Paris ', 'Paris', 0],
    ['ne', 'Paris', 'Rome', 1],
    ['ne', 'Paris', 'Paris', 0],
    ['like', 'in Paris.', 'Paris', 1],
    ['like', 'in paris.', 'Paris', 0],
    ['ilike', 'in paris.', 'Paris', 1],
    ['ilike', '', 'Paris', 0],
  ])('%s of %j and %j is %d', async (operation, response, reference, expected) => {
    expect(await grade({ ...exact, operation }, [{ response, reference }])).toEqual([expected])
  })

  it('takes fields of an object, abstains without them, and pays nothing for JSON that is none', async () => {
    const grader = { ...exact, input: '{{sample.output_json.city}}', reference: '{{item.answer}}' }
    const records = [
      { response: '{"city":"Rome"}', reference: { answer: 'Rome' } },
      { response: '{"city":"Rome"}', meta: { answer: 'Rome' } },
      { response: 'Rome', reference: { answer: 'Rome' } },
      { response: '{}', reference: 'Rome' },
      { response: '{"city":"Rome"}' },
      { response: '{"city":"Rome"}', reference: { question: '?' } },
    ]
    expect(await grade(grader, records)).toEqual([1, 1, 0, 0, 'abstained', 'abstained'])
  })
})

describe('text_similarity', () => {
  it.each([
    // 2 · |"abd"| / (4 + 3)
    ['fuzzy_match', 'abcd', 'abd', 6 / 7],
    ['fuzzy_match', '', '', 1],
    ['rouge_1', 'the cat sat', 'the dog sat down', 4 / 7],
    ['rouge_2', 'the cat sat', 'the cat ran', 2 / 4],
    ['rouge_5', 'too short', 'too short', 0],
    ['rouge_l', 'the cat sat', 'the dog sat', 2 / 3],
    // unigrams 2 of 3, bigrams 0 of 2, trigrams 0 of 1: 2 of 6
    ['gleu', 'the cat sat', 'the dog sat', 2 / 6],
    ['gleu', '', '', 0],
    ['bleu', 'a b c d', 'a b c d', 1],
    ['bleu', 'a b c', 'a b c', 0],
    // precisions 1; brevity e^(1 − 5/4)
    ['bleu', 'a b c d', 'a b c d e', Math.exp(-0.25)],
    // 4 of 5, 3 of 4, 2 of 3, 1 of 2
    ['bleu', 'a b c d x', 'a b c d', (0.8 * 0.75 * (2 / 3) * 0.5) ** 0.25],
  ] as const)('%s of %j and %j is %d', (metric, input, reference, expected) => {
    expect(similarity(metric, input, reference)).toBeCloseTo(expected, 12)
  })

  it('stays in [0, 1] and is 1 or 0 for a text and itself', () => {
    const metrics = ['fuzzy_match', 'bleu', 'gleu', 'rouge_1', 'rouge_3', 'rouge_l'] as const
    fc.assert(
      fc.property(fc.constantFrom(...metrics), fc.string(), fc.string(), (metric, a, b) => {
        const value = similarity(metric, a, b)
        expect(value).toBeGreaterThanOrEqual(0)
        expect(value).toBeLessThanOrEqual(1)
        const same = similarity(metric, a, a)
        expect(same === 0 || Math.abs(same - 1) < 1e-12).toBe(true)
      }),
    )
  })
})

describe('a grader that runs elsewhere', () => {
  it('takes its score from the records, within its range', async () => {
    const records = [4.5, 6, null].map(given => ({ response: '', columns: { 'grade.given': given } }))
    expect(await grade(model, records)).toEqual([4.5, 'failed', 'abstained'])
    expect(recipeOfGrader(python).notes[0]).toContain('grade.given')
  })
})

describe('a multi grader', () => {
  const multi = (calculate_output: string, graders: object = { a: exact, b: close }) => ({
    type: 'multi',
    name: 'both',
    graders,
    calculate_output,
  })

  it.each([
    ['0.5 * a + 0.5 * b', 'combine', 0.5 / 3 + 0],
    ['(a + b) / 2 - a', 'combine', 1 / 6],
    ['min(a, b) + 2', 'openai-grader.formula', 2],
    ['a * b', 'openai-grader.formula', 0],
    ['1 - b', 'openai-grader.formula', 2 / 3],
  ])('computes %s', async (formula, use, expected) => {
    expect(recipeOfGrader(multi(formula)).recipe.steps.at(-1)?.use).toBe(use)
    const [value] = await grade(multi(formula), [{ response: 'b c d', reference: 'b x y' }])
    expect(value).toBeCloseTo(expected, 12)
  })

  it('gives no number where a part has none or the result is none', async () => {
    const records = [{ response: '' }, { response: 'x', reference: 'x' }]
    expect(await grade(multi('1 / (1 - a)'), records)).toEqual(['abstained', 'failed'])
  })

  it('refuses names and templates it does not know', () => {
    expect(() => recipeOfGrader(multi('a + c'))).toThrow(/got c .*calculate_output/)
    expect(() => recipeOfGrader({ ...exact, input: '{{sample.output_tools}}' })).toThrow(/output_tools/)
    expect(() => recipeOfGrader({ ...exact, operation: 'same' })).toThrow(/operation/)
    expect(() => recipeOfGrader({ type: 'label_model' })).toThrow(/type/)
    expect(() => recipeOfGrader(multi('a', { 'a b': exact }))).toThrow(/graders/)
  })

  it.each<[string, object]>([
    ['string_check', exact],
    ['text_similarity', close],
    ['meteor', { ...close, evaluation_metric: 'meteor' }],
    ['score_model', model],
    ['python', python],
    ['multi, weighted', multi('0.5 * a - 0.25 * b')],
    ['multi, formula', multi('max(a, m / 5) ^ 2', { a: exact, m: model })],
  ])('comes back as it went: %s', (_name, grader) => {
    expect(graderOfRecipe(recipeOf(grader)) as Grader).toEqual(grader)
  })

  it('exports nothing it would have to change', () => {
    expect(() => graderOfRecipe(parseRecipe({ steps: ['exact-answer'] }))).toThrow(/exact-answer .*steps\[0\]/)
  })
})

describe('formulas', () => {
  it.each([
    ['1 + 2 * 3', 7],
    ['-2 ^ 2', -4],
    ['2 ^ 3 ^ 2', 512],
    ['2 ** -1', 0.5],
    ['8 / 4 / 2', 1],
    ['5 - 3 - 1', 1],
    ['max(1, 2, min(9, 3)) + abs(-1)', 4],
    ['floor(1.5) + ceil(1.5) + sqrt(4) + log(exp(1))', 6],
    ['.5 + 1e-1', 0.6],
  ])('%s = %d', (text, value) => {
    expect(evaluate(parseFormula(text), () => Number.NaN)).toBeCloseTo(value, 12)
  })

  it.each([
    '',
    '1 +',
    '(1',
    '1 2',
    'a b',
    'pow(1, 2)',
    'abs(1, 2)',
    'a.b',
    '1 = 1',
    `${'('.repeat(999)}1`,
    'constructor(1)',
  ])('refuses %j with the place', text => {
    expect(() => parseFormula(text)).toThrow(/character \d+/)
  })

  it('reads weights that give the same numbers as the formula', () => {
    const leaf = fc.oneof(
      fc.constantFrom<Formula>({ kind: 'name', name: 'a' }, { kind: 'name', name: 'b' }),
      fc.integer({ min: -4, max: 4 }).map((value): Formula => ({ kind: 'number', value })),
    )
    const { formula } = fc.letrec<{ formula: Formula }>(tie => ({
      formula: fc.oneof(
        leaf,
        fc
          .tuple(fc.constantFrom('+', '-', '*'), tie('formula'), tie('formula'))
          .map(([name, left, right]): Formula => ({ kind: 'call', function: name, inputs: [left, right] })),
      ),
    }))
    const values = new Map([
      ['a', 3],
      ['b', 5],
    ])
    fc.assert(
      fc.property(formula, given => {
        const weights = linearWeights(given)
        if (weights === undefined) return
        const total = [...weights].reduce((sum, [name, weight]) => sum + weight * (values.get(name) ?? 0), 0)
        expect(evaluate(given, name => values.get(name) ?? 0)).toBeCloseTo(total, 9)
      }),
    )
  })
})

describe('templates', () => {
  it('are filled in one pass', () => {
    const values = { response: '{{item.secret}}', item: { secret: 's', n: 3, deep: { a: [1] } } }
    expect(fillTemplate('{{sample.output_text}} {{ item.n }} {{item.deep.a}}', values)).toEqual({
      text: '{{item.secret}} 3 [1]',
    })
    expect(fillTemplate('{{item.none}}', values)).toEqual({ missing: 'item.none' })
    expect(fillTemplate('{{item.constructor}}', values)).toEqual({ missing: 'item.constructor' })
    expect(fillTemplate('{{sample.output_json.x}}', values)).toEqual({ unreadable: 'sample.output_json.x' })
  })
})
