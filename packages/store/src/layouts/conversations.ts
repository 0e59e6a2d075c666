import {
  type Conversation,
  type ErrorPath,
  fieldError,
  filledTextAt,
  isRecord,
  type JsonRecord,
  listAt,
  type Message,
  objectAt,
  textAt,
} from '@guerdon/core'

/** The value as chat messages: each with a role, and with content or tool calls. */
export function messagesAt(value: unknown, path: ErrorPath): readonly Message[] {
  return listAt(value, path).map((entry, i) => messageAt(entry, [...path, i]))
}

function messageAt(value: unknown, path: ErrorPath): Message {
  const message = objectAt(value, path)
  textAt(message['role'], [...path, 'role'])
  const { content } = message
  const calls = message['tool_calls']
  if (content === null || content === undefined) {
    if (!Array.isArray(calls) || calls.length === 0) throw fieldError([...path, 'content'], 'text', content)
  } else if (typeof content !== 'string' && !Array.isArray(content)) {
    throw fieldError([...path, 'content'], 'text or a list of content parts', content)
  }
  return message as Message
}

/** The value as text that is not blank, or as chat messages. */
export function conversationAt(value: unknown, path: ErrorPath): Conversation {
  return Array.isArray(value) ? messagesAt(value, path) : filledTextAt(value, path)
}

/** The value as a prompt: like a conversation, or the empty text. */
export function promptAt(value: unknown, path: ErrorPath): Conversation {
  return Array.isArray(value) ? messagesAt(value, path) : textAt(value, path)
}

/** True for a list of chat messages. */
export function isMessages(value: unknown): value is readonly JsonRecord[] {
  return Array.isArray(value) && value.length > 0 && value.every(entry => isRecord(entry) && 'role' in entry)
}

/** The text of a message: itself, or its text parts joined. */
export function contentText(content: Message['content']): string {
  if (typeof content === 'string') return content
  const parts = content ?? []
  return parts.map(part => (isRecord(part) && typeof part['text'] === 'string' ? part['text'] : '')).join('')
}
