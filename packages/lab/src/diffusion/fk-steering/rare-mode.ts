import { mean, type Random } from '@guerdon/core'
import {
  createDiffusionSampler,
  mixtureModel,
  type ParticleReward,
  type RewardedSamples,
  sampleAt,
  steerDiffusion,
} from '@guerdon/learn'
import { tiltedGaussianMixture } from '@guerdon/methods/diffusion/fk-steering'
import { componentProbabilities } from '@guerdon/worlds/images/gaussian-mixture'
import { ringMixture } from '@guerdon/worlds/images/mixture-shapes'
import { ancestorsLeft, type SteeringSettings, shuffledRewards } from './settings.ts'

const modes = 8
const rareWeight = 0.005

/** Eight modes on a circle; mode 0 is drawn once in two hundred times. */
export const rareRing = ringMixture({
  modes,
  deviation: 0.15,
  weights: Array.from({ length: modes }, (_, mode) => (mode === 0 ? rareWeight : (1 - rareWeight) / (modes - 1))),
})

const sampler = createDiffusionSampler(mixtureModel(rareRing), { steps: 100, finalAlpha: 'one' })
const schedule = { frequency: 20, start: 20, end: 80 }

/** −½‖x − μ₀‖²: the nearer to the rare mode, the better. */
export function nearness({ samples, count }: RewardedSamples): Float64Array {
  const [x, y] = rareRing.means[0]
  return Float64Array.from(
    { length: count },
    (_, i) => -((samples[2 * i] - x) ** 2 + (samples[2 * i + 1] - y) ** 2) / 2,
  )
}

/** [count] the likeliest mode of each point. */
export function modesOf(points: Float32Array): number[] {
  const probabilities = componentProbabilities(rareRing, points)
  return Array.from({ length: points.length / 2 }, (_, i) => {
    const own = probabilities.subarray(i * modes, (i + 1) * modes)
    return own.indexOf(Math.max(...own))
  })
}

/** Runs independent systems at λ = 10: the share whose best particle is of the rare mode, and who survived. */
export async function rareSystems(settings: SteeringSettings, systems: number, random: Random) {
  const { potential, particles } = settings
  const found = await steerDiffusion(
    sampler,
    [],
    rewardOf(settings, random.split('shuffle')),
    { potential, particles, systems, lambda: 10, schedule },
    random.split('systems'),
  )
  const best = found.map(system => modesOf(sampleAt(system.samples, system.best, 2).slice())[0])
  return {
    rareShare: mean(best.map(mode => Number(mode === 0))),
    survivors: mean(found.map(ancestorsLeft)),
    denoiserCalls: found.reduce((total, { spent }) => total + spent.denoiserCalls, 0),
    rewardCalls: found.reduce((total, { spent }) => total + spent.rewardCalls, 0),
  }
}

/**
 * Total variation, in [0, 1], between the modes of many particles at λ = 1 and those of the law they are to follow, which
 * has a closed form.
 */
export async function distanceToTarget(settings: SteeringSettings, particles: number, random: Random): Promise<number> {
  const { potential } = settings
  const [{ samples }] = await steerDiffusion(
    sampler,
    [],
    rewardOf(settings, random.split('shuffle')),
    { potential, particles, lambda: 1, essThreshold: 1, schedule },
    random.split('particles'),
  )
  const target = tiltedGaussianMixture(rareRing, { lambda: 1, centre: rareRing.means[0], variance: 1 })
  const shares = new Float64Array(modes)
  for (const mode of modesOf(samples)) shares[mode] += 1 / particles
  return shares.reduce((total, share, mode) => total + Math.abs(share - target.weights[mode]) / 2, 0)
}

function rewardOf({ shuffled }: SteeringSettings, random: Random): ParticleReward {
  return shuffled ? shuffledRewards(nearness, random) : nearness
}
