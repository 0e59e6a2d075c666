import { z } from '@guerdon/core'

const name = z.string().min(1)

const stringCheck = z.strictObject({
  type: z.literal('string_check'),
  name,
  input: z.string(),
  reference: z.string(),
  operation: z.enum(['eq', 'ne', 'like', 'ilike']),
})

/** Measures that are computed here. */
export const localMetrics = [
  'fuzzy_match',
  'bleu',
  'gleu',
  'rouge_1',
  'rouge_2',
  'rouge_3',
  'rouge_4',
  'rouge_5',
  'rouge_l',
] as const
export type LocalMetric = (typeof localMetrics)[number]

const textSimilarity = z.strictObject({
  type: z.literal('text_similarity'),
  name,
  input: z.string(),
  reference: z.string(),
  evaluation_metric: z.enum([...localMetrics, 'cosine', 'meteor']),
})

const scoreModel = z.looseObject({
  type: z.literal('score_model'),
  name,
  model: z.string(),
  input: z.array(z.unknown()),
  range: z.tuple([z.number(), z.number()]).optional(),
})

const python = z.looseObject({ type: z.literal('python'), name, source: z.string() })

const single = z.discriminatedUnion('type', [stringCheck, textSimilarity, scoreModel, python])

const multi = z.strictObject({
  type: z.literal('multi'),
  name,
  graders: z.record(
    z.string().regex(/^[A-Za-z][A-Za-z0-9_]*$/, 'a name of letters, digits and "_" that starts with a letter'),
    single,
  ),
  calculate_output: z.string(),
})

/** A grader of OpenAI's fine-tuning API that judges by itself. */
export type SingleGrader = z.infer<typeof single>
/** A grader of OpenAI's fine-tuning API. */
export type Grader = z.infer<typeof graderSchema>

/**
 * The graders of OpenAI's fine-tuning API as JSON: `string_check`, `text_similarity`, `score_model`, `python`, and `multi`,
 * which computes one number from several. Fields of the last two that decide nothing here are kept.
 */
export const graderSchema = z.discriminatedUnion('type', [stringCheck, textSimilarity, scoreModel, python, multi])
