import type { ErrorPath } from '@guerdon/core'
import {
  fieldError,
  fieldErrorSaying,
  filledTextAt,
  isRecord,
  type JsonRecord,
  listAt,
  numberAt,
  optional,
  textAt,
} from './fields.ts'
import {
  isMessages,
  messageText,
  type PromptResponse,
  renderMessages,
  splitConversation,
  splitTexts,
} from './messages.ts'
import type { Content, PairRecord } from './records.ts'

/** TRL with a prompt, OpenRLHF, RewardBench 1: `prompt`, `chosen`, `rejected` as text or messages. */
export function explicitPair(record: JsonRecord): PairRecord {
  const chosen = withPrompt(record['prompt'], record['chosen'], ['chosen'])
  const rejected = withPrompt(record['prompt'], record['rejected'], ['rejected'])
  return pair(record, chosen.prompt, chosen.response, rejected.response)
}

function withPrompt(prompt: unknown, answer: unknown, path: ErrorPath): PromptResponse {
  if (typeof answer === 'string') {
    const before = isMessages(prompt)
      ? `${renderMessages(prompt, ['prompt'])}\n\nAssistant: `
      : textAt(prompt, ['prompt'])
    return { prompt: before, response: filledTextAt(answer, path) }
  }
  const messages = listAt(answer, path)
  if (isMessages(prompt)) return splitConversation(prompt, messages, path)
  const question = textAt(prompt, ['prompt'])
  const [first] = messages
  // some files repeat the prompt as the first message of either answer
  const repeats = isRecord(first) && first['role'] !== 'assistant' && messages.length > 1
  if (repeats) return lastAnswer(messages, path)
  return splitConversation([{ role: 'user', content: question }], messages, path)
}

function lastAnswer(messages: readonly unknown[], path: ErrorPath): PromptResponse {
  const start = messages.findLastIndex(message => isRecord(message) && message['role'] !== 'assistant') + 1
  if (start === messages.length) throw fieldError(path, 'a last message by the role assistant', messages.at(-1))
  return splitConversation(messages.slice(0, start), messages.slice(start), path)
}

/** TRL without a prompt, HH-RLHF: two whole conversations, as text or messages; what they share is the prompt. */
export function implicitPair(record: JsonRecord): PairRecord {
  const { chosen, rejected } = record
  if (typeof chosen === 'string' || typeof rejected === 'string') {
    const split = splitTexts(filledTextAt(chosen, ['chosen']), filledTextAt(rejected, ['rejected']))
    return pair(record, split.prompt, split.chosen, split.rejected)
  }
  const [first, second] = [listAt(chosen, ['chosen']), listAt(rejected, ['rejected'])]
  let same = 0
  while (same < Math.min(first.length, second.length) && sameMessage(first[same], second[same])) same++
  if (same === Math.min(first.length, second.length)) same--
  const better = splitConversation(first.slice(0, same), first.slice(same), ['chosen'])
  const worse = splitConversation(second.slice(0, same), second.slice(same), ['rejected'])
  return pair(record, better.prompt, better.response, worse.response)
}

function sameMessage(a: unknown, b: unknown): boolean {
  return isRecord(a) && isRecord(b) && a['role'] === b['role'] && messageText(a, []) === messageText(b, [])
}

/** ultrafeedback_binarized: an explicit pair whose ratings give its margin. */
export function binarizedPair(record: JsonRecord): PairRecord {
  const better = numberAt(record['score_chosen'], ['score_chosen'])
  const worse = numberAt(record['score_rejected'], ['score_rejected'])
  return { ...explicitPair(record), margin: better - worse, ...(better === worse ? { tied: true } : {}) }
}

/** OpenAI's preference files: `input.messages`, `preferred_output`, `non_preferred_output`. */
export function openaiPair(record: JsonRecord): PairRecord {
  const { input } = record
  if (!isRecord(input)) throw fieldError(['input'], 'an object with messages', input)
  const before = listAt(input['messages'], ['input', 'messages'])
  const [better, worse] = (['preferred_output', 'non_preferred_output'] as const).map(side =>
    splitConversation(before, listAt(record[side], [side]), [side]),
  )
  return pair(record, better.prompt, better.response, worse.response)
}

/** Two embeddings, `chosen` and `rejected` as lists of numbers, `prompt` one more or absent. */
export function embeddedPair(record: JsonRecord): PairRecord {
  const vector = (name: string): number[] => listAt(record[name], [name]).map((value, i) => numberAt(value, [name, i]))
  const [chosen, rejected] = [vector('chosen'), vector('rejected')]
  if (chosen.length !== rejected.length) {
    throw fieldErrorSaying(['rejected'], `${chosen.length} numbers, as many as in chosen`, `${rejected.length} numbers`)
  }
  return pair(record, optional(record['prompt'], ['prompt'], () => vector('prompt')) ?? [], chosen, rejected)
}

function pair(record: JsonRecord, prompt: Content, chosen: Content, rejected: Content): PairRecord {
  if (`${chosen}` === `${rejected}`) {
    throw fieldError(['rejected'], 'a response that differs from chosen', rejected, 'a pair of equals says nothing')
  }
  const further = {
    margin: optional(record['margin'], ['margin'], numberAt),
    label: optional(record['label'], ['label'], probabilityAt),
    strength: optional(record['strength'], ['strength'], strengthAt),
    tied: optional(record['tied'], ['tied'], flagAt),
    subset: optional(record['subset'], ['subset'], textAt),
    user: optional(record['user'], ['user'], nameAt),
    id: optional(record['id'] ?? record['prompt_id'], ['id'], nameAt),
  }
  const given = Object.fromEntries(Object.entries(further).filter(([, value]) => value !== undefined))
  return { kind: 'pair', prompt, chosen, rejected, ...given }
}

function probabilityAt(value: unknown, path: ErrorPath): number {
  const found = numberAt(value, path)
  if (found >= 0 && found <= 1) return found
  throw fieldError(path, 'a probability in [0, 1]', value)
}

function strengthAt(value: unknown, path: ErrorPath): number {
  const found = numberAt(value, path)
  if (Number.isInteger(found) && found >= 0) return found
  throw fieldError(path, 'a whole number ≥ 0 (0 is a tie)', value)
}

function flagAt(value: unknown, path: ErrorPath): boolean {
  if (typeof value === 'boolean') return value
  throw fieldError(path, 'true or false', value)
}

/** A name: text or a number. */
export function nameAt(value: unknown, path: ErrorPath): string {
  return typeof value === 'number' ? String(numberAt(value, path)) : textAt(value, path)
}
