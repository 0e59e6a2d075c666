import {
  type Comparison,
  createGradientLearner,
  type GradientTask,
  packInputs,
  type UserBatch,
  type UserParameters,
  type UserRewardModel,
  type UserSpec,
  userModel,
  userRewards,
  userTask,
} from '@guerdon/learn'
import { pairLoss } from '@guerdon/methods/shared/pair-loss'
import { cast, greater, mean, mul, type NdArray, type Tensor } from '@guerdon/tensor'
import type { Trial } from '../../claims/claim.ts'

/** What a model of users is trained as. `blind`: a single Bradley–Terry model; `shuffled`: contexts are someone else's. */
export type UserModelKind = 'vpl' | 'blind' | 'shuffled'

/** How a model of users is trained. */
export interface UserTraining {
  readonly kind: UserModelKind
  readonly spec: UserSpec
  readonly updates: number
  readonly batchSize: number
  readonly learningRate: number
}

/**
 * Trains on sets of comparisons, each set of one user. All kinds have the same parameters, data and number of updates; the
 * blind one is the same decoder at z = 0.
 */
export async function trainUserModel(
  sets: readonly { readonly comparisons: readonly Comparison[] }[],
  { kind, spec, updates, batchSize, learningRate }: UserTraining,
  { random, signal, progress }: Pick<Trial, 'random' | 'signal' | 'progress'>,
): Promise<UserRewardModel> {
  const all = sets.flatMap(set => set.comparisons)
  const rows = (side: 'chosen' | 'rejected') =>
    packInputs(
      all.map(comparison => comparison[side]),
      spec.encoder,
    )
  let next = 0
  const users = sets.map(({ comparisons }) => comparisons.map(() => next++))
  const task = userTask(spec, { chosen: rows('chosen'), rejected: rows('rejected'), users }, { batchSize })
  const { context = 8 } = spec
  const kinds: Record<UserModelKind, Partial<GradientTask<UserParameters, UserBatch>>> = {
    vpl: {},
    blind: { loss: (parameters, batch) => blindLoss(parameters, batch, spec) },
    shuffled: { nextBatch: (draws, update) => withOthersContexts(task.nextBatch(draws, update), context) },
  }
  const learner = createGradientLearner<UserParameters, UserBatch>(
    { ...task, ...kinds[kind] },
    { seed: random.integer(2 ** 31), learningRate },
  )
  for (let update = 0; update < updates; update++) {
    signal.throwIfAborted()
    await learner.update()
    progress((update + 1) / updates)
  }
  return userModel(spec, learner.parameters())
}

function blindLoss(parameters: UserParameters, { chosen, rejected, noise }: UserBatch, spec: UserSpec) {
  const nobody: Tensor = mul(noise, 0)
  const better = userRewards(parameters, chosen, nobody, spec)
  const worse = userRewards(parameters, rejected, nobody, spec)
  return { loss: pairLoss(better, worse), measured: { accuracy: mean(cast(greater(better, worse), 'float32')) } }
}

/** Every user with the context of the user before. */
function withOthersContexts(batch: UserBatch<NdArray>, context: number): UserBatch<NdArray> {
  const shifted = <Input extends object>(input: Input): Input =>
    Object.fromEntries(Object.entries(input).map(([name, rows]) => [name, rolled(rows as NdArray, context)])) as Input
  return {
    ...batch,
    contextChosen: shifted(batch.contextChosen),
    contextRejected: shifted(batch.contextRejected),
  }
}

/** The rows moved down by `by` places, those at the end to the start. */
export function rolled(rows: NdArray, by: number): NdArray {
  const entries = (by * rows.data.length) / rows.shape[0]
  const data = rows.data.slice()
  data.set(rows.data.subarray(rows.data.length - entries) as typeof data)
  data.set(rows.data.subarray(0, rows.data.length - entries) as typeof data, entries)
  return { ...rows, data }
}

/** Share of sets whose last comparison is predicted, told the first `told` comparisons of the set or of another one. */
export async function predictedShare(
  model: UserRewardModel,
  sets: readonly { readonly comparisons: readonly Comparison[] }[],
  options: { readonly told: number; readonly whose?: 'own' | 'other' },
): Promise<number> {
  const { told, whose = 'own' } = options
  const requests = []
  for (const [i, { comparisons }] of sets.entries()) {
    const source = whose === 'own' ? comparisons : sets[(i + 1) % sets.length].comparisons
    const latent = await model.latentOf(source.slice(0, told))
    const { chosen, rejected } = comparisons[comparisons.length - 1]
    requests.push({ ...chosen, latent }, { ...rejected, latent })
  }
  const scores = (await model.scoreAll(requests)).map(judgement => judgement.score)
  return sets.filter((_, i) => scores[2 * i] > scores[2 * i + 1]).length / sets.length
}

/** What is predicted of sets, told nothing (`told` 0) or that many of their comparisons: of their own, one, another user's. */
export async function predictedShares(
  model: UserRewardModel,
  sets: readonly { readonly comparisons: readonly Comparison[] }[],
  told: number,
): Promise<Record<'accuracy' | 'accuracyToldOne' | 'gainByContext' | 'accuracyToldOther', number>> {
  const accuracy = await predictedShare(model, sets, { told })
  const accuracyToldOne = await predictedShare(model, sets, { told: Math.min(told, 1) })
  return {
    accuracy,
    accuracyToldOne,
    gainByContext: accuracy - accuracyToldOne,
    accuracyToldOther: await predictedShare(model, sets, { told, whose: 'other' }),
  }
}
