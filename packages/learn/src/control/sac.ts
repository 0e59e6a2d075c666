import { assertInRange, assertInteger, assertProbability, GuerdonError, Random, type RandomState } from '@guerdon/core'
import { learnerSettings } from '@guerdon/methods/control/envs-and-baselines-rl'
import type { NdArray, Tree } from '@guerdon/tensor'
import { sizeOf } from '@guerdon/worlds/world/space'
import type { VectorWorld } from '@guerdon/worlds/world/vector-world'
import type { Learner } from '../run/learner.ts'
import { arraysBelow, fromBase64, readLearnerState, toBase64, writeLearnerState } from '../run/learner-state.ts'
import { arraysLike } from '../training/checkpoint.ts'
import { worldSettings } from './checked-step.ts'
import { averageReturn, type EpisodeWindowState, initialEpisodeWindow } from './episode-window.ts'
import { assertUpdate } from './on-policy.ts'
import { type ReplayBuffer, replayBuffer, replayColumns } from './replay-buffer.ts'
import { runningMeans } from './running-means.ts'
import { sacHead } from './sac-heads.ts'
import {
  batchArrays,
  column,
  compileSacUpdate,
  initialSacParameters,
  type SacParameters,
  type SacTrained,
} from './sac-update.ts'
import { type ReplayShaper, shapeBatch } from './shape-batch.ts'
import { type ReplayChannels, transitionCollector } from './transition-collector.ts'

const preset = learnerSettings.sac
const measurements = ['criticLoss', 'criticGradientNorm', 'meanValue', 'actorLoss', 'entropy', 'alpha']

/** Choices of soft actor–critic. Defaults are CleanRL's. */
export interface SacOptions {
  /** A safe integer; decides parameters, actions and batches. The world has its own. */
  readonly seed: number
  /** γ. Default 0.99. */
  readonly gamma?: number
  /** Share of the critics that their slow copies take over in an update. Default 0.005. */
  readonly tau?: number
  /** Transitions kept. Default 1 000 000; memory grows as they come. */
  readonly bufferSize?: number
  /** B. Default 256. */
  readonly batchSize?: number
  /** Transitions gathered with uniform actions before the first gradient. Default 5000. */
  readonly startSteps?: number
  /** Gradients after each step of all copies. Default as many as there are copies. */
  readonly gradientsPerStep?: number
  /** Every how many gradients of the critics the actor has its turn, with as many updates. Default 2. */
  readonly policyFrequency?: number
  /** Steps of all copies in one update of the learner, which is one point of its curve. Default 250. */
  readonly stepsPerUpdate?: number
  /** Default 3e-4. */
  readonly policyLearningRate?: number
  /** Of the critics and of the temperature. Default 1e-3. */
  readonly criticLearningRate?: number
  /** α. `auto` learns it so that the entropy stays near the target. Default `auto`. */
  readonly temperature?: 'auto' | number
  /**
   * H̄ for `auto`. Default −A, of discrete actions ½·ln A. CleanRL's 0.89·ln A, made for the many actions of Atari, keeps two
   * actions almost uniform, and α grows without bound: on CartPole it passed 400.
   */
  readonly targetEntropy?: number
  /** Widths of the hidden layers of all networks. Default [256, 256]. */
  readonly hidden?: readonly number[]
  /** Further channels to keep of each step. */
  readonly channels?: ReplayChannels
  /** Rewards to learn from, computed anew from the channels whenever a batch is sampled. Default the world's own. */
  readonly shaper?: ReplayShaper
  /** Threads of the runtime. Default 1. */
  readonly threads?: number
}

/** Soft actor–critic on a world. */
export interface SacLearner extends Learner {
  parameters(): SacParameters<NdArray>
  readonly buffer: ReplayBuffer
}

interface Rest {
  readonly actionRandom: RandomState
  readonly batchRandom: RandomState
  readonly world: string
  readonly window: EpisodeWindowState
  readonly added: number
  readonly gradients: number
  readonly shaperState: unknown
  readonly updates: number
}

/**
 * Soft actor–critic (Haarnoja et al., arXiv 1812.05905) as CleanRL has it: twin critics with slow copies, a policy squashed
 * into the box, a learnt temperature. Discrete actions (Christodoulou, arXiv 1910.07207) take expectations over all actions
 * in place of draws. One gradient — critics, in its turn actor and temperature, slow copies — is one compiled graph and one
 * call.
 *
 * Only true termination counts as the end: where a time limit cut an episode off, the value of its last observation is
 * bootstrapped. The buffer keeps channels and never a combined reward, so `shaper` may change while it learns.
 *
 * Points: `steps`, `episodes`, `averageReturn` of the last 100 (the world's own rewards), `gradients`, and the means over the
 * update of `criticLoss`, `criticGradientNorm`, `meanValue`, `actorLoss`, `entropy`, `alpha`; null before the first gradient.
 *
 * @throws not_finite naming copy and step, or shaper and transition, for numbers from outside that are none
 */
