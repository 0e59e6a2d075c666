import { Command, InvalidArgumentError, Option } from 'commander'
import type { Io } from '../io.ts'
import { formatCount } from '../score/format.ts'
import { withStore } from '../store/open.ts'
import { advantageForms, type RescoreOptions, rescore } from '../store/rescore.ts'
import { rescoreText } from '../store/rescore-text.ts'

/** The exit code of `--exit-code` when an advantage changed. */
const CHANGED = 3
const SAY_EVERY = 10_000

interface CommandOptions extends Omit<RescoreOptions, 'onProgress'> {
  readonly store: string
  readonly json?: boolean
  readonly exitCode?: boolean
}

/** `guerdon rescore --store FOLDER --recipe FILE`: what another recipe would have changed. */
export function rescoreCommand(io: Io): Command {
  return new Command('rescore')
    .description('replay a stored run under another recipe and show which advantages change')
    .requiredOption('-s, --store <folder>', 'the store')
    .requiredOption('-r, --recipe <file>', 'recipe, YAML or JSON')
    .option('--against <file>', 'recipe to compare with (default: the rewards the run was given)')
    .option('--run <name>', 'the run; not needed when there is one')
    .addOption(
      new Option('--advantage <form>', 'how rewards of a group become advantages; none compares the rewards')
        .choices([...advantageForms])
        .default('grpo'),
    )
    .option('--tolerance <x>', 'advantages that differ by no more than this are the same', atLeast0, 1e-6)
    .option('--batch <n>', 'rollouts of a file scored at once at least, in whole groups', positive, 256)
    .option('--json', 'print the comparison as JSON')
    .option('--exit-code', `exit with ${CHANGED} when an advantage changed`)
    .action(async ({ store: folder, json, exitCode, ...options }: CommandOptions) => {
      let said = 0
      const onProgress = (rollouts: number) => {
        if (rollouts - said < SAY_EVERY) return
        said = rollouts
        io.err(`${formatCount(rollouts)} rollouts\n`)
      }
      const result = await withStore(folder, { readOnly: true }, store => rescore(store, { ...options, onProgress }))
      io.out(json === true ? `${JSON.stringify(result)}\n` : rescoreText(result))
      if (exitCode === true && result.changed > 0) process.exitCode = CHANGED
    })
}

function atLeast0(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value) && value >= 0) return value
  throw new InvalidArgumentError('expected a number ≥ 0')
}

function positive(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isSafeInteger(value) && value >= 1) return value
  throw new InvalidArgumentError('expected a whole number ≥ 1')
}
