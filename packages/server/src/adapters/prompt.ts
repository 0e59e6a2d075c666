import { type ErrorPath, type Message, messageSchema } from '@guerdon/core'
import { type AdapterShape, kindOf, wrongShape } from './adapter.ts'

/** A prompt as trainers send it: text, or a list of chat messages. Throws 422. */
export function readPrompt(
  adapter: AdapterShape,
  body: unknown,
  path: ErrorPath,
  given: unknown,
): string | readonly Message[] {
  return typeof given === 'string' ? given : readMessages(adapter, body, path, given)
}

/** A list of at least one chat message. Throws 422. */
export function readMessages(
  adapter: AdapterShape,
  body: unknown,
  path: ErrorPath,
  given: unknown,
): readonly Message[] {
  if (!Array.isArray(given) || given.length === 0) {
    wrongShape(adapter, body, {
      path,
      expected: 'a list of chat messages',
      got: Array.isArray(given) ? 'an empty one' : kindOf(given),
    })
  }
  return given.map((message, i) => {
    const parsed = messageSchema.safeParse(message)
    if (parsed.success) return parsed.data
    return wrongShape(adapter, body, {
      path: [...path, i, ...parsed.error.issues[0].path.map(part => (typeof part === 'number' ? part : String(part)))],
      expected: 'a chat message with role and content',
      got: kindOf(message),
    })
  })
}
