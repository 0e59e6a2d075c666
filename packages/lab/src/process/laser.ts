import { mean } from '@guerdon/core'
import { type BandCoverage, coverageByDifficulty, laserAdvantages } from '@guerdon/methods/process/laser'
import { defineClaim, defineStudy, type Trial, type TrialResult } from '../claims/claim.ts'
import { ascendChoices } from '../toys/choice-policy.ts'
import { criteria } from './laser/criteria.ts'
import { expectedOf, groupSize, lengthPolicy, longest, questions, respond } from './laser/length-toy.ts'
import { type ShapeSettings, shapedScores } from './laser/shaped-scores.ts'
import { targetOrder } from './laser/target-order.ts'
import { trained } from './laser/trained.ts'

const thresholds = Array.from({ length: 15 }, (_, i) => i + 2)
const monitorEvery = 20

function train({ settings, budget, random, learningRate, signal, progress }: Trial<ShapeSettings>): TrialResult {
  const updates = budget === 'quick' ? 300 : 800
  const policy = lengthPolicy(random.split('policy'))
  const sampling = random.split('responses')
  const watching = random.split('monitor')
  const shuffling = random.split('shuffle')
  let monitor: BandCoverage | null = null
  let monitored = 0
  const accuracy: number[] = []
  const length: number[] = []
  for (let update = 0; update < updates; update++) {
    signal.throwIfAborted()
    if (settings.shape === 'laser-d' && update % monitorEvery === 0) {
      monitor = coverageByDifficulty(respond(policy, watching), thresholds)
      monitored += questions * groupSize
    }
    const responses = respond(policy, sampling)
    const scores = shapedScores(responses, settings, {
      groupSize,
      thresholds,
      fallbackTargetLength: longest,
      coverage: monitor?.coverage ?? null,
      random: shuffling,
    })
    const advantages = laserAdvantages(scores, responses.groups)
    ascendChoices(
      policy,
      responses.groups.map((prompt, i) => ({
        prompt,
        choice: responses.lengths[i] - 1,
        advantage: advantages[i],
      })),
      learningRate,
    )
    accuracy.push(mean(responses.correct.map(Number)))
    length.push(mean(responses.lengths))
    progress((update + 1) / updates)
  }
  const rollouts = updates * questions * groupSize + monitored
  const x = accuracy.map((_, update) => update + 1)
  return {
    metrics: { ...expectedOf(policy), ...(monitor && targetOrder(monitor.coverage, thresholds, longest)) },
    curves: { accuracy: { x, y: accuracy }, length: { x, y: length } },
    spent: { updates, rollouts },
  }
}

const mechanism = defineStudy<ShapeSettings>({
  setting: [
    '24 questions of three difficulties; an action is the length of the response, 1 to 16; P(correct | length) = cap·σ((length − need)/0.8) with needs 2, 6 and 11.',
    'Policy: a table of logits with a bump at length 12; GRPO on 8 responses a question, 800 updates (quick: 300) for every arm.',
    'LASER-D also pays for the monitor rollouts it takes every 20 updates.',
  ],
  metric: 'length',
  direction: 'lower',
  selectBy: { metric: 'accuracy', direction: 'higher' },
  alsoReport: ['accuracy', 'hardAccuracy', 'easyLength'],
  arms: [
    { id: 'laser-8', label: 'LASER, target 8', role: 'method', settings: { shape: 'laser', target: 8 } },
    { id: 'laser-d', label: 'LASER-D', role: 'method', settings: { shape: 'laser-d' } },
    { id: 'laser-6', label: 'LASER, target 6', role: 'method', settings: { shape: 'laser', target: 6 } },
    { id: 'outcome', label: 'outcome only', role: 'baseline', settings: { shape: 'outcome' } },
    { id: 'truncation-8', label: 'truncation at 8', role: 'baseline', settings: { shape: 'truncation', target: 8 } },
    { id: 'truncation-12', label: 'truncation at 12', role: 'baseline', settings: { shape: 'truncation', target: 12 } },
    { id: 'shuffled', label: 'LASER, lengths shuffled', role: 'control', settings: { shape: 'shuffled', target: 8 } },
  ],
  learningRates: { quick: [0.6], full: [0.3, 0.6, 1.2] },
  seeds: { quick: { selection: 1, confirmation: 2 }, full: { selection: 3, confirmation: 6 } },
  criteria: criteria({ laser: 'laser-8', truncation: 'truncation-8' }, { share: 1 }),
  quickCriteria: [
    { about: 'LASER shortens', arm: 'laser-8', against: 'outcome', compare: 'ratio', atMost: 0.95 },
    { about: 'and beats truncation', arm: 'laser-8', against: 'truncation-8', metric: 'accuracy', atLeast: 0.05 },
  ],
  axes: { accuracy: { x: 'update', y: 'accuracy' }, length: { x: 'update', y: 'mean length' } },
  caveats: [
    'That truncation is less accurate by 0.15 did not hold: it is by 0.11 in every seed, at the lowest rate, where it has learnt least and so shortened least. At the rates the other arms do best at it loses 0.17 to 0.25.',
    'LASER-D lies on the same trade-off line as a well-chosen fixed target here; that it dominates one is not shown.',
  ],
  run: train,
})

/** LASER: right answers that stay within a target length earn more. */
export const laser = defineClaim({ slug: 'laser', version: 1, studies: { mechanism, trained } })
