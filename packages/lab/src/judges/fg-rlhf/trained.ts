import { bindStage, defineRecipe, jsonColumn, type Recipe, withColumns } from '@guerdon/core'
import { withValueHead } from '@guerdon/learn'
import { type CompletenessScale, fgRlhfAdvantageStage, fgRlhfStage } from '@guerdon/methods/judges/fg-rlhf'
import type { LongFormTask } from '@guerdon/worlds/text/long-form'
import type { AnsweredState } from '@guerdon/worlds/text/single-turn'
import { defineStudy, type Trial, type TrialResult } from '../../claims/claim.ts'
import { runWithRewards } from '../../text-policy/run-with-rewards.ts'
import { loadStartPolicy, type Policy } from '../../text-policy/start-policy.ts'
import { headNames, type Judges, loadJudges } from './answer-judges.ts'
import { headAccuracies, headWeights, type Pay, paidAtTheEnd, payAnswers } from './answer-rewards.ts'
import {
  answerOf,
  answerSetting,
  answerSizes,
  answerTransformer,
  loadQuestions,
  prepareAnswers,
  sampleAnswers,
} from './answering.ts'
import { summarise, truthOf } from './long-answers.ts'

interface Settings {
  /** Absent: the start policy is left as it is. */
  readonly pay?: Pay
  /** Default 0.95. */
  readonly lambda?: number
}

/** Token rewards of the method, less the divergence from the start policy, and generalised advantages. */
function recipeOf(pay: Pay, completeness: CompletenessScale, lambda: number): Recipe {
  const heads = Object.fromEntries(
    headNames.map(name => [name, { positive: headWeights[name], negative: -headWeights[name] }]),
  )
  const asGiven = { mean: 0, std: 1, scale: 1, bias: 0 }
  const rewards = paidAtTheEnd(pay) ? { heads: {}, completeness: asGiven } : { heads, completeness }
  return defineRecipe({
    name: 'fg-rlhf',
    records: [{ name: 'rollout.segments', kind: 'json' }],
    steps: [bindStage(fgRlhfStage, { ...rewards, klCoef: 0.3 }), bindStage(fgRlhfAdvantageStage, { lambda })],
    final: 'token.advantage',
  })
}

async function train(trial: Trial<Settings>): Promise<TrialResult> {
  const { settings, budget, random, folder } = trial
  const { pay, lambda = 0.95 } = settings
  const { updates, answers: answersAnUpdate, examined } = answerSizes[budget]
  const questions = loadQuestions(folder)
  const setting = answerSetting(questions, budget)
  const judges = loadJudges(folder, answerTransformer)

  async function examine(policy: Policy): Promise<Record<string, number>> {
    const drawing = random.split('examination')
    const asked = Array.from({ length: examined }, () => drawing.choice(questions))
    const answers = await sampleAnswers(policy, setting, asked, drawing)
    return {
      ...summarise(answers.map(({ task, tokens }) => truthOf(task, tokens))),
      ...(await headAccuracies(judges, answers)),
      completenessAccuracy: judges.completeness.accuracy,
      preferenceAccuracy: judges.preference.accuracy,
    }
  }

  if (pay === undefined) return { metrics: await examine(loadStartPolicy(folder, setting)), spent: {} }

  const spent = { judgeCalls: 0, ...labelsOf(pay, judges) }
  const shuffling = random.split('shuffle')
  const sound: number[] = []
  const result = await runWithRewards<LongFormTask, AnsweredState<LongFormTask>>(
    setting,
    {
      recipe: recipeOf(pay, judges.completeness.scale, lambda),
      groups: answersAnUpdate,
      groupSize: 1,
      epochs: 4,
      valueWeight: 0.1,
      updates,
      spent,
      prepareStart: policy => withValueHead(policy, answerTransformer, random.split('values')),
      async annotate(batch, episodes) {
        const answers = episodes.map(answerOf)
        sound.push(summarise(answers.map(({ task, tokens }) => truthOf(task, tokens)))['sound'])
        const { segments, judgeCalls } = await payAnswers(pay, judges, answers, shuffling)
        spent.judgeCalls += judgeCalls
        return withColumns(batch, { 'rollout.segments': jsonColumn('rollout', segments) })
      },
      examine,
    },
    trial,
  )
  const x = sound.map((_, update) => update * answersAnUpdate)
  return { ...result, curves: { ...result.curves, sound: { x, y: sound } } }
}

/** Labels that an arm's judges were taught on. */
function labelsOf(pay: Pay, { labels }: Judges): { labelledSentences: number; comparisons: number } {
  if (pay === 'outcome') return { labelledSentences: 0, comparisons: 0 }
  if (pay === 'preference') return { labelledSentences: 0, comparisons: labels.preference }
  return { labelledSentences: labels.sentences, comparisons: labels.completeness }
}

const { teaching, annotated, sentenceUpdates, wholeUpdates } = answerSizes.full

