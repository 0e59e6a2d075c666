import * as z from 'zod'
import { levelOf } from '../column-sinks.ts'
import { json, texts } from '../columns.ts'
import { describeValue } from '../errors.ts'
import { abstained, failed, type Outcome, scored } from '../outcome.ts'
import { signalFromOutcomes } from '../signal.ts'
import { defineStage } from '../stage.ts'
import { columnName } from './column-name.ts'

const exactAnswerSchema = z.strictObject({
  from: columnName.prefault('rollout.response').describe('text column that holds the answer'),
  reference: columnName.prefault('rollout.reference').describe('json column with the right answer: text or a number'),
  to: columnName.prefault('rollout.correct').describe('column to write'),
  tag: z
    .string()
    .regex(/^[A-Za-z][\w-]*$/, 'a tag name of letters, digits, "_" and "-"')
    .nullable()
    .default('answer')
    .describe('the last section with this tag is the answer; null takes the whole text'),
  caseSensitive: z.boolean().default(true),
})
export type ExactAnswerOptions = z.infer<typeof exactAnswerSchema>

/**
 * 1 when the answer equals the reference after Unicode NFC, trimming and runs of white space read as one space; else 0.
 * Range {0, 1}. A text without the tag is a wrong answer (0); a rollout without a reference abstains, one whose reference
 * is neither text nor a finite number failed(invalid_input). No mathematics is understood: "0.5" is not "1/2".
 */
export const exactAnswerStage = defineStage<ExactAnswerOptions, null>({
  name: 'exact-answer',
  about: 'pays 1 for an answer that equals the reference, white space aside, 0 otherwise',
  options: exactAnswerSchema as unknown as z.ZodType<ExactAnswerOptions>,
  reads: ({ from, reference }) => [
    { name: from, kind: 'text', about: 'text that holds the answer' },
    { name: reference, kind: 'json', about: 'the right answer, text or a number' },
  ],
  writes: ({ to }) => [{ name: to, kind: 'number', about: '1 when the answer equals the reference, else 0' }],
  initial: () => null,
  apply: (batch, _state, options) => {
    const references = json(batch, options.reference)
    const outcomes = texts(batch, options.from).map((text, i) => judge(text, references[i], options))
    return { columns: { [options.to]: signalFromOutcomes(levelOf(options.from), outcomes) }, state: null }
  },
})

function judge(text: string | undefined, reference: unknown, { tag, caseSensitive }: ExactAnswerOptions): Outcome {
  if (reference === undefined || reference === null) return abstained('no reference answer')
  if (typeof reference !== 'string' && typeof reference !== 'number') {
    const got = Array.isArray(reference) ? 'a list' : `a ${typeof reference}`
    return failed('invalid_input', `expected text or a number as reference answer; got ${got}`, 'exact-answer')
  }
  if (typeof reference === 'number' && !Number.isFinite(reference)) {
    return failed(
      'invalid_input',
      `expected a finite reference answer; got ${describeValue(reference)}`,
      'exact-answer',
    )
  }
  if (text === undefined) return abstained('no response')
  const answer = tag === null ? text : lastSection(text, tag)
  if (answer === undefined) return scored(0)
  const plain = (value: string) => {
    const spaced = value.normalize('NFC').trim().replace(/\s+/g, ' ')
    return caseSensitive ? spaced : spaced.toLowerCase()
  }
  return scored(plain(answer) === plain(String(reference)) ? 1 : 0)
}

function lastSection(text: string, tag: string): string | undefined {
  const end = text.lastIndexOf(`</${tag}>`)
  if (end < 0) return undefined
  const open = `<${tag}>`
  const start = text.lastIndexOf(open, end)
  return start < 0 ? undefined : text.slice(start + open.length, end)
}
