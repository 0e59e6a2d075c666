import type { Shape } from '@guerdon/methods/shaping/par'
import { defineStudy, type StudyArm, type Trial, type TrialResult } from '../../claims/claim.ts'
import { prepare } from '../hacking/models.ts'
import { diagnose } from '../hacking/report.ts'
import { hackingSizes } from '../hacking/settings.ts'
import { type ProxyTraining, trainOnProxy } from '../hacking/training.ts'

/** Prompts and responses a prompt, an update. */
const groups = { prompts: 8, groupSize: 8 }

async function train(trial: Trial<ProxyTraining>): Promise<TrialResult> {
  const { settings, budget, random, learningRate } = trial
  const policyUpdates = budget === 'quick' ? 60 : 120
  const { record } = await trainOnProxy(settings, { sizes: { ...groups, policyUpdates, learningRate }, random }, trial)
  const { goldPeak, goldFinal, proxyRise } = diagnose(record.curves['gold'].y, record.curves['proxy'].y)
  return { ...record, metrics: { ...record.metrics, goldDrop: goldPeak - goldFinal, proxyRise } }
}

const klWeight = 0.1

function shapeArm(design: Shape, role: 'method' | 'baseline', klWeight: number): StudyArm<ProxyTraining> {
  return { id: `${design}-kl${klWeight}`, label: `${design}, KL ${klWeight}`, role, settings: { design, klWeight } }
}

const rivals = ['raw', 'meanStd', 'clip'] as const
const inFourOfFive = { share: 4 / 5 }
const { demonstrations, supervisedUpdates, preferencePairs, rewardModelUpdates } = hackingSizes('full')

/** PAR against the shapings it is compared with, on a reward model that has learnt to like praise. */
export const trained = defineStudy<ProxyTraining>({
  setting: [
    'Keyword notes: notes on three topics; annotators like words of praise, which gold counts as a fault.',
    `Reference: a transformer (2 layers of 32) after ${supervisedUpdates} updates on ${demonstrations} notes; reward model: the same, after ${rewardModelUpdates} updates on ${preferencePairs} comparisons of its samples (quick: less of both).`,
    'Policy gradient with group means as baseline, 120 updates (quick: 60) of 8 prompts × 8 responses; KL weight 0.1 in the loss unless said; ten reference scores a prompt.',
    'Plain centring is left out: with group means as baseline it is the raw score.',
    'Rates are chosen by the proxy, the only number a person in the paper’s place would see.',
  ],
  metric: 'gold',
  direction: 'higher',
  selectBy: { metric: 'proxy', direction: 'higher' },
  alsoReport: ['proxy', 'kl', 'praise', 'goldDrop'],
  arms: [
    { ...shapeArm('par', 'method', klWeight), id: 'par', label: 'PAR' },
    {
      id: 'par-1',
      label: 'PAR, one reference',
      role: 'method',
      settings: { design: 'par', klWeight, maxReferences: 1 },
    },
    ...rivals.map(rival => ({ ...shapeArm(rival, 'baseline', klWeight), id: rival, label: rival })),
    shapeArm('raw', 'baseline', 1),
    {
      id: 'negated',
      label: 'PAR of negated scores',
      role: 'control',
      settings: { design: 'par', klWeight, sign: -1 },
    },
  ],
  learningRates: { quick: [1e-3], full: [3e-4, 1e-3] },
  seeds: { quick: { selection: 1, confirmation: 1 }, full: { selection: 1, confirmation: 5 } },
  criteria: [
    ...rivals.map(rival => ({
      about: `PAR ends with more gold than ${rival}`,
      arm: 'par',
      against: rival,
      atLeast: 0.3,
      over: inFourOfFive,
    })),
    { about: 'close to its own peak', arm: 'par', metric: 'goldDrop', atMost: 0.4, over: inFourOfFive },
    { about: 'where the raw score falls below its peak', arm: 'raw', metric: 'goldDrop', atLeast: 0.3 },
    { about: 'while its proxy keeps rising', arm: 'raw', metric: 'proxyRise', atLeast: 0 },
    { about: 'one reference is enough', arm: 'par-1', against: 'par', atLeast: -0.3, atMost: 0.3, over: inFourOfFive },
  ],
  quickCriteria: [
    { about: 'PAR ends with more gold than the raw score', arm: 'par', against: 'raw', atLeast: 0.3 },
    { about: 'and close to its own peak', arm: 'par', metric: 'goldDrop', atMost: 0.5 },
  ],
  caveats: [
    'Measured: only scaling by mean and deviation comes near PAR: it ends 0.15 to 0.9 below, by 0.3 or more in two seeds of five where four were asked for, and is farther from the reference (KL 6.4 for 0.7).',
    'The raw score at ten times the KL weight ends where PAR does (1.8): much of what PAR spares is the choice of that weight.',
  ],
  axes: { gold: { x: 'update', y: 'gold' }, proxy: { x: 'update', y: 'proxy' } },
  prepare: trial => prepare(trial.seed, trial.budget, trial),
  run: train,
})
