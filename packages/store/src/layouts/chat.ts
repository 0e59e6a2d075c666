import type { JsonRecord, Message, Rollout, Turn } from '@guerdon/core'
import { contentText, messagesAt } from './conversations.ts'
import type { RolloutLayout } from './layout.ts'
import { metaFields, numberOrNothing } from './rollout-fields.ts'

const taken = ['messages', 'reward']

/**
 * Chat JSONL: `messages`, with or without tool calls; a number `reward` is the outcome. What comes before the first
 * message of the assistant is the prompt; each message of the assistant is a turn that answers to what came since the
 * turn before.
 */
export const chatLayout: RolloutLayout = {
  name: 'chat',
  holds: 'rollouts',
  fields: 'messages[].role, .content, .tool_calls, .tool_call_id; tools, reward',
  detect: ({ messages, prompt, completion }) =>
    Array.isArray(messages) && prompt === undefined && completion === undefined,
  read: (record, fallbackId) => {
    const messages = messagesAt(record['messages'], ['messages'])
    const facts = { ...numberOrNothing(record, 'reward'), ...metaFields(record, taken) }
    return { rollouts: [{ ...conversationRollout(messages, fallbackId), ...facts }] }
  },
  write: ({ prompt, response, messages, outcome, meta }) => {
    const said = messages ?? [
      ...(typeof prompt === 'string' ? [{ role: 'user', content: prompt }] : prompt),
      ...(typeof response === 'string' ? [{ role: 'assistant', content: response }] : []),
    ]
    return {
      messages: said,
      ...(typeof outcome === 'number' ? { reward: outcome } : {}),
      ...(meta as JsonRecord | null | undefined),
    }
  },
}

/** A conversation as a rollout: prompt, messages, the last response, and a turn for each message of the assistant. */
export function conversationRollout(messages: readonly Message[], id: string): Rollout {
  const first = messages.findIndex(({ role }) => role === 'assistant')
  const start = first < 0 ? messages.length : first
  const last = messages.findLast(({ role }) => role === 'assistant')
  const prompt = start > 0 ? [...messages.slice(0, start)] : ''
  if (last === undefined) return { id, prompt, messages: [...messages] }
  return {
    id,
    prompt,
    response: contentText(last.content),
    messages: [...messages],
    turns: turnsOf(messages.slice(start)),
  }
}

function turnsOf(messages: readonly Message[]): Turn[] {
  const turns: Turn[] = []
  let heard: string[] = []
  for (const message of messages) {
    if (message.role !== 'assistant') {
      heard.push(contentText(message.content))
      continue
    }
    const calls = message['tool_calls']
    turns.push({
      ...(heard.length > 0 ? { observation: heard.join('\n') } : {}),
      action: contentText(message.content),
      ...(Array.isArray(calls) && calls.length > 0 ? { toolCalls: calls } : {}),
    })
    heard = []
  }
  return turns
}
