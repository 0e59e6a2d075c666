import { GuerdonError, Random, type RandomState } from '@guerdon/core'
import type { NdArray, OptimiserState, Tree } from '@guerdon/tensor'
import { sizeOf } from '@guerdon/worlds/world/space'
import type { VectorWorld } from '@guerdon/worlds/world/vector-world'
import type { CurvePoint, Learner, Settings } from '../run/learner.ts'
import { fromBase64, readLearnerState, toBase64, writeLearnerState } from '../run/learner-state.ts'
import { arraysLike } from '../training/checkpoint.ts'
import { type ActorCritic, initialActorCritic } from './actor-critic.ts'
import { worldSettings } from './checked-step.ts'
import { type Collector, createCollector } from './collector.ts'
import { averageReturn, type EpisodeWindowState, initialEpisodeWindow } from './episode-window.ts'
import type { Experience, RewardFunction } from './experience.ts'
import { type Normaliser, type NormaliserState, noNormaliser, runningNormaliser } from './normaliser.ts'

/** What A2C and PPO have in common. */
export interface OnPolicyOptions {
  /** A safe integer; decides parameters, actions and shuffling. The world has its own. */
  readonly seed: number
  /** γ. Default 0.99. */
  readonly gamma?: number
  /** Widths of the hidden layers of both networks. Default [64, 64]. */
  readonly hidden?: readonly number[]
  /** Rewards to learn from instead of the world's. */
  readonly rewardFunction?: RewardFunction
  /** Threads of the runtime. Default 1, which these small networks do not gain from exceeding. */
  readonly threads?: number
}

/** A learner of an actor and a critic. */
export interface ControlLearner extends Learner {
  parameters(): ActorCritic<NdArray>
}

/** Networks with what the optimiser remembers of them. */
export interface Trained {
  parameters: ActorCritic<NdArray>
  optimiser: OptimiserState<NdArray>
  /** What else a rule learns, such as a discriminator. */
  extra?: unknown
}

/** What makes one on-policy learner differ from another. */
export interface OnPolicyRule {
  readonly name: string
  readonly settings: Settings
  /** T, steps of a block. */
  readonly steps: number
  /** Blocks of one update of the learner. */
  readonly blocks: number
  readonly normalise: boolean
  /** A tree of arrays to be kept in `Trained.extra`. */
  readonly extra?: unknown
  initialOptimiser(parameters: ActorCritic<NdArray>): OptimiserState<NdArray>
  /** Learns from a block: sets what is trained, returns what it measured. `update` counts from 0. */
  learn(trained: Trained, experience: Experience, random: Random, update: number): Promise<CurvePoint>
}

interface Rest {
  readonly actionRandom: RandomState
  readonly shuffleRandom: RandomState
  readonly world: string
  readonly begins: number[]
  readonly window: EpisodeWindowState
  readonly normaliser: NormaliserState
  readonly updates: number
}

/**
 * An on-policy learner of its rule on a world. Its points: `steps` of all copies together, `episodes`, `averageReturn` of
 * the last 100 episodes (the world's own rewards; null before the first ends), and what the rule measured last.
 */
export function onPolicyLearner(world: VectorWorld, options: OnPolicyOptions, rule: OnPolicyRule): ControlLearner {
  const { seed, gamma = 0.99, hidden = [64, 64], rewardFunction, threads = 1 } = options
  const { copies, observationSpace, actionSpace } = world
  const root = new Random(seed)
  let actionRandom = root.split('actions')
  let shuffleRandom = root.split('shuffling')
  const parameters = initialActorCritic(root.split('parameters'), { observationSpace, actionSpace, hidden })
  const trained: Trained = {
    parameters,
    optimiser: rule.initialOptimiser(parameters),
    ...(rule.extra !== undefined && { extra: rule.extra }),
  }
  const size = sizeOf(observationSpace)
  const normaliser: Normaliser = rule.normalise ? runningNormaliser(copies, size, gamma) : noNormaliser(size)
  const collector: Collector = createCollector(world, {
    steps: rule.steps,
    normaliser,
    threads,
    ...(rewardFunction && { rewardFunction }),
  })
  const owner = {
    name: rule.name,
    settings: {
      ...worldSettings(world),
      seed,
      gamma,
      hidden,
      ownRewards: rewardFunction === undefined,
      ...rule.settings,
    },
  }
  let window = initialEpisodeWindow(copies)
  let updates = 0
  const stepsOf = (blocks: number): number => blocks * rule.steps * copies
  return {
    ...owner,
    parameters: () => trained.parameters,
    updates: () => updates,
    async update() {
      let measured: CurvePoint = {}
      for (let block = 0; block < rule.blocks; block++) {
        const taken = (updates * rule.blocks + block) * rule.steps
        const experience = await collector.collect(trained.parameters, window, actionRandom, taken)
        measured = await rule.learn(trained, experience, shuffleRandom, updates * rule.blocks + block)
      }
      updates++
      return {
        steps: stepsOf(updates * rule.blocks),
        episodes: window.episodes,
        averageReturn: averageReturn(window),
        ...measured,
      }
    },
    save() {
      const rest: Rest = {
        actionRandom: actionRandom.state(),
        shuffleRandom: shuffleRandom.state(),
        world: toBase64(world.save()),
        begins: Array.from(collector.begins),
        window,
        normaliser: normaliser.state,
        updates,
      }
      return writeLearnerState(owner, { ...trained } as unknown as Tree<NdArray>, rest)
    },
    restore(bytes) {
      const { tensors, rest } = readLearnerState<Rest>(bytes, owner)
      const found = arraysLike(tensors, trained)
      world.restore(fromBase64(rest.world))
      trained.parameters = found.parameters
      trained.optimiser = found.optimiser
      if (found.extra !== undefined) trained.extra = found.extra
      actionRandom = new Random(rest.actionRandom)
      shuffleRandom = new Random(rest.shuffleRandom)
      collector.begins.set(rest.begins)
      window = rest.window
      normaliser.state = rest.normaliser
      updates = rest.updates
    },
  }
}

/** Throws not_finite unless loss and gradient are numbers; nothing has been taken over by then. */
export function assertUpdate(loss: number, gradientNorm: number, update: number): void {
  if (Number.isFinite(loss) && Number.isFinite(gradientNorm)) return
  throw new GuerdonError(
    'not_finite',
    `expected a finite loss and gradient; got ${loss} and ${gradientNorm} — update ${update}`,
    { hint: 'training has diverged: lower the learning rate, or look at the scale of rewards and observations' },
  )
}
