import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { GuerdonError, mean, median, Random, type Recipe, type RolloutBatch, withColumns } from '@guerdon/core'
import { type PolicyParameters, tokenColumn, tokenRows, tokenTerms } from '@guerdon/learn'
import { jit, type Tensor } from '@guerdon/tensor'
import type { Study, Trial, TrialResult } from '../claims/claim.ts'
import { atGrpoScale } from './credit-recipe.ts'
import type { CreditArm } from './estimator.ts'
import { gradientSignalToNoise } from './gradient-noise.ts'
import { heldOutSuccess } from './held-out.ts'
import { creditCorrelation, playProbe, probeSizes, probeTruth } from './probe.ts'
import { type TextSetting, trainingSizes } from './setting.ts'
import { loadStartPolicy, type Policy, saveStartPolicy, teachStartPolicy } from './start-policy.ts'
import { type TrainedPolicy, trainPolicy } from './train-policy.ts'

/** How far above the start's success the threshold of sample efficiency is. */
export const thresholdGain = 0.1

/** Updates whose success is averaged before it is compared with the threshold. */
const thresholdWindow = 5

/** What all arms of a seed share beside the start policy. */
interface Prepared {
  readonly startSuccess: number
  /** True advantages of the probe's turns: of single episodes, and of trees. */
  readonly truth: { readonly episodes: readonly number[]; readonly trees: readonly number[] }
}

const preparedFile = 'prepared.json'

/** A stream that preparation and all arms of a seed draw the same from. */
function sharedStream(seed: number, use: string): Random {
  return new Random(seed).split(`credit, ${use}`)
}

/** The start policy of a seed, what it solves, and the true advantages of the turns it plays. */
export async function prepareCreditTrial(
  setting: TextSetting,
  arms: readonly CreditArm[],
  { seed, budget, random, folder, signal, progress }: Parameters<NonNullable<Study['prepare']>>[0],
): Promise<void> {
  const policy = await teachStartPolicy(setting, random.split('start policy'), signal)
  const own = join(folder, setting.world.name)
  mkdirSync(own, { recursive: true })
  saveStartPolicy(own, policy)
  progress(0.5)
  const size = probeSizes[budget]
  const truthOf = async (fork: CreditArm['fork']): Promise<number[]> => {
    const episodes = await playProbe(policy, setting, { ...size, fork, random: sharedStream(seed, 'probe') })
    return probeTruth(episodes, policy, setting, { ...size, random: random.split('continuations'), signal })
  }
  const fork = arms.find(arm => arm.fork)?.fork
  const prepared: Prepared = {
    startSuccess: await heldOutSuccess(policy, setting, {
      tasks: trainingSizes[budget].heldOut,
      random: sharedStream(seed, 'held-out'),
    }),
    truth: { episodes: await truthOf(undefined), trees: fork ? await truthOf(fork) : [] },
  }
  writeFileSync(join(own, preparedFile), JSON.stringify(prepared))
}

/**
 * Trains with one estimator, and measures what was learnt, how soon, and how good its credit is. With the scale `matched` its
 * credit has the root mean square of GRPO's.
 */
export async function runCreditTrial(setting: TextSetting, trial: Trial<CreditArm>): Promise<TrialResult> {
  const { settings: arm, seed, budget, random, learningRate, scale, folder, signal, progress } = trial
  const size = trainingSizes[budget]
  const start = loadStartPolicy(join(folder, setting.world.name), setting)
  const prepared = JSON.parse(readFileSync(join(folder, setting.world.name, preparedFile), 'utf8')) as Prepared
  const recipe = (own: Recipe): Recipe => (scale === 'matched' ? atGrpoScale(own) : own)
  const options = { setting, size, start, recipe, learningRate, random, signal, progress }
  const trained = await trainPolicy(arm, options)
  const heldOut = { tasks: size.heldOut, random: sharedStream(seed, 'held-out') }
  const credited = await creditProbe(setting, arm, trained, { start, seed, size: probeSizes[budget] })
  const { success, rollouts, milliseconds, spent } = trained
  return {
    metrics: {
      success: await heldOutSuccess(trained.policy, setting, heldOut),
      startSuccess: prepared.startSuccess,
      area: areaUnderCurve(success, rollouts, prepared.startSuccess),
      ...rolloutsToThreshold(success, rollouts, prepared.startSuccess + thresholdGain),
      correlation: creditCorrelation(credited, arm.fork ? prepared.truth.trees : prepared.truth.episodes),
      signalToNoise: await gradientSignalToNoise(credited, start, setting),
      creditMilliseconds: median(milliseconds.credit),
      updateMilliseconds: median(milliseconds.update),
    },
    curves: { success: { x: rollouts, y: success } },
    spent,
  }
}

/** The probe's episodes with the credit an estimator gives them, with all it has learnt by the end of training. */
async function creditProbe(
  setting: TextSetting,
  arm: CreditArm,
  trained: TrainedPolicy,
  { start, seed, size }: { readonly start: Policy; readonly seed: number; readonly size: (typeof probeSizes)['full'] },
): Promise<RolloutBatch> {
  const episodes = await playProbe(start, setting, { ...size, fork: arm.fork, random: sharedStream(seed, 'probe') })
  const batch = await trained.prepareBatch(episodes, start)
  const known = arm.uses === 'critic' ? await withValues(batch, trained.policy, setting) : batch
  return (await trained.recipe.run(known)).batch
}

/** Adds the values that a critic gives to the tokens of played episodes. */
async function withValues(batch: RolloutBatch, policy: Policy, { config }: TextSetting): Promise<RolloutBatch> {
  const rows = tokenRows(batch, { maximumLength: config.maximumLength })
  const run = jit((parameters: PolicyParameters, tokens: Tensor) => {
    const { values } = tokenTerms(parameters, tokens, config)
    if (values) return values
    throw new GuerdonError('state', 'expected a policy with a value head; got one without')
  })
  const values = await run(policy, { dtype: 'int32', shape: [rows.count, rows.width], data: rows.tokens })
  return withColumns(batch, { 'token.value': tokenColumn(batch, rows, values.data) })
}

/**
 * Mean success over all rollouts of the budget: Σ success·rollouts of the update ÷ rollouts. Rollouts played before the first
 * update, for fitting an estimator, count as the start policy's.
 *
 * @param rollouts played when each update was made
 */
export function areaUnderCurve(success: readonly number[], rollouts: readonly number[], startSuccess: number): number {
  const perUpdate = (rollouts[rollouts.length - 1] - rollouts[0]) / Math.max(1, rollouts.length - 1)
  let before = Math.max(0, rollouts[0] - (perUpdate || rollouts[0]))
  let area = startSuccess * before
  for (const [update, share] of success.entries()) {
    area += share * (rollouts[update] - before)
    before = rollouts[update]
  }
  return area / before
}

/** Rollouts until the mean of a few updates reaches a threshold, and whether it ever did; the whole budget where not. */
export function rolloutsToThreshold(
  success: readonly number[],
  rollouts: readonly number[],
  threshold: number,
): { readonly rolloutsToThreshold: number; readonly reached: number } {
  for (let update = 0; update < success.length; update++) {
    const recent = success.slice(Math.max(0, update + 1 - thresholdWindow), update + 1)
    if (recent.length === Math.min(thresholdWindow, success.length) && mean(recent) >= threshold) {
      return { rolloutsToThreshold: rollouts[update], reached: 1 }
    }
  }
  return { rolloutsToThreshold: rollouts[rollouts.length - 1], reached: 0 }
}
