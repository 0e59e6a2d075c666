import { jsonColumn, numbers, Random, type RolloutBatch, signal, textColumn, texts, withColumns } from '@guerdon/core'
import type { Episode } from '@guerdon/learn'

/** What a wrong form costs, for methods that watch the form of actions beside the outcome. */
const formPenalty = -0.1

/**
 * What estimators of credit read of an episode, beside the batch's own columns: `turn.place` (the state without the number
 * of the turn, so that coming to the same place twice can be seen), `turn.form` (−0.1 where the world refused or could not
 * read the action), `turn.formatScore` (1 or 0 likewise), `turn.heard` (`Nothing happens` after such an action, `done` after
 * others), `rollout.verdict` (1 correct, 0 without an end, −1 wrong), and
 * for controls `rollout.otherScore`, the score of a rollout of the next group, which says nothing of what was done, and
 * `turn.otherPlace` and `turn.otherAction`, the turns of each episode in another order.
 *
 * @param batch with `turn.action` in words
 */
export function withCreditColumns(batch: RolloutBatch, episodes: readonly Episode[]): RolloutBatch {
  const turns = episodes.flatMap(episode => episode.turns)
  const places = turns.map(({ state }) => placeOf(state))
  const actions = texts(batch, 'turn.action')
  const elsewhere = shuffledTurns(batch)
  const accepted = turns.map(({ facts }) => accepts(facts))
  return withColumns(batch, {
    'turn.place': jsonColumn('turn', places),
    'turn.otherPlace': jsonColumn(
      'turn',
      elsewhere.map(t => places[t]),
    ),
    'turn.otherAction': textColumn(
      'turn',
      elsewhere.map(t => actions[t]),
    ),
    'turn.form': signal(
      'turn',
      accepted.map(good => (good ? 0 : formPenalty)),
    ),
    'turn.formatScore': signal(
      'turn',
      accepted.map(good => (good ? 1 : 0)),
    ),
    'turn.heard': textColumn(
      'turn',
      turns.map((_, t) => (t === 0 || accepted[t - 1] ? 'done' : 'Nothing happens')),
    ),
    'rollout.otherScore': signal('rollout', otherScores(batch)),
    'rollout.verdict': signal(
      'rollout',
      episodes.map(({ correct, truncated }) => (correct ? 1 : truncated ? 0 : -1)),
    ),
  })
}

/** Whether the world could read the action and do it. */
function accepts({ wellFormed, admissible = true, error = 'none' }: Episode['turns'][number]['facts']): boolean {
  return wellFormed === true && admissible === true && error === 'none'
}

/** A state without what counts turns. */
function placeOf(state: unknown): unknown {
  const { turn: _, task: __, ...place } = state as Record<string, unknown>
  return place
}

/** For each turn another of its episode, by a permutation that depends on the episode's number alone. */
function shuffledTurns({ rolloutIds, turnOffsets }: RolloutBatch): number[] {
  return rolloutIds.flatMap((_, r) => {
    const order = new Random(r).permutation(turnOffsets[r + 1] - turnOffsets[r])
    return Array.from(order, turn => turnOffsets[r] + turn)
  })
}

/** A score of the next group for each rollout; within its own group centring would turn the sign of what is left. */
function otherScores(batch: RolloutBatch): Float64Array {
  const { values } = numbers(batch, 'rollout.score')
  const others = new Float64Array(values.length)
  for (let g = 0; g < batch.groupIds.length; g++) {
    const [from, to] = [batch.groupOffsets[g], batch.groupOffsets[g + 1]]
    for (let r = from; r < to; r++) others[r] = values[(r + to - from) % values.length]
  }
  return others
}
