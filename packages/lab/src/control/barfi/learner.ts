import type { Random } from '@guerdon/core'
import { type AlignmentParameters, initialGammaParameter } from '@guerdon/methods/control/barfi'
import { type Evaluated, jit, type NdArray, ndarray, softmax, type Tensor } from '@guerdon/tensor'
import { policyStepOf, rewardStepOf } from './steps.ts'
import { joinTrajectories, playEpisodes, type Trajectories, type TwoRewardTask } from './two-reward-task.ts'

/** Which rewards a policy learns from. */
export interface BarfiSettings {
  /**
   * `aligned`: what BARFI learns; `naive`: the sum of both; `primary`: the trusted one alone; `potential`: that, shaped with the
   * heuristic as potential, which for a policy gradient is a baseline.
   */
  readonly reward: 'aligned' | 'naive' | 'primary' | 'potential'
  /** Whether the entropy bonus of BARFI's inner loop is paid. Default true. */
  readonly entropy?: boolean
  /** In place of the Neumann series the identity. */
  readonly firstOrder?: boolean
  /** The series goes on where its terms grow, as released. */
  readonly unguarded?: boolean
  /** The control: the reward moves down its hypergradient. */
  readonly flipped?: boolean
}

/** A policy network: logits [n][A] of described states [n][D]. */
export interface PolicyNetwork<Theta> {
  readonly initial: Evaluated<Theta>
  logits(theta: Theta, described: Tensor): Tensor
}

/** Sizes and rates of a run. */
export interface LearnerOptions {
  readonly settings: BarfiSettings
  readonly iterations: number
  /** Episodes an iteration. */
  readonly episodes: number
  /** Gradient steps of the policy an iteration. */
  readonly innerSteps: number
  readonly policyRate: number
  readonly rewardRate: number
  readonly gammaRate: number
  readonly entropy: number
  /** α of the Neumann series. */
  readonly alpha: number
  readonly loops: number
  readonly random: Random
  readonly signal: AbortSignal
  progress(fraction: number): void
}

/** What a run came to. */
export interface LearntPolicy {
  /** Mean primary return of the episodes of each iteration. */
  readonly returns: readonly number[]
  /** φ₃ averaged over the middle. */
  readonly middleWeight: number
  /** γ_ϕ's parameter. */
  readonly gamma: number
  readonly steps: number
  /** Gradient steps of the policy, and of the reward. */
  readonly gradients: number
  readonly hypergradients: number
}

/** Trains a policy by REINFORCE on one of four rewards, and with it the reward when it is the aligned one. */
export async function learn<Theta, State>(
  task: TwoRewardTask<State>,
  network: PolicyNetwork<Theta>,
  options: LearnerOptions,
): Promise<LearntPolicy> {
  const { settings, iterations, episodes, innerSteps, random, signal, progress } = options
  const aligned = settings.reward === 'aligned'
  const policyStep = policyStepOf(task.actions, network, options)
  const rewardStep = rewardStepOf(task.actions, network, options)
  const probabilities = jit((theta: Theta, described: Tensor) =>
    softmax(network.logits(theta, described)),
  ) as unknown as (theta: Evaluated<Theta>, described: NdArray) => Promise<NdArray>
  let theta = network.initial
  let policyState = policyStep.initial(theta)
  let alignment: Evaluated<AlignmentParameters> = {
    reward: {
      weight: ndarray(Array.from({ length: 3 }, () => new Array<number>(task.features).fill(0))),
      bias: ndarray([0, 0, 0]),
    },
    gamma: ndarray([initialGammaParameter]),
  }
  let rewardState = rewardStep.initial(alignment)
  let before: Trajectories | undefined
  let steps = 0
  const returns: number[] = []
  for (let iteration = 0; iteration < iterations; iteration++) {
    signal.throwIfAborted()
    const played = await playEpisodes(
      task,
      async (described, count) =>
        (await probabilities(theta, { dtype: 'float32', shape: [count, task.features], data: described })).data,
      episodes,
      random,
    )
    returns.push(played.returns.reduce((total, value) => total + value, 0) / episodes)
    steps += played.steps
    const recent = joinTrajectories(before ?? played.batch, played.batch)
    if (aligned && before) {
      const next = await rewardStep.run(alignment, rewardState, theta, played.batch, recent)
      alignment = next.parameters
      rewardState = next.state
    }
    for (let step = 0; step < innerSteps; step++) {
      const next = await policyStep.run(theta, policyState, alignment, played.batch)
      theta = next.parameters
      policyState = next.state
    }
    before = played.batch
    progress((iteration + 1) / iterations)
  }
  const { weight } = alignment.reward as { weight: NdArray }
  const middle = task.middle.map(place => {
    let value = 0
    for (let d = 0; d < task.features; d++) value += weight.data[2 * task.features + d] * place[d]
    return value
  })
  return {
    returns,
    middleWeight: middle.reduce((total, value) => total + value, 0) / middle.length,
    gamma: alignment.gamma.data[0],
    steps,
    gradients: iterations * innerSteps,
    hypergradients: aligned ? Math.max(0, iterations - 1) : 0,
  }
}
