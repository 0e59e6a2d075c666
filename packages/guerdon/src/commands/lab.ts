import { mkdirSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import {
  type ExperimentReport,
  experiments,
  findExperiment,
  renderPage,
  runExperiment,
  writeAtomic,
} from '@guerdon/lab'
import { Command } from 'commander'
import colours from 'picocolors'
import type { Io } from '../io.ts'
import { interruptible } from '../lab/interruptible.ts'
import { startProgress } from '../lab/progress.ts'
import { addRunOptions, type RunOptions } from '../lab/run-options.ts'
import { alignedTable } from '../table.ts'

/** `guerdon lab [experiment]`: trains small policies under several rewards and reports what came of it. */
export function labCommand(io: Io): Command {
  const command = new Command('lab')
    .description('train small policies under several rewards, over seeds, and report what came of it')
    .argument('[experiment]', 'which experiment; without it, they are listed')
  return addRunOptions(command, {
    budget: 'quick: seconds; full: the size a claim is judged at',
    seeds: 'seeds',
    results: join('runs', '<experiment>-<budget>'),
    of: 'this experiment',
    json: 'the findings as JSON',
  }).action(async (name: string | undefined, options: RunOptions) => {
    if (name === undefined) listExperiments(options.json ?? false, io)
    else await interruptible(signal => runLab(name, options, io, signal))
  })
}

function listExperiments(json: boolean, io: Io): void {
  if (json) io.out(`${JSON.stringify(experiments.map(({ slug, title, question }) => ({ slug, title, question })))}\n`)
  else for (const { slug, title, question } of experiments) io.out(`${colours.bold(slug)}  ${title}\n    ${question}\n`)
}

async function runLab(name: string, options: RunOptions, io: Io, signal: AbortSignal): Promise<void> {
  const experiment = findExperiment(name)
  const results = resolve(options.results ?? join('runs', `${experiment.slug}-${options.budget}`))
  mkdirSync(results, { recursive: true })
  const progress = startProgress(options.json ?? false, io)
  const started = performance.now()
  try {
    const outcome = await runExperiment(experiment, {
      ...options,
      ...progress,
      results,
      signal,
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
  }
}

function print(title: string, report: ExperimentReport, page: string, seconds: number, io: Io): void {
  const moods = { good: colours.green, bad: colours.red, neutral: colours.yellow }
  io.out(`\n${colours.bold(title)}\n\n${alignedTable(report.table.head, report.table.rows)}\n\n`)
  for (const { label, mood, text } of report.verdicts) io.out(`${moods[mood]('●')} ${colours.bold(label)} ${text}\n`)
  io.out(`\n${seconds.toFixed(0)} s. Report: ${colours.underline(relative(process.cwd(), page))}\n`)
}
