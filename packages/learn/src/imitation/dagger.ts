import { assertInRange, assertInteger, assertProbability, Random, type RandomState } from '@guerdon/core'
import type { Evaluated, NdArray, Tree } from '@guerdon/tensor'
import { sizeOf } from '@guerdon/worlds/world/space'
import type { VectorWorld } from '@guerdon/worlds/world/vector-world'
import type { Policy } from '../control/actor-critic.ts'
import { assertNumbers, assertSameStep, stepWorld, worldSettings } from '../control/checked-step.ts'
import { averageReturn, countStep, type EpisodeWindowState, initialEpisodeWindow } from '../control/episode-window.ts'
import { runningMeans } from '../control/running-means.ts'
import type { Learner } from '../run/learner.ts'
import { arraysBelow, fromBase64, readLearnerState, toBase64, writeLearnerState } from '../run/learner-state.ts'
import { arraysLike } from '../training/checkpoint.ts'
import { createTrainer } from '../training/trainer.ts'
import { type CloningBatch, cloningLoss, drawPairs } from './behaviour-cloning.ts'
import { assertDemonstrations, type Demonstrations, type Expert } from './demonstrations.ts'
import { greedyPlayer, initialPolicyFor } from './policy.ts'

/** β of a round counted from 0: max(0, 1 − round/rounds), or base^round. Both begin with the expert alone. */
export type MixingSchedule =
  | { readonly kind: 'linear'; readonly rounds: number }
  | { readonly kind: 'exponential'; readonly base: number }

/** Choices of DAgger. */
export interface DaggerOptions {
  /** A safe integer; decides parameters, who acts, and batches. The world has its own. */
  readonly seed: number
  /** Share β of steps in which the expert acts. Default linear over 15 rounds. */
  readonly mixing?: MixingSchedule
  /** Steps of every copy in a round, which is one update. Default 500. */
  readonly stepsPerRound?: number
  /** Gradients of a round. Default 400. */
  readonly gradientsPerRound?: number
  /** Default 32. */
  readonly batchSize?: number
  /** Default 1e-3. */
  readonly learningRate?: number
  /** Widths of the hidden layers. Default [32, 32]. */
  readonly hidden?: readonly number[]
  /** Weight of the entropy. Default 1e-3. */
  readonly entropyCoefficient?: number
  /** Threads of the runtime. Default 1. */
  readonly threads?: number
}

/** DAgger on a world. */
export interface DaggerLearner extends Learner {
  parameters(): Evaluated<Policy>
  /** All that the expert was asked so far. */
  demonstrations(): Demonstrations
}

interface Rest {
  readonly actionRandom: RandomState
  readonly batchRandom: RandomState
  readonly world: string
  readonly window: EpisodeWindowState
  readonly pairs: number
  readonly updates: number
}

/** β of a round. */
export function mixingShare(schedule: MixingSchedule, round: number): number {
  return schedule.kind === 'linear' ? Math.max(0, 1 - round / schedule.rounds) : schedule.base ** round
}

/**
 * DAgger (Ross, Gordon & Bagnell, AISTATS 2011): in each round the world is played by expert and policy, the expert in a share
 * β of the steps; the expert names its action in every state met, whoever acted; the policy is cloned from all pairs of all
 * rounds, going on from the last one. The policy plays greedily. Draws a step and copy: one uniform for who acts.
 *
 * Points: `steps`, `episodes`, `averageReturn` of the last 100 episodes as they were played, `pairs`, `expertShare` β,
 * `agreement` of the policy with the expert over the round's states (discrete: share of equal actions; else −mean |a − a*|;
 * null while the policy plays in none of them), and means of `loss`, `gradientNorm`, `logProb`, `entropy`.
 *
 * @throws not_finite for an expert's action that is no number; what the world throws for one it does not take, with the step
 */
