import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { canonicalJson, GuerdonError, sha256 } from '@guerdon/core'
import {
  type CurvePoint,
  exportRewardModel,
  fitTemperature,
  type PreferenceRecord,
  stoppedImproving,
  trainLearner,
} from '@guerdon/learn'
import { openRun } from '@guerdon/learn/run/run-node'
import type { Io } from '../io.ts'
import { createEncoder, encodingFor } from './encoding.ts'
import { comparedScore, judgePairs } from './judge.ts'
import { type Kind, usualKind } from './kinds.ts'
import { loadModel, saveModel } from './model-folder.ts'
import type { KindOptions } from './prepared.ts'
import { trainingProgress } from './progress.ts'
import { readPreferences } from './read-preferences.ts'
import { splitRecords } from './split.ts'
import { prepare } from './tasks.ts'

/** Everything `guerdon rm train` may be told. */
export interface TrainOptions extends KindOptions {
  readonly layout: string
  readonly kind: Kind | 'auto'
  readonly onError: 'stop' | 'skip'
  /** A file to hold out; without it, `heldOut` of the file. */
  readonly eval?: string
  /** Share of the prompts (users) to hold out. */
  readonly heldOut: number
  readonly out: string
  /** Token ids to learn as byte pairs; with fewer than bytes need, bytes. */
  readonly vocabulary: number
  readonly updates: number
  readonly batchSize: number
  readonly learningRate: number
  /** Looks at the held-out loss without a better one before training stops. */
  readonly patience: number
  readonly seed: number
  readonly threads: number
  /** Only go on with what is there. */
  readonly resume: boolean
  /** Forget what is there. */
  readonly fresh: boolean
  readonly onnx: boolean
  readonly quiet: boolean
  readonly signal?: AbortSignal
}

/** What training came to. */
export interface TrainResult {
  readonly folder: string
  readonly kind: Kind
  readonly layout: string
  readonly examples: number
  readonly heldOut: number
  readonly duplicates: number
  readonly contradictions: number
  readonly skipped: number
  /** Responses that did not fit whole. */
  readonly cut: number
  readonly updates: number
  /** Updates made before this call. */
  readonly before: number
  readonly loss: number | null
  readonly heldOutLoss: number | null
  readonly temperature: number | null
}

/**
 * Trains a reward model on a preference file and writes it to a folder. A run that was stopped or killed goes on from its
 * last checkpoint when the same command is given again, and ends with the same bytes.
 */
export async function trainFile(file: string, options: TrainOptions, io: Io): Promise<TrainResult> {
  const { signal, seed, out } = options
  const runFolder = runFolderOf(options)
  const reading = { layout: options.layout, onError: options.onError, ...(signal && { signal }) }
  const given = await readPreferences(file, reading, io)
  const kind = options.kind === 'auto' ? usualKind(given.records) : options.kind
  const { train, heldOut } =
    options.eval === undefined
      ? splitRecords(given.records, { share: options.heldOut, seed, by: kind === 'users' ? 'user' : 'prompt' })
      : { train: given.records, heldOut: (await readPreferences(options.eval, reading, io)).records }
  const { length } = options.sizes
  const read = await encodingFor([...train, ...heldOut], {
    length,
    vocabulary: options.vocabulary,
    thirds: kind === 'contrastive',
  })
  const { encoding, tokenizer } = read
  const encoder = createEncoder(encoding, tokenizer)
  const preparation = prepare(kind, { train, heldOut, encoding, encoder }, options)
  const { learningRate, threads, batchSize } = options
  const learner = preparation.learner(
    { seed, learningRate, threads, maximumGradientNorm: 1 },
    // other data makes another run, as other sizes do
    { batchSize, data: sha256(canonicalJson([train, heldOut])).slice(0, 16) },
  )

  const run = openRun(runFolder, learner)
  const before = learner.updates()
  const progress = trainingProgress(io, options.updates, options)
  let last: CurvePoint | undefined = run.points.at(-1)?.point
  try {
    await trainLearner(learner, {
      updates: options.updates,
      run,
      checkpointEvery: 10,
      ...(preparation.heldOut > 0 && { until: stoppedImproving(options.patience) }),
      ...(signal && { signal }),
      onPoint(update, point) {
        last = point
        progress.update(update, { loss: point['loss'] ?? 0, heldOutLoss: point['heldOutLoss'] ?? null })
      },
    })
  } finally {
    progress.stop()
    run.close()
  }

  const { spec, examples } = preparation
  const facts = { examples, heldOut: preparation.heldOut, updates: learner.updates() }
  const training = { layout: given.layout, ...facts, heldOutLoss: learner.bestLoss(), seed }
  const config = { kind, spec, encoding, training }
  const onnx = options.onnx ? exportRewardModel(spec, learner.best()) : undefined
  saveModel(out, config, learner.best(), { onnx, tokenizer: read.json })
  const temperature = await heldOutTemperature(out, heldOut)
  if (temperature !== null) saveModel(out, { ...config, temperature }, learner.best())
  return {
    folder: out,
    kind,
    layout: given.layout,
    ...facts,
    duplicates: given.duplicates,
    contradictions: given.contradictions,
    skipped: given.reading.skipped,
    cut: encoder.counts().cut,
    before,
    loss: last?.['loss'] ?? null,
    heldOutLoss: learner.bestLoss(),
    temperature,
  }
}

function runFolderOf({ out, resume, fresh }: TrainOptions): string {
  const folder = join(out, 'run')
  if (resume && fresh) {
    throw new GuerdonError('invalid_option', 'expected --resume or --fresh; got both', { path: ['resume'] })
  }
  if (resume && !existsSync(join(folder, 'run.jsonl'))) {
    throw new GuerdonError('io', `expected a run in ${out} to go on with; got none`, {
      file: folder,
      hint: 'leave out --resume to start one',
    })
  }
  if (fresh) rmSync(folder, { recursive: true, force: true })
  return folder
}

/** T that fits the held-out pairs best; null without any, or when they do not fix it. */
async function heldOutTemperature(folder: string, heldOut: readonly PreferenceRecord[]): Promise<number | null> {
  const judged = (await judgePairs(await loadModel(folder), heldOut)).filter(({ pair }) => !pair.tied)
  if (judged.length === 0) return null
  const { temperature, inRange } = fitTemperature(
    judged.map(({ chosen, rejected }) => comparedScore(chosen) - comparedScore(rejected)),
  )
  return inRange ? temperature : null
}