/** Fine-grained rewards of learnt judges on long answers. */
export const trained = defineStudy<Settings>({
  setting: [
    'Long-form world by heart: a town of eight places with one quality each (six qualities), drawn by seed, and three questions, each about five of the places (quick: one question). Sentences are `PLACE is QUALITY .`; the passage is not shown.',
    `Policy: a transformer (2 layers of 32, 4 heads) with a value head, taught by ${teaching} updates on drafts of a writer who knows the grammar and guesses every quality, leaves things out, repeats, and speaks of places nobody asked about.`,
    `Judges: transformers of that size. One says of every sentence whether it is relevant (±0.3) and factual (±0.5), after ${sentenceUpdates} updates on the labelled sentences of ${4 * annotated} answers, half of them the start policy’s, half drafts of any quality; one of completeness (weight 0.3, standardised by its scores on those answers) and one of overall preference after ${wholeUpdates} updates on comparisons of the same answers (quick: less of all). Labels are exact.`,
    'PPO with GAE, λ 0.95 unless said, whitening; 4 passes over 32 answers an update, 60 updates (quick: 16 of 16) for every arm; −0.3·(log π − log π₀) on every token; value weight 0.1.',
    'Sound: share of sentences that are factual and relevant by the world’s exact labels, in 512 fresh answers (quick: 96) at temperature 1. Accuracies of the heads are on the same answers; those of the start policy’s are held out in the usual sense.',
  ],
  metric: 'sound',
  direction: 'higher',
  alsoReport: ['factual', 'relevant', 'covered', 'gold', 'sentences', 'relevanceAccuracy', 'factualityAccuracy'],
  arms: [
    { id: 'dense', label: 'at sentence ends', role: 'method', settings: { pay: 'dense' } },
    { id: 'end', label: 'the same sum at the last token', role: 'baseline', settings: { pay: 'sum' } },
    { id: 'end-0.99', label: 'at the last token, λ 0.99', role: 'baseline', settings: { pay: 'sum', lambda: 0.99 } },
    {
      id: 'preference',
      label: 'preference-trained reward, λ 0.99',
      role: 'baseline',
      settings: { pay: 'preference', lambda: 0.99 },
    },
    {
      id: 'outcome',
      label: 'outcome only, λ 0.99',
      role: 'baseline',
      settings: { pay: 'outcome', lambda: 0.99 },
    },
    { id: 'start', label: 'start policy', role: 'baseline', settings: {} },
    { id: 'shuffled', label: 'verdicts of other sentences', role: 'control', settings: { pay: 'shuffled' } },
  ],
  learningRates: { quick: [3e-3], full: [1e-3, 2e-3, 3e-3] },
  seeds: { quick: { selection: 1, confirmation: 1 }, full: { selection: 1, confirmation: 5 } },
  criteria: [
    { about: 'Dense rewards are learnt faster than their sum', arm: 'dense', against: 'end', atLeast: 0.2 },
    { about: 'in every seed', arm: 'dense', against: 'end', atLeast: 1e-6, over: { share: 1 } },
    { about: 'and than their sum with λ 0.99', arm: 'dense', against: 'end-0.99', atLeast: 0.05 },
    { about: 'and than a preference-trained reward', arm: 'dense', against: 'preference', atLeast: 0.05 },
  ],
  quickCriteria: [
    { about: 'Dense rewards are learnt', arm: 'dense', against: 'start', atLeast: 0.05 },
    { about: 'and better than where they belong to other sentences', arm: 'dense', against: 'shuffled', atLeast: 0.02 },
  ],
  caveats: [
    'Measured: dense rewards end above their sum in every seed, by 0.17 on average where 0.2 was asked for, and 0.08 above the sum with λ 0.99 (below it in one seed of five). Verdicts of other sentences, paid in the same places, end at 0.29.',
    'What heads say is only good for answers like those they were taught on: with a KL weight of 0.1 in place of the paper’s 0.3 the policy repeated sentences, which the relevance head did not see (its accuracy fell from 0.9 to 0.4–0.7), and relevance fell while factuality rose to 0.99.',
    'Known by heart because judges of this size do not read: with a passage of six places in the prompt, 600 updates left the factuality head at its base rate (0.66), and a policy taught on true drafts at 0.4 factual sentences.',
    'Speed is what is shown: dense rewards and their sum were both still improving after these 1920 responses. On seeds kept for tuning the sum with λ 0.99, as the paper pays it, came within 0.05 to 0.2 of dense rewards; at the higher rates it sometimes lost its language, which is part of what it is compared by.',
    'A share says nothing of how much is said: the preference-trained reward ended at answers of a sentence or less in some seeds. A sentence that says nothing counts as not factual.',
  ],
  axes: { sound: { x: 'responses', y: 'share of sound sentences' } },
  prepare: prepareAnswers,
  run: train,
})
