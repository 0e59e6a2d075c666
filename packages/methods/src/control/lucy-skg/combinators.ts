import { assertNotEmpty, GuerdonError } from '@guerdon/core'

/** Product of rewards. */
export function multiplyRewards(rewards: ArrayLike<number>): number {
  assertNotEmpty(rewards, 'rewards')
  let product = 1
  for (let i = 0; i < rewards.length; i++) product *= rewards[i]
  return product
}

/**
 * Fades from one reward to the next: reward i is pure at `starts[i]` and blends linearly into reward i+1 until
 * `starts[i+1]`; the last stays afterwards.
 *
 * @param rewards [n] @param starts [n] ascending steps; before the first the first reward is pure
 */
export function annealRewards(rewards: ArrayLike<number>, starts: ArrayLike<number>, step: number): number {
  checkStarts(rewards, starts)
  if (step <= starts[0]) return rewards[0]
  for (let i = 0; i + 1 < rewards.length; i++) {
    if (step < starts[i + 1]) {
      const share = (step - starts[i]) / (starts[i + 1] - starts[i])
      return (1 - share) * rewards[i] + share * rewards[i + 1]
    }
  }
  return rewards[rewards.length - 1]
}

/** The reward whose turn it is: reward i from `starts[i]` until the next begins. */
export function sequentialRewards(rewards: ArrayLike<number>, starts: ArrayLike<number>, step: number): number {
  checkStarts(rewards, starts)
  let current = 0
  for (let i = 1; i < rewards.length; i++) if (step >= starts[i]) current = i
  return rewards[current]
}

function checkStarts(rewards: ArrayLike<number>, starts: ArrayLike<number>): void {
  assertNotEmpty(rewards, 'rewards')
  for (let i = 0; i < rewards.length; i++) {
    if (starts.length === rewards.length && (i === 0 || starts[i] > starts[i - 1])) continue
    throw new GuerdonError('invalid_option', `expected ${rewards.length} ascending starts; got ${Array.from(starts)}`, {
      path: ['starts'],
    })
  }
}
