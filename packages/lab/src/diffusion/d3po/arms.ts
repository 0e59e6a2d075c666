import type { Criterion, StudyArm } from '../../claims/claim.ts'
import type { AlignSettings } from './align.ts'

/** The arms of both studies. */
export const arms: readonly StudyArm<AlignSettings>[] = [
  { id: 'd3po', label: 'D3PO, fixed reference', role: 'method', settings: { by: 'd3po' } },
  {
    id: 'd3po-moving',
    label: 'D3PO, reference of the epoch before',
    role: 'method',
    settings: { by: 'd3po', reference: 'epoch' },
  },
  { id: 'ddpo', label: 'DDPO (reads rewards)', role: 'baseline', settings: { by: 'ddpo' } },
  { id: 'preferred', label: 'training on preferred samples', role: 'baseline', settings: { by: 'preferred' } },
  { id: 'none', label: 'as it was', role: 'baseline', settings: { by: 'none' } },
  {
    id: 'random-labels',
    label: 'D3PO, random labels',
    role: 'control',
    settings: { by: 'd3po', randomLabels: true },
  },
]

/** What comparisons alone recover of what rewards gain. */
export const criteria: readonly Criterion[] = [
  {
    about: 'With a fixed reference D3PO recovers 80 % of what DDPO gains',
    arm: 'd3po',
    against: 'ddpo',
    metric: 'gain',
    compare: 'ratio',
    atLeast: 0.8,
    over: { share: 1 },
  },
  {
    about: 'with a moving one 95 %',
    arm: 'd3po-moving',
    against: 'ddpo',
    metric: 'gain',
    compare: 'ratio',
    atLeast: 0.95,
    over: { share: 1 },
  },
  {
    about: 'random labels recover 30 % at the most',
    arm: 'random-labels',
    against: 'ddpo',
    metric: 'gain',
    compare: 'ratio',
    atMost: 0.3,
    over: { share: 1 },
  },
]
