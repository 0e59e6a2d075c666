import { assertInteger, GuerdonError, Random } from '@guerdon/core'
import { type OutOfRange, readActions } from './actions.ts'
import type { Outcome, WorldDefinition } from './definition.ts'
import { readSnapshot, type SnapshotOwner, writeSnapshot } from './snapshot.ts'
import { bytesPerEntry, type Observations, observationsIn, type Space, sizeOf } from './space.ts'

/**
 * What happens to a copy whose episode has ended.
 * `next-step`: its next action is ignored and starts a new episode, with reward 0 and no flag, as Gymnasium's vector
 * environments do unless told otherwise. `same-step`: the new episode starts at once; `observations` shows its start and
 * `finalObservations` the end of the old one. `disabled`: stepping on is an error until `reset`.
 */
export type Autoreset = 'next-step' | 'same-step' | 'disabled'

/** How many copies there are and how they behave. */
export interface VectorWorldOptions {
  /** N ≥ 1. */
  readonly copies: number
  /** A safe integer; the same seed gives the same bytes. */
  readonly seed: number
  readonly autoreset: Autoreset
  /** Steps after which an episode is truncated. Default: the definition's. */
  readonly horizon?: number
  /** Default `error`. */
  readonly outOfRange?: OutOfRange
  /**
   * Number of the first copy, so that a batch can be divided over workers: copy k draws from the stream of `firstCopy` +
   * k. Default 0.
   */
  readonly firstCopy?: number
}

/** What to start anew. */
export interface ResetOptions {
  /** Makes new random streams; without it the streams run on. */
  readonly seed?: number
  /** Copies to start anew. Default all. */
  readonly only?: ArrayLike<number>
  /** [copies·S] states to start in, instead of drawn ones. */
  readonly states?: ArrayLike<number>
}

/** N copies of a world. The arrays are the same ones after every step: copy what is to be kept. */
export interface VectorWorld {
  readonly name: string
  readonly definition: WorldDefinition
  readonly copies: number
  readonly horizon: number
  readonly autoreset: Autoreset
  readonly actionSpace: Space
  readonly observationSpace: Space
  /** [N·D] what each copy shows now. */
  readonly observations: Observations
  /** [N·D] the last observation of the episodes that ended in this step; entries of other copies are from earlier. */
  readonly finalObservations: Observations
  /** [N] */
  readonly rewards: Float64Array
  /** [N] 1 where the task ended by its own rule: its value afterwards is 0. */
  readonly terminated: Uint8Array
  /** [N] 1 where the time limit ended it: its value goes on, bootstrap from `finalObservations`. Both can be 1. */
  readonly truncated: Uint8Array
  /** [N] steps taken in the present episode. */
  readonly elapsed: Int32Array
  /** [N·S] internal states, to read. */
  readonly states: Float64Array
  /** Starts episodes. */
  reset(options?: ResetOptions): void
  /**
   * Moves every copy by its action. A refused action leaves all copies where they were.
   * @param actions [N·A]
   */
  step(actions: ArrayLike<number>): void
  /** Everything that decides what comes next, as bytes. */
  save(): Uint8Array
  /** Goes back to where `save` was called; what follows is the same bit for bit. */
  restore(snapshot: Uint8Array): void
  /** A picture (SVG document, the default) or characters. */
  render(copy?: number, options?: { readonly format?: 'svg' | 'text' }): string
  /** What the definition's `facts` say of a copy; `unsupported` where it has none. */
  facts(copy?: number): Readonly<Record<string, number>>
}

/**
 * N copies of a world side by side, each with its own random stream, after their first reset. No allocation per step.
 *
 * @throws invalid_option for options out of range; from `step` shape_mismatch, invalid_input or not_finite for actions
 * that do not fit, state for a step after the end, not_finite for a reward or observation of the world that is not a
 * number — all naming the copy
 */
