import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { GuerdonError } from '@guerdon/core'
import type { Budget } from '../harness/experiment.ts'
import { loadRun, writeAtomic } from '../harness/results.ts'
import type { Level } from './claim.ts'
import type { StudyOutcome } from './outcome.ts'
import type { Reproduction } from './reproduce.ts'
import { triedId } from './study-experiment.ts'

/** Folder of one study under the folder of all results. */
export function studyFolder(results: string, slug: string, level: Level, budget: Budget): string {
  return join(results, `${slug}-${level}-${budget}`)
}

/** Keeps a study's outcome beside its runs. */
export function saveOutcome(folder: string, outcome: StudyOutcome): void {
  writeAtomic(join(folder, 'outcome.json'), `${JSON.stringify(outcome, null, 2)}\n`)
}

/**
 * A study that was run before: its outcome, and the runs it was judged by; undefined when it was not.
 *
 * @throws parse for a damaged file
 */
export function loadReproduction(folder: string): Reproduction | undefined {
  const file = join(folder, 'outcome.json')
  if (!statSync(file, { throwIfNoEntry: false })) return undefined
  const outcome = parseOutcome(readFileSync(file, 'utf8'), file)
  const runs = outcome.arms.flatMap(({ id, learningRate }) =>
    outcome.seeds.flatMap(seed => loadRun(folder, triedId(id, learningRate), seed) ?? []),
  )
  return { outcome, runs }
}

function parseOutcome(text: string, file: string): StudyOutcome {
  try {
    return JSON.parse(text) as StudyOutcome
  } catch (cause) {
    throw new GuerdonError('parse', `expected the JSON of an outcome in ${file}`, { cause, file })
  }
}