export function createSac(world: VectorWorld, options: SacOptions): SacLearner {
  const {
    seed,
    gamma = preset.gamma,
    tau = preset.polyak,
    bufferSize = preset.bufferSize,
    hidden = preset.hidden,
  } = options
  const { batchSize = preset.batchSize, startSteps = preset.startSteps, gradientsPerStep = world.copies } = options
  const { policyFrequency = preset.policyFrequency, stepsPerUpdate = 250, temperature = 'auto', threads = 1 } = options
  const { policyLearningRate = preset.policyLearningRate, criticLearningRate = preset.criticLearningRate } = options
  const { channels, shaper } = options
  const counts = { bufferSize, batchSize, gradientsPerStep, policyFrequency, stepsPerUpdate }
  for (const [name, value] of Object.entries(counts)) assertInteger(value, name, 1)
  assertInteger(startSteps, 'startSteps')
  assertProbability(gamma, 'gamma')
  assertProbability(tau, 'tau')
  for (const [name, value] of Object.entries({ policyLearningRate, criticLearningRate })) {
    assertInRange(value, name, 0, Number.MAX_VALUE)
  }
  if (temperature !== 'auto') assertInRange(temperature, 'temperature', Number.MIN_VALUE, Number.MAX_VALUE)
  if (world.observationSpace.kind !== 'box') {
    throw new GuerdonError('unsupported', 'expected observations that are vectors of numbers; got a discrete space', {
      hint: 'tabular learners are made for it, or observe a one-hot vector',
    })
  }
  const head = sacHead(world.actionSpace)
  const { targetEntropy = head.targetEntropy } = options
  const observationSize = sizeOf(world.observationSpace)
  const layout = {
    capacity: bufferSize,
    observationSize,
    actionSize: head.actionSize,
    auxiliary: channels?.auxiliary ?? [],
    costs: channels?.costs ?? [],
  }
  const buffer = replayBuffer(layout)
  const collector = transitionCollector(world, { buffer, head, threads, ...(channels && { channels }) })
  const fixed = temperature === 'auto' ? null : temperature
  const graph = compileSacUpdate(head, {
    gamma,
    tau,
    policyLearningRate,
    criticLearningRate,
    temperature: fixed,
    targetEntropy,
    actorUpdates: policyFrequency,
    threads,
  })
  const root = new Random(seed)
  const shape = { observationSize, hidden, temperature: fixed }
  let trained: SacTrained<NdArray> = graph.initial(initialSacParameters(root.split('parameters'), head, shape))
  let actionRandom = root.split('actions')
  let batchRandom = root.split('batches')
  let window = initialEpisodeWindow(world.copies)
  let shaperState: unknown = shaper?.initial() ?? null
  let gradients = 0
  let updates = 0
  const sampled = replayColumns(layout, batchSize)
  const batch = batchArrays(sampled, batchSize)
  const noises = Array.from({ length: head.noiseSize === 0 ? 0 : 1 + 2 * policyFrequency }, () =>
    column([batchSize, head.noiseSize]),
  )
  const owner = {
    name: 'sac',
    settings: {
      ...worldSettings(world),
      seed,
      gamma,
      tau,
      ...counts,
      startSteps,
      policyLearningRate,
      criticLearningRate,
      temperature,
      targetEntropy,
      hidden,
      shaper: shaper?.name ?? null,
      channels: [...layout.auxiliary, ...layout.costs].join(' '),
    },
  }

  async function learn(): Promise<Record<string, number>> {
    buffer.sample(sampled, batchRandom)
    const shaping = shaper === undefined ? null : { shaper, state: shaperState }
    shaperState = shapeBatch(sampled, shaping, batch.rewards.data as Float32Array)
    batch.terminated.data.set(sampled.terminated)
    const turn = { actor: gradients % policyFrequency === 0 }
    const noise = turn.actor ? noises : noises.slice(0, 1)
    for (const { data } of noise) for (let i = 0; i < data.length; i++) data[i] = batchRandom.normal()
    const result = await graph.step(trained, { ...batch, noise }, turn)
    const { criticLoss, criticGradientNorm, actorLoss = 0 } = result.measured
    assertUpdate(criticLoss + actorLoss, criticGradientNorm, updates + 1)
    trained = result.trained
    gradients++
    return result.measured
  }

  return {
    ...owner,
    buffer,
    parameters: () => trained.parameters,
    updates: () => updates,
    async update() {
      const means = runningMeans(measurements)
      for (let step = 0; step < stepsPerUpdate; step++) {
        const actor = buffer.added() < startSteps ? null : trained.parameters.actor
        await collector.step(actor, actionRandom, window, updates * stepsPerUpdate + step)
        if (buffer.added() < startSteps) continue
        for (let k = 0; k < gradientsPerStep; k++) means.add(await learn())
      }
      updates++
      const steps = updates * stepsPerUpdate * world.copies
      const { episodes } = window
      return { steps, episodes, averageReturn: averageReturn(window), gradients, ...means.point() }
    },
    save() {
      const rest: Rest = {
        actionRandom: actionRandom.state(),
        batchRandom: batchRandom.state(),
        world: toBase64(world.save()),
        window,
        added: buffer.added(),
        gradients,
        shaperState,
        updates,
      }
      const arrays = { trained, replay: buffer.arrays() } as unknown as Tree<NdArray>
      return writeLearnerState(owner, arrays, rest)
    },
    restore(bytes) {
      const { tensors, rest } = readLearnerState<Rest>(bytes, owner)
      const found = arraysLike(arraysBelow(tensors, 'trained'), trained)
      buffer.restore(arraysBelow(tensors, 'replay'), rest.added)
      world.restore(fromBase64(rest.world))
      trained = found
      actionRandom = new Random(rest.actionRandom)
      batchRandom = new Random(rest.batchRandom)
      window = rest.window
      gradients = rest.gradients
      shaperState = rest.shaperState
      updates = rest.updates
    },
  }
}
