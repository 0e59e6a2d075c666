import {
  abstained,
  type ColumnData,
  type ColumnName,
  defineStage,
  failed,
  json,
  type Outcome,
  optionalNumbers,
  type RolloutBatch,
  Status,
  signalFromOutcomes,
} from '@guerdon/core'
import * as z from 'zod'
import { checkTransitions, requiredChannel, type TransitionShaper } from '../../shared/transition-shaper.ts'
import { fitStepModels, type PerceptualModel, type PerceptualRewardOptions, perceptualReward } from './step-models.ts'

const stepSchema = z.strictObject({
  selected: z.array(z.int().min(0)),
  means: z.array(z.number()),
  stds: z.array(z.number().positive()),
})
const modelSchema = z.strictObject({
  steps: z.array(stepSchema).min(1),
  scaling: z.strictObject({ means: z.array(z.number()), stds: z.array(z.number().positive()) }).optional(),
})

/** Options of the stage. */
export const perceptualOptions = z.strictObject({
  model: modelSchema.nullable().default(null).describe('a fitted model; null fits one from successful rollouts'),
  demonstrationOutcome: z
    .number()
    .default(1)
    .describe('rollouts with at least this outcome are demonstrations when fitting'),
  steps: z.int().min(1).default(3).describe('number of intermediate steps to look for'),
  minSize: z.int().min(1).default(2).describe('fewest turns of a step'),
  topM: z.int().min(1).default(32).describe('features per step'),
  alpha: z.number().default(5).describe('weight of separation against spread in the choice of features'),
  stdFloor: z.number().positive().default(1e-3).describe('smallest deviation of a feature'),
  standardise: z.boolean().default(true).describe('standardise features over all demonstrations first'),
  search: z.enum(['exhaustive', 'binary']).default('exhaustive').describe('how demonstrations are cut'),
  form: z.enum(['bounded', 'quadratic']).default('bounded').describe('exp(−q/2) or −q'),
  combination: z
    .enum(['powers-of-two', 'sum', 'max-progress'])
    .default('powers-of-two')
    .describe('how step rewards become one'),
  normalise: z.boolean().default(true).describe('divide by the sum of the weights'),
  asPotential: z
    .boolean()
    .default(false)
    .describe('pay differences R(x′) − R(x), so that camping in a step pays nothing'),
})

type PerceptualStageOptions = z.infer<typeof perceptualOptions>

/** The frozen model, once there is one. */
export interface PerceptualState {
  readonly model: PerceptualModel | null
}

/**
 * Scores every turn by how far it has come through the steps of a task, from `turn.features`. Without a model the first
 * batch that has successful rollouts fits one, and it is frozen in the state; until then every turn abstains.
 */
export const perceptualStage = defineStage<PerceptualStageOptions, PerceptualState>({
  name: 'perceptual-rewards',
  about: 'rewards turns by their likeness to the intermediate steps found, unlabelled, in successful rollouts',
  options: perceptualOptions,
  reads: options => [
    { name: 'turn.features', kind: 'json', about: 'number[D]: an embedding or hand-made features of the turn' },
    ...(options.model === null
      ? [
          {
            name: 'rollout.outcome',
            kind: 'number',
            about: 'success, to choose demonstrations; not needed once a model is fitted',
            optional: true,
          } as const,
        ]
      : []),
  ],
  writes: () => [
    { name: 'turn.reward', kind: 'number', about: 'combined step reward; in [0, 1] when bounded and normalised' },
    { name: 'turn.perceptualRewardsStep', kind: 'number', about: 'most likely step, from 1' },
  ],
  initial: options => ({ model: options.model === null ? null : asModel(options.model) }),
  apply: (batch, state, options) => {
    const features = json(batch, 'turn.features').map(readFeatures)
    const model = state.model ?? fitFromBatch(batch, features, options)
    const reward: Outcome[] = []
    const step: Outcome[] = []
    const size = model ? largestFeature(model) : 0
    for (const value of features) {
      const outcome = !value
        ? abstained('no features')
        : 'status' in value
          ? value
          : !model
            ? abstained('no successful rollout to fit the model on yet')
            : value.length < size
              ? failed('invalid_input', `expected at least ${size} features; got ${value.length}`, 'perceptual-rewards')
              : undefined
      if (outcome || !model || !value || 'status' in value) {
        reward.push(outcome ?? abstained())
        step.push(outcome ?? abstained())
        continue
      }
      const scored = perceptualReward(model, value, options as PerceptualRewardOptions)
      reward.push({
        status: 'scored',
        value: options.normalise ? (scored.normalised ?? 0) : scored.combined,
      })
      step.push({ status: 'scored', value: 1 + argMax(scored.stepRewards) })
    }
    const paid = options.asPotential ? differences(batch, reward) : reward
    const columns: Record<ColumnName, ColumnData> = {
      'turn.reward': signalFromOutcomes('turn', paid),
      'turn.perceptualRewardsStep': signalFromOutcomes('turn', step),
    }
    return { columns, state: { model: model ?? null } }
  },
})

