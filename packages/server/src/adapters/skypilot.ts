import { kindOf, type NumberAdapter, readObject, wrongShape } from './adapter.ts'
import { readPrompt } from './prompt.ts'

/** Commit of the example job group at which the format was read. */
export const skypilotCommit = '307760ac'

const shape = {
  name: 'skypilot',
  expects: '{ "items": [{ "prompt": text, "response": text, "ground_truth": any }] }',
}

/**
 * The batch reward of SkyPilot's job groups: `{ items: [{ prompt, response, ground_truth }] }` →
 * `{ rewards: [{ reward }] }`, in order. The client does not try again and raises on any status but 200.
 */
export const skypilotAdapter: NumberAdapter = {
  ...shape,
  paths: ['/adapters/skypilot', '/batch_reward'],
  source: { repository: 'skypilot-org/skypilot', commit: skypilotCommit },
  failurePolicy: '503 for the request (the client raises at once), or the value of the unscored option',
  read: body => {
    const { items } = readObject(shape, body)
    if (!Array.isArray(items)) wrongShape(shape, body, { path: ['items'], expected: 'a list', got: kindOf(items) })
    return items.map((item: unknown, i) => {
      if (typeof item !== 'object' || item === null) {
        return wrongShape(shape, body, { path: ['items', i], expected: 'an object', got: kindOf(item) })
      }
      const { prompt, response, ground_truth: reference } = item as Record<string, unknown>
      if (typeof response !== 'string') {
        wrongShape(shape, body, { path: ['items', i, 'response'], expected: 'text', got: kindOf(response) })
      }
      return { prompt: readPrompt(shape, body, ['items', i, 'prompt'], prompt), response, reference }
    })
  },
  write: ({ rewards }) => ({ rewards: rewards.map(reward => ({ reward })) }),
}
