import { assertInteger, assertNotEmpty, canonicalJson, GuerdonError, type Random } from '@guerdon/core'
import {
  clampPosterior,
  decodeRewards,
  encodeContexts,
  encodePairs,
  languageLoss,
  type Posterior,
  reparameterise,
} from '@guerdon/methods/models/vpl'
import { type Concrete, cast, greater, jit, mean, type NdArray, type Tensor, uniformArray } from '@guerdon/tensor'
import type { GradientTask } from '../training/gradient-learner.ts'
import {
  type EncoderConfig,
  type EncoderInput,
  type EncoderParameters,
  encode,
  encoderWidth,
  initialEncoder,
} from './encoder.ts'
import {
  floatColumn,
  type InputRows,
  packInputs,
  rowCount,
  rowRange,
  selectInputs,
  type TokensOrVector,
} from './inputs.ts'
import { type RewardModel, rewardModel } from './reward-model.ts'
import { type ExampleRows, type RowTaskOptions, rowTask } from './row-task.ts'
import { entryOf, paddedRows, type ScoringOptions } from './scoring.ts'

/**
 * A reward model of users who disagree (variational preference learning, arXiv 2408.10075): a latent z is inferred from a
 * few comparisons of one user, and rewards are r(x, z).
 */
export interface UserSpec {
  readonly kind: 'users'
  readonly encoder: EncoderConfig
  /** Width of z. Default 8. */
  readonly latent?: number
  /** Width of the hidden layers. Default 64. */
  readonly width?: number
  /** Comparisons of one user that z is inferred from in training. Default 8. */
  readonly context?: number
  /** Weight of the divergence from the standard normal. Default 0.02; at 1 the latent says nothing. */
  readonly klWeight?: number
}

/** y = W·x + b, W [out][in]. */
interface Affine<T> {
  weight: T
  bias: T
}

/** Parameters of the encoder of things, of users, and of the decoder. */
export interface UserParameters<T = Tensor> {
  encoder: EncoderParameters<T>
  pairs: Affine<T>[]
  query: Affine<T>
  key: Affine<T>
  value: Affine<T>
  mean: Affine<T>
  logVar: Affine<T>
  decoder: Affine<T>[]
}

/** Comparisons and whose they are. */
export interface UserRows {
  readonly chosen: InputRows
  readonly rejected: InputRows
  /** Rows of each user, at least two each: one is learnt from, the others tell who it is. */
  readonly users: readonly (readonly number[])[]
}

/** U users with A comparisons each and one more to be predicted. */
export interface UserBatch<T = Tensor> {
  readonly contextChosen: EncoderInput<T>
  readonly contextRejected: EncoderInput<T>
  readonly chosen: EncoderInput<T>
  readonly rejected: EncoderInput<T>
  /** [U][d] standard normal; 0 for held-out users. */
  readonly noise: T
}

/** Fresh parameters. */
export function initialUserModel(spec: UserSpec, random: Random): UserParameters<NdArray> {
  const { latent = 8, width = 64 } = spec
  assertInteger(latent, 'latent', 1)
  const states = encoderWidth(spec.encoder)
  const affine = (inputs: number, outputs: number): Affine<NdArray> => ({
    weight: uniformArray(random, [outputs, inputs], 1 / Math.sqrt(inputs)),
    bias: uniformArray(random, [outputs], 1 / Math.sqrt(inputs)),
  })
  return {
    encoder: initialEncoder(spec.encoder, random),
    pairs: [affine(2 * states, width), affine(width, width)],
    query: affine(width, width),
    key: affine(width, width),
    value: affine(width, width),
    mean: affine(width, latent),
    logVar: affine(width, latent),
    decoder: [affine(states + latent, width), affine(width, 1)],
  }
}

/** Posterior of U users from A comparisons each, rows user by user; held within [−1, 1] as released. */
export function userPosterior(
  parameters: UserParameters,
  chosen: EncoderInput,
  rejected: EncoderInput,
  users: number,
  spec: UserSpec,
): Posterior {
  const [first, second] = [chosen, rejected].map(input => encode(parameters.encoder, input, spec.encoder).pooled)
  const pairs = encodePairs(first, second, parameters.pairs)
  const each = pairs.shape[0] / users
  const spans = Array.from({ length: users }, (_, user) => [user * each, (user + 1) * each] as const)
  return clampPosterior(encodeContexts(pairs, spans, parameters))
}

/** r(x, z), [B]. */
export function userRewards(parameters: UserParameters, input: EncoderInput, latent: Tensor, spec: UserSpec): Tensor {
  return decodeRewards(encode(parameters.encoder, input, spec.encoder).pooled, latent, parameters.decoder)
}

/** mean −log σ(r(x_c, z) − r(x_r, z)) + w·KL(q(z | user) ‖ N(0, 1)) with z drawn from q. */
export function userModelLoss(parameters: UserParameters, batch: UserBatch, spec: UserSpec) {
  const [users] = batch.noise.shape
  const posterior = userPosterior(parameters, batch.contextChosen, batch.contextRejected, users, spec)
  const z = reparameterise(posterior, batch.noise)
  const chosen = userRewards(parameters, batch.chosen, z, spec)
  const rejected = userRewards(parameters, batch.rejected, z, spec)
  const { total, kl } = languageLoss(chosen, rejected, posterior, { klWeight: spec.klWeight ?? 0.02 })
  return { loss: total, measured: { accuracy: mean(cast(greater(chosen, rejected), 'float32')), kl } }
}

