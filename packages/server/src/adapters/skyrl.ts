import { kindOf, type NumberAdapter, readObject, scoredParts, wrongShape } from './adapter.ts'
import { readPrompt } from './prompt.ts'
import { referenceOf } from './reference.ts'

/** Commit of the trainer at which environments were read: `skyrl-gym/skyrl_gym/envs/base_text_env.py`. */
export const skyrlCommit = 'a9564572'

const shape = {
  name: 'skyrl',
  expects: '{ "prompt": text or messages, "action": text, "reward_spec": { "ground_truth": any } }',
}

/**
 * One step of a SkyRL text environment: `{ prompt, action, reward_spec }` → what `step` returns, `{ observations, reward,
 * done, metadata }`, always done. SkyRL calls Python environments only; the Python client's `Env` is one. The reward lands
 * on the last token of the turn.
 */
export const skyrlAdapter: NumberAdapter = {
  ...shape,
  paths: ['/adapters/skyrl'],
  source: { repository: 'NovaSky-AI/SkyRL', commit: skyrlCommit },
  failurePolicy: '503 for the request (an exception in a step ends the training), or the value of the unscored option',
  read: (body, query) => {
    const { prompt, action, reward_spec: spec, ...extras } = readObject(shape, body)
    if (typeof action !== 'string') wrongShape(shape, body, { path: ['action'], expected: 'text', got: kindOf(action) })
    if (spec !== undefined && spec !== null && typeof spec !== 'object') {
      wrongShape(shape, body, { path: ['reward_spec'], expected: 'an object', got: kindOf(spec) })
    }
    const reference = referenceOf({ ...extras, ...(spec ?? {}) }, query)
    return [{ prompt: readPrompt(shape, body, ['prompt'], prompt), response: action, reference, meta: extras }]
  },
  write: ({ rewards, components }) => ({
    observations: [],
    reward: rewards[0],
    done: true,
    metadata: scoredParts(components, 0),
  }),
}
