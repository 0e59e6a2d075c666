import { kindOf, type NumberAdapter, readObject, scoredParts, wrongShape } from './adapter.ts'
import { readPrompt } from './prompt.ts'

/** Commit of the trainer at which its client was read: `slime/rollout/rm_hub/__init__.py`. */
export const slimeCommit = '624b824a'

const shape = { name: 'slime', expects: '{ "prompt": text or messages, "response": text, "label": any }' }

/**
 * The remote reward of slime: `{ prompt, response, label }` → a bare number; with `?shape=dict` an object with `score` and
 * every component that has a number, for `--reward-key score`. Never null.
 *
 * The client tries ten times with growing pauses, whatever the status, and then stops the rollout.
 */
export const slimeAdapter: NumberAdapter = {
  ...shape,
  paths: ['/adapters/slime'],
  source: { repository: 'THUDM/slime', commit: slimeCommit },
  failurePolicy: '503 for the request (the client stops after ten tries), or the value of the unscored option',
  read: body => {
    const { prompt, response, label } = readObject(shape, body)
    if (typeof response !== 'string') {
      wrongShape(shape, body, { path: ['response'], expected: 'text', got: kindOf(response) })
    }
    return [{ prompt: readPrompt(shape, body, ['prompt'], prompt), response, reference: label }]
  },
  write: ({ rewards, components }, query) => {
    if (query('shape') !== 'dict') return rewards[0]
    return { ...scoredParts(components, 0), score: rewards[0] }
  },
}