export function createDagger(world: VectorWorld, expert: Expert, options: DaggerOptions): DaggerLearner {
  const { seed, mixing = { kind: 'linear', rounds: 15 }, stepsPerRound = 500, gradientsPerRound = 400 } = options
  const { batchSize = 32, learningRate = 1e-3, hidden = [32, 32], entropyCoefficient = 1e-3, threads = 1 } = options
  const sizes = { stepsPerRound, gradientsPerRound, batchSize }
  for (const [name, value] of Object.entries(sizes)) assertInteger(value, name, 1)
  if (mixing.kind === 'linear') assertInRange(mixing.rounds, 'mixing.rounds', 1, Number.MAX_VALUE)
  else assertProbability(mixing.base, 'mixing.base')
  assertSameStep(world)
  const { copies, observationSpace, actionSpace } = world
  const size = sizeOf(observationSpace)
  const actionSize = sizeOf(actionSpace)
  const discrete = actionSpace.kind === 'discrete'
  const root = new Random(seed)
  const policy = initialPolicyFor(root.split('parameters'), world, hidden)
  const trainer = createTrainer<Policy, CloningBatch>(
    policy as Evaluated<Policy>,
    (parameters, batch) => cloningLoss(parameters, batch, { entropyCoefficient }),
    { learningRate, threads },
  )
  const play = greedyPlayer({ threads })
  let actionRandom = root.split('actions')
  let batchRandom = root.split('batches')
  let window = initialEpisodeWindow(copies)
  let updates = 0
  let pairs: Demonstrations = {
    count: 0,
    observations: new Float32Array(),
    actions: discrete ? new Int32Array() : new Float32Array(),
  }
  const [chosen, wanted] = [new Float64Array(copies * actionSize), new Float64Array(copies * actionSize)]
  const owner = {
    name: 'dagger',
    settings: {
      ...worldSettings(world),
      seed,
      mixing: mixing.kind,
      mixingPace: mixing.kind === 'linear' ? mixing.rounds : mixing.base,
      ...sizes,
      learningRate,
      hidden,
      entropyCoefficient,
    },
  }

  /** Plays a round; returns the agreement of policy and expert. */
  async function playRound(beta: number): Promise<number | null> {
    const added = stepsPerRound * copies
    const observations = new Float32Array((pairs.count + added) * size)
    const length = (pairs.count + added) * actionSize
    const actions = discrete ? new Int32Array(length) : new Float32Array(length)
    observations.set(pairs.observations)
    actions.set(pairs.actions)
    let agreement = 0
    for (let t = 0; t < stepsPerRound; t++) {
      const row = pairs.count + t * copies
      observations.set(world.observations, row * size)
      expert(world.observations, wanted)
      assertNumbers(wanted, 'action', 'the expert', actionSize, updates * stepsPerRound + t)
      actions.set(wanted, row * actionSize)
      if (beta < 1) await play(trainer.parameters() as unknown as Policy<NdArray>, world, chosen)
      for (let n = 0; n < copies; n++) {
        const own = chosen.subarray(n * actionSize, (n + 1) * actionSize)
        const asked = wanted.subarray(n * actionSize, (n + 1) * actionSize)
        if (discrete) agreement += own[0] === asked[0] ? 1 : 0
        else agreement -= own.reduce((total, value, a) => total + Math.abs(value - asked[a]), 0) / actionSize
        if (actionRandom.float() < beta) own.set(asked)
      }
      stepWorld(world, chosen, updates * stepsPerRound + t)
      for (let n = 0; n < copies; n++) {
        countStep(window, n, world.rewards[n], world.terminated[n] | world.truncated[n])
      }
    }
    pairs = { count: pairs.count + added, observations, actions }
    assertDemonstrations(pairs, world)
    return beta < 1 ? agreement / added : null
  }

  return {
    ...owner,
    parameters: () => trainer.parameters(),
    demonstrations: () => pairs,
    updates: () => updates,
    async update() {
      const expertShare = mixingShare(mixing, updates)
      const agreement = await playRound(expertShare)
      const means = runningMeans(['loss', 'gradientNorm', 'logProb', 'entropy'])
      for (let k = 0; k < gradientsPerRound; k++) {
        const { loss, gradientNorm, measured } = await trainer.step(
          drawPairs(pairs, batchSize, batchRandom, size) as unknown as Evaluated<CloningBatch>,
        )
        means.add({ loss, gradientNorm, ...measured })
      }
      updates++
      const { episodes } = window
      const counts = { steps: updates * stepsPerRound * copies, episodes, averageReturn: averageReturn(window) }
      return { ...counts, pairs: pairs.count, expertShare, agreement, ...means.point() }
    },
    save() {
      const rest: Rest = {
        actionRandom: actionRandom.state(),
        batchRandom: batchRandom.state(),
        world: toBase64(world.save()),
        window,
        pairs: pairs.count,
        updates,
      }
      const { observations, actions } = pairs
      const asked = {
        observations: { dtype: 'float32', shape: [observations.length], data: observations },
        actions: { dtype: discrete ? 'int32' : 'float32', shape: [actions.length], data: actions },
      }
      return writeLearnerState(owner, { trained: trainer.state(), pairs: asked } as unknown as Tree<NdArray>, rest)
    },
    restore(bytes) {
      const { tensors, rest } = readLearnerState<Rest>(bytes, owner)
      const found = arraysLike(arraysBelow(tensors, 'trained'), trainer.state())
      world.restore(fromBase64(rest.world))
      trainer.restore(found)
      const { observations, actions } = arraysBelow(tensors, 'pairs')
      pairs = {
        count: rest.pairs,
        observations: observations.data as Float32Array,
        actions: actions.data as Float32Array | Int32Array,
      }
      actionRandom = new Random(rest.actionRandom)
      batchRandom = new Random(rest.batchRandom)
      window = rest.window
      updates = rest.updates
    },
  }
}
