import { existsSync } from 'node:fs'
import {
  type Explanation,
  GuerdonError,
  type JsonlReport,
  located,
  type Recipe,
  type RecipeState,
  type RolloutBatch,
  readRolloutBatches,
} from '@guerdon/core'
import { openBytes, openWriter, readText, writeText } from '../files.ts'
import type { Io } from '../io.ts'
import { buildRecipe, checkRecipe, readRecipeFile, rolloutsOf } from '../recipe-file.ts'
import { type OutputForm, outputLines } from './output.ts'
import { readingProgress } from './progress.ts'
import type { ScoreTiming } from './report.ts'
import { createSummary, type ScoreSummary } from './summary.ts'

export interface ScoreFileOptions {
  /** Recipe file, YAML or JSON. */
  readonly recipe: string
  readonly out?: string
  readonly outForm?: OutputForm
  readonly onError?: 'stop' | 'skip'
  /** Read before the first batch if it exists, written after the last. */
  readonly state?: string
  readonly limit?: number
  readonly groupWindow?: number
  /** Rollouts scored at once at least, in whole groups: what statistics over the batch see. Default 256. */
  readonly batch?: number
  /** Rollout to explain. */
  readonly explain?: string
  /** Ends the work with `aborted`, leaving no half-written file. */
  readonly signal?: AbortSignal
}

export interface ScoredFile {
  /** What was read, as people know it. */
  readonly file: string
  readonly summary: ScoreSummary
  readonly reading: JsonlReport
  readonly timing: ScoreTiming
  readonly explanation?: Explanation
}

/**
 * Streams a file of rollouts (the one the recipe names, when none is given) through a recipe, group by group, in constant memory. The recipe is checked against the
 * columns of the first batch. Nothing is left behind when it fails: the scored file appears whole or not at all, the state
 * is written at the end. Throws `io`, whatever reading and the recipe refuse, and `empty` without a single usable rollout.
 */
export async function scoreFile(given: string | undefined, options: ScoreFileOptions, io: Io): Promise<ScoredFile> {
  const plain = readRecipeFile(options.recipe)
  checkRecipe(plain, options.recipe)
  const file = given ?? rolloutsOf(plain, options.recipe)
  if (file === undefined) {
    throw new GuerdonError('invalid_input', `expected a file of rollouts; got none, and ${options.recipe} names none`, {
      file: options.recipe,
      hint: 'guerdon score FILE --recipe RECIPE, or rollouts: FILE in the recipe',
    })
  }
  const source = openBytes(file, io)
  let bytesRead = 0
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of source.bytes) {
      bytesRead += chunk.length
      yield chunk
    }
  }
  const { batches, report } = readRolloutBatches(counted(), {
    file: source.name,
    ...(options.onError === undefined ? {} : { onError: options.onError }),
    ...(options.limit === undefined ? {} : { limit: options.limit }),
    ...(options.groupWindow === undefined ? {} : { groupWindow: options.groupWindow }),
    ...(options.batch === undefined ? {} : { rolloutsPerBatch: options.batch }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  })
  const progress = readingProgress(io, source.size)
  const writer = options.out === undefined ? undefined : openWriter(options.out)
  let run: Run | undefined
  let explanation: Explanation | undefined
  try {
    for await (const { batch, lines } of batches) {
      if (batch.rolloutIds.length === 0) continue
      run ??= startRun(plain, batch, options, source.name)
      const scored = await runBatch(run, batch, source.name)
      run.summary.add(scored, lines)
      await writer?.write(outputLines(run.recipe, scored, options.outForm ?? 'scores'))
      if (options.explain !== undefined && batch.rolloutIds.includes(options.explain)) {
        explanation = run.recipe.explain(scored, options.explain)
      }
      progress.update(report.records, bytesRead)
    }
    if (run === undefined) throw nothingToScore(source.name, report)
    if (options.explain !== undefined && explanation === undefined) {
      throw new GuerdonError(
        'unknown_name',
        `expected a rollout "${options.explain}" to explain; got none with this id — ${source.name}`,
      )
    }
    await writer?.finish()
    if (options.state !== undefined) writeText(options.state, `${run.recipe.saveState(run.state)}\n`)
  } catch (error) {
    writer?.discard()
    throw error
  } finally {
    progress.stop()
  }
  const summary = run.summary.summary()
  return {
    file: source.name,
    summary,
    reading: report,
    timing: timingOf(run, summary.rollouts),
    ...(explanation === undefined ? {} : { explanation }),
  }
}

interface Run {
  readonly recipe: Recipe
  readonly summary: ReturnType<typeof createSummary>
  state: RecipeState
  readonly stepMs: Float64Array
}

function startRun(plain: unknown, first: RolloutBatch, options: ScoreFileOptions, file: string): Run {
  const available = [...first.columns].map(([name, { kind }]) => ({ name, kind }))
  let recipe: Recipe
  try {
    recipe = buildRecipe(plain, options.recipe, available)
  } catch (error) {
    if (!(error instanceof GuerdonError) || error.code !== 'missing_column') throw error
    throw new GuerdonError(error.code, `${error.message} (records: ${file})`, error)
  }
  const saved = options.state !== undefined && existsSync(options.state) ? readText(options.state) : undefined
  return {
    recipe,
    summary: createSummary(recipe),
    state: saved === undefined ? recipe.initialState() : recipe.loadState(saved),
    stepMs: new Float64Array(recipe.steps.length),
  }
}

async function runBatch(run: Run, batch: RolloutBatch, file: string): Promise<RolloutBatch> {
  let since = performance.now()
  try {
    const result = await run.recipe.run(batch, run.state, {
      afterStep: index => {
        const now = performance.now()
        run.stepMs[index] += now - since
        since = now
      },
    })
    run.state = result.state
    return result.batch
  } catch (error) {
    throw error instanceof GuerdonError ? located(error, { file }) : error
  }
}

function timingOf(run: Run, rollouts: number): ScoreTiming {
  const totalMs = run.stepMs.reduce((total, ms) => total + ms, 0)
  return {
    totalMs,
    perRolloutMs: totalMs / rollouts,
    steps: run.recipe.steps.map(({ stage }, i) => ({ stage: stage.name, perRolloutMs: run.stepMs[i] / rollouts })),
  }
}

function nothingToScore(file: string, report: JsonlReport): GuerdonError {
  const got =
    report.skipped > 0
      ? `${report.skipped} lines that could not be used`
      : report.lines > 0
        ? 'blank lines'
        : 'an empty file'
  return new GuerdonError('empty', `expected at least one rollout; got ${got} — ${file}`, {
    file,
    expected: 'at least one rollout',
    got,
    ...(report.faults.length > 0 ? { hint: `the first: ${report.faults[0].message}` } : {}),
  })
}
