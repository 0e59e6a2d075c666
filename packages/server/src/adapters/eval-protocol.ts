import { promptText } from '@guerdon/core'
import { kindOf, type NumberAdapter, readObject, reasonOf, scoredParts, wrongShape } from './adapter.ts'
import { readMessages } from './prompt.ts'

/** Commit of the SDK at which server and models were read: `eval_protocol/generic_server.py`, `models.py`. */
export const evalProtocolCommit = '000c2a48'

const shape = {
  name: 'eval-protocol',
  expects: '{ "messages": [{ "role", "content" }, …], "ground_truth": any, "kwargs": {} }, the last message the answer',
}

/**
 * The reward server of eval-protocol: `{ messages, ground_truth, kwargs }` → an EvaluateResult. The last message is the
 * response, those before it the prompt. Further arguments are taken from `kwargs` or from the top level, where the SDK's
 * own client puts them, and kept as `meta`. The client neither times out nor tries again.
 */
export const evalProtocolAdapter: NumberAdapter = {
  ...shape,
  paths: ['/adapters/eval-protocol', '/evaluate'],
  source: { repository: 'eval-protocol/python-sdk', commit: evalProtocolCommit },
  failurePolicy:
    '503 for the request, or the value of the unscored option with is_score_valid false and the reason in error',
  read: body => {
    const { messages, ground_truth: reference, kwargs, ...flat } = readObject(shape, body)
    const chat = readMessages(shape, body, ['messages'], messages)
    const last = chat[chat.length - 1]
    if (last.role !== 'assistant') {
      wrongShape(shape, body, {
        path: ['messages', chat.length - 1, 'role'],
        expected: 'the answer of the assistant as the last message',
        got: 'a message of another role',
      })
    }
    if (kwargs !== undefined && kwargs !== null && (typeof kwargs !== 'object' || Array.isArray(kwargs))) {
      wrongShape(shape, body, { path: ['kwargs'], expected: 'an object', got: kindOf(kwargs) })
    }
    const prompt = chat.slice(0, -1)
    const meta = { ...flat, ...((kwargs ?? {}) as Record<string, unknown>) }
    return [{ prompt: prompt.length === 0 ? '' : prompt, response: promptText([last]), reference, meta }]
  },
  write: ({ rewards, components, outcomes: [outcome] }) => {
    const metrics = Object.entries(scoredParts(components, 0)).map(([name, score]) => [
      name,
      { score, is_score_valid: true, reason: '' },
    ])
    const valid = outcome.status === 'scored'
    const reason = reasonOf(outcome)
    return {
      score: rewards[0],
      is_score_valid: valid,
      reason,
      metrics: Object.fromEntries(metrics),
      step_outputs: null,
      error: valid ? null : reason,
    }
  },
}