type Features = readonly number[] | Outcome | undefined

function readFeatures(value: unknown): Features {
  if (value === undefined || value === null) return undefined
  if (Array.isArray(value) && value.every(entry => typeof entry === 'number' && Number.isFinite(entry))) return value
  return failed('type', 'expected turn.features to be a list of finite numbers', 'perceptual-rewards')
}

function fitFromBatch(
  batch: RolloutBatch,
  features: readonly Features[],
  options: PerceptualStageOptions,
): PerceptualModel | undefined {
  const outcome = optionalNumbers(batch, 'rollout.outcome')
  if (!outcome) return undefined
  const demonstrations: (readonly number[])[][] = []
  batch.rolloutIds.forEach((_, r) => {
    if (outcome.status[r] !== Status.scored || outcome.values[r] < options.demonstrationOutcome) return
    const frames: (readonly number[])[] = []
    for (let t = batch.turnOffsets[r]; t < batch.turnOffsets[r + 1]; t++) {
      const value = features[t]
      if (value && !('status' in value)) frames.push(value)
    }
    if (frames.length >= options.steps * options.minSize) demonstrations.push(frames)
  })
  return demonstrations.length === 0 ? undefined : fitStepModels(demonstrations, options).model
}

function asModel(model: z.infer<typeof modelSchema>): PerceptualModel {
  return model.scaling ? { steps: model.steps, scaling: model.scaling } : { steps: model.steps }
}

function largestFeature(model: PerceptualModel): number {
  return Math.max(0, ...model.steps.flatMap(step => step.selected.map(j => j + 1)))
}

function argMax(values: Float64Array): number {
  let best = 0
  for (let k = 1; k < values.length; k++) if (values[k] > values[best]) best = k
  return best
}

/** R(x_t) − R(x_{t−1}) within each rollout; the first turn is paid nothing. */
function differences(batch: RolloutBatch, rewards: readonly Outcome[]): Outcome[] {
  const result = [...rewards]
  for (let r = 0; r < batch.rolloutIds.length; r++) {
    let previous: number | undefined
    for (let t = batch.turnOffsets[r]; t < batch.turnOffsets[r + 1]; t++) {
      const outcome = rewards[t]
      if (outcome.status !== 'scored') continue
      result[t] = { status: 'scored', value: previous === undefined ? 0 : outcome.value - previous }
      previous = outcome.value
    }
  }
  return result
}

/** The fitted model on transitions: scores `features` [N·D] of every step. */
export function perceptualShaper(
  model: PerceptualModel,
  options: PerceptualRewardOptions & { /** Default true. */ readonly normalise?: boolean } = {},
): TransitionShaper<null> {
  const { normalise = true } = options
  return {
    name: 'perceptual-rewards',
    initial: () => null,
    shape: (transitions, state) => {
      const count = checkTransitions(transitions)
      const features = requiredChannel(transitions, 'features')
      const width = count === 0 ? 0 : features.length / count
      const reward = new Float64Array(count)
      const step = new Float64Array(count)
      for (let i = 0; i < count; i++) {
        const scored = perceptualReward(model, features.subarray(i * width, (i + 1) * width), options)
        reward[i] = normalise ? (scored.normalised ?? 0) : scored.combined
        step[i] = 1 + argMax(scored.stepRewards)
      }
      return { reward, components: { step }, state }
    },
  }
}
