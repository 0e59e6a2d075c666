import { localCompetition } from '../../shared/novelty.ts'
import { nondominatedSurvivors } from '../../shared/pareto.ts'
import { gaussianVariation } from '../baselines-qd-diffusion/variation.ts'
import { initialStepSize } from './emitters.ts'
import { currentDescriptors, evaluateGenomes, type Individual, type SearchRun } from './search-run.ts'
import { archiveShare, makeEmitter, refreshNovelty } from './search-steps.ts'
import { taxonsCriterion } from './taxons.ts'

/**
 * One exploration chunk: generations of two offspring a parent until its evaluations are spent. The order matters: rewarding
 * individuals found emitters before novelty is computed, and the archive takes its share before the population is replaced.
 */
export async function exploreChunk<View>(run: SearchRun<View>): Promise<void> {
  const { chunk, budget, sigma, bounds } = run.options
  let left = chunk
  while (left > 0 && run.evaluations < budget) {
    const parents = run.population.flatMap(parent => [parent, parent])
    const genomes = parents.map(({ genome }) => gaussianVariation(genome, sigma, run.random, bounds))
    run.offspring = await evaluateGenomes(
      run,
      genomes,
      parents.map(({ id }) => id),
    )
    left -= run.offspring.length
    foundEmitters(run)
    refreshNovelty(run)
    select(run)
  }
}

function foundEmitters<View>(run: SearchRun<View>): void {
  if (run.options.emitters === 'none') return
  const everyone = [...run.population, ...run.offspring]
  const genomes = everyone.map(({ genome }) => genome)
  for (const [i, individual] of everyone.entries()) {
    if (individual.founded || !(individual.reward > 0)) continue
    individual.founded = true
    run.rewardArchive.push(individual)
    const { scaling, sigma } = run.options
    run.candidates.push(makeEmitter(individual, initialStepSize(genomes, i, { scaling, fallback: sigma })))
  }
}

function select<View>(run: SearchRun<View>): void {
  const { criterion, populationSize } = run.options
  const everyone = [...run.population, ...run.offspring]
  const drawn = criterion === 'coin' ? taxonsCriterion(0, run.random.float(), { warmup: 0 }) : criterion
  const score =
    drawn === 'surprise' ? ({ surprise }: Individual<View>) => surprise : ({ novelty }: Individual<View>) => novelty
  const second =
    drawn === 'noveltyAndSurprise'
      ? everyone.map(({ surprise }) => surprise)
      : drawn === 'noveltyAndLocalCompetition'
        ? competition(run, everyone)
        : undefined
  run.archive.push(...archiveShare(run, run.offspring, score))
  if (second === undefined) {
    run.population = [...everyone].sort((a, b) => score(b) - score(a)).slice(0, populationSize)
    return
  }
  const novelty = everyone.map(individual => individual.novelty)
  run.population = nondominatedSurvivors([novelty, second], populationSize).map(i => everyone[i])
}

/** How many neighbours each individual beats by reward. */
function competition<View>(run: SearchRun<View>, everyone: readonly Individual<View>[]): Int32Array {
  const references = [...everyone, ...run.archive, ...run.rewardArchive]
  return localCompetition(
    currentDescriptors(run, everyone),
    currentDescriptors(run, references),
    references.map(({ reward }) => reward),
    run.options,
  ).localCompetition
}
