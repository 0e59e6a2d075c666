import { GuerdonError } from '@guerdon/core'
import { squashedGaussian } from '@guerdon/methods/control/envs-and-baselines-rl'
import {
  concat,
  constant,
  type Dense,
  exp,
  expandDims,
  logSoftmax,
  minimum,
  mlp,
  mul,
  relu,
  slice,
  squeeze,
  sum,
  type Tensor,
  takeAlongAxis,
} from '@guerdon/tensor'
import { type Space, sizeOf } from '@guerdon/worlds/world/space'

/** What the policy does in some states and how the critics value it, [B] each. */
export interface SoftEvaluation {
  /** log π of a drawn action; its expectation −H[π] where actions are few. */
  readonly logProb: Tensor
  /** Q₁ and Q₂ of the drawn action; where actions are few, both Σ_a π(a)·min(Q₁(a), Q₂(a)). */
  readonly q1: Tensor
  readonly q2: Tensor
}

/** What differs in soft actor–critic between kinds of actions. Networks are tables of dense layers with ReLU between. */
export interface SacHead {
  /** A, numbers of an action; null when discrete. */
  readonly actionSize: number | null
  /** Outputs of the actor: means and raw log σ, or logits. */
  readonly actorOutputs: number
  /** Inputs of a critic beside the observation. */
  readonly criticInputs: number
  readonly criticOutputs: number
  /** Standard normals for each action drawn inside the graph; 0 where none is. */
  readonly noiseSize: number
  /** H̄: −A for Gaussian actions, ½·ln A for A discrete ones. */
  readonly targetEntropy: number
  /** Actions [B][A] drawn with noise [B][A], with log π [B]. Of discrete actions the logits [B][A], to draw from outside. */
  act(actor: Dense[], observations: Tensor, noise: Tensor): { readonly outputs: Tensor; readonly logProb: Tensor }
  evaluate(actor: Dense[], critics: Dense[][], observations: Tensor, noise: Tensor): SoftEvaluation
  /** Q(s, a) of actions taken, [B]. */
  actionValue(critic: Dense[], observations: Tensor, actions: Tensor): Tensor
}

/** ReLU network: [B][in] → [B][out]. */
export function reluNetwork(layers: Dense[], inputs: Tensor): Tensor {
  return mlp(layers, inputs, { activation: relu })
}

/** The head of an action space. @throws unsupported for continuous actions without bounds */
export function sacHead(actionSpace: Space): SacHead {
  return actionSpace.kind === 'discrete' ? categoricalHead(actionSpace.count) : gaussianHead(actionSpace)
}

/** Gaussian actions squashed into their box by tanh; critics see observation and action. */
function gaussianHead(space: Extract<Space, { kind: 'box' }>): SacHead {
  const size = sizeOf(space)
  const bounds = [space.low, space.high].map(side =>
    side.map((bound, entry) => {
      if (bound !== null) return bound
      throw new GuerdonError('unsupported', `expected bounds for each entry of an action; entry ${entry} has none`, {
        path: ['actionSpace', entry],
        hint: 'soft actor–critic squashes actions into a box: give the world one',
      })
    }),
  )
  const act: SacHead['act'] = (actor, observations, noise) => {
    const outputs = reluNetwork(actor, observations)
    const half = (from: number) => slice(outputs, { starts: [from], ends: [from + size], axes: [1] })
    const drawn = squashedGaussian(half(0), half(size), noise, constant(bounds[0]), constant(bounds[1]))
    return { outputs: drawn.action, logProb: drawn.logProb }
  }
  const actionValue: SacHead['actionValue'] = (critic, observations, actions) =>
    squeeze(reluNetwork(critic, concat([observations, actions], { axis: 1 })), { axis: 1 })
  return {
    actionSize: size,
    actorOutputs: 2 * size,
    criticInputs: size,
    criticOutputs: 1,
    noiseSize: size,
    targetEntropy: -size,
    act,
    actionValue,
    evaluate(actor, critics, observations, noise) {
      const { outputs, logProb } = act(actor, observations, noise)
      const [q1, q2] = critics.map(critic => actionValue(critic, observations, outputs))
      return { logProb, q1, q2 }
    },
  }
}

/** Few actions: critics value them all and expectations are exact, so nothing is drawn inside the graph. */
function categoricalHead(count: number): SacHead {
  return {
    actionSize: null,
    actorOutputs: count,
    criticInputs: 0,
    criticOutputs: count,
    noiseSize: 0,
    targetEntropy: 0.5 * Math.log(count),
    act(actor, observations) {
      const outputs = reluNetwork(actor, observations)
      return { outputs, logProb: expectedLogProb(logSoftmax(outputs)) }
    },
    evaluate(actor, critics, observations) {
      const logProbs = logSoftmax(reluNetwork(actor, observations))
      const [first, second] = critics.map(critic => reluNetwork(critic, observations))
      const value = sum(mul(exp(logProbs), minimum(first, second)), { axis: -1 })
      return { logProb: expectedLogProb(logProbs), q1: value, q2: value }
    },
    actionValue: (critic, observations, actions) =>
      squeeze(takeAlongAxis(reluNetwork(critic, observations), expandDims(actions, { axis: 1 }), { axis: 1 }), {
        axis: 1,
      }),
  }
}

/** Σ_a π(a)·log π(a): [B][A] → [B]. */
function expectedLogProb(logProbs: Tensor): Tensor {
  return sum(mul(exp(logProbs), logProbs), { axis: -1 })
}
