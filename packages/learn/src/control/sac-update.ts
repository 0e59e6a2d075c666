import type { Random } from '@guerdon/core'
import {
  sacActorLoss,
  sacCriticLoss,
  sacCriticTarget,
  sacTemperatureLoss,
} from '@guerdon/methods/control/envs-and-baselines-rl'
import {
  adam,
  add,
  type Concrete,
  type Dense,
  denseParameters,
  exp,
  isTensor,
  jit,
  mean,
  mul,
  type NdArray,
  ndarray,
  type OptimiserState,
  stopGradient,
  type Tensor,
  treeZip,
  valueAndGrad,
} from '@guerdon/tensor'
import type { ReplayColumns } from './replay-buffer.ts'
import type { SacHead } from './sac-heads.ts'

/** Actor, two critics, the slow copies their targets come from, and the temperature. */
export interface SacParameters<T = Tensor> {
  actor: Dense<T>[]
  critics: Dense<T>[][]
  targets: Dense<T>[][]
  /** A record, as optimisers take trees. */
  temperature: { logAlpha: T }
}

/** All that an update moves. */
export interface SacTrained<T = Tensor> {
  parameters: SacParameters<T>
  optimisers: { actor: OptimiserState<T>; critics: OptimiserState<T>; temperature: OptimiserState<T> }
}

/** A batch as the graph takes it. */
export interface SacBatch<T = Tensor> {
  /** [B][D] */
  observations: T
  /** [B][A] or [B] int32 */
  actions: T
  /** [B] what is learnt from. */
  rewards: T
  /** [B][D] */
  nextObservations: T
  /** [B] 1 and 0 as floats. */
  terminated: T
  /** [B][A] standard normals for the target, then for each update of the actor two more; one 0 where none is needed. */
  noise: T[]
}

/** Choices of the update. */
export interface SacUpdateOptions {
  readonly gamma: number
  readonly tau: number
  readonly policyLearningRate: number
  readonly criticLearningRate: number
  /** Fixed α, or null to learn it. */
  readonly temperature: number | null
  readonly targetEntropy: number
  /** Updates of the actor, when it has its turn. */
  readonly actorUpdates: number
  readonly threads: number
}

/** Fresh networks: uniform in ±1/√inputs, targets equal to the critics, log α = 0 unless α is fixed. */
export function initialSacParameters(
  random: Random,
  head: SacHead,
  options: {
    readonly observationSize: number
    readonly hidden: readonly number[]
    readonly temperature: number | null
  },
): SacParameters<NdArray> {
  const { observationSize, hidden, temperature } = options
  const network = (inputs: number, outputs: number): Dense<NdArray>[] => {
    const widths = [inputs, ...hidden, outputs]
    return widths.slice(1).map((width, i) => denseParameters(random, { inputs: widths[i], outputs: width }))
  }
  const actor = network(observationSize, head.actorOutputs)
  const critics = [0, 1].map(() => network(observationSize + head.criticInputs, head.criticOutputs))
  const logAlpha = ndarray(Float32Array.of(temperature === null ? 0 : Math.log(temperature)), { shape: [] })
  return { actor, critics, targets: critics, temperature: { logAlpha } }
}

