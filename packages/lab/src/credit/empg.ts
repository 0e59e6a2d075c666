import { mean, type Random } from '@guerdon/core'
import { grpo } from '@guerdon/methods/credit/baselines-advantage'
import { empgStepAdvantages } from '@guerdon/methods/credit/empg'
import { defineClaim, defineStudy, type Trial, type TrialResult } from '../claims/claim.ts'
import { matchRows } from '../toys/match-rows.ts'
import { ascend, type Decision, noiseShare } from '../toys/noisy-policy.ts'
import { fasterAt } from './empg/criteria.ts'
import { drawStageTasks, leaningPolicy, playStages, type StageEpisode } from './empg/stage-tasks.ts'
import { empgTrained } from './empg/trained.ts'

type Settings =
  | { readonly credit: 'grpo' | 'discounted' }
  | { readonly credit: 'empg'; readonly k: number; readonly zeta: number }

const size = { tasks: 4, stages: 6, actions: 8, horizon: 12 }
const groupSize = 8
const noise = { features: 16, deviation: 0.7 }
/** Rates every run goes through, each from the start. */
const rates = [0.1, 0.3, 1, 2] as const

/** Advantages of every step of a batch of groups. */
function credit(batch: readonly StageEpisode[], settings: Settings): readonly Float64Array[] {
  const groups = { index: Int32Array.from(batch, (_, i) => Math.floor(i / groupSize)), count: size.tasks }
  const base = grpo(
    batch.map(({ solved }) => (solved ? 1 : 0)),
    groups,
  )
  if (settings.credit === 'empg') {
    const entropies = batch.map(({ decisions }) => decisions.map(({ entropy }) => entropy))
    return empgStepAdvantages(entropies, base, settings).stepAdvantages
  }
  const discount = settings.credit === 'discounted' ? 0.9 : 1
  return batch.map(({ decisions }, i) =>
    Float64Array.from(decisions, (_, t) => base[i] * discount ** (decisions.length - 1 - t)),
  )
}

/** Success of every update at one rate, and what the policy listens to at its end. */
function trainAt(learningRate: number, trial: Trial<Settings>): { success: number[]; noise: number } {
  const { settings, budget, random, scale, signal } = trial
  const updates = budget === 'quick' ? 60 : 200
  const tasks = drawStageTasks(size, random.split('tasks'))
  const drawing: Random = random.split('rollouts')
  const policy = leaningPolicy(tasks, 1.5, noise.features)
  const success: number[] = []
  for (let update = 0; update < updates; update++) {
    signal.throwIfAborted()
    const batch = Array.from({ length: size.tasks * groupSize }, (_, i) =>
      playStages(tasks, Math.floor(i / groupSize), policy, { random: drawing, deviation: noise.deviation }),
    )
    const own = credit(batch, settings)
    const advantages = scale === 'matched' ? matchRows(own, credit(batch, { credit: 'grpo' })) : own
    const decisions: (readonly Decision[])[] = batch.map(episode => episode.decisions)
    ascend(policy, decisions, advantages, learningRate, { tasks: size.tasks })
    success.push(mean(batch.map(({ solved }) => (solved ? 1 : 0))))
  }
  return { success, noise: noiseShare(policy) }
}

function train(trial: Trial<Settings>): TrialResult {
  const runs = rates.map((rate, i) => {
    const run = trainAt(rate, trial)
    trial.progress((i + 1) / rates.length)
    return { rate, ...run }
  })
  const areas = Object.fromEntries(runs.map(({ rate, success }) => [`area@${rate}`, mean(success)]))
  const updates = runs[0].success.length
  return {
    metrics: {
      ...areas,
      bestArea: Math.max(...Object.values(areas)),
      'noise@0.3': runs[1].noise,
    },
    curves: Object.fromEntries(
      runs.map(({ rate, success }) => [`success@${rate}`, { x: success.map((_, i) => i + 1), y: success }]),
    ),
    spent: { updates: updates * rates.length, rollouts: updates * rates.length * size.tasks * groupSize },
  }
}

const empgSettings = { credit: 'empg', k: 1, zeta: 0.05 } as const

const mechanism = defineStudy<Settings>({
  setting: [
    'Four tasks of six stages, eight actions, at most 12 steps; the outcome is 1 when all stages are done.',
    'At a stage’s clear state the policy starts with a lead of 1.5 logits for the right action; a wrong one leads to a confused state, where it starts uniform and another action leads back.',
    'Policy: a table over states plus U·z with 16 fresh N(0, 0.7²) features a step, which say nothing about the task.',
    'Policy gradient, 200 updates (quick: 60) of 4 groups of 8 rollouts: a task’s states climb the mean over its 8 rollouts, what tasks share (U) the mean over all 32.',
    'The claim names the rates 0.1 and 0.3: every run goes through these, 1 and 2, each from the start, and all are shown.',
  ],
  metric: 'area@0.3',
  direction: 'higher',
  alsoReport: ['area@0.1', 'area@1', 'area@2', 'bestArea', 'noise@0.3'],
  arms: [
    { id: 'empg', label: 'EMPG', role: 'method', settings: empgSettings },
    { id: 'scaling', label: 'EMPG, scaling only', role: 'method', settings: { ...empgSettings, zeta: 0 } },
    { id: 'bonus', label: 'EMPG, bonus only', role: 'method', settings: { ...empgSettings, k: 0 } },
    { id: 'grpo', label: 'GRPO (outcome only)', role: 'baseline', settings: { credit: 'grpo' } },
    { id: 'discounted', label: 'GRPO, discounted 0.9', role: 'baseline', settings: { credit: 'discounted' } },
    { id: 'flipped', label: 'EMPG, k = −1', role: 'control', settings: { ...empgSettings, k: -1 } },
  ],
  matchScaleTo: 'grpo',
  seeds: { quick: { selection: 1, confirmation: 2 }, full: { selection: 4, confirmation: 6 } },
  criteria: [...fasterAt(0.1), ...fasterAt(0.3)],
  quickCriteria: [{ about: 'EMPG learns faster than GRPO at rate 0.3', arm: 'empg', against: 'grpo', atLeast: 0.01 }],
  axes: Object.fromEntries(rates.map(rate => [`success@${rate}`, { x: 'update', y: 'success' }])),
  caveats: [
    'The claim is about small steps. `bestArea`, each arm at its best rate, shows no gain that could not be chance.',
    'With its scale matched to GRPO’s, EMPG has kept a tenth to a fifth of its gain at these rates: most of it is a larger step on what is already likely.',
  ],
  run: train,
})

/** EMPG: credit is strong where the policy is certain, and certainty to come is paid for. */
export const empg = defineClaim({ slug: 'empg', version: 1, studies: { mechanism, trained: empgTrained } })
