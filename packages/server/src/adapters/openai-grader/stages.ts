import {
  abstained,
  type Column,
  type ColumnName,
  defineStage,
  failed,
  numbers,
  type Outcome,
  optionalJson,
  optionalNumbers,
  outcomeAt,
  type RolloutBatch,
  type StageDefinition,
  scored,
  signalFromOutcomes,
  texts,
  z,
} from '@guerdon/core'
import { evaluate, namesIn, parseFormula } from './formula.ts'
import { localMetrics } from './schema.ts'
import { similarity } from './similarity.ts'
import { type Filled, fillTemplate } from './template.ts'

const column = z
  .string()
  .regex(/^rollout\.[A-Za-z][\w.-]*$/, 'a column such as rollout.score')
  .transform(name => name as ColumnName)

const templates = {
  name: z.string().default('grader').describe('name of the grader'),
  input: z.string().default('{{sample.output_text}}').describe('template of the text that is judged'),
  reference: z.string().default('{{item.reference}}').describe('template of what it is compared with'),
  item: z.string().default('reference').describe('the item field that a plain reference of the record stands for'),
  to: column.prefault('rollout.grade').describe('column to write'),
}
const stringCheckOptions = z.strictObject({
  ...templates,
  operation: z.enum(['eq', 'ne', 'like', 'ilike']).default('eq'),
})
const similarityOptions = z.strictObject({ ...templates, metric: z.enum(localMetrics).default('fuzzy_match') })
const formulaOptions = z.strictObject({
  formula: z.string().default('grade').describe('the result, over the names of columns without "rollout."'),
  to: column.prefault('rollout.reward').describe('column to write'),
})
const externalOptions = z.strictObject({
  grader: z.looseObject({ type: z.string() }).prefault({ type: 'python' }).describe('the grader, kept for export'),
  range: z.tuple([z.number(), z.number()]).default([0, 1]).describe('what its score may be'),
  from: column.prefault('rollout.grade.given').describe('column of the records with its score'),
  to: column.prefault('rollout.grade').describe('column to write'),
})

type TextOptions = z.output<typeof stringCheckOptions> | z.output<typeof similarityOptions>

const reads: readonly Column[] = [
  { name: 'rollout.response', kind: 'text', about: 'what the policy wrote' },
  { name: 'rollout.reference', kind: 'json', about: 'the item, or one field of it', optional: true },
  { name: 'rollout.meta', kind: 'json', about: 'further fields of the item', optional: true },
]
const written = (options: { readonly to: ColumnName }, about: string): Column[] => [
  { name: options.to, kind: 'number', about },
]

/**
 * `string_check`: 1 when input and reference are equal (`eq`), are not (`ne`), when the input contains the reference
 * (`like`), or does so whatever the case (`ilike`); else 0.
 */
export const stringCheckStage = defineStage<z.output<typeof stringCheckOptions>, null>({
  name: 'openai-grader.string-check',
  about: 'compares two texts as the string_check grader does',
  options: stringCheckOptions as unknown as z.ZodType<z.output<typeof stringCheckOptions>>,
  reads: () => reads,
  writes: options => written(options, '1 or 0'),
  initial: () => null,
  apply: (batch, _state, options) => ({
    columns: {
      [options.to]: gradeTexts(batch, options, (input, reference) => check(options.operation, input, reference)),
    },
    state: null,
  }),
})

/** `text_similarity` for the measures that need no model; see `similarity`. */
export const textSimilarityStage = defineStage<z.output<typeof similarityOptions>, null>({
  name: 'openai-grader.text-similarity',
  about: 'measures how alike two texts are, as the text_similarity grader does',
  options: similarityOptions as unknown as z.ZodType<z.output<typeof similarityOptions>>,
  reads: () => reads,
  writes: options => written(options, 'likeness in [0, 1]'),
  initial: () => null,
  apply: (batch, _state, options) => ({
    columns: {
      [options.to]: gradeTexts(batch, options, (input, reference) => similarity(options.metric, input, reference)),
    },
    state: null,
  }),
})

/**
 * A grader that is not computed here (a model, Python code, an embedding): its score is a column the records bring. A score
 * outside its range failed(range), a record without one abstains.
 */
