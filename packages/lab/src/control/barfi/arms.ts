import type { Criterion, Study, StudyArm } from '../../claims/claim.ts'
import type { BarfiSettings } from './learner.ts'

/** The arms of both studies. */
export const arms: readonly StudyArm<BarfiSettings>[] = [
  { id: 'barfi', label: 'BARFI', role: 'method', settings: { reward: 'aligned' } },
  {
    id: 'barfi-first-order',
    label: 'BARFI, first order',
    role: 'method',
    settings: { reward: 'aligned', firstOrder: true },
  },
  {
    id: 'barfi-unguarded',
    label: 'BARFI, series without guard, as released',
    role: 'baseline',
    settings: { reward: 'aligned', unguarded: true },
  },
  { id: 'naive', label: 'primary + heuristic', role: 'baseline', settings: { reward: 'naive' } },
  { id: 'primary', label: 'primary alone', role: 'baseline', settings: { reward: 'primary' } },
  {
    id: 'primary-no-bonus',
    label: 'primary alone, no entropy bonus',
    role: 'baseline',
    settings: { reward: 'primary', entropy: false },
  },
  { id: 'potential', label: 'heuristic as potential', role: 'baseline', settings: { reward: 'potential' } },
  {
    id: 'flipped',
    label: 'BARFI down its hypergradient',
    role: 'control',
    settings: { reward: 'aligned', flipped: true },
  },
]

/** What decides: the return under the harmful heuristic; rates are chosen by the worse of both. */
export const metrics: Pick<Study, 'metric' | 'direction' | 'selectBy' | 'alsoReport'> = {
  metric: 'harmful',
  direction: 'higher',
  selectBy: { metric: 'worst', direction: 'higher' },
  alsoReport: ['helpful', 'worst', 'harmfulWeight', 'helpfulWeight'],
}

/** One configuration is good with both heuristics, and knows which is which. */
export function criteria(by: {
  readonly overNaive: number
  readonly overPrimary: number
  readonly belowNaive: number
}): readonly Criterion[] {
  const barfi = { arm: 'barfi', over: 'median' } as const
  const helpful = { ...barfi, metric: 'helpful' }
  return [
    { ...barfi, about: 'Harmful: far above the sum', against: 'naive', atLeast: by.overNaive },
    { ...barfi, about: 'and above the primary reward', against: 'primary', atLeast: by.overPrimary },
    { ...barfi, about: 'the heuristic is turned around where it misleads', metric: 'harmfulWeight', atMost: 0 },
    { ...helpful, about: 'Helpful: above the primary reward', against: 'primary', atLeast: by.overPrimary },
    { ...helpful, about: 'and not below the sum', against: 'naive', atLeast: by.belowNaive },
    { ...barfi, about: 'the heuristic is used', metric: 'helpfulWeight', atLeast: 0 },
  ]
}

/** At the quick budget: the trap is left. */
export const quickCriteria: readonly Criterion[] = [
  { about: 'Harmful: above the sum', arm: 'barfi', against: 'naive', atLeast: 0.1 },
]
