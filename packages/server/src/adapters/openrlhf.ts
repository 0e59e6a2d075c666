import { type AdapterItem, kindOf, type NumberAdapter, readObject, wrongShape } from './adapter.ts'
import { responseOf } from './prompt-prefix.ts'

/** Commit of the trainer at which its client was read: `openrlhf/utils/agent.py`. */
export const openrlhfCommit = '3c3be623'

const shape = {
  name: 'openrlhf',
  expects: '{ "query": [text], "prompts": [text], "labels": [any] }',
}

/**
 * The remote reward of OpenRLHF: `{ query, prompts, labels }` → `{ rewards, scores, extra_logs }`, one entry an item, in
 * order. `query` is prompt and response in one text with special tokens kept; see `responseOf` for how they are parted.
 * Lists may be empty. `labels` may be missing or hold null. `scores` repeats the reward; `extra_logs` holds each component
 * that has a number for every item of the request.
 *
 * The client tries five times, one second apart, whatever the status, and then goes on with no reward at all.
 */
export const openrlhfAdapter: NumberAdapter = {
  ...shape,
  paths: ['/adapters/openrlhf', '/get_reward'],
  source: { repository: 'OpenRLHF/OpenRLHF', commit: openrlhfCommit },
  failurePolicy: '503 for the request (the client stops after five tries), or the value of the unscored option',
  read: body => {
    const { query, prompts, labels } = readObject(shape, body)
    const queries = readTexts(body, 'query', query)
    const asked = readTexts(body, 'prompts', prompts)
    sameLength(body, ['query', queries.length], ['prompts', asked.length])
    const known = labels ?? undefined
    if (known !== undefined && !Array.isArray(known)) {
      wrongShape(shape, body, { path: ['labels'], expected: 'a list', got: kindOf(labels) })
    }
    if (known !== undefined) sameLength(body, ['query', queries.length], ['labels', known.length])
    return queries.map((text, i): AdapterItem => {
      const response = responseOf(text, asked[i])
      if (response !== undefined) return { prompt: asked[i], response, reference: known?.[i] }
      const message = `expected query[${i}] to begin with prompts[${i}]; they differ at character ${differAt(text, asked[i])}`
      return { failure: { class: 'invalid_input', message }, path: ['query', i] }
    })
  },
  write: ({ rewards, components }) => {
    const logs: Record<string, unknown> = {}
    for (const [name, values] of components) if (!values.includes(null)) logs[name] = values
    return { rewards, scores: rewards, extra_logs: logs }
  },
}

function readTexts(body: unknown, name: string, given: unknown): readonly string[] {
  if (!Array.isArray(given)) wrongShape(shape, body, { path: [name], expected: 'a list of texts', got: kindOf(given) })
  for (let i = 0; i < given.length; i++) {
    if (typeof given[i] === 'string') continue
    wrongShape(shape, body, { path: [name, i], expected: 'text', got: kindOf(given[i]) })
  }
  return given
}

function sameLength(body: unknown, [first, size]: [string, number], [second, other]: [string, number]): void {
  if (size === other) return
  wrongShape(shape, body, {
    path: [second],
    expected: `${first} and ${second} of one length`,
    got: `${size} in ${first} and ${other} in ${second}`,
  })
}

function differAt(a: string, b: string): number {
  let i = 0
  while (i < a.length && i < b.length && a[i] === b[i]) i++
  return i
}
