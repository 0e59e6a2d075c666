import { fieldError, isRecord, type JsonRecord, type Message } from '@guerdon/core'
import type { Verdict } from '../open-store.ts'
import { conversationRollout } from './chat.ts'
import type { LayoutItems, RolloutLayout } from './layout.ts'
import { hasAttribute, type Span, spansOf } from './spans.ts'

/**
 * Spans of OpenTelemetry with the attributes for generative AI: each with output messages is a rollout, each evaluation
 * on it (an event `gen_ai.evaluation.result`, or attributes of the span itself) a verdict.
 */
export const otelLayout: RolloutLayout = {
  name: 'otel',
  holds: 'rollouts',
  fields:
    'spans with gen_ai.input.messages, gen_ai.output.messages; gen_ai.evaluation.name, .score.value, .score.label',
  detect: record => hasAttribute(record, 'gen_ai.'),
  read: (record, fallbackId): LayoutItems => {
    const spans = spansOf(record).map((span, i) => ({ ...span, id: span.id ?? `${fallbackId}.${i}` }))
    const calls = spans.filter(({ attributes }) => attributes['gen_ai.output.messages'] !== undefined)
    return {
      rollouts: calls.map(callRollout),
      verdicts: spans.flatMap(verdictsOf),
    }
  },
}

function callRollout(span: Span & { readonly id: string }) {
  const { attributes, id } = span
  const input = [
    ...messagesOf(attributes, 'gen_ai.system_instructions', 'system'),
    ...messagesOf(attributes, 'gen_ai.input.messages', 'user'),
  ]
  const output = messagesOf(attributes, 'gen_ai.output.messages', 'assistant')
  return {
    ...conversationRollout(output, id),
    prompt: input.length > 0 ? input : '',
    messages: [...input, ...output],
    meta: {
      trace: span.trace,
      name: span.name,
      operation: attributes['gen_ai.operation.name'],
      provider: attributes['gen_ai.provider.name'] ?? attributes['gen_ai.system'],
      model: attributes['gen_ai.request.model'],
      conversation: attributes['gen_ai.conversation.id'],
      agent: attributes['gen_ai.agent.name'],
      promptTokens: attributes['gen_ai.usage.input_tokens'],
      responseTokens: attributes['gen_ai.usage.output_tokens'],
    },
  }
}

/** The messages of an attribute: a list, or JSON as text; parts become content, tool calls and tool results. */
function messagesOf(attributes: JsonRecord, name: string, role: string): Message[] {
  const given = attributes[name]
  if (given === undefined || given === null) return []
  let list = given
  if (typeof given === 'string') {
    try {
      list = JSON.parse(given)
    } catch {
      throw fieldError(['attributes', name], 'messages as JSON', given)
    }
  }
  if (!Array.isArray(list)) throw fieldError(['attributes', name], 'a list of messages', given)
  const messages = list.every(entry => isRecord(entry) && entry['role'] === undefined) ? [{ role, parts: list }] : list
  return messages.filter(isRecord).map(message => messageOf(message, role))
}

function messageOf(message: JsonRecord, fallbackRole: string): Message {
  const role = typeof message['role'] === 'string' ? message['role'] : fallbackRole
  if (typeof message['content'] === 'string') return { role, content: message['content'] }
  const parts = Array.isArray(message['parts']) ? message['parts'].filter(isRecord) : []
  const said = parts.filter(({ type }) => type === 'text').map(({ content }) => String(content ?? ''))
  const calls = parts
    .filter(({ type }) => type === 'tool_call')
    .map(({ id, name, arguments: given }) => ({ id, type: 'function', function: { name, arguments: given } }))
  const result = parts.find(({ type }) => type === 'tool_call_response')
  if (result !== undefined) {
    const { response } = result
    const content = typeof response === 'string' ? response : JSON.stringify(response ?? null)
    return { role: 'tool', content, ...(result['id'] === undefined ? {} : { tool_call_id: result['id'] }) }
  }
  return {
    role,
    content: said.length > 0 ? said.join('') : calls.length > 0 ? null : '',
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  }
}

function verdictsOf({ id, attributes, events }: Span & { readonly id: string }): Verdict[] {
  const sources = [attributes, ...events.map(event => event.attributes)]
  return sources.flatMap(given => {
    const name = given['gen_ai.evaluation.name']
    if (typeof name !== 'string') return []
    const [score, label] = [given['gen_ai.evaluation.score.value'], given['gen_ai.evaluation.score.label']]
    const reason = given['gen_ai.evaluation.explanation']
    return [
      {
        id,
        name,
        ...(typeof score === 'number' && Number.isFinite(score) ? { score } : {}),
        ...(typeof label === 'string' ? { label } : {}),
        ...(typeof reason === 'string' ? { reason } : {}),
      },
    ]
  })
}
