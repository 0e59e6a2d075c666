import { kindOf, type NumberAdapter, readObject, wrongShape } from './adapter.ts'
import { readPrompt } from './prompt.ts'
import { referenceOf } from './reference.ts'

/** Commit of the server at which events were read: `agentlightning/server/routes/events.py`, `server/proxy.py`. */
export const agentLightningCommit = 'c632d8dd'

const shape = {
  name: 'agent-lightning',
  expects: '{ "events": [{ "event_type", "data" }], "reference": any }, one of the events a model_request',
}

/**
 * The events of one rollout of agent-lightning, as `GET /api/rollouts/{id}/events` lists them: `{ events, reference }` → the
 * reward event to post to `/api/rollouts/{id}/attempt/{attempt}/events`, `{ event_type: "reward", data: { value, source,
 * message } }`. The response is what the model said in the last `model_request` that was answered, the prompt what it was
 * asked there. Rewards of a rollout are one number for all its rows.
 */
export const agentLightningAdapter: NumberAdapter = {
  ...shape,
  paths: ['/adapters/agent-lightning'],
  source: { repository: 'microsoft/agent-lightning', commit: agentLightningCommit },
  failurePolicy:
    '503 for the request (nothing is posted, the rollout stays without reward), or the value of the unscored option',
  read: (body, query) => {
    const { events, ...fields } = readObject(shape, body)
    if (!Array.isArray(events)) wrongShape(shape, body, { path: ['events'], expected: 'a list', got: kindOf(events) })
    const at = events.findLastIndex(isAnswered)
    if (at < 0) {
      wrongShape(shape, body, {
        path: ['events'],
        expected: 'a model_request with an answer, untrimmed (without ?format=triplet)',
        got: `none among ${events.length} events`,
      })
    }
    const { request, response } = (events[at] as ModelRequest).data
    const asked = request?.messages ?? request?.prompt
    return [
      {
        prompt: readPrompt(shape, body, ['events', at, 'data', 'request', 'messages'], asked),
        response: textOf(response),
        reference: referenceOf(fields, query),
        meta: fields,
      },
    ]
  },
  write: ({ rewards, components }) => ({
    event_type: 'reward',
    data: {
      value: rewards[0],
      source: 'guerdon',
      message: [...components].map(([name, [value]]) => `${name}: ${value ?? 'no number'}`).join(', '),
    },
  }),
}

interface Choice {
  readonly message?: { readonly content?: string | null }
  readonly text?: string
}

interface ModelRequest {
  readonly data: {
    readonly request?: { readonly messages?: unknown; readonly prompt?: unknown }
    readonly response: { readonly choices: readonly Choice[] }
  }
}

function isAnswered(event: unknown): boolean {
  const { event_type: type, data } = (event ?? {}) as { event_type?: unknown; data?: Partial<ModelRequest['data']> }
  const choices = data?.response?.choices
  return type === 'model_request' && Array.isArray(choices) && choices.length > 0
}

function textOf(response: ModelRequest['data']['response']): string {
  const { message, text } = response.choices[0]
  return message?.content ?? text ?? ''
}
