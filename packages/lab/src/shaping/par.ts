import { mean } from '@guerdon/core'
import { type Shape, type ShapeOptions, shapeScores } from '@guerdon/methods/shaping/par'
import { noMoments } from '@guerdon/methods/shared/running-moments'
import { defineClaim, defineStudy, type StudyArm, type Trial, type TrialResult } from '../claims/claim.ts'
import { ascendChoices } from '../toys/choice-policy.ts'
import {
  drawText,
  expectedWorth,
  placeProbabilities,
  referencePolicy,
  textLogProb,
  type Worth,
  worthOf,
} from './par/rare-token.ts'
import { trained } from './par/trained.ts'

interface Settings {
  readonly shaping: ShapeOptions
  /** β of −β·log(π/π₀) in the reward. */
  readonly klWeight: number
  /** Times 600 updates; 0: the reference policy as it stands. Default 1. */
  readonly length?: number
  /** The control learns from negated scores, references and all. */
  readonly negated?: boolean
}

const batchSize = 64
const references = 10
const learningRate = 0.3
const mainKl = 0.1

function train({ settings, budget, random, signal, progress }: Trial<Settings>): TrialResult {
  const { shaping, klWeight, length = 1, negated = false } = settings
  const updates = (budget === 'quick' ? 400 : 600) * length
  const policy = referencePolicy()
  const initialRows = placeProbabilities(policy)
  const sign = negated ? -1 : 1
  const drawingReferences = random.split('references')
  const referenceScores = Array.from(
    { length: references },
    () => sign * worthOf(drawText(initialRows, drawingReferences)).proxy,
  )
  const sampling = random.split('samples')
  let moments = noMoments
  const curve: Worth[] = [expectedWorth(policy)]
  for (let update = 0; update < updates; update++) {
    if (update % 50 === 0) signal.throwIfAborted()
    const rows = placeProbabilities(policy)
    const texts = Array.from({ length: batchSize }, () => drawText(rows, sampling))
    const scores = texts.map(tokens => sign * worthOf(tokens).proxy)
    const shaped = shapeScores({ scores, references: scores.map(() => referenceScores) }, shaping, moments)
    moments = shaped.moments
    const rewards = texts.map(
      (tokens, i) => shaped.rewards[i] - klWeight * (textLogProb(rows, tokens) - textLogProb(initialRows, tokens)),
    )
    const baseline = mean(rewards)
    const credited = texts.flatMap((tokens, i) =>
      tokens.map((choice, prompt) => ({ prompt, choice, advantage: rewards[i] - baseline })),
    )
    ascendChoices(policy, credited, learningRate)
    curve.push(expectedWorth(policy))
    if (update % 50 === 49) progress((update + 1) / updates)
  }
  const golds = curve.map(worth => worth.gold)
  const peak = golds.indexOf(Math.max(...golds))
  const last = curve[curve.length - 1]
  const shown = curve.map((worth, x) => ({ ...worth, x })).filter(({ x }) => x % 10 === 0)
  const x = shown.map(point => point.x)
  return {
    metrics: {
      gold: last.gold,
      proxy: last.proxy,
      goldDrop: golds[peak] - last.gold,
      proxyRise: last.proxy - curve[peak].proxy,
    },
    curves: {
      gold: { x, y: shown.map(({ gold }) => gold) },
      proxy: { x, y: shown.map(({ proxy }) => proxy) },
    },
    spent: { updates, rollouts: updates * batchSize + references, proxyScores: updates * batchSize + references },
  }
}

/** An arm of one shape, `shape` or `shape-0.05`. */
function shapeArm(shape: Shape, role: 'method' | 'baseline', klWeight = mainKl): StudyArm<Settings> {
  const suffix = klWeight === mainKl ? '' : `-kl${klWeight}`
  return {
    id: `${shape}${suffix}`,
    label: `${shape}${klWeight === mainKl ? '' : `, KL ${klWeight}`}`,
    role,
    settings: { shaping: { shape }, klWeight },
  }
}

const rivals = ['raw', 'centred', 'meanStd', 'clip'] as const
const others = [
  'minMax',
  'logSigmoidCentred',
  'sigmoid',
  'tanh',
  'relativeTanh',
  'fittedPolynomial',
  'relativeFittedPolynomial',
  'slowGrowth',
] as const
const inFourOfFive = { share: 4 / 5 }
const par1 = { shape: 'par', maxReferences: 1 } as const

