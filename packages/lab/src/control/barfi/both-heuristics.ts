import { mean } from '@guerdon/core'
import type { Trial, TrialResult } from '../../claims/claim.ts'
import { type BarfiSettings, type LearnerOptions, learn, type PolicyNetwork } from './learner.ts'
import type { Heuristic, TwoRewardTask } from './two-reward-task.ts'

/** Iterations whose returns are averaged at the end. */
const last = 20

/** What is learnt, and by what network. */
export interface BarfiSetting<State, Theta>
  extends Omit<LearnerOptions, 'settings' | 'policyRate' | 'random' | 'signal' | 'progress'> {
  task(heuristic: Heuristic): TwoRewardTask<State>
  network(task: TwoRewardTask<State>, trial: Trial<BarfiSettings>): PolicyNetwork<Theta>
}

/** Trains twice with one configuration, with a harmful and with a helpful heuristic: primary returns at the end of both. */
export async function learnBoth<State, Theta>(
  setting: BarfiSetting<State, Theta>,
  trial: Trial<BarfiSettings>,
): Promise<TrialResult> {
  const { settings, random, learningRate, signal, progress } = trial
  const run = async (heuristic: Heuristic, from: number) => {
    const task = setting.task(heuristic)
    return await learn(task, setting.network(task, trial), {
      ...setting,
      settings,
      policyRate: learningRate,
      random: random.split('episodes'),
      signal,
      progress: fraction => progress(from + fraction / 2),
    })
  }
  const harmful = await run('harmful', 0)
  const helpful = await run('helpful', 0.5)
  const [bad, good] = [harmful, helpful].map(({ returns }) => mean(returns.slice(-last)))
  const x = harmful.returns.map((_, iteration) => iteration + 1)
  return {
    metrics: {
      harmful: bad,
      helpful: good,
      worst: Math.min(bad, good),
      harmfulWeight: harmful.middleWeight,
      helpfulWeight: helpful.middleWeight,
    },
    curves: { harmful: { x, y: harmful.returns }, helpful: { x, y: helpful.returns } },
    spent: {
      episodes: 2 * setting.iterations * setting.episodes,
      steps: harmful.steps + helpful.steps,
      policyGradients: harmful.gradients + helpful.gradients,
      hypergradients: harmful.hypergradients + helpful.hypergradients,
    },
  }
}
