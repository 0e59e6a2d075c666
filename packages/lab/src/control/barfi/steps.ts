import {
  type AlignmentParameters,
  hypergradient,
  type Policy,
  policyObjective,
  type TrajectoryBatch,
} from '@guerdon/methods/control/barfi'
import {
  add,
  clip,
  div,
  type Evaluated,
  exp,
  grad,
  jit,
  logSoftmax,
  maximum,
  mul,
  type NdArray,
  neg,
  type OptimiserState,
  oneHot,
  reshape,
  rmsProp,
  sub,
  sum,
  type Tensor,
} from '@guerdon/tensor'
import type { LearnerOptions, PolicyNetwork } from './learner.ts'
import type { Trajectories } from './two-reward-task.ts'

/** What moves, with the state of its optimiser. */
export interface Moved<P> {
  readonly parameters: Evaluated<P>
  readonly state: OptimiserState<NdArray>
}

/** γ_ϕ's parameter stays where it can still learn. */
const gammaBound = 8

/** REINFORCE by RMSprop on one of the rewards, less its mean over the running episodes of each time step. */
export function policyStepOf<Theta>(actions: number, network: PolicyNetwork<Theta>, options: LearnerOptions) {
  const { settings, policyRate, entropy } = options
  const { reward, entropy: bonus = true } = settings
  const mode = reward === 'potential' ? 'primary' : reward
  const optimiser = rmsProp({ learningRate: policyRate })
  const policy = policyOf(actions, network)
  const loss = (theta: Theta, alignment: AlignmentParameters, batch: TrajectoryBatch): Tensor =>
    neg(
      policyObjective(policy(theta, batch), batch, alignment, {
        mode,
        detach: true,
        entropyCoefficient: bonus ? entropy : 0,
        baseline: reward === 'potential' ? shapedTimeMeans : timeMeans,
      }),
    )
  const run = jit((theta: Theta, state: OptimiserState, alignment: AlignmentParameters, batch: TrajectoryBatch) =>
    moved(optimiser.update(grad(loss)(theta, alignment, batch), state, theta)),
  ) as unknown as (
    theta: Evaluated<Theta>,
    state: OptimiserState<NdArray>,
    alignment: Evaluated<AlignmentParameters>,
    batch: Trajectories,
  ) => Promise<Moved<Theta>>
  return { initial: (theta: Evaluated<Theta>) => optimiser.initial(theta), run }
}

/** [1][H] mean over the running episodes of each time step. */
function timeMeans(returns: Tensor, { mask }: TrajectoryBatch): Tensor {
  const running = maximum(sum(mask, { axis: 0, keepDims: true }), 1)
  return div(sum(mul(returns, mask), { axis: 0, keepDims: true }), running)
}

/** [B][H] the heuristic, which potential shaping takes off every return, and the mean of what is left. */
function shapedTimeMeans(returns: Tensor, batch: TrajectoryBatch): Tensor {
  return add(timeMeans(sub(returns, batch.auxiliary), batch), batch.auxiliary)
}

/** One step of φ and γ_ϕ up the hypergradient, or down it in the control. */
export function rewardStepOf<Theta>(actions: number, network: PolicyNetwork<Theta>, options: LearnerOptions) {
  const { settings, rewardRate, gammaRate, entropy, alpha, loops } = options
  const sign = settings.flipped ? 1 : -1
  const policy = policyOf(actions, network)
  const rewardOptimiser = rmsProp({ learningRate: rewardRate })
  const gammaOptimiser = rmsProp({ learningRate: gammaRate })
  const run = jit(
    (
      alignment: AlignmentParameters,
      state: RewardState<Tensor>,
      theta: Theta,
      outer: TrajectoryBatch,
      inner: TrajectoryBatch,
    ) => {
      const ascent = hypergradient(policy, theta, alignment, outer, inner, {
        approximation: settings.firstOrder ? 'first-order' : { alpha, loops },
        guard: settings.unguarded ? 'none' : 'stop',
        entropyCoefficient: entropy,
        gammaPenalty: 0,
        baseline: timeMeans,
      })
      const weights = rewardOptimiser.update(
        mul(ascent.reward.weight as Tensor, sign),
        state.reward,
        alignment.reward.weight as Tensor,
      )
      const gamma = gammaOptimiser.update(mul(ascent.gamma, sign), state.gamma, alignment.gamma)
      return {
        parameters: {
          // the features span the constant, so the bias stays 0
          reward: { weight: weights.parameters, bias: alignment.reward.bias },
          gamma: clip(gamma.parameters, { minimum: -gammaBound, maximum: gammaBound }),
        },
        state: { reward: weights.state, gamma: gamma.state },
      }
    },
  ) as unknown as (
    alignment: Evaluated<AlignmentParameters>,
    state: RewardState<NdArray>,
    theta: Evaluated<Theta>,
    outer: Trajectories,
    inner: Trajectories,
  ) => Promise<{ parameters: Evaluated<AlignmentParameters>; state: RewardState<NdArray> }>
  return {
    initial: ({ reward, gamma }: Evaluated<AlignmentParameters>): RewardState<NdArray> => ({
      reward: rewardOptimiser.initial(reward.weight),
      gamma: gammaOptimiser.initial(gamma),
    }),
    run,
  }
}

interface RewardState<T> {
  reward: OptimiserState<T>
  gamma: OptimiserState<T>
}

function moved<P>({ parameters, state }: { parameters: P; state: OptimiserState }) {
  return { parameters, state }
}

/** A network of logits as a policy that can be differentiated twice. */
function policyOf<Theta>(actions: number, { logits }: PolicyNetwork<Theta>): Policy<Theta> {
  return (theta, batch) => {
    const [count, horizon, width] = batch.features.shape
    const flat = logSoftmax(logits(theta, reshape(batch.features, [count * horizon, width])))
    const all = reshape(flat, [count, horizon, actions])
    return {
      logProb: sum(mul(all, oneHot(batch.actions, { depth: actions })), { axis: -1 }),
      entropy: neg(sum(mul(exp(all), all), { axis: -1 })),
    }
  }
}
