import { defineClaim, defineStudy } from '../claims/claim.ts'
import { areaSearch } from './taxons-serene/area-search.ts'
import type { SearchSettings } from './taxons-serene/search.ts'
import { trained } from './taxons-serene/trained.ts'
import { walledPoint } from './taxons-serene/walled-point.ts'

const mechanism = defineStudy<SearchSettings>({
  setting: [
    'A point in [−1, 1]² behind three walls with gaps, moved 120 steps by a network of 8 tanh units (42 weights). It is rewarded only for ending in one of two circles of radius 0.08 and 0.06.',
    'SERENE and novelty search are told where it ended; TAXONS and STAX see a blob of 16×16 pixels and learn an auto-encoder 256-48-6, 25 passes a training.',
    '12 000 evaluations (quick: 2400) for every arm, population 30, chunks of 300, mutations of 0.3; emitters end after 60 generations, their steps divided by √D.',
    'Best: the best reward ever seen in an area, averaged over the areas found; coverage: of a 40×40 grid by all endings.',
    'Nothing is trained by the reward, so there is no learning rate to choose.',
  ],
  ...areaSearch(walledPoint, { quick: 2400, full: 12_000 }),
  caveats: [
    'The picture shows the place and nothing else; whether the auto-encoder is trained hardly matters in this toy.',
  ],
})

/** Novelty search in learnt spaces (TAXONS), emitters for what it finds (SERENE), and both at once (STAX). */
export const taxonsSerene = defineClaim({ slug: 'taxons-serene', version: 1, studies: { mechanism, trained } })
