import { bindStage, mean, type StepInput } from '@guerdon/core'
import { findStage } from '@guerdon/methods'
import type { Role, Study, StudyArm, Trial, TrialResult } from '../claims/claim.ts'
import type { Budget } from '../harness/experiment.ts'
import { prepareCreditTrial, runCreditTrial } from '../text-policy/credit-trial.ts'
import type { CreditArm } from '../text-policy/estimator.ts'
import { shopSetting, type TextSetting, toolUseSetting } from '../text-policy/setting.ts'

/** The worlds in which credit claims are tested with a transformer. */
const worlds: Readonly<Record<Budget, readonly TextSetting[]>> = {
  quick: [toolUseSetting],
  full: [shopSetting, toolUseSetting],
}

/** What the setting is, for studies that are run in both worlds. */
export const twoWorldsSetting: readonly string[] = [
  'Worlds: the shop at level 0 (search, open, buy) and tool use at level 1 (look up, calculate, answer; quick: this one alone); every run is trained in each, and its numbers are means of both.',
  'Policy: a transformer of 2 layers and width 32, taught by 1000 demonstrations until it solves a third of the tasks; all arms of a seed start from the same one.',
  '24 updates of 8 tasks × 8 episodes (quick: 3 of 4 × 6) by PPO’s clipped loss, 4 gradient steps each.',
  'Credit is compared with the true advantages of the start policy’s turns, by continuing every history 16 times (quick: 8).',
]

/** An arm that credits by these steps. */
export function creditArm(id: string, label: string, role: Role, steps: readonly StepInput[]): StudyArm<CreditArm> {
  return { id, label, role, settings: { id, steps } }
}

/** The cheap rivals of every estimator of credit: the outcome alone, and the outcome discounted. */
export const outcomeArms: readonly StudyArm<CreditArm>[] = [
  creditArm('grpo', 'GRPO (outcome only)', 'baseline', [bindStage(findStage('grpo'), { place: 'tokens' })]),
  creditArm('discounted', 'REINFORCE++, γ 0.97', 'baseline', [
    bindStage(findStage('reinforcePlusPlus'), { gamma: 0.97 }),
  ]),
]

/** Start policies and true advantages in each world. */
export async function prepareTwoWorlds(trial: Parameters<NonNullable<Study['prepare']>>[0]): Promise<void> {
  const settings = worlds[trial.budget]
  for (const [i, setting] of settings.entries()) {
    const { world } = setting
    await prepareCreditTrial(setting, [], {
      ...trial,
      random: trial.random.split(world.name),
      progress: fraction => trial.progress((i + fraction) / settings.length),
    })
  }
}

/** One arm in each world: means of the numbers, curves of each, everything it spent. */
export async function runInTwoWorlds(trial: Trial<CreditArm>): Promise<TrialResult> {
  const settings = worlds[trial.budget]
  const results: TrialResult[] = []
  for (const [i, setting] of settings.entries()) {
    results.push(
      await runCreditTrial(setting, {
        ...trial,
        random: trial.random.split(setting.world.name),
        progress: fraction => trial.progress((i + fraction) / settings.length),
      }),
    )
  }
  const combined = (of: (result: TrialResult) => Readonly<Record<string, number>>, how: (own: number[]) => number) =>
    Object.fromEntries(Object.keys(of(results[0])).map(name => [name, how(results.map(result => of(result)[name]))]))
  return {
    metrics: combined(result => result.metrics, mean),
    curves: Object.fromEntries(
      results.flatMap(({ curves = {} }, i) =>
        Object.entries(curves).map(([name, curve]) => [`${name}, ${settings[i].world.name}`, curve]),
      ),
    ),
    spent: combined(
      result => result.spent,
      own => own.reduce((sum, value) => sum + value, 0),
    ),
  }
}
