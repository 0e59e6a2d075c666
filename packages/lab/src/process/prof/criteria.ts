import type { Criterion } from '../../claims/claim.ts'

const inEverySeed = { share: 1 }

/** PROF is right more often, for sound reasons, and cannot be earned by padding. */
export const criteria: readonly Criterion[] = [
  { about: 'PROF is more accurate than GRPO', arm: 'prof', against: 'grpo', atLeast: 0.08, over: inEverySeed },
  { about: 'and than the blend', arm: 'prof', against: 'blend', atLeast: 0.1, over: inEverySeed },
  { about: 'its correct responses are sound', arm: 'prof', metric: 'flawed', atMost: 0.2 },
  {
    about: 'more so than a random balanced filter makes them',
    arm: 'prof',
    against: 'random',
    metric: 'flawed',
    atMost: -0.15,
  },
  {
    about: 'while the blend pads its responses',
    arm: 'blend',
    against: 'prof',
    metric: 'steps',
    compare: 'ratio',
    atLeast: 1.5,
  },
  { about: 'and filtering the classes together loses accuracy', arm: 'prof', against: 'pooled', atLeast: 0.1 },
]
