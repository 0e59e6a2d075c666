import { describeValue, GuerdonError, type Random } from '@guerdon/core'
import type { TextWorld } from '@guerdon/worlds/text/text-world'
import { specialTokens } from '@guerdon/worlds/text/vocabulary'
import type { Episode, EpisodeStart, EpisodeTurn } from './episode.ts'
import type { DrawnToken } from './token-draw.ts'

/** An episode being played. */
export interface EpisodeRow<Task, State> {
  readonly id: string
  readonly groupId: string
  readonly task: Task
  readonly parentId?: string
  readonly forkTurn?: number
  readonly forkStep: number
  readonly depth: number
  readonly random: Random
  readonly tokens: Int32Array
  readonly drawn: Uint8Array
  readonly logProbs: Float32Array
  readonly samplingLogProbs: Float32Array
  readonly entropies: Float32Array
  readonly values: Float32Array
  readonly turns: EpisodeTurn<State>[]
  state: State
  /** Tokens so far. */
  length: number
  observationStart: number
  /** Where the action being written began: everything before it is read. */
  actionStart: number
  /** Row of the decoder. */
  slot: number
  terminated: boolean
  truncated: boolean
  correct: boolean | undefined
}

/** A row that has read its first observation and, after it, the replayed turns of its prefix. */
export function openRow<Task extends { readonly id: string }, State>(
  world: TextWorld<Task, State>,
  start: EpisodeStart<Task>,
  at: { readonly index: number; readonly maximumLength: number; readonly random: Random },
): EpisodeRow<Task, State> {
  const { task, groupId = task.id, prefix = [] } = start
  const { index, maximumLength, random } = at
  const row: EpisodeRow<Task, State> = {
    id: `${groupId}/${index}`,
    groupId,
    task,
    forkStep: 0,
    depth: 0,
    random,
    tokens: new Int32Array(maximumLength),
    drawn: new Uint8Array(maximumLength),
    logProbs: new Float32Array(maximumLength),
    samplingLogProbs: new Float32Array(maximumLength),
    entropies: new Float32Array(maximumLength),
    values: new Float32Array(maximumLength),
    turns: [],
    state: world.start(task),
    length: 1,
    observationStart: 0,
    actionStart: 0,
    slot: index,
    terminated: false,
    truncated: false,
    correct: undefined,
  }
  row.tokens[0] = specialTokens.start
  if (!readObservation(world, row)) throw noRoom(row, 'the first observation')
  for (const [turn, action] of prefix.entries()) {
    if (row.length + action.length > maximumLength) throw noRoom(row, `action ${turn} of the prefix`)
    row.tokens.set(Array.from(action), row.length)
    row.length += action.length
    takeTurn(world, row)
    if (isOver(row)) {
      throw new GuerdonError('invalid_input', `expected a prefix before the end; episode ${row.id} ends in it`, {
        path: ['starts', index, 'prefix', turn],
      })
    }
  }
  return row
}

/** Continuation `branch` of a row from its coming turn on: all it has read and written, and a random stream of its own. */
export function forkRow<Task, State>(row: EpisodeRow<Task, State>, branch: number): EpisodeRow<Task, State> {
  const turn = row.turns.length
  return {
    ...row,
    id: `${row.id}.${turn}-${branch}`,
    parentId: row.id,
    forkTurn: turn,
    forkStep: row.length,
    depth: row.depth + 1,
    random: row.random.split(`${turn}/${branch}`),
    tokens: row.tokens.slice(),
    drawn: row.drawn.slice(),
    logProbs: row.logProbs.slice(),
    samplingLogProbs: row.samplingLogProbs.slice(),
    entropies: row.entropies.slice(),
    values: row.values.slice(),
    turns: row.turns.slice(),
  }
}