/**
 * Training on comparisons of users, for `createGradientLearner`: users are drawn with replacement, then a row of each to
 * learn from, then for each user the context from its other rows with replacement, then noise. Held-out users keep their
 * rows: the last to predict, those before it in turn as context.
 *
 * @throws invalid_input for a user with fewer than two comparisons
 */
export function userTask(
  spec: UserSpec,
  rows: UserRows,
  options: RowTaskOptions<UserRows, UserParameters<NdArray>> = {},
): GradientTask<UserParameters, UserBatch> {
  const { batchSize, heldOut, initial } = options
  for (const data of heldOut ? [rows, heldOut] : [rows]) assertUsers(data)
  return rowTask<UserParameters, UserBatch>(
    {
      name: 'user-reward-model',
      settings: { spec: canonicalJson(spec), comparisons: rowCount(rows.chosen) },
      initial: random => initial ?? initialUserModel(spec, random),
      loss: (parameters, batch) => userModelLoss(parameters, batch, spec),
    },
    userExamples(spec, rows),
    { batchSize, heldOut: heldOut && userExamples(spec, heldOut) },
  )
}

function userExamples(spec: UserSpec, rows: UserRows): ExampleRows<UserBatch> {
  const { context = 8, latent = 8 } = spec
  assertInteger(context, 'context', 1)
  return {
    count: rows.users.length,
    batch(users, random) {
      const owned = Array.from(users, user => rows.users[user])
      const target = owned.map(own => (random ? random.integer(own.length) : own.length - 1))
      const told = owned.flatMap((own, i) =>
        Array.from({ length: context }, (_, place) => {
          const other = random ? random.integer(own.length - 1) : place % (own.length - 1)
          return own[other < target[i] ? other : other + 1]
        }),
      )
      const learnt = owned.map((own, i) => own[target[i]])
      const noise = random?.normals(users.length * latent) ?? new Float64Array(users.length * latent)
      return {
        contextChosen: selectInputs(rows.chosen, told),
        contextRejected: selectInputs(rows.rejected, told),
        chosen: selectInputs(rows.chosen, learnt),
        rejected: selectInputs(rows.rejected, learnt),
        noise: floatColumn(noise, [users.length, latent]),
      }
    },
  }
}

function assertUsers({ users }: UserRows): void {
  assertNotEmpty(users, 'users')
  users.forEach((rows, user) => {
    if (rows.length >= 2) return
    throw new GuerdonError('invalid_input', `expected at least 2 comparisons of user ${user}; got ${rows.length}`, {
      path: ['users', user],
      hint: 'leave out users with a single comparison: nothing tells who they are',
    })
  })
}

/** A comparison of one user. */
export interface Comparison {
  readonly chosen: TokensOrVector
  readonly rejected: TokensOrVector
}

/** A reward model that can be told who it scores for. */
export interface UserRewardModel extends RewardModel {
  /** Mean [d] of the posterior of one user, to be given as `latent`; 0, the prior mean, for no comparison. */
  latentOf(comparisons: readonly Comparison[]): Promise<Float64Array>
}

/** The trained model as a scorer; without a `latent` it scores for z = 0, everyone's average. */
export function userModel(
  spec: UserSpec,
  parameters: UserParameters<NdArray>,
  options: ScoringOptions = {},
): UserRewardModel {
  const { latent: width = 8 } = spec
  const compileOptions = { threads: options.threads ?? 1 }
  const rewards = jit(
    (fixed: UserParameters, input: EncoderInput, latent: Tensor) => userRewards(fixed, input, latent, spec),
    compileOptions,
  )
  const posterior = jit(
    (fixed: UserParameters, chosen: EncoderInput, rejected: EncoderInput) =>
      userPosterior(fixed, chosen, rejected, 1, spec).mean,
    compileOptions,
  )
  const scorer = rewardModel(
    'users',
    async requests => {
      const rows = paddedRows(requests.length)
      const input = selectInputs(packInputs(requests, spec.encoder), rows)
      const latents = Array.from(rows, row => latentRow(requests[row].latent, width, row)).flat()
      const args = [parameters, input, floatColumn(latents, [rows.length, width])]
      const scores = await rewards(...(args as unknown as Concrete<[UserParameters, EncoderInput, Tensor]>))
      return requests.map((_, i) => ({ score: scores.data[i] }))
    },
    options,
  )
  return {
    ...scorer,
    async latentOf(comparisons) {
      if (comparisons.length === 0) return new Float64Array(width)
      const all = rowRange(0, comparisons.length)
      const inputs = (['chosen', 'rejected'] as const).map(side =>
        selectInputs(
          packInputs(
            comparisons.map(pair => pair[side]),
            spec.encoder,
          ),
          all,
        ),
      )
      const args = [parameters, ...inputs] as unknown as Concrete<[UserParameters, EncoderInput, EncoderInput]>
      return entryOf(await posterior(...args), 0)
    },
  }
}

function latentRow(latent: ArrayLike<number> | undefined, width: number, row: number): number[] {
  if (latent === undefined) return Array<number>(width).fill(0)
  if (latent.length === width) return Array.from(latent)
  throw new GuerdonError('shape_mismatch', `expected a latent of ${width} numbers; got ${latent.length}`, {
    path: ['requests', row, 'latent'],
  })
}
