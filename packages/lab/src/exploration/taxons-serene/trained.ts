import { defineStudy } from '../../claims/claim.ts'
import { areaSearch } from './area-search.ts'
import { arm } from './arm.ts'
import type { SearchSettings } from './search.ts'

/** The same searches of the poses of an arm, from pictures of it. */
export const trained = defineStudy<SearchSettings>({
  setting: [
    'Poses of the world redundant-arm: 20 joint angles, at first N(0, 1), held in ±π. The places that pay for the tip are the world’s, their circles as large for the field as in the mechanism (radius 0.04 and 0.03 on a side of 1).',
    'SERENE and novelty search are told where the tip ended; TAXONS and STAX see the arm from above in 16×16 pixels and learn an auto-encoder 256-48-6, 25 passes a training.',
    '6000 evaluations (quick: 2400) for every arm, population 30, chunks of 300, mutations of 0.3; emitters end after 60 generations, their steps divided by √D.',
    'Best: the best reward ever seen in an area, averaged over the areas found; coverage: of a 40×40 grid by all endings.',
  ],
  ...areaSearch(arm, { quick: 2400, full: 6000 }),
})
