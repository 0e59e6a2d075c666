import {
  type ColumnData,
  type ColumnName,
  GuerdonError,
  jsonColumn,
  type Outcome,
  type RolloutBatch,
  signal,
  signalFromOutcomes,
  textColumn,
  withColumns,
} from '@guerdon/core'
import type { Vocabulary } from '@guerdon/worlds/text/vocabulary'
import type { Episode, EpisodeTurn } from './episode.ts'

/** Choices of `episodeBatch`. */
export interface EpisodeBatchOptions {
  /** Writes `turn.observation` and `turn.action` as words. Default: ids only. */
  readonly vocabulary?: Vocabulary
}

const ownTurnColumns = new Set(['reward', 'node', 'state', 'observation', 'action'])

/**
 * Played episodes as a batch that recipes run on: one rollout an episode, one turn a turn whose span is its action, one token
 * a token of the stream, read or drawn.
 *
 * Columns: `rollout.score` (sum of the world's rewards), `rollout.correct` (1, 0; abstained where the world never told),
 * `rollout.truncated`, `rollout.forkStep`, `rollout.forkTurn` and text `rollout.parentId` where there is a parent;
 * `turn.reward`, `turn.node`, `turn.state`, and `turn.<fact>` for each fact of the world (booleans as 1 and 0, abstained where a turn has
 * none); `token.id`, `token.mask` (1 = drawn), `token.own` (0 for tokens copied from the episode it was forked from),
 * `token.logprob`, `token.samplingLogprob`, `token.entropy` and, with a value head, `token.value`.
 *
 * @param episodes those of a group together, as the sampler returns them
 * @throws invalid_input for a fact that is no finite number, of two kinds, or named like a column of its own
 */
export function episodeBatch(episodes: readonly Episode[], options: EpisodeBatchOptions = {}): RolloutBatch {
  const turnOffsets = offsets(episodes, episode => episode.turns.length)
  const tokenOffsets = offsets(episodes, episode => episode.tokens.length)
  const groupStarts = episodes.flatMap(({ groupId }, i) => (i > 0 && episodes[i - 1].groupId === groupId ? [] : [i]))
  const turns = episodes.flatMap(episode => episode.turns)
  const batch: RolloutBatch = {
    groupIds: groupStarts.map(i => episodes[i].groupId),
    rolloutIds: episodes.map(({ id }) => id),
    groupOffsets: Int32Array.from([...groupStarts, episodes.length]),
    turnOffsets,
    tokenOffsets,
    turnSpans: Int32Array.from(
      episodes.flatMap((episode, i) =>
        episode.turns.flatMap(turn => [turn.actionStart + tokenOffsets[i], turn.actionEnd + tokenOffsets[i]]),
      ),
    ),
    columns: new Map(),
  }
  return withColumns(batch, {
    ...rolloutColumns(episodes),
    ...tokenColumns(episodes, tokenOffsets),
    'turn.reward': signal(
      'turn',
      turns.map(turn => turn.reward),
    ),
    'turn.node': textColumn(
      'turn',
      turns.map(turn => turn.node),
    ),
    'turn.state': jsonColumn(
      'turn',
      turns.map(turn => turn.state),
    ),
    ...factColumns(episodes),
    ...(options.vocabulary && wordColumns(episodes, options.vocabulary)),
  })
}

function offsets(episodes: readonly Episode[], size: (episode: Episode) => number): Int32Array {
  const result = new Int32Array(episodes.length + 1)
  for (const [i, episode] of episodes.entries()) result[i + 1] = result[i] + size(episode)
  return result
}

function rolloutColumns(episodes: readonly Episode[]): Record<ColumnName, ColumnData> {
  const optional = (value: (episode: Episode) => number | boolean | undefined): ColumnData =>
    signalFromOutcomes(
      'rollout',
      episodes.map(episode => outcomeOf(value(episode))),
    )
  return {
    'rollout.score': optional(({ turns }) => turns.reduce((sum, { reward }) => sum + reward, 0)),
    'rollout.correct': optional(({ correct }) => correct),
    'rollout.truncated': optional(({ truncated }) => truncated),
    'rollout.forkStep': optional(({ forkStep }) => forkStep),
    'rollout.forkTurn': optional(({ forkTurn }) => forkTurn),
    'rollout.parentId': textColumn(
      'rollout',
      episodes.map(({ parentId }) => parentId),
    ),
  }
}

function tokenColumns(episodes: readonly Episode[], starts: Int32Array): Record<ColumnName, ColumnData> {
  const flat = (column: (episode: Episode) => ArrayLike<number>): ColumnData => {
    const values = new Float64Array(starts[episodes.length])
    for (const [i, episode] of episodes.entries()) values.set(column(episode), starts[i])
    return signal('token', values)
  }
  const valued = episodes.length > 0 && episodes.every(({ values }) => values !== undefined)
  return {
    'token.id': flat(({ tokens }) => tokens),
    'token.mask': flat(({ drawn }) => drawn),
    'token.own': flat(({ tokens, forkStep }) => tokens.map((_, t) => (t >= forkStep ? 1 : 0))),
    'token.logprob': flat(({ logProbs }) => logProbs),
    'token.samplingLogprob': flat(({ samplingLogProbs }) => samplingLogProbs),
    'token.entropy': flat(({ entropies }) => entropies),
    ...(valued && { 'token.value': flat(({ values = [] }) => values) }),
  }
}

function factColumns(episodes: readonly Episode[]): Record<ColumnName, ColumnData> {
  const places = episodes.flatMap(({ id, turns }) => turns.map((turn, t) => ({ id, turn, t })))
  const names = new Set(places.flatMap(({ turn }) => Object.keys(turn.facts)))
  const columns: Record<ColumnName, ColumnData> = {}
  for (const name of names) {
    if (ownTurnColumns.has(name)) {
      throw new GuerdonError('invalid_input', `expected facts of other names than the turn's own; got ${name}`, {
        path: ['facts', name],
      })
    }
    const text = places.some(({ turn }) => typeof turn.facts[name] === 'string')
    for (const { id, turn, t } of places) {
      const value = turn.facts[name]
      const fits = value === undefined || (text ? typeof value === 'string' : Number.isFinite(Number(value)))
      if (fits) continue
      throw new GuerdonError(
        'invalid_input',
        `expected fact ${name} as ${text ? 'text on every turn' : 'a finite number'}; got ${value} — episode ${id}, turn ${t}`,
        { path: [id, 'turns', t, 'facts', name] },
      )
    }
    const values = places.map(({ turn }) => turn.facts[name])
    columns[`turn.${name}`] = text
      ? textColumn('turn', values as readonly (string | undefined)[])
      : signalFromOutcomes(
          'turn',
          values.map(value => outcomeOf(value as number | boolean | undefined)),
        )
  }
  return columns
}

function wordColumns(episodes: readonly Episode[], vocabulary: Vocabulary): Record<ColumnName, ColumnData> {
  const words = (from: (turn: EpisodeTurn) => number, to: (turn: EpisodeTurn) => number): ColumnData =>
    textColumn(
      'turn',
      episodes.flatMap(({ tokens, turns }) =>
        turns.map(turn => vocabulary.decode(tokens.subarray(from(turn), to(turn)))),
      ),
    )
  return {
    'turn.observation': words(
      turn => turn.observationStart,
      turn => turn.actionStart,
    ),
    'turn.action': words(
      turn => turn.actionStart,
      turn => turn.actionEnd,
    ),
  }
}

function outcomeOf(value: number | boolean | undefined): Outcome {
  return value === undefined ? { status: 'abstained', reason: 'not told' } : { status: 'scored', value: Number(value) }
}
