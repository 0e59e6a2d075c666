import { type AdapterItem, type NumberAdapter, readObject } from './adapter.ts'
import { readCompletion } from './completions.ts'
import { readPrompt } from './prompt.ts'
import { groupsOf, readColumns } from './reference.ts'

/** Commit of the trainer at which the calls were read: `swift/rewards/orm.py`. */
export const msSwiftCommit = '3602360a'

const shape = { name: 'ms-swift', expects: '{ "completions": [text], further columns of the same length }' }

/**
 * The arguments of an ms-swift reward plugin as a body: `{ completions, solution, … }` → the list of rewards it returns.
 * A column `messages` or `prompts` is the prompt of each item. ms-swift calls Python classes only; the Python client's
 * `ORM` is one. `?reference=NAME` and `?group=SIZE` as for TRL.
 */
export const msSwiftAdapter: NumberAdapter = {
  ...shape,
  paths: ['/adapters/ms-swift'],
  source: { repository: 'modelscope/ms-swift', commit: msSwiftCommit },
  failurePolicy:
    '503 for the request (an exception in a plugin ends the training), or the value of the unscored option',
  read: (body, query) => {
    const fields = readObject(shape, body)
    const prompts = ['messages', 'prompts'].find(name => fields[name] !== undefined && fields[name] !== null)
    const needed = prompts === undefined ? ['completions'] : ['completions', prompts]
    const { size, reference } = readColumns(shape, fields, needed, query)
    const group = groupsOf(shape, body, size, query)
    return (fields['completions'] as unknown[]).map((completion, i): AdapterItem => {
      const name = group(i)
      return {
        prompt: prompts === undefined ? '' : readPrompt(shape, body, [prompts, i], (fields[prompts] as unknown[])[i]),
        response: readCompletion(shape, body, ['completions', i], completion),
        reference: reference?.[i],
        ...(name === undefined ? {} : { group: name }),
      }
    })
  },
  write: ({ rewards }) => rewards,
}
