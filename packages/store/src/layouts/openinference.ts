import { fieldErrorSaying, isRecord, type JsonRecord, type Message, type Rollout } from '@guerdon/core'
import { conversationRollout } from './chat.ts'
import type { LayoutItems, RolloutLayout } from './layout.ts'
import { hasAttribute, type Span, spansOf } from './spans.ts'

const kind = 'openinference.span.kind'

/**
 * Spans of OpenInference: each call of a language model is a rollout with its input and output messages; spans of other
 * kinds hold none.
 */
export const openinferenceLayout: RolloutLayout = {
  name: 'openinference',
  holds: 'rollouts',
  fields: 'spans with openinference.span.kind, llm.input_messages.<i>.message.role, llm.output_messages…',
  detect: record => hasAttribute(record, kind),
  read: (record, fallbackId): LayoutItems => {
    const calls = spansOf(record).filter(({ attributes }) => attributes[kind] === 'LLM')
    return { rollouts: calls.map((span, i) => callRollout(span, i === 0 ? fallbackId : `${fallbackId}.${i}`)) }
  },
}

function callRollout(span: Span, fallbackId: string): Rollout {
  const { attributes } = span
  const input = messagesOf(attributes, 'llm.input_messages')
  const output = messagesOf(attributes, 'llm.output_messages')
  const id = span.id ?? fallbackId
  const meta = {
    trace: span.trace,
    name: span.name,
    model: attributes['llm.model_name'],
    session: attributes['session.id'],
    promptTokens: attributes['llm.token_count.prompt'],
    responseTokens: attributes['llm.token_count.completion'],
  }
  if (input.length > 0 || output.length > 0) {
    const said = conversationRollout(output, id)
    return { ...said, prompt: input.length > 0 ? input : '', messages: [...input, ...output], meta }
  }
  const [prompt, response] = [attributes['input.value'], attributes['output.value']]
  if (typeof prompt !== 'string') {
    throw fieldErrorSaying(['attributes'], 'llm.input_messages or input.value', 'neither')
  }
  return { id, prompt, ...(typeof response === 'string' ? { response } : {}), meta }
}

/** The messages under flattened names: `<prefix>.<i>.message.role`, `.content`, `.tool_calls.<j>.tool_call.function.…`. */
function messagesOf(attributes: JsonRecord, prefix: string): Message[] {
  const tree: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith(`${prefix}.`)) put(tree, name.slice(prefix.length + 1).split('.'), value)
  }
  return inOrder(tree).map(entry => {
    const message = child(entry, 'message')
    const parts = inOrder(child(message, 'contents')).map(part => child(part, 'message_content'))
    const calls = inOrder(child(message, 'tool_calls')).map(call => {
      const { id, function: called } = child(call, 'tool_call')
      return { ...(id === undefined ? {} : { id }), type: 'function', function: called }
    })
    return {
      role: String(message['role'] ?? 'user'),
      content: (message['content'] ?? (parts.length > 0 ? parts : null)) as Message['content'],
      ...(message['tool_call_id'] === undefined ? {} : { tool_call_id: message['tool_call_id'] }),
      ...(calls.length > 0 ? { tool_calls: calls } : {}),
    }
  })
}

function put(tree: Record<string, unknown>, path: readonly string[], value: unknown): void {
  if (path.includes('__proto__')) return
  let at = tree
  for (const name of path.slice(0, -1)) at = (at[name] = isRecord(at[name]) ? { ...at[name] } : {}) as typeof at
  at[path[path.length - 1]] = value
}

const child = (tree: JsonRecord, name: string): JsonRecord => (isRecord(tree[name]) ? (tree[name] as JsonRecord) : {})

function inOrder(tree: JsonRecord): JsonRecord[] {
  return Object.keys(tree)
    .sort((a, b) => Number(a) - Number(b))
    .map(key => tree[key])
    .filter(isRecord)
}
