import { escapeControls } from '@guerdon/core'
import { type ImportReport, importFile, layouts } from '@guerdon/store'
import { Command, Option } from 'commander'
import colours from 'picocolors'
import type { Io } from '../io.ts'
import { formatCount, formatItems } from '../score/format.ts'
import { readingProgress } from '../score/progress.ts'
import { interruptible, withStore } from '../store/open.ts'
import { spooled } from '../store/spool.ts'

interface ImportOptions {
  readonly store: string
  readonly layout: string
  readonly run?: string
  readonly onError: 'stop' | 'skip'
  readonly json?: boolean
}

/** `guerdon import FILE… --store FOLDER`: files of rollouts and preferences into a store. */
export function importCommand(io: Io): Command {
  return new Command('import')
    .description('take files of rollouts, preferences or traces into a store')
    .argument(
      '<file...>',
      'JSONL or Parquet; - is standard input; what was taken in before is known by its bytes and adds nothing',
    )
    .requiredOption('-s, --store <folder>', 'the store; made where there is none')
    .addOption(
      new Option('--layout <name>', 'how the files are laid out; auto looks at each record')
        .choices(['auto', ...layouts.map(({ name }) => name)])
        .default('auto'),
    )
    .option('--run <name>', 'run they belong to (default: the name of each file, stdin for standard input)')
    .addOption(
      new Option('--on-error <what>', 'what a bad record does: stop, or be skipped, counted and listed')
        .choices(['stop', 'skip'])
        .default('stop'),
    )
    .option('--json', 'print what was taken in as JSON')
    .addHelpText(
      'after',
      `\nLayouts:\n${layouts.map(({ name, fields }) => `  ${name.padEnd(25)}${fields}`).join('\n')}\n\nAn import that was stopped keeps what it has read; give the same command again and it goes on there.`,
    )
    .action(async (files: readonly string[], options: ImportOptions) => {
      const reports = await importFiles(files, options, io)
      io.out(options.json === true ? `${JSON.stringify(reports)}\n` : reports.map(reportText).join(''))
    })
}

async function importFiles(files: readonly string[], options: ImportOptions, io: Io): Promise<ImportReport[]> {
  const { layout, run, onError } = options
  return await withStore(options.store, { readOnly: false }, store =>
    interruptible(async signal => {
      const reports: ImportReport[] = []
      for (const file of files) {
        let progress: ReturnType<typeof readingProgress> | undefined
        const onProgress = ({ lines, bytes, size }: { lines: number; bytes: number; size: number }) => {
          progress ??= readingProgress(io, size)
          progress.update(lines, bytes)
        }
        const given = { layout, onError, signal, onProgress, ...(run === undefined ? {} : { run }) }
        const take = (path: string, name: string) => importFile(store, path, { ...given, name })
        const taken = file === '-' ? spooled(io, signal, path => take(path, 'stdin')) : take(file, file)
        reports.push(await taken.finally(() => progress?.stop()))
      }
      return reports
    }),
  )
}

function reportText(report: ImportReport): string {
  const { file, run, rollouts, preferences, verdicts, before, skipped, passedOver, faults } = report
  const added = [
    [rollouts, 'rollout'],
    [preferences, 'preference'],
    [verdicts, 'verdict'],
  ] as const
  const parts = added.filter(([count]) => count > 0).map(([count, name]) => formatItems(count, name))
  const remarks = [
    ...(before > 0 ? [`${formatItems(before, 'line')} were there`] : []),
    ...(passedOver > 0 ? [`${formatItems(passedOver, 'record')} held none`] : []),
    ...(skipped > 0 ? [colours.yellow(`${formatItems(skipped, 'record')} skipped`)] : []),
  ]
  const told = [parts.length > 0 ? parts.join(', ') : 'nothing new', ...remarks].join('; ')
  const layouts = report.layouts.length > 0 ? colours.dim(` ${report.layouts.join(', ')}`) : ''
  const lines = faults.map(fault => `  ${escapeControls(fault.message)}\n`)
  const more = skipped > faults.length ? `  … and ${formatCount(skipped - faults.length)} more\n` : ''
  return `${escapeControls(file)} → ${colours.bold(escapeControls(run))}${layouts}: ${told}\n${lines.join('')}${more}`
}
