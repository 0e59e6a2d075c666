import { GuerdonError, type Random } from '@guerdon/core'

/**
 * Draws from softmax of the logits at `logits[at … at + count − 1]` with one uniform.
 *
 * @returns the action; `into.logProb` is set to its log-probability
 */
export function drawDiscrete(
  logits: Float32Array,
  at: number,
  count: number,
  random: Random,
  into: { logProb: number },
): number {
  let largest = Number.NEGATIVE_INFINITY
  for (let a = 0; a < count; a++) largest = Math.max(largest, logits[at + a])
  let total = 0
  for (let a = 0; a < count; a++) total += Math.exp(logits[at + a] - largest)
  if (!Number.isFinite(total)) refuseOutputs()
  let remaining = random.float() * total
  let action = 0
  while (action < count - 1) {
    remaining -= Math.exp(logits[at + action] - largest)
    if (remaining < 0) break
    action++
  }
  into.logProb = logits[at + action] - largest - Math.log(total)
  return action
}

/**
 * Draws N(μ, σ²) for each entry into `actions[at …]`, one normal each.
 *
 * @returns log-probability of the action
 */
export function drawGaussian(
  means: Float32Array,
  logStd: Float32Array,
  at: number,
  random: Random,
  actions: Float32Array,
): number {
  let logProb = 0
  for (let a = 0; a < logStd.length; a++) {
    const noise = random.normal()
    actions[at + a] = means[at + a] + Math.exp(logStd[a]) * noise
    logProb -= 0.5 * noise * noise + logStd[a] + 0.5 * Math.log(2 * Math.PI)
  }
  if (!Number.isFinite(logProb + actions[at])) refuseOutputs()
  return logProb
}

function refuseOutputs(): never {
  throw new GuerdonError('not_finite', 'expected finite outputs of the policy; got NaN or Infinity', {
    hint: 'training has diverged: lower the learning rate or go back to an earlier checkpoint',
  })
}
