import type { Random } from '@guerdon/core'
import { autoencoderSpace } from '@guerdon/learn'
import { type StaxVariant, staxVariants } from '@guerdon/methods/exploration/stax'
import {
  type BehaviourSpace,
  type SparseProblem,
  sparseSearch,
  visitStatistics,
} from '@guerdon/methods/exploration/taxons-serene'
import { payArea } from '@guerdon/worlds/arm/areas'
import type { Trial, TrialResult } from '../../claims/claim.ts'
import type { Ending, SparseSetting } from './sparse-setting.ts'

/** Which search, in which behaviour space. */
export interface SearchSettings {
  readonly search: keyof typeof staxVariants | 'random'
  /** What a given space describes an ending by: its true place (default), or the controller's weights. */
  readonly given?: 'place' | 'genome'
  /** The control: rewards of a batch go to the wrong controllers. */
  readonly shuffled?: boolean
}

/** Sizes that all arms share. */
export interface SearchOptions {
  readonly evaluations: number
  readonly populationSize: number
  readonly chunk: number
  readonly sigma: number
  /** Generations after which an emitter ends. */
  readonly emitterSteps: number
  /** Passes of one training of the auto-encoder. */
  readonly epochs: number
}

const bins = 40
const code = { hidden: [48], features: 6 }

/**
 * Searches until its evaluations are spent: coverage of the field by all endings, and the best reward averaged over the areas
 * that were found (0 when none was).
 */
export async function search(
  setting: SparseSetting,
  options: SearchOptions,
  { settings, random, signal, progress }: Trial<SearchSettings>,
): Promise<TrialResult> {
  const places: Ending['position'][] = []
  const best = new Float64Array(setting.areas.length)
  const shuffling = random.split('shuffle')
  const initial = random.split('initial')
  const problem: SparseProblem<Ending> = {
    initial: () => setting.initial(initial),
    async evaluate(genomes) {
      signal.throwIfAborted()
      const endings = await setting.run(genomes)
      const paid = endings.map(({ position }) => payArea(...position, setting.areas))
      places.push(...endings.map(({ position }) => position))
      for (const { reward, area } of paid) if (area >= 0) best[area] = Math.max(best[area], reward)
      progress(Math.min(1, places.length / options.evaluations))
      const credited = settings.shuffled ? shuffling.shuffle(paid) : paid
      return endings.map((view, i) => ({ view, reward: credited[i].reward, area: areaOrNull(credited[i].area) }))
    },
  }
  let trainings = 0
  if (settings.search === 'random') {
    const batch = 2 * options.populationSize
    while (places.length < options.evaluations) {
      await problem.evaluate(Array.from({ length: batch }, () => problem.initial(random)))
    }
  } else {
    const variant: StaxVariant = staxVariants[settings.search]
    const space =
      variant.space === 'given' ? givenSpace(settings) : learntSpace(setting, options.epochs, random.split('space'))
    const { evaluations: budget, populationSize, chunk, sigma, emitterSteps } = options
    const found = await sparseSearch(
      problem,
      variant.space === 'untrained' ? { describe: space.describe } : space,
      { ...variant.options, budget, populationSize, chunk, sigma, maxEmitterSteps: emitterSteps, signal },
      random.split('search'),
    )
    trainings = found.turns.filter(({ trained }) => trained).length
  }
  const found = best.filter(reward => reward > 0)
  const { lower, upper } = setting
  return {
    metrics: {
      coverage: visitStatistics(places, { bins, lower, upper }).coverage,
      best: found.length === 0 ? 0 : found.reduce((total, reward) => total + reward, 0) / found.length,
      found: found.length / best.length,
    },
    spent: { evaluations: places.length, encoderTrainings: trainings },
  }
}

function areaOrNull(area: number): number | null {
  return area < 0 ? null : area
}

function givenSpace({ given = 'place' }: SearchSettings): BehaviourSpace<Ending> {
  return {
    describe: async endings =>
      endings.map(({ position, genome }) => ({ descriptor: given === 'place' ? position : genome, surprise: 0 })),
  }
}

/** The space of an auto-encoder that sees pictures alone. */
function learntSpace(setting: SparseSetting, epochs: number, random: Random): BehaviourSpace<Ending> {
  const seed = random.integer(2 ** 31)
  const space = autoencoderSpace({ seed, observationSize: setting.pictureSize, ...code, epochs })
  const pictures = (endings: readonly Ending[]) => endings.map(({ picture }) => picture)
  return {
    describe: endings => space.describe(pictures(endings)),
    async train(endings) {
      await space.train(pictures(endings))
    },
  }
}
