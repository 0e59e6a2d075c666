import { type AdapterItem, kindOf, type NumberAdapter, readObject, wrongShape } from './adapter.ts'
import { lastAnswer } from './chat-text.ts'

/** Commit of the trainer at which its client was read: `verl/experimental/reward_loop/reward_loop.py`. */
export const verlCommit = 'b178a3cd'

const source = { repository: 'volcengine/verl', commit: verlCommit }
const failurePolicy =
  '503 for the request (the client tries sixteen times, up to 30 s apart, and raises), or the value of the unscored option'

/**
 * The stand-in for a reward model that vLLM serves to verl: `POST /classify { model, input, activation }` → the reward as
 * the one probability of the last entry of `data`. `input` is the whole conversation in the chat template of the reward
 * model's tokeniser; `lastAnswer` says how prompt and response are parted. It brings no label: a recipe that needs one
 * belongs into `compute_score` of the Python client.
 *
 * A 4xx ends the training at once, so a text without an assistant's turn does.
 */
export const verlClassifyAdapter: NumberAdapter = {
  name: 'verl-classify',
  expects: '{ "model": text, "input": conversation in a chat template or a list of them, "activation": false }',
  paths: ['/adapters/verl-classify', '/classify'],
  source,
  failurePolicy,
  read: body => readConversations(verlClassifyAdapter, body),
  write: ({ rewards }, _query, body) => ({
    object: 'list',
    model: modelOf(body),
    data: rewards.map((reward, index) => ({ index, label: 'reward', probs: [reward], num_classes: 1 })),
  }),
}

/**
 * The same for a reward model that SGLang serves: `POST /v1/embeddings { model, input }` → the reward as an embedding of
 * one number.
 */
export const verlEmbeddingsAdapter: NumberAdapter = {
  name: 'verl-embeddings',
  expects: '{ "model": text, "input": conversation in a chat template or a list of them }',
  paths: ['/adapters/verl-embeddings', '/v1/embeddings'],
  source,
  failurePolicy,
  read: body => readConversations(verlEmbeddingsAdapter, body),
  write: ({ rewards }, _query, body) => ({
    object: 'list',
    model: modelOf(body),
    data: rewards.map((reward, index) => ({ object: 'embedding', index, embedding: [reward] })),
  }),
}

function readConversations(adapter: NumberAdapter, body: unknown): readonly AdapterItem[] {
  const { input } = readObject(adapter, body)
  const single = typeof input === 'string'
  const texts: readonly unknown[] = single ? [input] : Array.isArray(input) ? input : wrongInput(adapter, body, input)
  return texts.map((text, i): AdapterItem => {
    const path = single ? ['input'] : ['input', i]
    if (typeof text !== 'string') wrongShape(adapter, body, { path, expected: 'text', got: kindOf(text) })
    const message = `expected a turn of the assistant in ${path.join('.')}; found no mark of a known chat template`
    return lastAnswer(text) ?? { failure: { class: 'invalid_input', message }, path }
  })
}

function wrongInput(adapter: NumberAdapter, body: unknown, input: unknown): never {
  return wrongShape(adapter, body, { path: ['input'], expected: 'text or a list of texts', got: kindOf(input) })
}

function modelOf(body: unknown): unknown {
  return (body as { readonly model?: unknown }).model ?? 'guerdon'
}