const mechanism = defineStudy<Settings>({
  setting: [
    'Texts of 8 tokens over 6. Gold: 3·(1 − e^{−g/3}) − 0.6·h; proxy: the same quality + 0.25·h², with g tokens 1 or 2 and h tokens 5, one token in 23 under the reference policy (logit −1.5, the others 0).',
    'Policy: logits for each place; REINFORCE with the batch mean as baseline, 64 texts an update, step 0.3, 600 updates (quick: 400) for every arm; −β·log(π/π₀) in the reward, β = 0.1 unless said.',
    'Ten reference scores a seed. Gold and proxy of policies are exact expectations.',
    'The rate is the specification’s, the same for all: a rate chosen by gold would choose, for hacked rewards, the one that learns least.',
  ],
  metric: 'gold',
  direction: 'higher',
  alsoReport: ['proxy', 'goldDrop', 'proxyRise'],
  arms: [
    shapeArm('par', 'method'),
    { id: 'par-1', label: 'par, one reference', role: 'method', settings: { shaping: par1, klWeight: mainKl } },
    {
      id: 'par-twice',
      label: 'par, twice the updates',
      role: 'method',
      settings: { shaping: { shape: 'par' }, klWeight: mainKl, length: 2 },
    },
    shapeArm('par', 'method', 0.05),
    ...rivals.map(shape => shapeArm(shape, 'baseline')),
    ...others.map(shape => shapeArm(shape, 'baseline')),
    {
      id: 'ceiling',
      label: 'ceiling 3',
      role: 'baseline',
      settings: { shaping: { shape: 'raw', ceiling: 3 }, klWeight: mainKl },
    },
    ...[...rivals, 'minMax' as const, 'logSigmoidCentred' as const].map(shape => shapeArm(shape, 'baseline', 0.05)),
    ...[0.5, 1].map(klWeight => shapeArm('raw', 'baseline', klWeight)),
    {
      id: 'reference',
      label: 'reference policy',
      role: 'baseline',
      settings: { shaping: { shape: 'raw' }, klWeight: mainKl, length: 0 },
    },
    {
      id: 'negated',
      label: 'par of negated scores',
      role: 'control',
      settings: { shaping: { shape: 'par' }, klWeight: mainKl, negated: true },
    },
  ],
  seeds: { quick: { selection: 0, confirmation: 2 }, full: { selection: 0, confirmation: 10 } },
  criteria: [
    ...rivals.map(rival => ({
      about: `PAR ends with more gold than ${rival}`,
      arm: 'par',
      against: rival,
      atLeast: 2,
      over: inFourOfFive,
    })),
    { about: 'and with much of it', arm: 'par', atLeast: 1.4, over: inFourOfFive },
    { about: 'close to its own peak', arm: 'par', metric: 'goldDrop', atMost: 0.4, over: inFourOfFive },
    { about: 'where the raw score falls far below its peak', arm: 'raw', metric: 'goldDrop', atLeast: 4 },
    { about: 'while its proxy keeps rising', arm: 'raw', metric: 'proxyRise', atLeast: 0 },
    {
      about: 'Twice the updates change little',
      arm: 'par-twice',
      against: 'par',
      atLeast: -0.1,
      atMost: 0.1,
      over: inFourOfFive,
    },
    { about: 'one reference is enough', arm: 'par-1', against: 'par', atLeast: -0.3, atMost: 0.3, over: inFourOfFive },
  ],
  quickCriteria: [
    { about: 'PAR ends with more gold than the raw score', arm: 'par', against: 'raw', atLeast: 1 },
    { about: 'and with more than without training', arm: 'par', against: 'reference', atLeast: 0.1 },
  ],
  caveats: [
    'That PAR ends 2 above clipping did not hold: it ends 0.18 above, as clipping is not hacked here (1.7).',
    'How rare the rare token is decides what is hacked, and the specification does not say it. At logit −1.5 all but clipping is as claimed. At −1.2 clip is hacked (−1.1) but PAR loses 0.17 in the second 600 updates; at −2 and below clip does not lose at all, at −3 nothing does.',
    'Part of the effect is scale: the raw score at ten times the KL weight ends at 1.7, little below PAR.',
    'PAR gains little over not training at all (reference policy 1.6): what it is good for here is not losing it.',
  ],
  axes: { gold: { x: 'update', y: 'gold' }, proxy: { x: 'update', y: 'proxy' } },
  run: train,
})

/** PAR: the probability of beating reference responses is not worth hacking. */
export const par = defineClaim({ slug: 'par', version: 1, studies: { mechanism, trained } })
