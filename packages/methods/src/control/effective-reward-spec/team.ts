import { GuerdonError } from '@guerdon/core'
import {
  add,
  argMax,
  div,
  exp,
  logSoftmax,
  mean,
  mul,
  neg,
  oneHot,
  reshape,
  softmax,
  square,
  stopGradient,
  sub,
  sum,
  type Tensor,
  tile,
} from '@guerdon/tensor'

/**
 * TeamReg, discrete actions: mean over batch and agents of KL(softmax(real) ‖ softmax(predicted)) over actions. The
 * regularised agent predicts every agent, itself included (that term is 0).
 *
 * @param real [B][A][N] logits of the agents @param predicted [B][A][N] logits predicted from one agent's observation
 * Source: Roy et al. 2020; `maddpg.py` of the team variant.
 */
export function teamRegularisationDiscrete(real: Tensor, predicted: Tensor): Tensor {
  const logReal = logSoftmax(real, { axis: 1 })
  const gap = sub(logReal, logSoftmax(predicted, { axis: 1 }))
  return mean(sum(mul(exp(logReal), gap), { axis: 1 }))
}

/** TeamReg, continuous actions: mean over batch and agents of Σ_dim (predicted − real)². `[B][D][N]` each. */
export function teamRegularisationContinuous(real: Tensor, predicted: Tensor): Tensor {
  return mean(sum(square(sub(predicted, real)), { axis: 1 }))
}

/**
 * TeamReg with its own weight for each side of the gradient: own parameters (through `predicted`) × λ₁, team-mates'
 * parameters (through `real`) × λ₂. Stopping either removes half of the method.
 */
export function weightedTeamLoss(
  loss: (real: Tensor, predicted: Tensor) => Tensor,
  real: Tensor,
  predicted: Tensor,
  options: { /** λ₁. Default 0.01. */ readonly own?: number /** λ₂. Default 0.01. */; readonly mates?: number } = {},
): Tensor {
  const { own = 0.01, mates = 0.01 } = options
  return add(mul(loss(stopGradient(real), predicted), own), mul(loss(real, stopGradient(predicted)), mates))
}

/**
 * CoachReg: KL(softmax(coach) ‖ softmax(agent_i)), mean over the batch, for each agent and their mean J_E.
 * @param coach [B][K] @param agents [N][B][K]
 */
export function coachRegularisation(
  coach: Tensor,
  agents: Tensor,
): { readonly perAgent: Tensor; readonly loss: Tensor } {
  const logCoach = logSoftmax(coach)
  const gap = sub(logCoach, logSoftmax(agents))
  const perAgent = mean(sum(mul(exp(logCoach), gap), { axis: -1 }), { axis: 1 })
  return { perAgent, loss: mean(perAgent) }
}

/** J_PGE = −mean of Q_i(all observations, actions under the coach's mask). `q` [N][B]. */
export function coachedPolicyLoss(q: Tensor): Tensor {
  return neg(mean(q))
}

/**
 * Weights of CoachReg's two optimiser steps: the first on J_E, the second on J_PGE. Agent weights are multiplied by the
 * number of agents.
 */
export const coachWeights = {
  agentsOnAgreement: 0.65,
  agentsOnPolicy: 0.5,
  coachOnAgreement: 1.3,
  coachOnPolicy: 1,
} as const

/**
 * One-hot sub-policy choice `[B][K]`: arg-max of logits + noise, with the gradient of softmax((logits +
 * noise)/temperature) (straight through). Without noise it is the arg-max used in evaluation.
 * @param logits [B][K] @param noise [B][K] Gumbel(0, 1) draws
 */
export function gumbelOneHot(
  logits: Tensor,
  noise?: Tensor,
  options: { /** Default 1. */ readonly temperature?: number } = {},
): Tensor {
  const { temperature = 1 } = options
  const perturbed = noise ? add(logits, noise) : logits
  const hard = oneHot(argMax(perturbed, { axis: -1 }), { depth: logits.shape[1] })
  const soft = softmax(div(perturbed, temperature))
  return add(soft, stopGradient(sub(hard, soft)))
}

/**
 * Sub-policy selection: the one-hot tiled hidden/K times multiplies the first hidden pre-activation, before layer norm.
 * @param hidden [B][H] @param choice [B][K], K divides H
 */
export function maskHidden(hidden: Tensor, choice: Tensor): Tensor {
  const [batch, width] = hidden.shape
  const options = choice.shape[1]
  if (width % options !== 0)
    throw new GuerdonError('shape_mismatch', `expected a hidden width that ${options} divides; got ${width}`, {
      path: ['hidden'],
      hint: 'choose the number of sub-policies as a divisor of the width',
    })
  return mul(hidden, reshape(tile(choice, [1, width / options]), [batch, width]))
}
