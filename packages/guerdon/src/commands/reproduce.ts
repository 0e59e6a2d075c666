import { join, relative, resolve } from 'node:path'
import {
  type ClaimExperiment,
  claimPage,
  claims,
  findClaim,
  formatEstimate,
  type Level,
  levels,
  loadReproduction,
  outcomeLine,
  renderPage,
  reproduceStudy,
  type StudyOutcome,
  saveOutcome,
  studyFolder,
  writeAtomic,
} from '@guerdon/lab'
import { findMethod } from '@guerdon/methods'
import { Command, Option } from 'commander'
import colours from 'picocolors'
import type { Io } from '../io.ts'
import { interruptible } from '../lab/interruptible.ts'
import { startPhases } from '../lab/phases.ts'
import { addRunOptions, type RunOptions } from '../lab/run-options.ts'
import { alignedTable } from '../table.ts'

const defaultResults = join('runs', 'claims')

interface ReproduceCommandOptions extends RunOptions {
  readonly level?: Level
}

/** `guerdon reproduce <slug>|all`: tests what papers claim by experiments that train, and says what holds. */
export function reproduceCommand(io: Io): Command {
  const command = new Command('reproduce')
    .description("test a method's claim by training, with baselines and a negative control, and say whether it holds")
    .argument('[slug]', 'which method, or `all`; without it, those with an experiment are listed')
    .addOption(new Option('--level <level>', 'only this level (default: those there are)').choices([...levels]))
  return addRunOptions(command, {
    budget: 'quick: seconds, shows that it runs and goes the right way; full: the claim',
    seeds: 'confirmation seeds',
    results: defaultResults,
    of: 'these studies',
    json: 'one JSON line a claim and level',
  })
    .addHelpText(
      'after',
      '\nSettings are chosen on selection seeds and confirmed on others; finished runs are kept, the same command goes on.',
    )
    .action(async (slug: string | undefined, options: ReproduceCommandOptions) => {
      if (slug === undefined) listClaims(options.json ?? false, io)
      else {
        const entries = slug === 'all' ? claims : [findClaim(slug)]
        await interruptible(async signal => {
          for (const entry of entries) await reproduceClaim(await entry.load(), options, io, signal)
        })
      }
    })
}

function listClaims(json: boolean, io: Io): void {
  for (const { slug } of claims) {
    const { title, claim } = findMethod(slug)
    if (json) io.out(`${JSON.stringify({ slug, title, statement: claim.statement })}\n`)
    else io.out(`${colours.bold(slug)}  ${title}\n    ${claim.statement}\n`)
  }
}

async function reproduceClaim(
  claim: ClaimExperiment,
  options: ReproduceCommandOptions,
  io: Io,
  signal: AbortSignal,
): Promise<void> {
  const { budget } = options
  const results = resolve(options.results ?? defaultResults)
  const there = levels.filter(level => claim.studies[level])
  for (const level of options.level ? [options.level] : there) {
    const folder = studyFolder(results, claim.slug, level, budget)
    const { outcome } = await runStudy(claim, level, folder, options, io, signal)
    saveOutcome(folder, outcome)
    if (options.json) io.out(`${JSON.stringify(outcomeLine(outcome))}\n`)
    else print(outcome, io)
    if (outcome.failures.length > 0) process.exitCode = 1
  }
  const page = join(results, `${claim.slug}-${budget}.html`)
  const found = there.flatMap(level => loadReproduction(studyFolder(results, claim.slug, level, budget)) ?? [])
  writeAtomic(page, renderPage(claimPage(claim, findMethod(claim.slug), found)))
  if (!options.json) io.out(`Report: ${colours.underline(relative(process.cwd(), page))}\n`)
}

async function runStudy(
  claim: ClaimExperiment,
  level: Level,
  results: string,
  options: ReproduceCommandOptions,
  io: Io,
  signal: AbortSignal,
) {
  const phases = startPhases(options.json ?? false, io)
  try {
    return await reproduceStudy(claim, level, {
      ...options,
      ...phases,
      results,
      signal,
      planned: (phase, total, before) => phases.planned(`${claim.slug}, ${level}: ${phase}`, total, before),
    })
  } finally {
    phases.stop()
  }
}

function print(outcome: StudyOutcome, io: Io): void {
  const { slug, level, budget, metric, seconds } = outcome
  io.out(`\n${colours.bold(slug)}, ${level}, ${budget}: ${metric} (${outcome.direction} is better)\n\n`)
  const rows = outcome.arms.map(({ label, role, learningRate, metric: found }) => [
    label,
    role,
    learningRate === 0 ? '–' : String(learningRate),
    found ? formatEstimate(found, 3) : 'failed',
  ])
  io.out(`${alignedTable(['arm', 'role', 'rate', metric], rows)}\n\n`)
  const mark = (good: boolean): string => (good ? colours.green('●') : colours.red('●'))
  for (const { about, measured, bound, holds } of outcome.criteria) {
    io.out(`${mark(holds)} ${about}: ${measured.toFixed(3)} (needed ${bound})\n`)
  }
  for (const { arm, fails } of outcome.controls) {
    io.out(`${mark(fails)} negative control ${arm} ${fails ? 'fails as it must' : 'does as well as the method'}\n`)
  }
  io.out(`${colours.bold(outcome.holds ? 'holds' : 'does not hold')}; ${seconds.toFixed(0)} s of processor time\n\n`)
}