export function vectorWorld(definition: WorldDefinition, options: VectorWorldOptions): VectorWorld {
  const { copies, autoreset, horizon = definition.horizon, outOfRange = 'error', firstCopy = 0 } = options
  assertInteger(copies, 'copies', 1)
  assertInteger(horizon, 'horizon', 1)
  assertInteger(firstCopy, 'firstCopy')
  assertChoice(autoreset, 'autoreset', ['next-step', 'same-step', 'disabled'])
  assertChoice(outOfRange, 'outOfRange', ['error', 'dynamics'])
  const { name, stateSize, actionSpace, observationSpace } = definition
  const size = sizeOf(observationSpace)
  const actionSize = sizeOf(actionSpace)
  const reading = { world: name, space: actionSpace, copies, outOfRange }
  const owner: SnapshotOwner = {
    world: name,
    copies,
    firstCopy,
    horizon,
    autoreset,
    outOfRange,
    stateSize,
    observationSize: size,
  }
  // one block holds everything, so that saving is one copy of it
  const memory = carve(copies, stateSize, observationSpace)
  const { contents, states, rewards, streams, elapsed, observations, finalObservations } = memory
  const { over, terminated, truncated } = memory
  const actions = new Float64Array(copies * actionSize)
  const outcome: Outcome = { reward: 0, terminated: false }
  const randoms: Random[] = []
  const real = observationSpace.kind === 'box' && observationSpace.dtype === 'float32'

  function show(copy: number): void {
    const to = copy * size
    definition.observe(states, copy * stateSize, observations, to)
    if (!real) return
    for (let k = to; k < to + size; k++) if (!Number.isFinite(observations[k])) refuseObservation(copy, k - to)
  }

  function refuseObservation(copy: number, entry: number): never {
    const value = observations[copy * size + entry]
    throw new GuerdonError(
      'not_finite',
      `expected finite observations of ${name}; got ${value} — copy ${copy}, entry ${entry}`,
      {
        path: ['observations', copy * size + entry],
        hint: 'the dynamics of the world are at fault; reset or restore it',
      },
    )
  }

  function begin(copy: number): void {
    elapsed[copy] = 0
    over[copy] = 0
    definition.start(states, copy * stateSize, randoms[copy])
    show(copy)
  }

  function seed(value: number): void {
    const root = new Random(value)
    for (let copy = 0; copy < copies; copy++) randoms[copy] = root.split(firstCopy + copy)
  }

  function reset({ seed: newSeed, only, states: given }: ResetOptions = {}): void {
    const count = only?.length ?? copies
    for (let i = 0; i < (only?.length ?? 0); i++) assertCopy(only![i], copies, ['only', i])
    if (given) assertStates(given, count, stateSize, name)
    if (newSeed !== undefined) seed(newSeed)
    for (let i = 0; i < count; i++) {
      const copy = only ? only[i] : i
      rewards[copy] = 0
      terminated[copy] = 0
      truncated[copy] = 0
      if (!given) {
        begin(copy)
        continue
      }
      elapsed[copy] = 0
      over[copy] = 0
      for (let k = 0; k < stateSize; k++) states[copy * stateSize + k] = given[i * stateSize + k]
      show(copy)
    }
  }

  function step(given: ArrayLike<number>): void {
    if (autoreset === 'disabled') assertNoneOver(over, name)
    readActions(given, actions, reading)
    for (let copy = 0; copy < copies; copy++) {
      if (over[copy] === 1) {
        rewards[copy] = 0
        terminated[copy] = 0
        truncated[copy] = 0
        begin(copy)
        continue
      }
      definition.advance(states, copy * stateSize, actions, copy * actionSize, outcome, randoms[copy])
      if (!Number.isFinite(outcome.reward)) refuseReward(outcome.reward, copy, name)
      const late = ++elapsed[copy] >= horizon
      rewards[copy] = outcome.reward
      terminated[copy] = outcome.terminated ? 1 : 0
      truncated[copy] = late ? 1 : 0
      show(copy)
      if (!late && !outcome.terminated) continue
      for (let k = copy * size; k < (copy + 1) * size; k++) finalObservations[k] = observations[k]
      if (autoreset === 'same-step') begin(copy)
      else over[copy] = 1
    }
  }

  function save(): Uint8Array {
    randoms.forEach((random, copy) => {
      const { key, position } = random.state()
      streams.set([key[0], key[1], position], 3 * copy)
    })
    return writeSnapshot(owner, contents)
  }

  function restore(snapshot: Uint8Array): void {
    contents.set(readSnapshot(owner, snapshot))
    for (let copy = 0; copy < copies; copy++) {
      const [key0, key1, position] = streams.subarray(3 * copy)
      randoms[copy] = new Random({ key: [key0, key1], position })
    }
  }

  function stateAt(copy: number): Float64Array {
    assertCopy(copy, copies, ['copy'])
    return states.slice(copy * stateSize, (copy + 1) * stateSize)
  }

  function render(copy = 0, { format = 'svg' }: { readonly format?: 'svg' | 'text' } = {}): string {
    const state = stateAt(copy)
    assertChoice(format, 'format', ['svg', 'text'])
    return definition[format](state)
  }

  function facts(copy = 0): Readonly<Record<string, number>> {
    const state = stateAt(copy)
    if (definition.facts) return definition.facts(state)
    throw new GuerdonError('unsupported', `expected a world that tells facts of its states; ${name} does not`, {
      hint: 'read observations or states instead, or add facts(state) to the definition',
    })
  }

  seed(options.seed)
  reset()
  return {
    name,
    definition,
    copies,
    horizon,
    autoreset,
    actionSpace,
    observationSpace,
    observations,
    finalObservations,
    rewards,
    terminated,
    truncated,
    elapsed,
    states,
    reset,
    step,
    save,
    restore,
    render,
    facts,
  }
}

