import { mean, type Random } from '@guerdon/core'
import { groupAdvantages, type ToolCall, type ToolrlOptions, toolrlReward } from '@guerdon/methods/rules/toolrl'
import { defineClaim, defineStudy, type Trial, type TrialResult } from '../claims/claim.ts'
import {
  answer,
  createToolPolicy,
  drawRequest,
  drawTools,
  type Request,
  type ToolSet,
  updateToolPolicy,
} from './toolrl/factored-policy.ts'
import { trained } from './toolrl/trained.ts'

/** What a response is rewarded for. `shuffled`: ToolRL's rewards of a group, given to the wrong responses. */
interface Settings {
  readonly reward: 'toolrl' | 'success' | 'shuffled'
  readonly credit?: ToolrlOptions['credit']
}

const prompts = 16
const groupSize = 4
const freshRequests = 200

/** The text a trainer would see: reasoning, then the calls, one a line; without its tags when the format is not kept. */
function responseText(calls: readonly ToolCall[], wellFormed: boolean): string {
  const lines = calls.map(call => JSON.stringify(call)).join('\n')
  return wellFormed ? `<think>which tools</think>\n<tool_call>\n${lines}\n</tool_call>` : lines
}

function rewardsOf(texts: readonly string[], truth: string, settings: Settings, random: Random): number[] {
  if (settings.reward === 'success') return texts.map(text => Number(isSolved(text, truth)))
  const rewards = texts.map(text => toolrlReward(text, truth, { step: 0 }, { credit: settings.credit }).total)
  return settings.reward === 'shuffled' ? random.shuffle(rewards) : rewards
}

/** All calls right, in a well-formed response: nothing less earns ToolRL's highest reward. */
function isSolved(text: string, truth: string): boolean {
  return toolrlReward(text, truth, { step: 0 }, { credit: 'all' }).total === 4
}

function train({ settings, budget, random, learningRate, signal, progress }: Trial<Settings>): TrialResult {
  const updates = budget === 'quick' ? 80 : 150
  const tools = drawTools(random.split('tools'))
  const policy = createToolPolicy(learningRate)
  const asking = random.split('requests')
  const answering = random.split('answers')
  const shuffling = random.split('shuffle')
  const examining = random.split('fresh requests')
  const fresh = Array.from({ length: freshRequests }, () => drawRequest(examining))
  const solved: number[] = []
  for (let update = 0; update < updates; update++) {
    signal.throwIfAborted()
    const answers = []
    const rewards: number[] = []
    for (let p = 0; p < prompts; p++) {
      const request = drawRequest(asking)
      const truth = responseText(tools.callsOf(request), true)
      const group = Array.from({ length: groupSize }, () => answer(policy, request, answering))
      const texts = group.map(({ calls, wellFormed }) => responseText(calls, wellFormed))
      answers.push(...group)
      rewards.push(...rewardsOf(texts, truth, settings, shuffling))
    }
    const groups = rewards.map((_, i) => Math.floor(i / groupSize))
    updateToolPolicy(policy, answers, groupAdvantages(rewards, groups))
    if (update % 10 === 9 || update === updates - 1) solved.push(successRate(policy, tools, fresh))
    progress((update + 1) / updates)
  }
  return {
    metrics: { success: solved[solved.length - 1] },
    curves: { success: { x: solved.map((_, i) => Math.min(10 * (i + 1), updates)), y: solved } },
    spent: { updates, rollouts: updates * prompts * groupSize },
  }
}

function successRate(
  policy: ReturnType<typeof createToolPolicy>,
  tools: ToolSet,
  requests: readonly Request[],
): number {
  return mean(
    requests.map(request => {
      const { calls, wellFormed } = answer(policy, request)
      return Number(isSolved(responseText(calls, wellFormed), responseText(tools.callsOf(request), true)))
    }),
  )
}

const mechanism = defineStudy<Settings>({
  setting: [
    'Four tools with two parameters each; a prompt asks for one or two calls by intents that are hidden permutations of tools and values.',
    'Policy: tables of logits for format, number of calls, tool, keys and values; Adam, 150 updates (quick: 80) of 16 prompts × 4 responses for every arm.',
    'Success: all calls exactly right and well-formed, greedy, on 200 fresh prompts.',
  ],
  metric: 'success',
  direction: 'higher',
  arms: [
    {
      id: 'fields',
      label: 'ToolRL: credit by field',
      role: 'method',
      settings: { reward: 'toolrl', credit: 'fields' },
    },
    { id: 'calls', label: 'credit by call', role: 'baseline', settings: { reward: 'toolrl', credit: 'calls' } },
    { id: 'all', label: 'all calls or nothing', role: 'baseline', settings: { reward: 'toolrl', credit: 'all' } },
    { id: 'success', label: 'success only', role: 'baseline', settings: { reward: 'success' } },
    { id: 'shuffled', label: 'ToolRL, rewards shuffled', role: 'control', settings: { reward: 'shuffled' } },
  ],
  learningRates: { quick: [0.05], full: [0.02, 0.05, 0.1] },
  seeds: { quick: { selection: 1, confirmation: 3 }, full: { selection: 4, confirmation: 8 } },
  criteria: [
    { about: 'Credit by field succeeds where all or nothing does not', arm: 'fields', against: 'all', atLeast: 0.5 },
    { about: 'and beats credit by call', arm: 'fields', against: 'calls', atLeast: 0.2 },
  ],
  quickCriteria: [{ about: 'Credit by field beats all or nothing', arm: 'fields', against: 'all', atLeast: 0.1 }],
  axes: { success: { x: 'update', y: 'success' } },
  run: train,
})

/** ToolRL: a reward in parts can be learnt from where an all-or-nothing one cannot. */
export const toolrl = defineClaim({ slug: 'toolrl', version: 1, studies: { mechanism, trained } })
