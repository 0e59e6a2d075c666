import { assertInteger, GuerdonError, type Random } from '@guerdon/core'

/** Where the agent is and which keys it holds. */
export interface LineKeyPosition {
  /** In [0, 1]. */
  readonly x: number
  /** [keys] 1 for a held key. */
  readonly keys: readonly number[]
}

/** Choices of the continuous line. */
export interface LineKeyContinuousOptions {
  /** Number of different keys; the first is the right one. Default 1. */
  readonly keyCount?: number
  /** Probability of moving the opposite way. Default 0.05. */
  readonly slip?: number
  /** Default 1. */
  readonly goalReward?: number
}

/** Steps after which an episode is truncated, and the discount used with it. */
export const lineKeyContinuousHorizon = 60
export const lineKeyContinuousDiscount = 0.99

/** Start: x ~ U(0.3, 0.4), no key. */
export function resetLineKeyContinuous(random: Random, options: LineKeyContinuousOptions = {}): LineKeyPosition {
  const { keyCount = 1 } = options
  assertInteger(keyCount, 'keyCount', 1)
  return { x: random.uniform(0.3, 0.4), keys: new Array<number>(keyCount).fill(0) }
}

/**
 * LineK with a real position: actions 0 left, 1 right, 2+k pick. A move is U(0.074, 0.076) long, the other way with
 * probability `slip`, cut to [0, 1]. In the key zone [0, 0.1] an agent without a key picks one up: action 2 the right
 * one (the first), any other a random wrong one. "right" in the goal zone [0.9, 1] with the first key pays
 * `goalReward`, again and again: the world never ends by itself.
 *
 * Draws for a move: slip, then length; for a wrong key: which one.
 * Source: neurips2022_exploration-guided-reward-shaping `env_linekeymulti.py` (without its optional small rewards).
 */
export function stepLineKeyContinuous(
  state: LineKeyPosition,
  action: number,
  random: Random,
  options: LineKeyContinuousOptions = {},
): { readonly state: LineKeyPosition; readonly reward: number; readonly terminated: false } {
  const { slip = 0.05, goalReward = 1 } = options
  assertInteger(action, 'action')
  if (action >= 2 + state.keys.length)
    throw new GuerdonError('invalid_input', `expected an action below ${2 + state.keys.length}; got ${action}`, {
      path: ['action'],
    })
  if (action >= 2) {
    if (state.x > 0.1 || state.keys.includes(1)) return { state, reward: 0, terminated: false }
    const picked = action === 2 ? 0 : 1 + random.integer(state.keys.length - 1)
    const keys = state.keys.map((_, k) => Number(k === picked))
    return { state: { x: state.x, keys }, reward: 0, terminated: false }
  }
  const reward = action === 1 && state.x >= 0.9 && state.keys[0] === 1 ? goalReward : 0
  const direction = (action === 1 ? 1 : -1) * (random.bernoulli(slip) ? -1 : 1)
  const x = Math.min(1, Math.max(0, state.x + direction * random.uniform(0.074, 0.076)))
  return { state: { x, keys: state.keys }, reward, terminated: false }
}

/** (x, has a key, in the key zone, in the goal zone, one-hot of the key). */
export function observeLineKeyContinuous(state: LineKeyPosition): Float64Array {
  const holding = state.keys.some(key => key === 1)
  return Float64Array.of(state.x, Number(holding), Number(state.x <= 0.1), Number(state.x >= 0.9), ...state.keys)
}
