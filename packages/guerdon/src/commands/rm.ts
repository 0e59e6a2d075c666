import { GuerdonError } from '@guerdon/core'
import { aggregators } from '@guerdon/methods/shaping/rm-ensembles'
import { preferenceLayouts } from '@guerdon/store/layouts/index'
import { Command, InvalidArgumentError, Option } from 'commander'
import { writeText } from '../files.ts'
import type { Io } from '../io.ts'
import { evaluateFile } from '../rm/evaluate.ts'
import { type Kind, kindNames, kinds } from '../rm/kinds.ts'
import { judgingProgress } from '../rm/progress.ts'
import { evaluationText, trainText } from '../rm/report-text.ts'
import { scoreResponses } from '../rm/score-file.ts'
import { trainFile } from '../rm/train.ts'

/** `guerdon rm train|eval|score`: reward models from preference files. */
export function rmCommand(io: Io): Command {
  return new Command('rm')
    .description('train a reward model on preferences, see how good it is, score with it')
    .addCommand(trainCommand(io))
    .addCommand(evalCommand(io))
    .addCommand(scoreCommand(io))
}

const layoutOption = () =>
  new Option('--layout <name>', 'how the file is laid out; auto looks at its first record')
    .choices(['auto', ...preferenceLayouts.map(({ name }) => name)])
    .default('auto')
const onErrorOption = () =>
  new Option('--on-error <what>', 'what a bad line does: stop, or be skipped and counted')
    .choices(['stop', 'skip'])
    .default('stop')

function trainCommand(io: Io): Command {
  return new Command('train')
    .description('train a reward model on a preference file')
    .argument('<file>', 'preferences as JSONL; - is standard input')
    .addOption(layoutOption())
    .addOption(
      new Option('--kind <kind>', 'what to train; auto takes bt, regression or process, as the file suits')
        .choices(['auto', ...kindNames])
        .default('auto'),
    )
    .option('-o, --out <folder>', 'where the model and its run are kept', 'reward-model')
    .option('--eval <file>', 'held-out preferences (default: a share of the file)')
    .option('--held-out <share>', 'share of the prompts (of users, for kind users) to hold out', share, 0.1)
    .option('--updates <n>', 'updates at most', positive, 300)
    .option('--patience <n>', 'stop after so many looks at the held-out loss without a better one', positive, 8)
    .option('--batch <n>', 'examples an update', positive, 16)
    .option('--learning-rate <x>', 'of AdamW', above0, 0.002)
    .option('--seed <n>', 'decides parameters, batches and what is held out', wholeNumber, 1)
    .option('--width <n>', 'width of the model', positive, 32)
    .option('--layers <n>', 'transformer blocks', positive, 2)
    .option('--heads <n>', 'attention heads; divides the width', positive, 4)
    .option('--length <n>', 'longest text in tokens; longer ones are cut', positive, 256)
    .option(
      '--vocabulary <n>',
      'token ids: bytes, or byte pairs learned from the file when more than 259',
      wholeNumber,
      0,
    )
    .option('--threads <n>', 'threads of the runtime', positive, 1)
    .option('--label-smoothing <x>', 'bt: chance that a label is wrong', share, 0)
    .option('--centring <x>', 'bt: weight of mean (r₁ + r₂)²', atLeast0, 0)
    .option('--margin', 'bt: scores must differ by the margins of the file')
    .option('--theta <x>', 'ties: threshold of Rao and Kupper, > 1', above0, 2)
    .option(
      '--ensemble <n>',
      'bt, ties, ordinal: members on one trunk, each with its own sample of the pairs',
      positive,
      1,
    )
    .addOption(
      new Option('--aggregate <how>', 'what the score of an ensemble is').choices([...aggregators]).default('mean'),
    )
    .addOption(onErrorOption())
    .option('--resume', 'go on with the run in the folder; an error when there is none')
    .option('--fresh', 'forget the run in the folder')
    .option('--onnx', 'write the model as ONNX too')
    .option('--json', 'print what training came to as JSON')
    .addHelpText(
      'after',
      `\nKinds:\n${kindNames.map(name => `  ${name.padEnd(12)} ${kinds[name]}`).join('\n')}\n\n` +
        `Layouts:\n${preferenceLayouts.map(({ name, fields }) => `  ${name.padEnd(24)} ${fields}`).join('\n')}\n\n` +
        'A run that was stopped or killed goes on when the same command is given again.',
    )
    .action(async (file: string, options: TrainFlags) => {
      const { batch, width, layers, heads, length, aggregate, json = false, ...rest } = options
      const flags = { margin: false, resume: false, fresh: false, onnx: false, ...rest }
      const sizes = { width, layers, heads, length }
      const result = await interruptible(signal =>
        trainFile(
          file,
          { ...flags, sizes, aggregate: { aggregator: aggregate }, batchSize: batch, quiet: json, signal },
          io,
        ),
      )
      io.out(json ? `${JSON.stringify(result)}\n` : trainText(result))
    })
}

