import { signal, withColumns } from '@guerdon/core'
import { coverageByDifficulty, laserAdvantages } from '@guerdon/methods/process/laser'
import type { ArithmeticState, ArithmeticTask } from '@guerdon/worlds/text/arithmetic'
import { defineStudy, type Trial, type TrialResult } from '../../claims/claim.ts'
import { advantageRecipe } from '../../text-policy/advantage-recipe.ts'
import { runWithRewards } from '../../text-policy/run-with-rewards.ts'
import { type Policy, saveStartPolicy, teachStartPolicy } from '../../text-policy/start-policy.ts'
import { ask } from '../arithmetic/ask.ts'
import { criteria } from './criteria.ts'
import { laserSettings, plainLength, readAnswers, summarise } from './long-winded.ts'
import { type ShapeSettings, type Shaping, shapedScores } from './shaped-scores.ts'
import { targetOrder } from './target-order.ts'

const groupSize = 8
const monitorEvery = 20
const monitorQuestions = 24

/** Candidate targets: tokens of 0, ½, 1, 1½ … steps. */
const thresholds = Array.from({ length: 14 }, (_, half) => plainLength(half / 2))

type Coverage = Shaping['coverage']

async function train(trial: Trial<ShapeSettings>): Promise<TrialResult> {
  const { settings, budget, random } = trial
  const setting = laserSettings[budget]
  const watching = random.split('monitor')
  const shuffling = random.split('shuffle')
  const spent = { monitorRollouts: 0 }
  let coverage: Coverage = null
  let update = 0

  async function monitor(policy: Policy): Promise<Coverage> {
    const random = watching.split(update)
    const answers = await ask(policy, setting, { questions: monitorQuestions, times: groupSize, random })
    spent.monitorRollouts += answers.length
    return coverageByDifficulty(readAnswers(answers), thresholds).coverage
  }

  return runWithRewards<ArithmeticTask, ArithmeticState>(
    setting,
    {
      recipe: advantageRecipe,
      reference: false,
      groups: 8,
      groupSize,
      miniBatches: 2,
      updates: budget === 'quick' ? 12 : 80,
      spent,
      async annotate(batch, episodes, policy) {
        if (settings.shape === 'laser-d' && update % monitorEvery === 0) coverage = await monitor(policy)
        update++
        const answers = readAnswers(episodes)
        const scores = shapedScores(answers, settings, {
          groupSize,
          thresholds,
          fallbackTargetLength: plainLength(6),
          coverage,
          random: shuffling,
        })
        return withColumns(batch, {
          'rollout.advantage': signal('rollout', laserAdvantages(scores, answers.groups)),
        })
      },
      async examine(policy) {
        const questions = budget === 'quick' ? 256 : 1024
        const answers = await ask(policy, setting, { questions, times: 1, random: random.split('examination') })
        const targets = coverage && targetOrder(coverage, thresholds, setting.world.maximumActionLength)
        return { ...summarise(answers), ...targets }
      },
    },
    trial,
  )
}

const short = plainLength(2)

/** LASER on a transformer that writes arithmetic. */
export const trained = defineStudy<ShapeSettings>({
  setting: [
    'World arithmetic, sums and differences on numbers up to 5: a quarter of one operation, a quarter of two, half of three (quick: one and two, numbers up to 3). Answers may be bare, take all steps (9, 15, 21 tokens), or take steps back and do them again.',
    'Policy: a causal transformer (2 layers, width 32), taught by a long-winded writer (a quarter of the answers bare, half of the steps done twice) until three answers in four are right; the same for all arms of a seed. Bare answers to three operations are right in a third of the cases.',
    'GRPO, 8 questions × 8 answers an update, 80 updates (quick: 12) for every arm; LASER-D also pays for the monitor rollouts it takes every 20 updates.',
    'Accuracy and length are of answers to 1024 fresh questions (quick: 256) at temperature 1, the same for all arms of a seed.',
  ],
  metric: 'length',
  direction: 'lower',
  selectBy: { metric: 'accuracy', direction: 'higher' },
  alsoReport: ['accuracy', 'hardAccuracy', 'easyLength', 'hardLength', 'waits'],
  arms: [
    { id: 'laser-15', label: 'LASER, target 15', role: 'method', settings: { shape: 'laser', target: short } },
    { id: 'laser-d', label: 'LASER-D', role: 'method', settings: { shape: 'laser-d' } },
    { id: 'outcome', label: 'outcome only', role: 'baseline', settings: { shape: 'outcome' } },
    {
      id: 'truncation-15',
      label: 'truncation at 15',
      role: 'baseline',
      settings: { shape: 'truncation', target: short },
    },
    {
      id: 'truncation-27',
      label: 'truncation at 27',
      role: 'baseline',
      settings: { shape: 'truncation', target: plainLength(4) },
    },
    {
      id: 'shuffled',
      label: 'LASER, lengths shuffled',
      role: 'control',
      settings: { shape: 'shuffled', target: short },
    },
  ],
  learningRates: { quick: [1e-3], full: [2.5e-4, 5e-4, 1e-3] },
  seeds: { quick: { selection: 1, confirmation: 1 }, full: { selection: 1, confirmation: 5 } },
  criteria: criteria({ laser: 'laser-15', truncation: 'truncation-15' }, 'mean'),
  quickCriteria: [{ about: 'LASER shortens', arm: 'laser-15', against: 'outcome', compare: 'ratio', atMost: 0.9 }],
  axes: { success: { x: 'update', y: 'share right' }, tokens: { x: 'update', y: 'tokens an answer' } },
  caveats: [
    'Accuracies are of sampled answers (those to hard questions of some 500 a seed), so they are compared as means over seeds; lengths and the gap to truncation must hold in every seed.',
    'Measured: truncation at a generous length (27 tokens) becomes as short as LASER and is as accurate. What LASER is spared is the choice of that length: at 15 it keeps its accuracy, and truncation loses a third and more.',
    'Lengths shuffled within a group may shorten a little too: not all of a shortening is due to what lengths say.',
  ],
  prepare: async ({ random, budget, folder, signal }) =>
    saveStartPolicy(folder, await teachStartPolicy(laserSettings[budget], random, signal)),
  run: train,
})
