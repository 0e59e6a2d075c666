import type { Budget } from '@guerdon/lab'
import { type Command, Option } from 'commander'
import { wholeNumber } from './options.ts'

/** What every command that runs experiments can be told. */
export interface RunOptions {
  readonly budget: Budget
  readonly seeds?: number
  readonly seedBase: number
  readonly results?: string
  readonly workers?: number
  readonly fresh?: boolean
  readonly json?: boolean
}

/** How a command words them. */
export interface RunOptionWords {
  /** What the budgets are for. */
  readonly budget: string
  /** What the seeds are: `confirmation seeds`. */
  readonly seeds: string
  /** Folder results are kept in. */
  readonly results: string
  /** Whose results `--fresh` forgets. */
  readonly of: string
  /** What `--json` prints. */
  readonly json: string
}

/** Adds the options of `RunOptions` to a command. */
export function addRunOptions(command: Command, words: RunOptionWords): Command {
  return command
    .addOption(new Option('--budget <size>', words.budget).choices(['quick', 'full']).default('quick'))
    .option('--seeds <n>', `number of ${words.seeds} (default: as planned there)`, wholeNumber)
    .option('--seed-base <k>', 'shift every seed by k', wholeNumber, 0)
    .option('--results <folder>', `where results are kept and resumed from (default: ${words.results})`)
    .option('--workers <n>', 'worker processes (default: one a core)', wholeNumber)
    .option('--fresh', `forget earlier results of ${words.of}`)
    .option('--json', `print ${words.json}`)
}