export const externalGraderStage = defineStage<z.output<typeof externalOptions>, null>({
  name: 'openai-grader.external',
  about: 'takes the score of a grader that runs elsewhere from the records',
  options: externalOptions as unknown as z.ZodType<z.output<typeof externalOptions>>,
  reads: ({ from }) => [{ name: from, kind: 'number', about: 'score of a grader that runs elsewhere', optional: true }],
  writes: options => written(options, 'the score, within its range'),
  initial: () => null,
  apply: (batch, _state, { from, to, range: [low, high] }) => {
    const given = optionalNumbers(batch, from)
    const outcomes = batch.rolloutIds.map((_, i): Outcome => {
      const outcome = given === undefined ? abstained() : outcomeAt(given, i)
      if (outcome.status === 'abstained') return abstained(`no score in ${from}`)
      if (outcome.status === 'failed' || (outcome.value >= low && outcome.value <= high)) return outcome
      return failed('range', `expected a score in [${low}, ${high}]; got ${outcome.value}`, from)
    })
    return { columns: { [to]: signalFromOutcomes('rollout', outcomes) }, state: null }
  },
})

/**
 * `calculate_output` of a multi grader: one number from the scores of several. The first of them without a number decides:
 * failed before abstained. A result that is not finite failed(range).
 */
export const formulaStage = defineStage<z.output<typeof formulaOptions>, null>({
  name: 'openai-grader.formula',
  about: 'computes one number from several by a formula',
  options: formulaOptions as unknown as z.ZodType<z.output<typeof formulaOptions>>,
  reads: ({ formula }) =>
    namesIn(parseFormula(formula)).map(name => ({
      name: `rollout.${name}`,
      kind: 'number',
      about: `${name} in the formula`,
    })),
  writes: options => written(options, 'value of the formula'),
  initial: () => null,
  apply: (batch, _state, { formula, to }) => {
    const parsed = parseFormula(formula)
    const columns = new Map(namesIn(parsed).map(name => [name, numbers(batch, `rollout.${name}`)]))
    const outcomes = batch.rolloutIds.map((_, i): Outcome => {
      const parts = [...columns.values()].map(signal => outcomeAt(signal, i))
      const without = parts.find(part => part.status === 'failed') ?? parts.find(part => part.status === 'abstained')
      return without ?? scored(evaluate(parsed, name => columns.get(name)?.values[i] ?? Number.NaN))
    })
    return { columns: { [to]: signalFromOutcomes('rollout', outcomes) }, state: null }
  },
})

/** The stages that imported graders are made of. */
// biome-ignore lint/suspicious/noExplicitAny: stages with different options share no narrower element type
export const graderStages: readonly StageDefinition<any, any>[] = [
  stringCheckStage,
  textSimilarityStage,
  externalGraderStage,
  formulaStage,
]

function check(operation: z.output<typeof stringCheckOptions>['operation'], input: string, reference: string): number {
  if (operation === 'eq') return input === reference ? 1 : 0
  if (operation === 'ne') return input === reference ? 0 : 1
  if (operation === 'like') return input.includes(reference) ? 1 : 0
  return input.toLowerCase().includes(reference.toLowerCase()) ? 1 : 0
}

/**
 * Each rollout's two filled templates, graded. A row without a field abstains; a response that is not the JSON a template
 * takes apart is a wrong answer (0), so that it does not pay to write none.
 */
function gradeTexts(
  batch: RolloutBatch,
  options: TextOptions,
  grade: (input: string, reference: string) => number,
): ReturnType<typeof signalFromOutcomes> {
  const responses = texts(batch, 'rollout.response')
  const [references, metas] = [optionalJson(batch, 'rollout.reference'), optionalJson(batch, 'rollout.meta')]
  const outcomes = responses.map((response, i): Outcome => {
    if (response === undefined) return abstained('no response')
    const item = { ...fields(metas?.[i]), ...fields(references?.[i], options.item) }
    const filled = [options.input, options.reference].map(template => fillTemplate(template, { response, item }))
    return outcomeOf(filled, grade)
  })
  return signalFromOutcomes('rollout', outcomes)
}

function outcomeOf(filled: readonly Filled[], grade: (input: string, reference: string) => number): Outcome {
  for (const part of filled) if ('missing' in part) return abstained(`no ${part.missing}`)
  const ready = filled.flatMap(part => ('text' in part ? [part.text] : []))
  return ready.length < filled.length ? scored(0) : scored(grade(ready[0], ready[1]))
}

function fields(value: unknown, name?: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  return name === undefined || value === undefined || value === null ? {} : { [name]: value }
}
