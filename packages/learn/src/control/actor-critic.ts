import { GuerdonError, type Random } from '@guerdon/core'
import { entropyFromLogits } from '@guerdon/methods/shared/policy-loss'
import {
  add,
  broadcastTo,
  type Dense,
  denseParameters,
  div,
  exp,
  expandDims,
  logSoftmax,
  mlp,
  mul,
  type NdArray,
  ndarray,
  square,
  squeeze,
  sub,
  sum,
  type Tensor,
  takeAlongAxis,
  tanh,
} from '@guerdon/tensor'
import { type Space, sizeOf } from '@guerdon/worlds/world/space'

/** A policy. */
export interface Policy<T = Tensor> {
  /** To the logits of discrete actions or the means of Gaussian ones. */
  actor: Dense<T>[]
  /** [A] log σ of Gaussian actions, the same in every state. */
  logStd?: T
}

/** A policy and a value function, two networks that share nothing. */
export interface ActorCritic<T = Tensor> extends Policy<T> {
  critic: Dense<T>[]
}

/**
 * Fresh networks as CleanRL has them: tanh layers, orthogonal weights with gain √2, the policy's head with 0.01 (so that
 * the first policy is almost uniform), the value's with 1, biases 0, log σ 0.
 */
export function initialActorCritic(
  random: Random,
  options: {
    readonly observationSpace: Space
    readonly actionSpace: Space
    /** Default [64, 64]. */
    readonly hidden?: readonly number[]
  },
): ActorCritic<NdArray> {
  const { observationSpace, actionSpace, hidden = [64, 64] } = options
  if (observationSpace.kind !== 'box') {
    throw new GuerdonError('unsupported', 'expected observations that are vectors of numbers; got a discrete space', {
      hint: 'tabular learners are made for it, or observe a one-hot vector',
    })
  }
  const network = (outputs: number, gain: number): Dense<NdArray>[] => {
    const widths = [sizeOf(observationSpace), ...hidden, outputs]
    return widths.slice(1).map((width, i) =>
      denseParameters(random, {
        inputs: widths[i],
        outputs: width,
        initialise: 'orthogonal',
        gain: i === hidden.length ? gain : Math.SQRT2,
      }),
    )
  }
  const discrete = actionSpace.kind === 'discrete'
  const actor = network(discrete ? actionSpace.count : sizeOf(actionSpace), 0.01)
  const critic = network(1, 1)
  return discrete ? { actor, critic } : { actor, critic, logStd: ndarray(new Float32Array(sizeOf(actionSpace))) }
}

/** Logits or means: [B][D] → [B][A]. */
export function actorOutputs(actor: Dense[], observations: Tensor): Tensor {
  return mlp(actor, observations, { activation: tanh })
}

/** V(s): [B][D] → [B]. */
export function stateValues(critic: Dense[], observations: Tensor): Tensor {
  return squeeze(mlp(critic, observations, { activation: tanh }), { axis: 1 })
}

/** What losses are made of, [B] each. */
export interface ActionTerms {
  /** log π(a|s). */
  readonly logProb: Tensor
  /** Entropy of π(·|s), nats. */
  readonly entropy: Tensor
  /** V(s). */
  readonly value: Tensor
}

/** Both networks at given observations [B][D] and actions: [B] int32, or [B][A] floats if the networks have a log σ. */
export function actionTerms(parameters: ActorCritic, observations: Tensor, actions: Tensor): ActionTerms {
  return { ...policyTerms(parameters, observations, actions), value: stateValues(parameters.critic, observations) }
}

/** The policy alone at given observations and actions. */
export function policyTerms(policy: Policy, observations: Tensor, actions: Tensor): Omit<ActionTerms, 'value'> {
  const outputs = actorOutputs(policy.actor, observations)
  if (policy.logStd !== undefined) return gaussianTerms(outputs, policy.logStd, actions)
  const chosen = takeAlongAxis(logSoftmax(outputs), expandDims(actions, { axis: 1 }), { axis: 1 })
  return { logProb: squeeze(chosen, { axis: 1 }), entropy: entropyFromLogits(outputs) }
}

/** Σ_A [−½((a − μ)/σ)² − log σ − ½·log 2π], and Σ_A [log σ + ½·log 2πe]. */
function gaussianTerms(means: Tensor, logStd: Tensor, actions: Tensor): { logProb: Tensor; entropy: Tensor } {
  const constant = 0.5 * Math.log(2 * Math.PI)
  const deviations = div(sub(actions, means), exp(logStd))
  const logProb = sum(sub(mul(square(deviations), -0.5), add(logStd, constant)), { axis: -1 })
  return { logProb, entropy: broadcastTo(sum(add(logStd, constant + 0.5)), [means.shape[0]]) }
}
