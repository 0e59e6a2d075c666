import { Command, InvalidArgumentError, Option } from 'commander'
import type { Io } from '../io.ts'
import { explanationText } from '../score/explanation.ts'
import { summaryText } from '../score/report.ts'
import { type ScoreFileOptions, scoreFile } from '../score/score-file.ts'

interface ScoreOptions extends ScoreFileOptions {
  readonly json?: boolean
}

/** `guerdon score FILE --recipe FILE`: a dry run of a reward on recorded rollouts. */
export function scoreCommand(io: Io): Command {
  return new Command('score')
    .description('run recorded rollouts through a recipe and show what reward they would get')
    .argument('[file]', 'rollouts as JSONL, one a line; - is standard input; default: those the recipe names')
    .requiredOption('-r, --recipe <file>', 'recipe, YAML or JSON')
    .option('-o, --out <file>', 'write the scores, one line a rollout')
    .addOption(
      new Option('--out-form <form>', 'scores: id, reward and components; rollouts: whole records with every column')
        .choices(['scores', 'rollouts'])
        .default('scores'),
    )
    .option('--json', 'print the summary as JSON')
    .addOption(
      new Option('--on-error <what>', 'what a bad line does: stop, or be skipped, counted and listed')
        .choices(['stop', 'skip'])
        .default('stop'),
    )
    .option('--state <file>', "the recipe's running state: read if it exists, written at the end")
    .option('--limit <n>', 'read at most n rollouts', positive)
    .option(
      '--group-window <n>',
      'how many rollouts of other groups may stand between two of one group',
      wholeNumber,
      0,
    )
    .option('--batch <n>', 'rollouts scored at once at least, in whole groups (default: 256)', positive)
    .option('--explain <id>', 'show every component of the reward of one rollout')
    .addHelpText(
      'after',
      '\nRollouts of a group are scored together: they stand next to each other in the file, or within --group-window.\n' +
        'Statistics over the batch (whitening, GPG, EMPG, EPO) see --batch rollouts: give what one training step takes.',
    )
    .action(async (given: string | undefined, options: ScoreOptions) => {
      const cancelled = new AbortController()
      const cancel = () => cancelled.abort()
      process.once('SIGINT', cancel)
      const scored = scoreFile(given, { ...options, signal: cancelled.signal }, io)
      const { file, summary, reading, timing, explanation } = await scored.finally(() => process.off('SIGINT', cancel))
      if (options.json === true) {
        io.out(
          `${JSON.stringify({ file, ...summary, reading, timing, ...(explanation === undefined ? {} : { explanation }) })}\n`,
        )
        return
      }
      io.out(summaryText(file, summary, reading, timing))
      if (explanation !== undefined) io.out(`\n${explanationText(explanation)}`)
    })
}

function wholeNumber(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < 0)
    throw new InvalidArgumentError('expected a whole number ≥ 0')
  return value
}

function positive(text: string): number {
  const value = wholeNumber(text)
  if (value === 0) throw new InvalidArgumentError('expected a whole number ≥ 1')
  return value
}
