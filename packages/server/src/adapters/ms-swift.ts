import { type AdapterItem, type NumberAdapter, readObject } from './adapter.ts'
import { readRows } from './completions.ts'

/** Commit of the trainer at which the calls were read: `swift/rewards/orm.py`. */
export const msSwiftCommit = '3602360a'

const shape = { name: 'ms-swift', expects: '{ "completions": [text], further columns of the same length }' }

/**
 * The arguments of an ms-swift reward plugin as a body: `{ completions, solution, … }` → the list of rewards it returns.
 * A column `messages` or `prompts` is the prompt of each item; ms-swift leaves the answer at the end of `messages`, which is
 * cut off there. ms-swift calls Python classes only; the Python client's
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
    return readRows(shape, fields, prompts, query).map(withoutAnswer)
  },
  write: ({ rewards }) => rewards,
}

function withoutAnswer(item: AdapterItem): AdapterItem {
  if ('failure' in item || typeof item.prompt === 'string') return item
  const last = item.prompt[item.prompt.length - 1]
  if (last.role !== 'assistant' || last.content !== item.response) return item
  const prompt = item.prompt.slice(0, -1)
  return { ...item, prompt: prompt.length === 0 ? '' : prompt }
}
