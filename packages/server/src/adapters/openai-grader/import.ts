import { firstExpectation, formatPath, GuerdonError } from '@guerdon/core'
import { linearWeights, namesIn, parseFormula } from './formula.ts'
import { type Grader, graderSchema, localMetrics, type SingleGrader } from './schema.ts'
import { isKnownPlaceholder, placeholders } from './template.ts'

/** A recipe as it stands in a file. */
export interface PlainRecipe {
  readonly name: string
  readonly about: string
  readonly records?: readonly string[]
  readonly steps: readonly { readonly use: string; readonly with: Readonly<Record<string, unknown>> }[]
}

/** A recipe made of a grader, and what has to be known of it. */
export interface ImportedGrader {
  readonly recipe: PlainRecipe
  /** Sentences for whoever imports it. */
  readonly notes: readonly string[]
}

/** The column of one grader's score. */
const columnOf = (key: string) => `rollout.${key}`

/**
 * The recipe that gives the numbers of a grader of OpenAI's fine-tuning API. The fields of an item are those of the record's
 * `reference` (or `meta`) object; a plain reference stands for the one field the templates name. `score_model`, `python` and
 * the similarities `cosine` and `meteor` are not computed here: the recipe takes their score from the records, and a note
 * says from which column. A `multi` grader whose output is a weighted sum becomes `combine`, any other a formula.
 *
 * Throws `invalid_input` for what is no grader, `unsupported` for templates that take parts of a sample other than its
 * text, `parse` for a formula, `missing_column` for a formula with a name that is none of the graders.
 */
export function recipeOfGrader(given: unknown): ImportedGrader {
  const grader = readGrader(given)
  const singles = grader.type === 'multi' ? Object.entries(grader.graders) : ([['grade', grader]] as const)
  const notes: string[] = []
  const records: string[] = []
  const item = onlyField(singles.map(([, single]) => single))
  const steps = singles.map(([key, single]) => {
    const step = stepOf(key, single, item)
    if (step.use === 'openai-grader.external') {
      records.push(`${columnOf(key)}.given`)
      notes.push(
        `${single.name} (${single.type}) runs elsewhere: its score is taken from the column ${key}.given of the records`,
      )
    }
    return step
  })
  const recipe = {
    name: grader.name,
    about: `The ${grader.type} grader "${grader.name}".`,
    ...(records.length === 0 ? {} : { records }),
    steps: grader.type === 'multi' ? [...steps, outputOf(grader)] : steps,
  }
  return { recipe, notes }
}

function readGrader(given: unknown): Grader {
  const parsed = graderSchema.safeParse(given)
  if (parsed.success) return parsed.data
  const { path, expected, got } = firstExpectation(parsed.error, given)
  const place = formatPath(path) || 'the whole'
  throw new GuerdonError('invalid_input', `expected ${expected}; got ${got} — grader, ${place}`, {
    path,
    hint: 'graders are string_check, text_similarity, score_model, python and multi',
  })
}

function templatesOf(grader: SingleGrader): readonly string[] {
  if (grader.type === 'string_check' || grader.type === 'text_similarity') return [grader.input, grader.reference]
  return []
}

/** The item field that all templates agree on: what a plain reference stands for. */
function onlyField(graders: readonly SingleGrader[]): string {
  const paths = placeholders(...graders.flatMap(templatesOf))
  for (const path of paths) {
    if (isKnownPlaceholder(path)) continue
    throw new GuerdonError(
      'unsupported',
      `expected item.FIELD, sample.output_text or sample.output_json; got ${path} — grader`,
      {
        hint: 'tool calls and choices of a sample are not in the records of a recipe',
      },
    )
  }
  const fields = new Set(paths.filter(path => path.startsWith('item.')).map(path => path.split('.')[1]))
  return fields.size === 1 ? [...fields][0] : 'reference'
}

function stepOf(key: string, grader: SingleGrader, item: string) {
  const to = columnOf(key)
  const { name } = grader
  if (grader.type === 'string_check') {
    const { input, reference, operation } = grader
    return { use: 'openai-grader.string-check', with: { name, input, reference, operation, item, to } }
  }
  if (grader.type === 'text_similarity') {
    const { input, reference, evaluation_metric: metric } = grader
    if ((localMetrics as readonly string[]).includes(metric)) {
      return { use: 'openai-grader.text-similarity', with: { name, input, reference, metric, item, to } }
    }
  }
  const range = grader.type === 'score_model' ? (grader.range ?? [0, 1]) : [0, 1]
  return { use: 'openai-grader.external', with: { grader, range, from: `${to}.given`, to } }
}

function outputOf({ graders, calculate_output: formula }: Extract<Grader, { type: 'multi' }>) {
  const parsed = parseFormula(formula)
  const names = namesIn(parsed)
  const unknown = names.find(name => !Object.hasOwn(graders, name))
  if (unknown !== undefined) {
    throw new GuerdonError(
      'missing_column',
      `expected the name of a grader; got ${unknown} — grader, calculate_output`,
      {
        path: ['calculate_output'],
        hint: `graders are ${Object.keys(graders).join(', ')}`,
      },
    )
  }
  const weights = linearWeights(parsed)
  if (weights === undefined || ![...weights.values()].some(weight => weight !== 0)) {
    return { use: 'openai-grader.formula', with: { formula, to: 'rollout.reward' } }
  }
  const parts = [...weights].map(([name, weight]) => ({ column: columnOf(name), weight }))
  return { use: 'combine', with: { parts, abstained: 'propagate' } }
}
