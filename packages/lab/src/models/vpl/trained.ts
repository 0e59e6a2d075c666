import type { Random } from '@guerdon/core'
import type { Comparison, UserSpec } from '@guerdon/learn'
import { drawUsers, preferenceVocabulary, type User, userPreferences } from '@guerdon/worlds/text/preferences'
import { defineStudy, type Trial, type TrialResult } from '../../claims/claim.ts'
import { arms, type UserSettings } from './arms.ts'
import { predictedShares, trainUserModel } from './user-training.ts'

const contextSize = 6
const trainingSets = 4000
const updates = 800
const freshSets = 500
const batchSize = 32
const spec: UserSpec = {
  kind: 'users',
  encoder: { kind: 'vectors', size: preferenceVocabulary.size, hidden: [64] },
  context: contextSize,
  klWeight: 1e-3,
}

/** How often each word stands in prompt and answer together, [vocabulary]: a topic that was asked and named counts twice. */
export function wordCounts(prompt: ArrayLike<number>, answer: ArrayLike<number>): Float64Array {
  const counts = new Float64Array(preferenceVocabulary.size)
  for (const tokens of [prompt, answer]) for (let t = 0; t < tokens.length; t++) counts[tokens[t]]++
  return counts
}

/** Sets of comparisons, each of one user; `noise` divides utilities before the logistic choice. */
export function drawAnswerSets(
  users: readonly User[],
  options: { readonly count: number; readonly size: number; readonly noise: number; readonly random: Random },
): { readonly user: User; readonly comparisons: readonly Comparison[] }[] {
  const { count, size, noise, random } = options
  return Array.from({ length: count }, () => {
    const user = random.choice(users)
    const pairs = userPreferences({ users: [user], count: size, random, annotator: { temperature: noise } })
    const comparisons = pairs.map(({ prompt, chosen, rejected }) => ({
      chosen: { prompt: [], candidate: wordCounts(prompt, chosen) },
      rejected: { prompt: [], candidate: wordCounts(prompt, rejected) },
    }))
    return { user, comparisons }
  })
}

async function run(trial: Trial<UserSettings>): Promise<TrialResult> {
  const { settings, random, learningRate } = trial
  const { kind, users: count } = settings
  const users = drawUsers({ count, kind: count === 2 ? 'opposite' : 'likes', random: random.split(`${count} users`) })
  const size = contextSize + 1
  const sets = (howMany: number, noise: number, name: string) =>
    drawAnswerSets(users, { count: howMany, size, noise, random: random.split(name) })
  const learnt = sets(trainingSets, 0.5, 'sets')
  const fresh = sets(freshSets, 1e-3, 'fresh sets')
  const model = await trainUserModel(
    learnt,
    { kind, spec, updates, batchSize, learningRate },
    { ...trial, random: random.split('training') },
  )
  return {
    metrics: await predictedShares(model, fresh, kind === 'blind' ? 0 : contextSize),
    spent: { updates, comparisons: trainingSets * size },
  }
}

const inEverySeed = { share: 1 }

/** VPL against one reward model, on answers that users of different tastes compare. */
export const trained = defineStudy<UserSettings>({
  setting: [
    'Preferences world: answers of two to nine words about a topic; users like some attributes and dislike others; all like answers on the topic and dislike praise, so one model can be right about a part.',
    '4000 sets of 7 comparisons of one user each, judged with noise (temperature 0.5); VPL is told 6 and predicts the seventh.',
    'Answers are read as counts of words by a learnt layer of 64; encoder of comparisons with attention over the context, latent of 8, decoder of 64, KL weight 0.001; Bradley–Terry is the same model at z = 0; 800 updates of 32 sets for every arm.',
    'Accuracy: share of 500 fresh sets whose last comparison, told without noise, is predicted.',
  ],
  metric: 'accuracy',
  direction: 'higher',
  alsoReport: ['gainByContext', 'accuracyToldOther'],
  arms,
  learningRates: { quick: [3e-3], full: [1e-3, 3e-3, 1e-2] },
  seeds: { quick: { selection: 1, confirmation: 1 }, full: { selection: 1, confirmation: 5 } },
  criteria: [
    {
      about: 'Of two opposite users VPL predicts more than Bradley–Terry',
      arm: 'vpl-2',
      against: 'bt-2',
      atLeast: 0.1,
      over: inEverySeed,
    },
    { about: 'of four users too', arm: 'vpl-4', against: 'bt-4', atLeast: 0.05 },
    { about: 'the more the more it is told', arm: 'vpl-2', metric: 'gainByContext', atLeast: 0.04 },
    {
      about: 'told another user’s choices it is no better than Bradley–Terry',
      arm: 'vpl-2',
      against: 'bt-2',
      metric: 'accuracyToldOther',
      atMost: 0.05,
    },
  ],
  caveats: [
    'Measured: of two opposite users VPL is 0.12 to 0.16 above Bradley–Terry; of four, who share many tastes that one model serves, it is not (0.005): at the rate that serves it best there it does not use what it is told.',
    'Choices are noisy and 800 updates are few.',
  ],
  quickCriteria: [{ about: 'Of two opposite users VPL predicts more', arm: 'vpl-2', against: 'bt-2', atLeast: 0.05 }],
  run,
})
