import { mkdirSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { GuerdonError } from '@guerdon/core'
import {
  type Budget,
  describeJob,
  type ExperimentReport,
  experiments,
  findExperiment,
  renderPage,
  runExperiment,
  writeAtomic,
} from '@guerdon/lab'
import { Command, Option } from 'commander'
import colours from 'picocolors'
import type { Io } from '../io.ts'
import { wholeNumber } from '../lab/options.ts'
import { startProgress } from '../lab/progress.ts'
import { alignedTable } from '../table.ts'

interface LabOptions {
  readonly budget: Budget
  readonly seeds?: number
  readonly seedBase: number
  readonly results?: string
  readonly workers?: number
  readonly fresh?: boolean
  readonly json?: boolean
}

/** `guerdon lab [experiment]`: trains small policies under several rewards and reports what came of it. */
export function labCommand(io: Io): Command {
  return new Command('lab')
    .description('train small policies under several rewards, over seeds, and report what came of it')
    .argument('[experiment]', 'which experiment; without it, they are listed')
    .addOption(
      new Option('--budget <size>', 'quick: seconds; full: the size a claim is judged at')
        .choices(['quick', 'full'])
        .default('quick'),
    )
    .option('--seeds <n>', 'number of seeds (default: as the experiment says)', wholeNumber)
    .option('--seed-base <k>', 'shift every seed by k', wholeNumber, 0)
    .option('--results <folder>', 'where results are kept and resumed from (default: runs/<experiment>-<budget>)')
    .option('--workers <n>', 'worker processes (default: one a core)', wholeNumber)
    .option('--fresh', 'forget earlier results in that folder')
    .option('--json', 'print the findings as JSON')
    .action(async (name: string | undefined, options: LabOptions) => {
      if (name === undefined) listExperiments(options.json ?? false, io)
      else await runLab(name, options, io)
    })
}

function listExperiments(json: boolean, io: Io): void {
  if (json) io.out(`${JSON.stringify(experiments.map(({ slug, title, question }) => ({ slug, title, question })))}\n`)
  else for (const { slug, title, question } of experiments) io.out(`${colours.bold(slug)}  ${title}\n    ${question}\n`)
}

async function runLab(name: string, options: LabOptions, io: Io): Promise<void> {
  const experiment = findExperiment(name)
  const results = resolve(options.results ?? join('runs', `${experiment.slug}-${options.budget}`))
  mkdirSync(results, { recursive: true })
  const cancelled = new AbortController()
  const onInterrupt = (): void =>
    cancelled.abort(
      new GuerdonError('aborted', 'cancelled; finished runs are kept and the same command goes on from there'),
    )
  process.once('SIGINT', onInterrupt)

  const progress = startProgress(options.json ?? false, io)
  const started = performance.now()
  try {
    const outcome = await runExperiment(experiment, {
      ...options,
      results,
      signal: cancelled.signal,
      planned: progress.planned,
      progress: (job, fraction) => progress.partial(describeJob(job), fraction),
      finished: job => progress.settled(describeJob(job), job.kind === 'run'),
      failed: (job, message) => progress.settled(describeJob(job), job.kind === 'run', message),
    })
    progress.stop()
    const report = experiment.report(outcome)
    const page = join(results, 'report.html')
    writeAtomic(page, renderPage(report.page))
    writeAtomic(join(results, 'report.json'), `${JSON.stringify(report.json, null, 2)}\n`)
    if (options.json) io.out(`${JSON.stringify(report.json)}\n`)
    else print(experiment.title, report, page, (performance.now() - started) / 1000, io)
    if (outcome.failures.length > 0) process.exitCode = 1
  } finally {
    progress.stop()
    process.off('SIGINT', onInterrupt)
  }
}

function print(title: string, report: ExperimentReport, page: string, seconds: number, io: Io): void {
  const moods = { good: colours.green, bad: colours.red, neutral: colours.yellow }
  io.out(`\n${colours.bold(title)}\n\n${alignedTable(report.table.head, report.table.rows)}\n\n`)
  for (const { label, mood, text } of report.verdicts) io.out(`${moods[mood]('●')} ${colours.bold(label)} ${text}\n`)
  io.out(`\n${seconds.toFixed(0)} s. Report: ${colours.underline(relative(process.cwd(), page))}\n`)
}
