import { numbersOf, type OutcomeAdapter, readObject, reasonOf } from './adapter.ts'
import { readRows } from './completions.ts'

/** Commit of the trainer at which the calls were read: `trl/trainer/grpo_trainer.py`, `_calculate_rewards`. */
export const trlCommit = 'f2cd5771'

const shape = {
  name: 'trl',
  expects: '{ "prompts": [text or messages], "completions": [text or messages], further columns of the same length }',
}

/**
 * The arguments of a TRL reward function as a body: `{ prompts, completions, … }`, every column of the data set a list →
 * `{ rewards: [number | null], components, unscored: [{ index, status, reason }] }`. TRL calls Python functions only; the
 * Python client's `reward_fn` is one.
 *
 * `?reference=NAME` names the column with the right answer, `?group=SIZE` the number of completions a prompt has, for
 * recipes that compare them. null is TRL's own word for a function that has nothing to say: such a row is left out of the
 * mean, and one without any number gets the advantage 0.
 */
export const trlAdapter: OutcomeAdapter = {
  ...shape,
  tellsUnscored: true,
  paths: ['/adapters/trl'],
  source: { repository: 'huggingface/trl', commit: trlCommit },
  failurePolicy:
    'null for an item without a number, with the reason in unscored; the Python client raises for failures',
  read: (body, query) => readRows(shape, readObject(shape, body), 'prompts', query),
  write: ({ outcomes, components }) => ({
    rewards: numbersOf(outcomes),
    components: Object.fromEntries(components),
    unscored: outcomes.flatMap((outcome, index) =>
      outcome.status === 'scored' ? [] : [{ index, status: outcome.status, reason: reasonOf(outcome) }],
    ),
  }),
}