interface TrainFlags {
  readonly layout: string
  readonly kind: Kind | 'auto'
  readonly out: string
  readonly eval?: string
  readonly heldOut: number
  readonly updates: number
  readonly patience: number
  readonly batch: number
  readonly learningRate: number
  readonly seed: number
  readonly width: number
  readonly layers: number
  readonly heads: number
  readonly length: number
  readonly vocabulary: number
  readonly threads: number
  readonly labelSmoothing: number
  readonly centring: number
  readonly margin?: boolean
  readonly theta: number
  readonly ensemble: number
  readonly aggregate: (typeof aggregators)[number]
  readonly onError: 'stop' | 'skip'
  readonly resume?: boolean
  readonly fresh?: boolean
  readonly onnx?: boolean
  readonly json?: boolean
}

function evalCommand(io: Io): Command {
  return new Command('eval')
    .description('accuracy, calibration, subsets, length bias and agreement of a reward model')
    .argument('<folder>', 'what `guerdon rm train` wrote')
    .argument('<file>', 'preferences as JSONL; - is standard input')
    .addOption(layoutOption())
    .addOption(onErrorOption())
    .option('--bins <n>', 'bins of the calibration', positive, 10)
    .option('--seed <n>', 'of the bootstrap intervals', wholeNumber, 0)
    .option('--html <file>', 'write a page with a reliability diagram')
    .option('--json', 'print the report as JSON')
    .action(async (folder: string, file: string, options: EvalFlags) => {
      const { html, json = false, ...rest } = options
      const report = await watched(io, json, watch => evaluateFile(folder, file, { ...rest, ...watch }, io))
      if (html !== undefined) {
        // the charts take a second to load, which those who want none need not wait for
        const { evaluationPage } = await import('../rm/page.ts')
        writeText(html, evaluationPage(report))
      }
      io.out(json ? `${JSON.stringify(report)}\n` : evaluationText(report))
    })
}

interface EvalFlags {
  readonly layout: string
  readonly onError: 'stop' | 'skip'
  readonly bins: number
  readonly seed: number
  readonly html?: string
  readonly json?: boolean
}

function scoreCommand(io: Io): Command {
  return new Command('score')
    .description('score responses, one line of JSON each')
    .argument('<folder>', 'what `guerdon rm train` wrote')
    .argument(
      '<file>',
      'JSONL with prompt and response (process: completions, contrastive: reference); - is standard input',
    )
    .addOption(onErrorOption())
    .option('-o, --out <file>', 'write the scores there instead of printing them')
    .action(async (folder: string, file: string, options: { onError: 'stop' | 'skip'; out?: string }) => {
      const scored = await watched(io, options.out === undefined, watch =>
        scoreResponses(folder, file, { onError: options.onError, ...watch }, io),
      )
      if (scored.reading.skipped > 0) io.err(`${scored.reading.skipped} bad lines skipped\n`)
      if (options.out === undefined) io.out(scored.lines.join(''))
      else writeText(options.out, scored.lines.join(''))
    })
}

/** Work that ends when the person presses the keys for it. */
async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const cancelled = new AbortController()
  const cancel = (): void =>
    cancelled.abort(
      new GuerdonError(
        'aborted',
        'cancelled; what the last checkpoint has is kept and the same command goes on from there',
      ),
    )
  process.once('SIGINT', cancel)
  try {
    return await work(cancelled.signal)
  } finally {
    process.off('SIGINT', cancel)
  }
}

/** The same with a bar for judging. */
async function watched<T>(
  io: Io,
  quiet: boolean,
  work: (watch: { signal: AbortSignal; onProgress: (done: number, total: number) => void }) => Promise<T>,
): Promise<T> {
  const progress = judgingProgress(io, { quiet })
  try {
    return await interruptible(signal => work({ signal, onProgress: progress.update }))
  } finally {
    progress.stop()
  }
}

function numberWhere(text: string, expected: string, good: (value: number) => boolean): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value) && good(value)) return value
  throw new InvalidArgumentError(`expected ${expected}`)
}

const wholeNumber = (text: string): number =>
  numberWhere(text, 'a whole number ≥ 0', value => Number.isSafeInteger(value) && value >= 0)
const positive = (text: string): number =>
  numberWhere(text, 'a whole number ≥ 1', value => Number.isSafeInteger(value) && value >= 1)
const share = (text: string): number => numberWhere(text, 'a number in [0, 1)', value => value >= 0 && value < 1)
const above0 = (text: string): number => numberWhere(text, 'a number > 0', value => value > 0)
const atLeast0 = (text: string): number => numberWhere(text, 'a number ≥ 0', value => value >= 0)
