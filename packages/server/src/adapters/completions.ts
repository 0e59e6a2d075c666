import { type ErrorPath, promptText } from '@guerdon/core'
import { type AdapterItem, type AdapterShape, kindOf, type Query, wrongShape } from './adapter.ts'
import { readMessages, readPrompt } from './prompt.ts'
import { groupsOf, readColumns } from './reference.ts'

/**
 * What the policy wrote, as trainers hand it over: text, or the chat messages it added, of which the last one of the
 * assistant counts. Messages without one are an empty answer. Throws 422.
 */
export function readCompletion(adapter: AdapterShape, body: unknown, path: ErrorPath, given: unknown): string {
  if (typeof given === 'string') return given
  if (!Array.isArray(given)) {
    return wrongShape(adapter, body, { path, expected: 'text or a list of chat messages', got: kindOf(given) })
  }
  if (given.length === 0) return ''
  const last = readMessages(adapter, body, path, given).findLast(({ role }) => role === 'assistant')
  return last === undefined ? '' : promptText([last])
}

/**
 * Items as the reward functions of trainers get them, column by column: `completions`, the prompts in the column called
 * `prompts` where there is one, the right answers, and groups of neighbours. Throws 422.
 */
export function readRows(
  adapter: AdapterShape,
  fields: Readonly<Record<string, unknown>>,
  prompts: string | undefined,
  query: Query,
): readonly AdapterItem[] {
  const needed = prompts === undefined ? ['completions'] : [prompts, 'completions']
  const { size, reference } = readColumns(adapter, fields, needed, query)
  const group = groupsOf(adapter, fields, size, query)
  const asked = prompts === undefined ? [] : (fields[prompts] as readonly unknown[])
  return (fields['completions'] as readonly unknown[]).map((completion, i): AdapterItem => {
    const name = group(i)
    return {
      prompt: prompts === undefined ? '' : readPrompt(adapter, fields, [prompts, i], asked[i]),
      response: readCompletion(adapter, fields, ['completions', i], completion),
      reference: reference?.[i],
      ...(name === undefined ? {} : { group: name }),
    }
  })
}
