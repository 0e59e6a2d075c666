import {
  type EncoderConfig,
  type PairObjective,
  type PairRecord,
  type PairRows,
  type PairSpec,
  type PointRows,
  type PreferenceRecord,
  packInputs,
  pairTask,
  pointTask,
  userTask,
} from '@guerdon/learn'
import { type Encoder, encoderOf } from './encoding.ts'
import {
  attributeNames,
  attributeTargets,
  labelledOf,
  pairsOf,
  scoreTargets,
  type TargetRecord,
  userRows,
} from './examples.ts'
import { type Kind, nothingToLearn } from './kinds.ts'
import { bothParts, type KindOptions, type Preparation, prepared, type Sources } from './prepared.ts'
import { prepareContrastive, prepareGenerative, prepareGoal, prepareSteps } from './text-tasks.ts'

/**
 * Makes examples and the spec of a kind of model.
 *
 * @throws invalid_input when the records hold nothing the kind can learn from
 */
export function prepare(kind: Kind, sources: Sources, options: KindOptions): Preparation {
  switch (kind) {
    case 'bt':
    case 'ties':
    case 'ordinal':
      return preparePairs(kind, sources, options)
    case 'regression':
    case 'attributes':
      return preparePoints(kind, sources, options)
    case 'process':
      return prepareSteps(sources, options)
    case 'users':
      return prepareUsers(sources, options)
    case 'goal':
      return prepareGoal(sources, options)
    case 'generative':
      return prepareGenerative(sources, options)
    case 'contrastive':
      return prepareContrastive(sources, options)
  }
}

function preparePairs(kind: 'bt' | 'ties' | 'ordinal', sources: Sources, options: KindOptions): Preparation {
  const { sizes, ensemble, aggregate } = options
  const encoder = encoderOf(sources.encoding, sizes)
  const objective = objectiveOf(kind, pairsOf([...sources.train, ...sources.heldOut]), options)
  const spec: PairSpec = { kind: 'pairs', encoder, objective, members: ensemble, aggregate }
  const parts = bothParts(kind, 'pairs', sources, pairsOf, pairs =>
    pairRows(pairs, sources.encoder, encoder, options.margin),
  )
  const { train, heldOut } = parts
  return prepared(spec, parts.counts, batchSize => pairTask(spec, train, { batchSize, ...(heldOut && { heldOut }) }))
}

function objectiveOf(
  kind: 'bt' | 'ties' | 'ordinal',
  pairs: readonly PairRecord[],
  { labelSmoothing, centring, theta }: KindOptions,
): PairObjective {
  if (kind === 'bt') return { kind: 'bradley-terry', labelSmoothing, centring }
  if (kind === 'ties') {
    if (!pairs.some(({ tied }) => tied)) throw nothingToLearn(kind, 'pairs that are tied')
    return { kind: 'ties', model: { kind: 'raoKupper', theta } }
  }
  const levels = Math.max(0, ...pairs.map(({ strength }) => strength ?? 0))
  if (levels === 0) throw nothingToLearn(kind, 'pairs with a strength')
  return { kind: 'ordinal', levels, ties: pairs.some(pair => strengthOf(pair) === 0) }
}

const strengthOf = ({ tied, strength = 1 }: PairRecord): number => (tied ? 0 : strength)

function pairRows(pairs: readonly PairRecord[], encode: Encoder, config: EncoderConfig, margin: boolean): PairRows {
  const side = (name: 'chosen' | 'rejected') =>
    packInputs(
      pairs.map(pair => encode.item(pair.prompt, pair[name])),
      config,
    )
  return {
    first: side('chosen'),
    second: side('rejected'),
    label: pairs.map(pair => (strengthOf(pair) === 0 ? 0.5 : (pair.label ?? 1))),
    margin: pairs.map(pair => (margin ? (pair.margin ?? 0) : 0)),
    strength: pairs.map(strengthOf),
  }
}

function preparePoints(kind: 'regression' | 'attributes', sources: Sources, options: KindOptions): Preparation {
  const encoder = encoderOf(sources.encoding, options.sizes)
  const attributes = kind === 'attributes' ? attributeNames(sources.train) : ['score']
  if (attributes.length === 0) throw nothingToLearn(kind, 'rated attributes')
  const binary = kind === 'regression' && labelledOf(sources.train).length > 0
  const spec = { kind: 'points', encoder, attributes, loss: binary ? 'binary' : 'squared' } as const
  const find = (records: readonly PreferenceRecord[]): TargetRecord[] =>
    kind === 'attributes' ? attributeTargets(records, attributes) : scoreTargets(records)
  const rows = (found: TargetRecord[]): PointRows => ({
    inputs: packInputs(
      found.map(({ prompt, response }) => sources.encoder.item(prompt, response)),
      encoder,
    ),
    targets: found.map(({ targets }) => targets),
  })
  const parts = bothParts(kind, 'ratings or labels', sources, find, rows)
  const { train, heldOut } = parts
  return prepared(spec, parts.counts, batchSize => pointTask(spec, train, { batchSize, ...(heldOut && { heldOut }) }))
}

function prepareUsers(sources: Sources, { sizes }: KindOptions): Preparation {
  const encoder = encoderOf(sources.encoding, sizes)
  const spec = { kind: 'users', encoder, latent: 8, width: sizes.width, context: 8, klWeight: 0.02 } as const
  const parts = bothParts('users', 'pairs', sources, pairsOf, pairs => {
    const { first: chosen, second: rejected } = pairRows(pairs, sources.encoder, encoder, false)
    return { chosen, rejected, users: userRows(pairs).rows }
  })
  if (parts.train.users.length === 0) throw nothingToLearn('users', 'users with at least two pairs')
  const { train, heldOut } = parts
  return prepared(spec, parts.counts, batchSize =>
    userTask(spec, train, { batchSize, ...(heldOut && heldOut.users.length > 0 && { heldOut }) }),
  )
}
