import { GuerdonError } from '@guerdon/core'
import { rewardFieldLoss, weightRegulariser } from '@guerdon/methods/diffusion/r0'
import {
  add,
  constant,
  div,
  type Evaluated,
  full,
  grad,
  isNdArray,
  isTensor,
  mean,
  mul,
  norm,
  reshape,
  sqrt,
  stopGradient,
  sub,
  sum,
  type Tensor,
  treeLeaves,
} from '@guerdon/tensor'
import type { MeasuredLoss } from '../training/trainer.ts'
import { type DiffusionModel, type GuidanceOptions, guidedOutput } from './model.ts'

/** A reward that gradients pass through: samples [B][…shape] and labels [B] → rewards [B]. */
export type DifferentiableReward = (samples: Tensor, labels: Tensor) => Tensor

/** Rewards to maximise together. */
export type DifferentiableRewards = Readonly<
  Record<string, { readonly reward: DifferentiableReward; readonly weight?: number }>
>

/** Choices of the objective. */
export interface RewardObjectiveOptions {
  /**
   * Divide the gradient of each reward by its norm, sample by sample, so that none decides by its scale alone. Default true.
   */
  readonly normalise?: boolean
  /** λ of λ·‖θ − θ₀‖². Default 0. */
  readonly regularisation?: number
}

const normEpsilon = 1e-8

/**
 * −mean_i ⟨x_i, G_i⟩ + λ·‖θ − θ₀‖², G_i = Σ_j w_j·g_ij/(‖g_ij‖ + 1e-8) the field of the rewards' gradients at the sample, held
 * fixed: its gradient pushes samples along the field (`normalizedRewardGradient` of methods, as a graph). Measures each
 * reward's mean under its name, `fieldNorm` and `drift`, ‖θ − θ₀‖.
 */
export function rewardObjective<P>(
  rewards: DifferentiableRewards,
  found: { readonly samples: Tensor; readonly labels: Tensor; readonly parameters: P; readonly initial: Evaluated<P> },
  options: RewardObjectiveOptions,
): MeasuredLoss {
  const { normalise = true, regularisation = 0 } = options
  const samples = stopGradient(found.samples)
  const labels = found.labels
  const [batch] = samples.shape
  const rows = (x: Tensor) => reshape(x, [batch, -1])
  const measured: Record<string, Tensor> = {}
  let field: Tensor | undefined
  for (const [name, { reward, weight = 1 }] of Object.entries(rewards)) {
    const values = reward(samples, labels)
    if (`${values.shape}` !== `${[batch]}`) {
      throw new GuerdonError('shape_mismatch', `expected rewards [${batch}]; got [${values.shape}] — ${name}`, {
        path: ['rewards', name],
        hint: 'return one reward a sample',
      })
    }
    measured[name] = mean(values)
    const gradient = rows(grad((x: Tensor) => sum(reward(x, labels)))(samples))
    const size = add(norm(gradient, { axis: 1, keepDims: true }), normEpsilon)
    const share = mul(normalise ? div(gradient, size) : gradient, weight)
    field = field === undefined ? share : add(field, share)
  }
  if (field === undefined) throw new GuerdonError('empty', 'expected rewards; got none', { path: ['rewards'] })
  const parameters = treeLeaves(found.parameters, isTensor) as Tensor[]
  const reference = treeLeaves(found.initial, isNdArray).map(array => constant(array))
  const distance = weightRegulariser(parameters, reference, 1)
  const loss = rewardFieldLoss(rows(found.samples), field)
  return {
    loss: regularisation === 0 ? loss : add(loss, mul(distance, regularisation)),
    measured: { ...measured, fieldNorm: mean(norm(field, { axis: 1 })), drift: sqrt(distance) },
  }
}

/** The guided prediction of ε at one timestep for all samples, whatever the network predicts. */
export function predictedNoise<P>(
  model: DiffusionModel<P>,
  parameters: P,
  inputs: { readonly samples: Tensor; readonly labels: Tensor; readonly timestep: number },
  options: GuidanceOptions = {},
): Tensor {
  const { samples, labels, timestep } = inputs
  const timesteps = full([samples.shape[0]], timestep)
  const output = guidedOutput(model, parameters, { samples, labels, timesteps }, options)
  const alpha = model.schedule.alphasCumulative[timestep]
  const [signal, spread] = [Math.sqrt(alpha), Math.sqrt(1 - alpha)]
  if (model.prediction === 'noise') return output
  if (model.prediction === 'velocity') return add(mul(output, signal), mul(samples, spread))
  return div(sub(samples, mul(output, signal)), spread)
}
