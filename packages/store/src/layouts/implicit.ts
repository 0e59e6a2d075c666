import {
  type Conversation,
  canonicalJson,
  fieldError,
  filledTextAt,
  type JsonRecord,
  type PairPreference,
} from '@guerdon/core'
import { messagesAt } from './conversations.ts'
import type { PreferenceLayout } from './layout.ts'
import { noFormFor, pairFacts, pairOf, requirePair } from './pairs.ts'

const taken = ['chosen', 'rejected']
const marker = '\n\nAssistant:'

/** TRL without a prompt: `chosen`, `rejected` as whole conversations, text or messages; what they share is the prompt. */
export const implicitLayout: PreferenceLayout = {
  name: 'implicit',
  holds: 'preferences',
  fields: 'chosen, rejected, whole conversations as text or messages',
  detect: ({ chosen, rejected }) => chosen !== undefined && rejected !== undefined,
  read: record => ({ preferences: [pairOf(record, sidesOf(record), taken)] }),
  write: preference => joinedPair(requirePair(preference, 'implicit'), 'implicit'),
}

/** HH-RLHF: the same as text with "\n\nHuman:" and "\n\nAssistant:" before each turn. */
export const hhRlhfLayout: PreferenceLayout = {
  ...implicitLayout,
  name: 'hh-rlhf',
  fields: 'chosen, rejected, texts with "\\n\\nHuman:" and "\\n\\nAssistant:"',
  detect: ({ chosen, rejected, prompt }) =>
    prompt === undefined && typeof chosen === 'string' && typeof rejected === 'string' && chosen.includes(marker),
  write: preference => {
    const pair = requirePair(preference, 'hh-rlhf')
    if (typeof pair.prompt !== 'string' || !pair.prompt.includes(marker)) {
      throw noFormFor(`a pair without turns marked by ${marker.trim()}`, 'hh-rlhf')
    }
    return joinedPair(pair, 'hh-rlhf')
  },
}

function sidesOf({ chosen, rejected }: JsonRecord): Pick<PairPreference, 'prompt' | 'chosen' | 'rejected'> {
  if (typeof chosen === 'string' || typeof rejected === 'string') {
    return splitTexts(filledTextAt(chosen, ['chosen']), filledTextAt(rejected, ['rejected']))
  }
  const [first, second] = [messagesAt(chosen, ['chosen']), messagesAt(rejected, ['rejected'])]
  const shortest = Math.min(first.length, second.length)
  let same = 0
  while (same < shortest && canonicalJson(first[same]) === canonicalJson(second[same])) same++
  if (same === shortest) same--
  for (const [side, messages] of [
    ['chosen', first],
    ['rejected', second],
  ] as const) {
    if (messages[same].role !== 'assistant') {
      throw fieldError([side, same, 'role'], 'a response by the role assistant', messages[same].role)
    }
  }
  return { prompt: first.slice(0, same), chosen: first.slice(same), rejected: second.slice(same) }
}

/**
 * Two texts with a common beginning as one prompt and two responses: cut behind the last "Assistant:" they share, with the
 * blank behind it if both have one, else at the last white space they share.
 */
function splitTexts(chosen: string, rejected: string): { prompt: string; chosen: string; rejected: string } {
  let same = 0
  while (same < Math.min(chosen.length, rejected.length) && chosen[same] === rejected[same]) same++
  const common = chosen.slice(0, same)
  const marked = common.lastIndexOf(marker)
  let end = marked >= 0 ? marked + marker.length : common.search(/\s\S*$/) + 1
  if (marked >= 0 && common[end] === ' ') end++
  return { prompt: common.slice(0, end), chosen: chosen.slice(end), rejected: rejected.slice(end) }
}

function joinedPair(pair: PairPreference, layout: string): JsonRecord {
  const { prompt = '', chosen, rejected } = pair
  const join = (answer: PairPreference['chosen']): Conversation => {
    if (typeof prompt === 'string' && typeof answer === 'string') return prompt + answer
    if (typeof prompt !== 'string' && typeof answer !== 'string') {
      return [...prompt, ...answer] as unknown as Conversation
    }
    throw noFormFor('a pair of which one part is text and another messages', layout)
  }
  return { chosen: join(chosen), rejected: join(rejected), ...pairFacts(pair) }
}
