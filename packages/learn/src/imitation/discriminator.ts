import { assertInRange, assertInteger, type Random } from '@guerdon/core'
import {
  type Discriminator,
  discriminatorLogit,
  discriminatorLoss,
  gradientPenalty,
  type PenaltyPoints,
} from '@guerdon/methods/control/lipschitz-gail'
import {
  add,
  type Concrete,
  type Evaluated,
  filledArray,
  jit,
  mean,
  mul,
  type NdArray,
  orthogonalArray,
  type Tensor,
} from '@guerdon/tensor'
import { createTrainer, type Trainer } from '../training/trainer.ts'

/** Choices of the discriminator. Defaults are those of the released agent of Blondé et al. */
export interface DiscriminatorSettings {
  /** Widths of the hidden layers. Default [100, 100]. */
  readonly hidden?: readonly number[]
  /** Default 5e-4. */
  readonly learningRate?: number
  /** Pairs of each side in a batch. Default 64. */
  readonly batchSize?: number
  /** Batches before each update of the policy. Default 8. */
  readonly updates?: number
  /** λ of the gradient penalty; 0 leaves it out. Default 10. */
  readonly penaltyWeight?: number
  /** Where gradients are penalised. Default `wgan`, between policy and expert. */
  readonly penaltyPoints?: PenaltyPoints
  /** Deviation of the noise around the points of `dragan` and `nagard`. Default 10. */
  readonly penaltyNoise?: number
  /** Range of the expert's random labels. Default [0.7, 1.2]. */
  readonly expertLabels?: readonly [low: number, high: number]
}

/** A batch as the graph takes it. */
export interface ImitationBatch<T = Tensor> {
  policyObservations: T
  policyActions: T
  expertObservations: T
  expertActions: T
  /** [B] 0 for the policy, about 1 for the expert. */
  policyLabels: T
  expertLabels: T
  /** Draws that place the points of the penalty; see `PenaltyBatch`. */
  observationDraws: T
  actionDraws: T
}

/** A discriminator being trained. */
export interface TrainedDiscriminator {
  readonly settings: Required<DiscriminatorSettings>
  readonly trainer: Trainer<Discriminator, ImitationBatch>
  /** Draws of a batch: the expert's labels, then what the penalty needs. */
  draws(
    random: Random,
  ): Pick<ImitationBatch<NdArray>, 'policyLabels' | 'expertLabels' | 'observationDraws' | 'actionDraws'>
  /** D(s, a) of rows, [B]. */
  logits(observations: NdArray, actions: NdArray): Promise<Float32Array>
}

/**
 * A LeakyReLU network that tells an expert's pairs from a policy's. A step — cross-entropy on smoothed labels, entropy bonus,
 * λ times the gradient penalty, Adam — is one compiled graph, the gradient of a gradient included.
 *
 * Its losses are those of `lipschitz-gail` in the methods package; without spectral normalisation.
 */
export function trainedDiscriminator(
  random: Random,
  sizes: { readonly observationSize: number; readonly actionSize: number; readonly threads: number },
  options: DiscriminatorSettings = {},
): TrainedDiscriminator {
  const { hidden = [100, 100], learningRate = 5e-4, batchSize = 64, updates = 8, penaltyWeight = 10 } = options
  const { penaltyPoints = 'wgan', penaltyNoise = 10, expertLabels = [0.7, 1.2] } = options
  const { observationSize, actionSize, threads } = sizes
  assertInteger(batchSize, 'discriminator.batchSize', 1)
  assertInteger(updates, 'discriminator.updates', 1)
  assertInRange(penaltyWeight, 'discriminator.penaltyWeight', 0, Number.MAX_VALUE)
  const widths = [observationSize + actionSize, ...hidden, 1]
  const gain = Math.SQRT2 / Math.sqrt(1 + 0.1 ** 2)
  const initial = widths.slice(1).map((width, i) => ({
    weight: orthogonalArray(random, [width, widths[i]], i === hidden.length ? 0.01 : gain),
    bias: filledArray([width], 0),
  }))
  const trainer = createTrainer<Discriminator, ImitationBatch>(
    initial as unknown as Evaluated<Discriminator>,
    (discriminator, batch) => {
      const policy = discriminatorLogit(discriminator, batch.policyObservations, batch.policyActions)
      const expert = discriminatorLogit(discriminator, batch.expertObservations, batch.expertActions)
      const { loss } = discriminatorLoss(policy, expert, batch.policyLabels, batch.expertLabels)
      const measured = { policyLogit: mean(policy), expertLogit: mean(expert) }
      if (penaltyWeight === 0) return { loss, measured }
      const { penalty, norms } = gradientPenalty(discriminator, batch, { points: penaltyPoints })
      return {
        loss: add(loss, mul(penalty, penaltyWeight)),
        measured: { ...measured, penalty, logitGradientNorm: mean(norms) },
      }
    },
    { learningRate, threads },
  )
  const logitsOf = jit(
    (discriminator: Discriminator, observations: Tensor, actions: Tensor) =>
      discriminatorLogit(discriminator, observations, actions),
    { threads },
  )
  const between = penaltyPoints === 'wgan' || penaltyPoints === 'bare'
  const filled = (shape: readonly number[], draw: () => number): NdArray => {
    const data = new Float32Array(shape.reduce((product, side) => product * side, 1))
    for (let i = 0; i < data.length; i++) data[i] = draw()
    return { dtype: 'float32', shape, data }
  }
  return {
    settings: { hidden, learningRate, batchSize, updates, penaltyWeight, penaltyPoints, penaltyNoise, expertLabels },
    trainer,
    draws: generator => {
      const place = (size: number): NdArray =>
        between
          ? filled([batchSize], () => generator.float())
          : filled([batchSize, size], () => penaltyNoise * generator.normal())
      return {
        policyLabels: filled([batchSize], () => 0),
        expertLabels: filled([batchSize], () => generator.uniform(expertLabels[0], expertLabels[1])),
        observationDraws: place(observationSize),
        actionDraws: place(actionSize),
      }
    },
    async logits(observations, actions) {
      const args = [trainer.parameters(), observations, actions] as unknown as Concrete<[Discriminator, Tensor, Tensor]>
      return (await logitsOf(...args)).data as Float32Array
    },
  }
}
