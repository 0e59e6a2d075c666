import { type ErrorPath, promptText } from '@guerdon/core'
import { type AdapterShape, kindOf, wrongShape } from './adapter.ts'
import { readMessages } from './prompt.ts'

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
