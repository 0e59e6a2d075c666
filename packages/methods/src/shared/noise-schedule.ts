import { assertInRange, assertInteger, assertOneOf } from '@guerdon/core'

/** How the noise variances β_t grow over training steps. */
export const betaSchedules = ['linear', 'scaledLinear', 'cosine'] as const
/** Name of a schedule of noise variances. */
export type BetaSchedule = (typeof betaSchedules)[number]

/** Size of a noise schedule. Defaults are Stable Diffusion's. */
export interface NoiseScheduleOptions {
  /** Training steps T. Default 1000. */
  readonly steps?: number
  /** Default `scaledLinear`: linear in √β. `cosine` ignores the two ends (Nichol & Dhariwal 2021). */
  readonly schedule?: BetaSchedule
  /** Default 0.00085. */
  readonly betaStart?: number
  /** Default 0.012. */
  readonly betaEnd?: number
  /** Offset s of `cosine`, which keeps β from vanishing at t = 0. Default 0.008. */
  readonly cosineOffset?: number
  /** Largest β of `cosine`. Default 0.999. */
  readonly betaMax?: number
}

/** A noise schedule, [T] each. */
export interface NoiseSchedule {
  readonly betas: Float64Array
  /** ᾱ_t = Π_{s ≤ t} (1 − β_s): share of signal variance left at step t, falling. */
  readonly alphasCumulative: Float64Array
}

/** β_t and ᾱ_t of a discrete diffusion process; x_t = √ᾱ_t·x₀ + √(1 − ᾱ_t)·ε. */
export function noiseSchedule(options: NoiseScheduleOptions = {}): NoiseSchedule {
  const { steps = 1000, schedule = 'scaledLinear', betaStart = 0.00085, betaEnd = 0.012 } = options
  const { cosineOffset = 0.008, betaMax = 0.999 } = options
  assertInteger(steps, 'steps', 1)
  assertOneOf(schedule, 'schedule', betaSchedules)
  assertInRange(betaStart, 'betaStart', 0, 1)
  assertInRange(betaEnd, 'betaEnd', 0, 1)
  const betas = new Float64Array(steps)
  const alphasCumulative = new Float64Array(steps)
  const share = (t: number): number => (steps === 1 ? 0 : t / (steps - 1))
  const signal = (t: number): number => Math.cos((((t / steps + cosineOffset) / (1 + cosineOffset)) * Math.PI) / 2) ** 2
  let product = 1
  for (let t = 0; t < steps; t++) {
    if (schedule === 'linear') betas[t] = betaStart + (betaEnd - betaStart) * share(t)
    else if (schedule === 'cosine') betas[t] = Math.min(1 - signal(t + 1) / signal(t), betaMax)
    else betas[t] = (Math.sqrt(betaStart) + (Math.sqrt(betaEnd) - Math.sqrt(betaStart)) * share(t)) ** 2
    product *= 1 - betas[t]
    alphasCumulative[t] = product
  }
  return { betas, alphasCumulative }
}
