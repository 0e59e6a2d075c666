import { assertInteger, assertProbability, type Random } from '@guerdon/core'
import { noveltySelfExcluded } from '../../shared/novelty.ts'
import { gaussianVariation } from '../baselines-qd-diffusion/variation.ts'
import type { Behaviour, BehaviourSpace, SparseProblem } from './search-run.ts'
import { taxonsCriterion, taxonsReplacement } from './taxons.ts'

/** An individual of the original TAXONS; a mutation gives it a new name. */
export interface TaxonsIndividual<View> {
  readonly name: number
  readonly genome: Float64Array
  readonly reward: number
  readonly view: View
  readonly descriptor: Behaviour['descriptor']
  readonly surprise: number
}

/** Choices of `taxonsSearch`. */
export interface TaxonsSearchOptions {
  readonly generations: number
  /** Default 100. */
  readonly populationSize?: number
  /** Best that are archived and copied over the worst. Default 5. */
  readonly selected?: number
  /** Neighbours k. Default 15. */
  readonly neighbours?: number
  /** Generations on novelty alone. Default 30. */
  readonly warmup?: number
  /** Generations between trainings of the encoder. Default 30. */
  readonly trainEvery?: number
  /** Probability that an individual mutates. Default 0.9. */
  readonly mutationProbability?: number
  /** Deviation of the mutation. Default 0.05. */
  readonly sigma?: number
  readonly bounds?: readonly [number, number]
  readonly signal?: AbortSignal
}

/** What a run leaves. */
export interface TaxonsSearchResult<View> {
  readonly archive: readonly TaxonsIndividual<View>[]
  readonly evaluations: number
}

/**
 * TAXONS as first published: everyone is evaluated in each generation; the best by the generation's criterion are archived
 * (once each) and their copies replace the worst; then everyone mutates with probability 0.9. The encoder is trained on the
 * views seen since the last training and those of the archive, whose descriptors are then renewed.
 *
 * Draws a generation: one uniform for the criterion, then for each individual one uniform and, if it mutates, its normals.
 * The library's form, with offspring and elitist survival, is `sparseSearch` with `criterion: 'coin'`.
 *
 * Paolo et al., arXiv 1909.05508; GPaolo/taxons.
 */
export async function taxonsSearch<View>(
  problem: SparseProblem<View>,
  space: BehaviourSpace<View>,
  options: TaxonsSearchOptions,
  random: Random,
): Promise<TaxonsSearchResult<View>> {
  const { generations, populationSize = 100, selected = 5, neighbours = 15, warmup = 30, trainEvery = 30 } = options
  const { mutationProbability = 0.9, sigma = 0.05, bounds } = options
  assertInteger(generations, 'generations', 1)
  assertInteger(trainEvery, 'trainEvery', 1)
  assertProbability(mutationProbability, 'mutationProbability')
  let names = populationSize
  let members = Array.from({ length: populationSize }, (_, name) => ({ name, genome: problem.initial(random) }))
  let archive: TaxonsIndividual<View>[] = []
  let seen: View[] = []
  for (let step = 0; step < generations; step++) {
    options.signal?.throwIfAborted()
    const rollouts = await problem.evaluate(members.map(({ genome }) => genome))
    const views = rollouts.map(({ view }) => view)
    const behaviours = await space.describe(views)
    seen.push(...views)
    const criterion = taxonsCriterion(step, random.float(), { warmup })
    const scores =
      criterion === 'surprise'
        ? behaviours.map(({ surprise }) => surprise)
        : noveltySelfExcluded(
            behaviours.map(({ descriptor }) => descriptor),
            archive.map(({ descriptor }) => descriptor),
            { neighbours },
          )
    const stored = new Set(archive.map(({ name }) => name))
    const known = members.map(({ name }) => stored.has(name))
    const { archived, sources } = taxonsReplacement(scores, known, { selected })
    const entering = Array.from(archived, i => ({ ...members[i], ...rollouts[i], ...behaviours[i] }))
    archive = [...archive, ...entering]
    members = Array.from(sources, source => {
      const member = members[source]
      if (!random.bernoulli(mutationProbability)) return member
      return { name: names++, genome: gaussianVariation(member.genome, sigma, random, bounds) }
    })
    if ((step + 1) % trainEvery !== 0 || space.train === undefined) continue
    await space.train([...seen, ...archive.map(({ view }) => view)], { reset: false })
    seen = []
    const renewed = await space.describe(archive.map(({ view }) => view))
    archive = archive.map((individual, i) => ({ ...individual, ...renewed[i] }))
  }
  return { archive, evaluations: generations * populationSize }
}
