import { bindStage, defineRecipe, Random, signal, withColumns } from '@guerdon/core'
import type { Episode } from '@guerdon/learn'
import { findStage } from '@guerdon/methods'
import { type ToolrlOptions, toolCallReward } from '@guerdon/methods/rules/toolrl'
import { toolUseWorld } from '@guerdon/worlds/text/tool-use'
import { defineStudy } from '../../claims/claim.ts'
import { runWithRewards } from '../../text-policy/run-with-rewards.ts'
import type { TextSetting } from '../../text-policy/setting.ts'
import { saveStartPolicy, teachStartPolicy } from '../../text-policy/start-policy.ts'
import { shuffledInGroups } from '../../toys/shuffled-in-groups.ts'
import { type TurnState, type TurnTask, toolTurnWorld } from './turn-world.ts'

/** What a turn is rewarded for: its calls, by ToolRL's grades of credit, or success alone. */
interface Settings {
  readonly reward: 'calls' | 'success' | 'shuffled'
  readonly credit?: ToolrlOptions['credit']
}

type Turn = Episode<TurnTask, TurnState>

const setting: TextSetting = {
  world: toolTurnWorld,
  level: 1,
  config: { vocabularySize: toolTurnWorld.vocabulary.size, maximumLength: 144, width: 32, layers: 2, heads: 2 },
  startSuccess: 0.15,
}

const groupSize = 4

/** ToolRL's reward of a turn: format in [0, 1] and correctness in [−3, 3], against the calls needed there. */
export function turnReward(episode: Turn, credit: ToolrlOptions['credit'] = 'fields'): number {
  const [{ state, actionStart, actionEnd }] = episode.turns
  const calls = toolUseWorld.calls(episode.tokens.subarray(actionStart, actionEnd))
  if (calls === undefined) return -3
  return 1 + toolCallReward(toolUseWorld.goldCalls(state.task.state), calls, { range: [-3, 3], credit })
}

function rewardsOf(episodes: readonly Turn[], settings: Settings, random: Random): number[] {
  if (settings.reward === 'success') return episodes.map(({ correct }) => Number(correct ?? false))
  const rewards = episodes.map(episode => turnReward(episode, settings.credit))
  return settings.reward === 'shuffled' ? shuffledInGroups(rewards, groupSize, random) : rewards
}

const recipe = defineRecipe({
  name: 'toolrl',
  records: [{ name: 'rollout.reward', kind: 'number' }],
  steps: [{ stage: bindStage(findStage('grpo'), { place: 'tokens' }), columns: { 'rollout.score': 'rollout.reward' } }],
  final: 'token.advantage',
})

/** ToolRL on a transformer that calls tools. */
export const trained = defineStudy<Settings>({
  setting: [
    'Turns of the world tool-use, level 1 (look a number up, compute, answer): the policy reads what was said so far and writes the calls needed next, token by token like JSON.',
    'Policy: a causal transformer (2 layers, width 32), taught by demonstrations until it makes the right calls in about one turn of seven; the same for all arms of a seed.',
    'GRPO, 16 turns × 4 responses an update as in the paper, 120 updates (quick: 12) of 4 gradient steps.',
    'Success: exactly the calls needed, of responses sampled while training, over the last tenth of the updates.',
  ],
  metric: 'success',
  direction: 'higher',
  alsoReport: ['firstSuccess', 'area', 'tokens'],
  arms: [
    { id: 'fields', label: 'ToolRL: credit by field', role: 'method', settings: { reward: 'calls', credit: 'fields' } },
    { id: 'calls', label: 'credit by call', role: 'baseline', settings: { reward: 'calls', credit: 'calls' } },
    {
      id: 'all',
      label: 'all calls or nothing',
      role: 'baseline',
      settings: { reward: 'calls', credit: 'all' },
    },
    { id: 'success', label: 'success only', role: 'baseline', settings: { reward: 'success' } },
    { id: 'shuffled', label: 'ToolRL, rewards shuffled', role: 'control', settings: { reward: 'shuffled' } },
  ],
  learningRates: { quick: [2e-3], full: [1e-3, 2e-3, 4e-3] },
  seeds: { quick: { selection: 1, confirmation: 1 }, full: { selection: 1, confirmation: 5 } },
  criteria: [
    { about: 'Credit by field succeeds more than all or nothing', arm: 'fields', against: 'all', atLeast: 0.02 },
    { about: 'and no less than credit by call', arm: 'fields', against: 'calls', atLeast: 0 },
    { about: 'and no less than success alone teaches', arm: 'fields', against: 'success', atLeast: 0 },
  ],
  quickCriteria: [{ about: 'Training keeps what was taught', arm: 'fields', atLeast: 0.05 }],
  axes: { success: { x: 'update', y: 'success' } },
  prepare: async ({ random, folder, signal }) =>
    saveStartPolicy(folder, await teachStartPolicy(setting, random, signal)),
  run: trial => {
    const shuffling = new Random(trial.seed).split('shuffle')
    return runWithRewards<TurnTask, TurnState>(
      setting,
      {
        recipe,
        groups: 16,
        groupSize,
        miniBatches: 4,
        updates: trial.budget === 'quick' ? 12 : 120,
        annotate: (batch, episodes) =>
          withColumns(batch, {
            'rollout.reward': signal('rollout', rewardsOf(episodes, trial.settings, shuffling)),
          }),
      },
      trial,
    )
  },
})
