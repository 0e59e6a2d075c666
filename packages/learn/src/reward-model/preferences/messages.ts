import {
  canonicalJson,
  type ErrorPath,
  fieldError,
  isRecord,
  type JsonRecord,
  listAt,
  objectAt,
  textAt,
} from '@guerdon/core'

/** How turns are written: the markers of HH-RLHF, two line ends and who speaks. */
const speakers: Readonly<Record<string, string>> = {
  system: 'System',
  developer: 'System',
  user: 'Human',
  human: 'Human',
  assistant: 'Assistant',
  tool: 'Tool',
  function: 'Tool',
}

/** What stands before a response. */
export const responseMarker = '\n\nAssistant: '

/** A prompt and what was answered, as text. */
export interface PromptResponse {
  readonly prompt: string
  readonly response: string
}

/** True for a list of chat messages. */
export function isMessages(value: unknown): value is readonly JsonRecord[] {
  return Array.isArray(value) && value.length > 0 && value.every(entry => isRecord(entry) && 'role' in entry)
}

/** Messages as text: each turn with its marker, tool calls as JSON behind what was said. */
export function renderMessages(value: unknown, path: ErrorPath): string {
  return listAt(value, path)
    .map((entry, i) => renderTurn(objectAt(entry, [...path, i]), [...path, i]))
    .join('')
}

function renderTurn(message: JsonRecord, path: ErrorPath): string {
  const speaker = speakers[textAt(message['role'], [...path, 'role'])]
  if (speaker === undefined) {
    throw fieldError([...path, 'role'], `one of ${Object.keys(speakers).join(', ')}`, message['role'])
  }
  return `\n\n${speaker}: ${messageText(message, path)}`
}

/** What one message says; its parts joined, its tool calls as JSON. */
export function messageText(message: JsonRecord, path: ErrorPath): string {
  const { content, tool_calls: calls } = message
  const said = content === null || content === undefined ? '' : contentText(content, [...path, 'content'])
  if (!Array.isArray(calls) || calls.length === 0) {
    if (content === null || content === undefined) throw fieldError([...path, 'content'], 'text', content)
    return said
  }
  const written = calls.map((call, i) =>
    toolCallText(objectAt(call, [...path, 'tool_calls', i]), [...path, 'tool_calls', i]),
  )
  return [said, ...written].filter(text => text !== '').join('\n')
}

function contentText(content: unknown, path: ErrorPath): string {
  if (typeof content === 'string') return content
  return listAt(content, path)
    .map((part, i) => textAt(objectAt(part, [...path, i])['text'], [...path, i, 'text']))
    .join('')
}

/** Arguments are an object in some files and JSON as text in others; both come out the same. */
function toolCallText(call: JsonRecord, path: ErrorPath): string {
  const { name, arguments: given } = objectAt(call['function'] ?? call, path)
  let values = given
  if (typeof given === 'string') {
    try {
      values = JSON.parse(given)
    } catch {
      throw fieldError([...path, 'function', 'arguments'], 'JSON', given)
    }
  }
  return canonicalJson({ arguments: values ?? {}, name: textAt(name, [...path, 'function', 'name']) })
}

/** A conversation cut before what was answered: everything from the first of the `answer` messages on is the response. */
export function splitConversation(
  before: readonly unknown[],
  answer: readonly unknown[],
  path: ErrorPath,
): PromptResponse {
  const [first] = answer
  if (!isRecord(first) || first['role'] !== 'assistant') {
    throw fieldError(path, 'a response by the role assistant', first)
  }
  const rest = answer.length > 1 ? renderMessages(answer.slice(1), path) : ''
  const prompt = before.length > 0 ? renderMessages(before, path) : ''
  return { prompt: prompt + responseMarker, response: messageText(first, path) + rest }
}