/** The arrays of N copies, widest numbers first so that all are aligned. */
function carve(copies: number, stateSize: number, space: Space) {
  const seen = copies * sizeOf(space)
  const wide = 8 * copies * (stateSize + 1 + 3)
  const narrow = 4 * copies
  const observed = Math.ceil((seen * bytesPerEntry(space)) / 4) * 4
  const buffer = new ArrayBuffer(wide + narrow + 2 * observed + 3 * copies)
  const shown = wide + narrow
  const flags = shown + 2 * observed
  return {
    contents: new Uint8Array(buffer),
    states: new Float64Array(buffer, 0, copies * stateSize),
    rewards: new Float64Array(buffer, 8 * copies * stateSize, copies),
    /** [N·3] where the random streams stood when saved: two key words, position. */
    streams: new Float64Array(buffer, 8 * copies * (stateSize + 1), 3 * copies),
    elapsed: new Int32Array(buffer, wide, copies),
    observations: observationsIn(space, buffer, shown, seen),
    finalObservations: observationsIn(space, buffer, shown + observed, seen),
    over: new Uint8Array(buffer, flags, copies),
    terminated: new Uint8Array(buffer, flags + copies, copies),
    truncated: new Uint8Array(buffer, flags + 2 * copies, copies),
  }
}

function assertChoice(value: string, name: string, choices: readonly string[]): void {
  if (choices.includes(value)) return
  throw new GuerdonError('invalid_option', `expected ${name} to be one of ${choices.join(', ')}; got ${value}`, {
    path: [name],
  })
}

function assertCopy(copy: number, copies: number, path: readonly (string | number)[]): void {
  if (Number.isInteger(copy) && copy >= 0 && copy < copies) return
  throw new GuerdonError('invalid_input', `expected a copy in 0 … ${copies - 1}; got ${copy}`, { path })
}

function assertStates(states: ArrayLike<number>, count: number, stateSize: number, world: string): void {
  if (states.length !== count * stateSize) {
    throw new GuerdonError(
      'shape_mismatch',
      `expected ${count * stateSize} numbers, a state of ${stateSize} for each of ${count} copies of ${world}; got ${states.length} — states`,
      { path: ['states'] },
    )
  }
  for (let i = 0; i < states.length; i++) {
    if (Number.isFinite(states[i])) continue
    throw new GuerdonError(
      'not_finite',
      `expected finite states of ${world}; got ${states[i]} — state ${Math.floor(i / stateSize)}, entry ${i % stateSize}`,
      { path: ['states', i] },
    )
  }
}

function assertNoneOver(over: Uint8Array, world: string): void {
  const copy = over.indexOf(1)
  if (copy < 0) return
  throw new GuerdonError('state', `expected a running episode of ${world}; it has ended — copy ${copy}`, {
    path: ['copies', copy],
    hint: `call reset({ only: [${copy}] }) first, or make the world with autoreset: 'next-step' or 'same-step'`,
  })
}

function refuseReward(reward: number, copy: number, world: string): never {
  throw new GuerdonError('not_finite', `expected a finite reward of ${world}; got ${reward} — copy ${copy}`, {
    path: ['rewards', copy],
    hint: 'the dynamics of the world are at fault; reset or restore it',
  })
}
