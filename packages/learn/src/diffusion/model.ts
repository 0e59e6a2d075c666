import { assertOneOf, sha256 } from '@guerdon/core'
import {
  type NoiseSchedule,
  type NoiseScheduleOptions,
  noiseSchedule,
  type PredictionType,
  predictionTypes,
} from '@guerdon/methods/exploration/baselines-qd-diffusion'
import { add, mul, sub, type Tensor } from '@guerdon/tensor'
import type { Settings } from '../run/learner.ts'
import { toBase64 } from '../run/learner-state.ts'
import { saveCheckpoint } from '../training/checkpoint.ts'
import type { DenoiserNetwork } from './network.ts'

/** A denoising network with the noise it was made for. */
export interface DiffusionModel<P> {
  readonly network: DenoiserNetwork<P>
  readonly schedule: NoiseSchedule
  /** What the schedule was made from. */
  readonly scheduleOptions: NoiseScheduleOptions
  /** T */
  readonly trainSteps: number
  /** What the network's output means. */
  readonly prediction: PredictionType
  /** All of it, as plain data. */
  readonly settings: Settings
}

/** Choices of a model. */
export interface DiffusionModelOptions {
  /** Default Stable Diffusion's 1000 steps, linear in √β. */
  readonly schedule?: NoiseScheduleOptions
  /** Default `noise`. */
  readonly prediction?: PredictionType
}

/** A network under a noise schedule. */
export function diffusionModel<P>(network: DenoiserNetwork<P>, options: DiffusionModelOptions = {}): DiffusionModel<P> {
  const { prediction = 'noise' } = options
  assertOneOf(prediction, 'prediction', predictionTypes)
  const schedule = noiseSchedule(options.schedule)
  return {
    network,
    schedule,
    scheduleOptions: options.schedule ?? {},
    trainSteps: schedule.betas.length,
    prediction,
    settings: {
      network: network.name,
      sizes: JSON.stringify(network.settings),
      prediction,
      schedule: JSON.stringify(options.schedule ?? {}),
    },
  }
}

/** What the network says, guided: its output, or u + s·(c − u) with u that of the empty condition. */
export interface GuidanceOptions {
  /**
   * Scale s of classifier-free guidance (Ho & Salimans, arXiv 2207.12598); 1 is the conditional output alone, at one call in
   * place of two. While sampling and while training the same, as the guided output is the policy. Default 1.
   */
  readonly guidanceScale?: number
}

/**
 * The guided output. Mixing outputs is mixing ε, x₀ and v alike, as they are linear in each other at a given x.
 *
 * @param samples [B][…shape]; timesteps [B] floats; labels [B] int32
 */
export function guidedOutput<P>(
  model: DiffusionModel<P>,
  parameters: P,
  inputs: { readonly samples: Tensor; readonly timesteps: Tensor; readonly labels: Tensor },
  options: GuidanceOptions = {},
): Tensor {
  const { network } = model
  const { guidanceScale = 1 } = options
  const { samples, timesteps, labels } = inputs
  const conditional = network.apply(parameters, samples, timesteps, labels)
  if (callsPerStep(model, options) === 1) return conditional
  const empty = add(mul(labels, 0), network.classes)
  const unconditional = network.apply(parameters, samples, timesteps, empty)
  return add(unconditional, mul(sub(conditional, unconditional), guidanceScale))
}

/** Calls of the network for one sample at one step: 2 where guidance mixes two outputs, else 1. */
export function callsPerStep(
  model: { readonly network: { readonly classes: number } },
  options: GuidanceOptions,
): number {
  const { guidanceScale = 1 } = options
  return model.network.classes === 0 || guidanceScale === 1 ? 1 : 2
}

/** A hash of parameters, for settings that say what a run began with. */
export function parametersHash(parameters: unknown): string {
  return sha256(toBase64(saveCheckpoint(parameters)))
}
