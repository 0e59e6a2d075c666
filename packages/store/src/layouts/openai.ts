import { fieldError, isRecord, type JsonRecord, type Message } from '@guerdon/core'
import { messagesAt } from './conversations.ts'
import type { PreferenceLayout } from './layout.ts'
import { noFormFor, pairFacts, pairOf, requirePair } from './pairs.ts'

const taken = ['input', 'preferred_output', 'non_preferred_output']

/** OpenAI's preference files: `input.messages`, `preferred_output`, `non_preferred_output`. */
export const openaiLayout: PreferenceLayout = {
  name: 'openai',
  holds: 'preferences',
  fields: 'input.messages, preferred_output, non_preferred_output',
  detect: record => record['preferred_output'] !== undefined,
  read: record => {
    if (!isRecord(record['input'])) throw fieldError(['input'], 'an object with messages', record['input'])
    const { messages, ...input } = record['input']
    const sides = {
      prompt: messagesAt(messages, ['input', 'messages']),
      chosen: messagesAt(record['preferred_output'], ['preferred_output']),
      rejected: messagesAt(record['non_preferred_output'], ['non_preferred_output']),
    }
    const pair = pairOf(record, sides, taken)
    const meta = Object.keys(input).length > 0 ? { ...pair.meta, input } : pair.meta
    return { preferences: [{ ...pair, ...(meta === undefined ? {} : { meta }) }] }
  },
  write: preference => {
    const pair = requirePair(preference, 'openai')
    const { input, ...facts } = pairFacts(pair)
    const side = (value: unknown, role: string): readonly Message[] => {
      if (typeof value === 'string') return [{ role, content: value }]
      if (Array.isArray(value) && isRecord(value[0])) return value as Message[]
      throw noFormFor('a pair of embeddings', 'openai')
    }
    const record: JsonRecord = {
      input: { messages: side(pair.prompt, 'user'), ...(input as object | undefined) },
      preferred_output: side(pair.chosen, 'assistant'),
      non_preferred_output: side(pair.rejected, 'assistant'),
    }
    return { ...record, ...facts }
  },
}
