import { type AdapterItem, type NumberAdapter, readObject, scoredParts } from './adapter.ts'
import { readCompletion } from './completions.ts'
import { readPrompt } from './prompt.ts'
import { readColumns, referenceOf } from './reference.ts'

/** Commit of the library at which rubrics were read: `verifiers/legacy/rubrics/rubric.py`; prime-rl trains on it. */
export const verifiersCommit = 'a60a606e'

const shape = {
  name: 'verifiers',
  expects:
    '{ "prompt": text or messages, "completion": text or messages, "answer": any }, or prompts, completions and answers as lists',
}

/**
 * The arguments of a rubric of verifiers (prime-rl): `{ prompt, completion, answer, info }` → `{ reward, metrics }`, a
 * `RolloutScore`; under the plural names of a group function, `{ prompts, completions, answers }` → `{ reward: […], metrics:
 * { name: […] } }`, the items one group. A component without a number for every item is left out of the metrics. Rubrics
 * are Python; the client's `verifiers` module is one. A rubric turns an exception into 0.0 by itself: let the run stop on
 * the error it logs, or score outside the rubric.
 */
export const verifiersAdapter: NumberAdapter = {
  ...shape,
  paths: ['/adapters/verifiers'],
  source: { repository: 'PrimeIntellect-ai/verifiers', commit: verifiersCommit },
  failurePolicy:
    '503 for the request (a rubric that lets the error through scores 0.0), or the value of the unscored option',
  read: (body, query) => {
    const fields = readObject(shape, body)
    if (!('completions' in fields)) {
      const { prompt, completion, ...rest } = fields
      const response = readCompletion(shape, body, ['completion'], completion)
      const reference = referenceOf(rest, query)
      return [{ prompt: readPrompt(shape, body, ['prompt'], prompt), response, reference, meta: rest['info'] }]
    }
    const answers = Array.isArray(fields['answers']) ? fields['answers'] : undefined
    readColumns(shape, fields, answers ? ['completions', 'prompts', 'answers'] : ['completions', 'prompts'], query)
    return (fields['completions'] as unknown[]).map(
      (completion, i): AdapterItem => ({
        prompt: readPrompt(shape, body, ['prompts', i], (fields['prompts'] as unknown[])[i]),
        response: readCompletion(shape, body, ['completions', i], completion),
        reference: answers?.[i],
        group: 'group',
      }),
    )
  },
  write: ({ rewards, components }, _query, body) => {
    if (!('completions' in (body as object))) return { reward: rewards[0], metrics: scoredParts(components, 0) }
    const whole = [...components].filter(([, values]) => !values.includes(null))
    return { reward: rewards, metrics: Object.fromEntries(whole) }
  },
}
