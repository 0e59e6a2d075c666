import { promptText } from '@guerdon/core'
import { type AdapterItem, kindOf, type NumberAdapter, readObject, wrongShape } from './adapter.ts'
import { readMessages } from './prompt.ts'
import { referenceOf } from './reference.ts'

/** Commit of the library at which the groups were read: `atroposlib/api/server.py`, `ScoredData`. */
export const atroposCommit = '296a0bc5'

const shape = {
  name: 'atropos',
  expects: '{ "tokens": [[id]], "masks": [[id]], "messages": [[message]], "reference": any }, or a list of such groups',
}

/**
 * A group of Atropos on its way from an environment to `/scored_data`: `{ tokens, masks, messages, reference }` → the same
 * group with `scores`, one for each conversation, the other fields as they came and `reference`, which Atropos does not
 * know, left out. A list of groups, as for `/scored_data_list`, gives a list. The last message of a conversation is the
 * response; the conversations of a group are compared. Answers `scores: []` to a group of none.
 *
 * A reward function of Atropos that raises gives zeros, so environments ask here before they push.
 */
export const atroposAdapter: NumberAdapter = {
  ...shape,
  paths: ['/adapters/atropos'],
  source: { repository: 'NousResearch/atropos', commit: atroposCommit },
  failurePolicy:
    '503 for the request (the environment has no scores and must not push), or the value of the unscored option',
  read: (body, query) =>
    Array.isArray(body)
      ? body.flatMap((group, g) => readGroup(body, group, String(g), query))
      : readGroup(body, readObject(shape, body), '0', query),
  write: ({ rewards }, _query, body) => {
    let from = 0
    const scored = (group: unknown) => {
      const { reference: _, ...fields } = group as { reference?: unknown; messages: readonly unknown[] }
      const scores = rewards.slice(from, from + fields.messages.length)
      from += fields.messages.length
      return { ...fields, scores }
    }
    return Array.isArray(body) ? body.map(scored) : scored(body)
  },
}

function readGroup(body: unknown, given: unknown, name: string, query: (name: string) => string | undefined) {
  const group = readObject(shape, given)
  const { tokens, masks, messages } = group
  const fault = (field: string, value: unknown): never =>
    wrongShape(shape, body, { path: [field], expected: 'a list with one entry a conversation', got: kindOf(value) })
  if (!Array.isArray(tokens)) fault('tokens', tokens)
  if (!Array.isArray(masks)) fault('masks', masks)
  if (!Array.isArray(messages)) return fault('messages', messages)
  for (const [field, list] of Object.entries({ tokens, masks })) {
    if ((list as unknown[]).length === messages.length) continue
    wrongShape(shape, body, {
      path: [field],
      expected: `${field} and messages of one length`,
      got: `${(list as unknown[]).length} in ${field} and ${messages.length} in messages`,
    })
  }
  const reference = referenceOf(group, query)
  return messages.map((conversation: unknown, i): AdapterItem => {
    const chat = readMessages(shape, body, ['messages', i], conversation)
    const prompt = chat.slice(0, -1)
    return { prompt: prompt.length === 0 ? '' : prompt, response: promptText(chat.slice(-1)), reference, group: name }
  })
}