/** The update as two compiled graphs, one for each turn: critics alone, or critics, actor and temperature. */
export function compileSacUpdate(head: SacHead, options: SacUpdateOptions) {
  const { gamma, tau, policyLearningRate, criticLearningRate, temperature, targetEntropy, threads } = options
  const actorOptimiser = adam({ learningRate: policyLearningRate })
  const criticOptimiser = adam({ learningRate: criticLearningRate })

  function updateCritics({ parameters, optimisers }: SacTrained, batch: SacBatch) {
    const { actor, critics, targets } = parameters
    const next = head.evaluate(actor, targets, batch.nextObservations, batch.noise[0])
    const target = sacCriticTarget(
      {
        rewards: batch.rewards,
        terminated: batch.terminated,
        targetQ1: next.q1,
        targetQ2: next.q2,
        nextLogProb: next.logProb,
      },
      { alpha: exp(parameters.temperature.logAlpha), gamma },
    )
    const { value, gradient, aux } = valueAndGrad(
      (networks: Dense[][]) => {
        const [q1, q2] = networks.map(critic => head.actionValue(critic, batch.observations, batch.actions))
        return [sacCriticLoss(q1, q2, stopGradient(target)), mean(q1)] as const
      },
      { hasAux: true },
    )(critics)
    const moved = criticOptimiser.update(gradient, optimisers.critics, critics)
    return {
      trained: {
        parameters: { ...parameters, critics: moved.parameters },
        optimisers: { ...optimisers, critics: moved.state },
      },
      measured: { criticLoss: value, criticGradientNorm: moved.gradientNorm, meanValue: aux },
    }
  }

  function updateActor({ parameters, optimisers }: SacTrained, batch: SacBatch, [forActor, forAlpha]: Tensor[]) {
    const { critics } = parameters
    const alpha = exp(parameters.temperature.logAlpha)
    const { value, gradient } = valueAndGrad((actor: Dense[]) => {
      const { logProb, q1, q2 } = head.evaluate(actor, critics, batch.observations, forActor)
      return sacActorLoss(logProb, q1, q2, alpha)
    })(parameters.actor)
    const moved = actorOptimiser.update(gradient, optimisers.actor, parameters.actor)
    const { logProb } = head.act(moved.parameters, batch.observations, forAlpha)
    const trained: SacTrained = {
      parameters: { ...parameters, actor: moved.parameters },
      optimisers: { ...optimisers, actor: moved.state },
    }
    const measured = { actorLoss: value, entropy: mul(mean(logProb), -1) }
    if (temperature !== null) return { trained, measured }
    const forTemperature = valueAndGrad((free: { logAlpha: Tensor }) =>
      sacTemperatureLoss(free.logAlpha, logProb, targetEntropy),
    )(parameters.temperature)
    const cooled = criticOptimiser.update(forTemperature.gradient, optimisers.temperature, parameters.temperature)
    trained.parameters.temperature = cooled.parameters
    trained.optimisers.temperature = cooled.state
    return { trained, measured }
  }

  function update(before: SacTrained, batch: SacBatch, actorUpdates: number) {
    let { trained, measured }: { trained: SacTrained; measured: Record<string, Tensor> } = updateCritics(before, batch)
    for (let k = 0; k < actorUpdates; k++) {
      const after = updateActor(trained, batch, batch.noise.slice(1 + 2 * k, 3 + 2 * k))
      trained = after.trained
      measured = { ...measured, ...after.measured }
    }
    const { targets, critics, temperature: free } = trained.parameters
    const blend = ([slow, fast]: Tensor[]) => add(mul(slow, 1 - tau), mul(fast, tau))
    const parameters = {
      ...trained.parameters,
      targets: treeZip([targets, critics], isTensor, blend) as unknown as Dense[][],
    }
    return { trained: { ...trained, parameters }, measured: { ...measured, alpha: exp(free.logAlpha) } }
  }

  const steps = [0, options.actorUpdates].map(count =>
    jit((trained: SacTrained, batch: SacBatch) => update(trained, batch, count), { threads }),
  )
  return {
    initial: (parameters: SacParameters<NdArray>): SacTrained<NdArray> => ({
      parameters,
      optimisers: {
        actor: actorOptimiser.initial(parameters.actor),
        critics: criticOptimiser.initial(parameters.critics),
        temperature: criticOptimiser.initial(parameters.temperature),
      },
    }),
    /** One update; the arguments stay as they are. */
    async step(trained: SacTrained<NdArray>, batch: SacBatch<NdArray>, turn: { readonly actor: boolean }) {
      const args = [trained, batch] as unknown as Concrete<[SacTrained, SacBatch]>
      const result = await steps[turn.actor ? 1 : 0](...args)
      const measured = Object.entries(result.measured as Readonly<Record<string, NdArray>>)
      return {
        trained: result.trained as SacTrained<NdArray>,
        measured: Object.fromEntries(measured.map(([name, { data }]) => [name, data[0]])) as Record<string, number>,
      }
    },
  }
}

/** Zeros of a shape, float32. */
export function column(shape: readonly number[]): NdArray {
  return { dtype: 'float32', shape, data: new Float32Array(shape.reduce((product, side) => product * side, 1)) }
}

/** The sampled columns as arrays of the graph; rewards and ends are filled in for each batch. */
export function batchArrays(sampled: ReplayColumns, rows: number): Omit<SacBatch<NdArray>, 'noise'> {
  const { observations, nextObservations, actions } = sampled
  const wide = (data: Float32Array): NdArray => ({ dtype: 'float32', shape: [rows, data.length / rows], data })
  return {
    observations: wide(observations),
    nextObservations: wide(nextObservations),
    actions: actions instanceof Int32Array ? { dtype: 'int32', shape: [rows], data: actions } : wide(actions),
    rewards: column([rows]),
    terminated: column([rows]),
  }
}
