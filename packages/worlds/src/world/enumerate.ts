import { assertInRange, assertInteger, GuerdonError, Random } from '@guerdon/core'
import type { TabularWorld } from '../grid/tabular-world.ts'
import type { PossibleOutcome, PossibleStart, WorldDefinition } from './definition.ts'

/** A table of everything a finite world can do, and the states its rows stand for. */
export interface EnumeratedWorld extends TabularWorld {
  /** [S−1] what state k of the table is; the last state of the table is the end and has no entry. */
  readonly states: readonly Float64Array[]
}

/** What to enumerate. */
export interface EnumerateOptions {
  /** γ in [0, 1]. */
  readonly discount: number
  /** Default: the definition's own. */
  readonly starts?: readonly PossibleStart[]
  /**
   * Ends every episode after this many steps: a state of the table is then a state of the world *at a time*, and optimal
   * values are those of the truncated episode. Default: no end but the world's own.
   */
  readonly horizon?: number
  /** Most states before giving up. Default 100 000. */
  readonly limit?: number
}

/** A start state drawn from `random`, to enumerate or to replay one episode. */
export function drawStart(definition: WorldDefinition, random: Random): Float64Array {
  const state = new Float64Array(definition.stateSize)
  definition.start(state, 0, random)
  return state
}

/**
 * Writes a finite world as transition tables: all states that can be reached from the starts, in breadth-first order,
 * then one absorbing end. Solvers for tables (value iteration, policy iteration) then give its exact values. Rewards are
 * expectations over the outcomes of a step. A time limit is part of the tables only with `horizon`; without it, a world
 * whose state counts steps (the Minigrid ones) has no end of states.
 *
 * @throws unsupported for continuous actions or a stochastic world that does not list its outcomes; invalid_input
 * without starts or with probabilities that do not sum to 1; not_finite for a reward; unsupported beyond `limit` states
 */
export function enumerateWorld(definition: WorldDefinition, options: EnumerateOptions): EnumeratedWorld {
  const { discount, horizon = Number.POSITIVE_INFINITY, limit = 100_000 } = options
  const timed = options.horizon !== undefined
  if (timed) assertInteger(horizon, 'horizon', 1)
  assertInRange(discount, 'discount', 0, 1)
  assertInteger(limit, 'limit', 1)
  const { name, actionSpace } = definition
  if (actionSpace.kind !== 'discrete')
    throw new GuerdonError('unsupported', `expected a world with discrete actions to enumerate; ${name} has others`)
  const starts = options.starts ?? definition.starts?.()
  if (!starts) {
    throw new GuerdonError('invalid_input', `expected states to start from; ${name} has too many to list`, {
      path: ['starts'],
      hint: 'give some, for example [{ state: drawStart(definition, new Random(1)), probability: 1 }]',
    })
  }
  const outcomesOf = listing(definition)
  const states: Float64Array[] = []
  const times: number[] = []
  const indices = new Map<string, number>()
  const indexOf = (state: Float64Array, time: number): number => {
    const key = timed ? `${time}:${state.join()}` : state.join()
    const known = indices.get(key)
    if (known !== undefined) return known
    if (states.length >= limit) {
      throw new GuerdonError('unsupported', `expected at most ${limit} states of ${name}; there are more`, {
        path: ['limit'],
        hint: 'is the world finite? A larger limit needs memory for a row of each state and action',
      })
    }
    indices.set(key, states.length)
    states.push(state.slice())
    times.push(time)
    return states.length - 1
  }
  const first = starts.map(({ state, probability }) => [indexOf(state, 0), probability] as const)
  assertTotal(
    first.map(([, probability]) => probability),
    `the starts of ${name}`,
  )

  const END = -1
  const actionCount = actionSpace.count
  const offsets = [0]
  const next: number[] = []
  const probabilities: number[] = []
  const rewards: number[] = []
  for (let state = 0; state < states.length; state++) {
    for (let action = 0; action < actionCount; action++) {
      const outcomes = outcomesOf(states[state], action)
      assertTotal(
        outcomes.map(({ probability }) => probability),
        `action ${action} in state (${states[state].join(', ')}) of ${name}`,
      )
      const row = new Map<number, number>()
      let reward = 0
      for (const outcome of outcomes) {
        if (outcome.probability === 0) continue
        const time = times[state] + 1
        const target = outcome.terminated || time >= horizon ? END : indexOf(outcome.state, time)
        row.set(target, (row.get(target) ?? 0) + outcome.probability)
        if (!Number.isFinite(outcome.reward)) refuseReward(outcome.reward, states[state], action, name)
        reward += outcome.probability * outcome.reward
      }
      for (const [target, probability] of row) {
        next.push(target)
        probabilities.push(probability)
      }
      offsets.push(next.length)
      rewards.push(reward)
    }
  }
  const terminalState = states.length
  for (let action = 0; action < actionCount; action++) {
    next.push(END)
    probabilities.push(1)
    offsets.push(next.length)
    rewards.push(0)
  }
  const initial = new Float64Array(terminalState + 1)
  for (const [state, probability] of first) initial[state] += probability
  return {
    name,
    stateCount: terminalState + 1,
    actionCount,
    actionNames: actionSpace.names ?? Array.from({ length: actionCount }, (_, action) => String(action)),
    offsets: Int32Array.from(offsets),
    nextStates: Int32Array.from(next, target => (target === END ? terminalState : target)),
    probabilities: Float64Array.from(probabilities),
    rewards: Float64Array.from(rewards),
    discount,
    initial,
    terminalState,
    horizon: options.horizon ?? definition.horizon,
    states,
  }
}

/** The outcomes of a step: the definition's own list, or the only one where nothing is drawn. */
function listing(definition: WorldDefinition): (state: Float64Array, action: number) => readonly PossibleOutcome[] {
  if (definition.outcomes) return (state, action) => definition.outcomes!(state, action)
  if (definition.stochastic) {
    throw new GuerdonError('unsupported', `expected ${definition.name} to list its outcomes; it only draws them`, {
      hint: 'add outcomes(state, action) to the definition',
    })
  }
  const unused = new Random(0)
  return (state, action) => {
    const moved = state.slice()
    const outcome = { reward: 0, terminated: false }
    definition.advance(moved, 0, Float64Array.of(action), 0, outcome, unused)
    return [{ state: moved, probability: 1, ...outcome }]
  }
}

function refuseReward(reward: number, state: Float64Array, action: number, world: string): never {
  throw new GuerdonError(
    'not_finite',
    `expected a finite reward of ${world}; got ${reward} — action ${action} in state (${state.join(', ')})`,
  )
}

function assertTotal(probabilities: readonly number[], what: string): void {
  const total = probabilities.reduce((sum, probability) => sum + probability, 0)
  if (Math.abs(total - 1) <= 1e-9 && probabilities.every(probability => probability >= 0)) return
  throw new GuerdonError('invalid_input', `expected probabilities that sum to 1 for ${what}; got sum ${total}`)
}