/** Adds a drawn token; when it ends the action, the world takes its turn. */
export function writeToken<Task extends { readonly id: string }, State>(
  world: TextWorld<Task, State>,
  row: EpisodeRow<Task, State>,
  drawn: Readonly<DrawnToken>,
  value: number,
): void {
  const at = row.length++
  row.tokens[at] = drawn.token
  row.drawn[at] = 1
  row.logProbs[at] = drawn.logProb
  row.samplingLogProbs[at] = drawn.samplingLogProb
  row.entropies[at] = drawn.entropy
  row.values[at] = value
  const longest = Math.min(row.actionStart + world.maximumActionLength, row.tokens.length)
  if (drawn.token === specialTokens.end || row.length === longest) takeTurn(world, row)
}

/** Whether the episode has ended. */
export function isOver(row: EpisodeRow<unknown, unknown>): boolean {
  return row.terminated || row.truncated
}

/** The played episode. */
export function closeRow<Task, State>(
  row: EpisodeRow<Task, State>,
  options: { readonly valued: boolean },
): Episode<Task, State> {
  const { id, groupId, task, parentId, forkTurn, forkStep, turns, terminated, truncated, correct, length } = row
  return {
    id,
    groupId,
    task,
    ...(parentId !== undefined && { parentId }),
    ...(forkTurn !== undefined && { forkTurn }),
    forkStep,
    tokens: row.tokens.slice(0, length),
    drawn: row.drawn.slice(0, length),
    logProbs: row.logProbs.slice(0, length),
    samplingLogProbs: row.samplingLogProbs.slice(0, length),
    entropies: row.entropies.slice(0, length),
    ...(options.valued && { values: row.values.slice(0, length) }),
    turns,
    terminated,
    truncated,
    ...(correct !== undefined && { correct }),
  }
}

/** Lets the world answer the action that has just been written. */
function takeTurn<Task extends { readonly id: string }, State>(
  world: TextWorld<Task, State>,
  row: EpisodeRow<Task, State>,
): void {
  const { id, state, observationStart, actionStart, length: actionEnd } = row
  const turn = row.turns.length
  const step = world.step(state, row.tokens.subarray(actionStart, actionEnd))
  if (!Number.isFinite(step.reward)) {
    throw new GuerdonError(
      'not_finite',
      `expected a finite reward from ${world.name}; got ${describeValue(step.reward)} — episode ${id}, turn ${turn}`,
      { path: [id, 'turns', turn, 'reward'] },
    )
  }
  const { reward, facts } = step
  row.turns.push({ node: `${id}#${turn}`, observationStart, actionStart, actionEnd, state, reward, facts })
  row.state = step.state
  row.correct = step.correct ?? row.correct
  row.terminated = step.terminated
  row.truncated = !step.terminated && (step.truncated || row.turns.length >= world.maximumTurns)
  if (!isOver(row) && !readObservation(world, row)) row.truncated = true
}

/** Reads the next observation; false when it and one more token do not fit. */
function readObservation<Task extends { readonly id: string }, State>(
  world: TextWorld<Task, State>,
  row: EpisodeRow<Task, State>,
): boolean {
  const observation = world.observe(row.state)
  const end = row.length + observation.length
  if (end >= row.tokens.length) return false
  const outside = observation.findIndex(token => !(token >= 0 && token < world.vocabulary.size))
  if (outside >= 0) {
    throw new GuerdonError(
      'invalid_input',
      `expected token ids in [0, ${world.vocabulary.size}) from ${world.name}; got ${observation[outside]} — episode ${row.id}, turn ${row.turns.length}`,
      { path: [row.id, 'turns', row.turns.length, 'observation', outside] },
    )
  }
  row.tokens.set(observation, row.length)
  row.observationStart = row.length
  row.length = end
  row.actionStart = end
  return true
}

function noRoom(row: EpisodeRow<unknown, unknown>, what: string): GuerdonError {
  return new GuerdonError(
    'invalid_input',
    `expected ${what} and one more token within ${row.tokens.length} tokens — episode ${row.id}`,
    { path: [row.id], hint: 'give the transformer a larger maximumLength, or draw shorter tasks' },
  )
}
