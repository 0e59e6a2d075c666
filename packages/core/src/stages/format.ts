import * as z from 'zod'
import { levelOf } from '../column-sinks.ts'
import { texts } from '../columns.ts'
import { abstained, scored } from '../outcome.ts'
import { signalFromOutcomes } from '../signal.ts'
import { defineStage } from '../stage.ts'
import { columnName } from './column-name.ts'

const tagName = z.string().regex(/^[A-Za-z][\w-]*$/, 'a tag name of letters, digits, "_" and "-"')

const formatSchema = z.strictObject({
  from: columnName.prefault('rollout.response').describe('text column to look at'),
  to: columnName.prefault('rollout.format').describe('column to write'),
  tags: z.array(tagName).min(1).default(['think', 'answer']).describe('sections the text must consist of, in order'),
})
export type FormatOptions = z.infer<typeof formatSchema>

/**
 * 1 when the text is exactly `<a>…</a><b>…</b>…` for the tags a, b, … in order, each once, with nothing but white space
 * around and between them; else 0. Range {0, 1}. A rollout without a text abstains. Linear in the length of the text.
 */
export const formatStage = defineStage<FormatOptions, null>({
  name: 'format',
  about: 'pays 1 for a text made of the given tagged sections in order and nothing else, 0 otherwise',
  options: formatSchema as unknown as z.ZodType<FormatOptions>,
  reads: ({ from }) => [{ name: from, kind: 'text', about: 'text whose sections are checked' }],
  writes: ({ to, tags }) => [{ name: to, kind: 'number', about: `1 when made of ${tags.join(', ')}, else 0` }],
  initial: () => null,
  apply: (batch, _state, { from, to, tags }) => {
    const outcomes = texts(batch, from).map(text =>
      text === undefined ? abstained(`no ${from}`) : scored(consistsOf(text, tags) ? 1 : 0),
    )
    return { columns: { [to]: signalFromOutcomes(levelOf(from), outcomes) }, state: null }
  },
})

function consistsOf(text: string, tags: readonly string[]): boolean {
  let position = 0
  for (const tag of tags) {
    position = skipSpace(text, position)
    const open = `<${tag}>`
    const close = `</${tag}>`
    if (!text.startsWith(open, position)) return false
    const end = text.indexOf(close, position + open.length)
    if (end < 0) return false
    const again = text.indexOf(open, position + open.length)
    if (again >= 0 && again < end) return false
    position = end + close.length
  }
  return skipSpace(text, position) === text.length
}

function skipSpace(text: string, from: number): number {
  let position = from
  while (position < text.length && /\s/.test(text[position])) position++
  return position
}
