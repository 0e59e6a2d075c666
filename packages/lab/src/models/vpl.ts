import type { UserRewardModel, UserSpec } from '@guerdon/learn'
import { defineClaim, defineStudy, type Trial, type TrialResult } from '../claims/claim.ts'
import { arms, type UserSettings } from './vpl/arms.ts'
import { type AnnotatedSet, dimensions, drawDirections, drawSets } from './vpl/direction-users.ts'
import { trained } from './vpl/trained.ts'
import { predictedShares, trainUserModel } from './vpl/user-training.ts'

interface Settings extends UserSettings {
  /** Weight of the divergence. Default 0.02. */
  readonly klWeight?: number
}

const contextSize = 8
const trainingSets = 400
const batchSize = 32

async function run(trial: Trial<Settings>): Promise<TrialResult> {
  const { settings, budget, random, learningRate } = trial
  const { kind, users, klWeight = 0.02 } = settings
  const [epochs, tested] = budget === 'quick' ? [12, 100] : [60, 500]
  const updates = Math.ceil((epochs * trainingSets) / batchSize)
  const directions = drawDirections(users, random.split(`${users} users`))
  const size = contextSize + 1
  const learnt = drawSets(directions, { count: trainingSets, size, random: random.split('sets') })
  const fresh = drawSets(directions, { count: tested, size, random: random.split('fresh sets') })
  const spec: UserSpec = {
    kind: 'users',
    encoder: { kind: 'vectors', size: dimensions, hidden: [] },
    context: contextSize,
    klWeight,
  }
  const model = await trainUserModel(
    learnt,
    { kind, spec, updates, batchSize, learningRate },
    { ...trial, random: random.split('training') },
  )
  return {
    metrics: {
      ...(await predictedShares(model, fresh, kind === 'blind' ? 0 : contextSize)),
      identified: kind === 'blind' ? 0 : await identifiedShare(model, learnt.slice(0, 100), fresh.slice(0, 100), users),
    },
    spent: { updates, comparisons: trainingSets * size },
  }
}

/** Share of fresh sets whose posterior mean lies nearest to the centroid of their own user's known sets. */
async function identifiedShare(
  model: UserRewardModel,
  known: readonly AnnotatedSet[],
  fresh: readonly AnnotatedSet[],
  users: number,
): Promise<number> {
  const latentOf = ({ comparisons }: AnnotatedSet) => model.latentOf(comparisons.slice(0, contextSize))
  const knownLatents = await Promise.all(known.map(latentOf))
  const centroids = Array.from({ length: users }, (_, user) => {
    const own = knownLatents.filter((_, i) => known[i].user === user)
    return own[0].map((_, k) => own.reduce((sum, latent) => sum + latent[k], 0) / own.length)
  })
  const latents = await Promise.all(fresh.map(latentOf))
  const right = latents.filter((latent, i) => {
    const distances = centroids.map(centroid => Math.hypot(...centroid.map((value, k) => value - latent[k])))
    return distances.indexOf(Math.min(...distances)) === fresh[i].user
  })
  return right.length / fresh.length
}

const inEverySeed = { share: 1 }

const mechanism = defineStudy<Settings>({
  setting: [
    'Users are unit directions w in R⁴, two opposite ones or four at random; things are normal, the one with the larger w·x is preferred, without noise.',
    '400 sets of 9 comparisons of one user each; VPL is told 8 of them and predicts the ninth; 60 epochs (quick: 12) of batches of 32 sets for every arm.',
    'Model: encoder of pairs with attention over the context, latent of 8, decoder of 64; Bradley–Terry is the same decoder at z = 0.',
    'Accuracy: share of 500 fresh sets (quick: 100) whose last comparison is predicted.',
  ],
  metric: 'accuracy',
  direction: 'higher',
  alsoReport: ['gainByContext', 'accuracyToldOther', 'identified'],
  arms: [
    ...arms,
    {
      id: 'heavy-2',
      label: 'VPL, KL weight 1, 2 users',
      role: 'baseline',
      settings: { kind: 'vpl', users: 2, klWeight: 1 },
    },
    {
      id: 'heavy-4',
      label: 'VPL, KL weight 1, 4 users',
      role: 'baseline',
      settings: { kind: 'vpl', users: 4, klWeight: 1 },
    },
  ],
  learningRates: { quick: [2e-3], full: [1e-3, 2e-3, 4e-3] },
  seeds: { quick: { selection: 1, confirmation: 1 }, full: { selection: 2, confirmation: 5 } },
  criteria: [
    {
      about: 'Of two opposite users VPL predicts much more than Bradley–Terry',
      arm: 'vpl-2',
      against: 'bt-2',
      atLeast: 0.3,
      over: inEverySeed,
    },
    { about: 'of four users more', arm: 'vpl-4', against: 'bt-4', atLeast: 0.1, over: inEverySeed },
    { about: 'two users: the more the more it is told', arm: 'vpl-2', metric: 'gainByContext', atLeast: 0.04 },
    { about: 'four users: the more the more it is told', arm: 'vpl-4', metric: 'gainByContext', atLeast: 0.04 },
    {
      about: 'two users: told another user’s choices it is no better than Bradley–Terry',
      arm: 'vpl-2',
      against: 'bt-2',
      metric: 'accuracyToldOther',
      atMost: 0.05,
    },
    {
      about: 'four users: the same',
      arm: 'vpl-4',
      against: 'bt-4',
      metric: 'accuracyToldOther',
      atMost: 0.05,
    },
  ],
  quickCriteria: [
    { about: 'VPL predicts more than Bradley–Terry of two users', arm: 'vpl-2', against: 'bt-2', atLeast: 0.2 },
  ],
  caveats: ['Asking for the most informative comparisons, which the paper does too, is not tested here.'],
  run,
})

/** VPL: a latent for each user, where one reward model would average those who disagree. */
export const vpl = defineClaim({ slug: 'vpl', version: 1, studies: { mechanism, trained } })
