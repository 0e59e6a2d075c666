import {
  type Conversation,
  type ErrorPath,
  fieldError,
  filledTextAt,
  isRecord,
  listAt,
  type PairPreference,
  type Preference,
  textAt,
} from '@guerdon/core'
import {
  isMessages,
  messageText,
  type PromptResponse,
  renderMessages,
  responseMarker,
  splitConversation,
} from './messages.ts'
import type { PairRecord, PreferenceRecord } from './records.ts'

/**
 * A preference as reward models read it: conversations become text, each turn with its marker, and the prompt ends where
 * the response begins.
 *
 * @throws invalid_input naming the field that cannot be read
 */
export function preferenceRecord(preference: Preference): PreferenceRecord {
  switch (preference.kind) {
    case 'pair':
      return pairRecord(preference)
    case 'labelled': {
      const { prompt, response, label } = preference
      return { kind: 'labelled', prompt: promptText(prompt), response: answerText(response, ['response']), label }
    }
    case 'steps': {
      const { prompt, steps, labels } = preference
      return { kind: 'steps', prompt: promptText(prompt), steps, labels }
    }
    case 'rated': {
      const { prompt, responses } = preference
      const rated = responses.map(({ meta: _, ...response }) => response)
      return { kind: 'rated', prompt: promptText(prompt), responses: rated }
    }
    case 'choice': {
      const { id = '', prompt, correct, incorrect, subset = '' } = preference
      return { kind: 'choice', id, prompt: promptText(prompt), correct, incorrect, subset }
    }
  }
}

function pairRecord({ kind, prompt = '', chosen, rejected, meta: _, ...facts }: PairPreference): PairRecord {
  if (isVector(chosen) && isVector(rejected)) {
    return { kind, prompt: isVector(prompt) ? prompt : [], chosen, rejected, ...facts }
  }
  const better = withPrompt(prompt, chosen, ['chosen'])
  const worse = withPrompt(prompt, rejected, ['rejected'])
  return { kind, prompt: better.prompt, chosen: better.response, rejected: worse.response, ...facts }
}

function isVector(value: PairPreference['chosen']): value is readonly number[] {
  return typeof value[0] === 'number'
}

function withPrompt(prompt: unknown, answer: unknown, path: ErrorPath): PromptResponse {
  if (typeof answer === 'string') {
    const response = filledTextAt(answer, path)
    if (Array.isArray(prompt)) return { prompt: `${renderMessages(prompt, ['prompt'])}${responseMarker}`, response }
    const question = textAt(prompt, ['prompt'])
    const bare = responseMarker.trimEnd()
    // In HH-RLHF the blank behind the marker belongs to the prompt, whether one answer has it or both.
    return question.endsWith(bare)
      ? { prompt: `${question} `, response: response.replace(/^ /, '') }
      : { prompt: question, response }
  }
  const messages = listAt(answer, path)
  if (Array.isArray(prompt)) return splitConversation(prompt, messages, path)
  const question = textAt(prompt, ['prompt'])
  const [first] = messages
  // Some files repeat the prompt as the first message of either answer.
  const repeats = isRecord(first) && first['role'] !== 'assistant' && messages.length > 1
  if (repeats) return lastAnswer(messages, path)
  return splitConversation([{ role: 'user', content: question }], messages, path)
}

function lastAnswer(messages: readonly unknown[], path: ErrorPath): PromptResponse {
  const start = messages.findLastIndex(message => isRecord(message) && message['role'] !== 'assistant') + 1
  if (start === messages.length) throw fieldError(path, 'a last message by the role assistant', messages.at(-1))
  return splitConversation(messages.slice(0, start), messages.slice(start), path)
}

function promptText(prompt: Conversation): string {
  return typeof prompt === 'string' ? prompt : `${renderMessages(prompt, ['prompt'])}${responseMarker}`
}

function answerText(answer: Conversation, path: ErrorPath): string {
  if (!isMessages(answer)) return filledTextAt(answer, path)
  return answer.map((message, i) => messageText(message, [...path, i])).join('\n')
}
