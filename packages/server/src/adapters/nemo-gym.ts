import type { Message } from '@guerdon/core'
import { kindOf, type NumberAdapter, readObject, reasonOf, wrongShape } from './adapter.ts'
import { readMessages } from './prompt.ts'
import { referenceOf } from './reference.ts'

/** Commit of the library at which the server was read: `nemo_gym/base_resources_server.py`. */
export const nemoGymCommit = '011c3386'

const shape = {
  name: 'nemo-gym',
  expects: '{ "responses_create_params": { "input" }, "response": { "output": [item] }, columns of the data set }',
}

/**
 * The verifier of a NeMo Gym resources server: `POST /verify` with a row of the data set and a Responses object → the same
 * object with `reward`, and `reward_components` where every component of the recipe has a number (their names must be the
 * same for all tasks). Whatever came is echoed untouched. The response is the text of the assistant's last message; one
 * that only called tools answered nothing, which is an empty text.
 *
 * A value sent in place of a reward is marked `mask_sample: true` with a `failure_reason`, which keeps it out of the
 * averages. The client tries a lost connection again for ever and an error three times.
 */
export const nemoGymAdapter: NumberAdapter = {
  ...shape,
  paths: ['/adapters/nemo-gym', '/verify'],
  source: { repository: 'NVIDIA-NeMo/Gym', commit: nemoGymCommit },
  failurePolicy:
    '503 for the request (the client tries three times), or the value of the unscored option with mask_sample and the reason',
  read: (body, query) => {
    const { responses_create_params: asked, response, ...row } = readObject(shape, body)
    const { input } = fieldsOf(body, 'responses_create_params', asked)
    const { output } = fieldsOf(body, 'response', response)
    if (!Array.isArray(output)) {
      wrongShape(shape, body, { path: ['response', 'output'], expected: 'a list', got: kindOf(output) })
    }
    const answer = output.findLast(isAnswer)
    return [
      {
        prompt: readInput(body, input),
        response: answer === undefined ? '' : textOf(answer),
        reference: referenceOf(row, query),
        meta: row,
      },
    ]
  },
  write: ({ rewards, components, outcomes: [outcome] }, _query, body) => {
    const parts = [...components].map(([name, [value]]) => [name, value])
    const whole = parts.length > 0 && parts.every(([, value]) => value !== null)
    return {
      ...(body as object),
      reward: rewards[0],
      ...(whole ? { reward_components: Object.fromEntries(parts) } : {}),
      ...(outcome.status === 'scored' ? {} : { mask_sample: true, failure_reason: reasonOf(outcome) }),
    }
  },
}

function fieldsOf(body: unknown, name: string, given: unknown): Readonly<Record<string, unknown>> {
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) return given as Record<string, unknown>
  return wrongShape(shape, body, { path: [name], expected: 'an object', got: kindOf(given) })
}

/** Text, or the messages among the input items: calls of tools and their results have no role. */
function readInput(body: unknown, input: unknown): string | readonly Message[] {
  if (typeof input === 'string') return input
  const path = ['responses_create_params', 'input']
  if (!Array.isArray(input)) {
    return wrongShape(shape, body, { path, expected: 'text or a list of messages', got: kindOf(input) })
  }
  const messages = input.filter(item => typeof item === 'object' && item !== null && 'role' in item)
  return messages.length === 0 ? '' : readMessages(shape, body, path, messages)
}

interface AnswerItem {
  readonly content: string | readonly { readonly type?: string; readonly text?: unknown }[]
}

function isAnswer(item: unknown): item is AnswerItem {
  const { type, role, content } = (item ?? {}) as Record<string, unknown>
  return type === 'message' && role === 'assistant' && (typeof content === 'string' || Array.isArray(content))
}

function textOf({ content }: AnswerItem): string {
  if (typeof content === 'string') return content
  return content.map(part => (typeof part.text === 'string' ? part.text : '')).join('')
}
