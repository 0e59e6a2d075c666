import { join, relative, resolve } from 'node:path'
import { GuerdonError } from '@guerdon/core'
import {
  type Arena,
  arenaPage,
  arenas,
  type Budget,
  describeJob,
  findArena,
  formatEstimate,
  renderPage,
  runArena,
  type Standings,
  writeAtomic,
} from '@guerdon/lab'
import { Command, Option } from 'commander'
import colours from 'picocolors'
import type { Io } from '../io.ts'
import { wholeNumber } from '../lab/options.ts'
import { startProgress } from '../lab/progress.ts'
import { alignedTable } from '../table.ts'

interface ArenaCommandOptions {
  readonly track?: readonly string[]
  readonly budget: Budget
  readonly seeds?: number
  readonly seedBase: number
  readonly results: string
  readonly workers?: number
  readonly fresh?: boolean
  readonly json?: boolean
}

/** `guerdon arena [name]`: all methods of one job on the same worlds under one budget, as a leaderboard. */
export function arenaCommand(io: Io): Command {
  return new Command('arena')
    .description('put all methods of one job on the same worlds under one budget, and rank them')
    .argument('[arena]', 'which arena; without it, they are listed')
    .option('--track <names...>', 'only these tracks (default: all)')
    .addOption(
      new Option('--budget <size>', 'quick: seconds, shows that it runs; full: the comparison')
        .choices(['quick', 'full'])
        .default('quick'),
    )
    .option('--seeds <n>', 'number of confirmation seeds (default: as the arena says)', wholeNumber)
    .option('--seed-base <k>', 'shift every seed by k', wholeNumber, 0)
    .option('--results <folder>', 'where results are kept and resumed from', join('runs', 'arenas'))
    .option('--workers <n>', 'worker processes (default: one a core)', wholeNumber)
    .option('--fresh', 'forget earlier results of this arena')
    .option('--json', 'print the standings as JSON')
    .addHelpText('after', '\nFinished runs are kept; the same command goes on where it was stopped.')
    .action(async (name: string | undefined, options: ArenaCommandOptions) => {
      if (name === undefined) await listArenas(options.json ?? false, io)
      else await run(await findArena(name).load(), options, io)
    })
}

async function listArenas(json: boolean, io: Io): Promise<void> {
  for (const entry of arenas) {
    const { slug, title, question, tracks } = await entry.load()
    if (json) io.out(`${JSON.stringify({ slug, title, question, tracks: Object.keys(tracks) })}\n`)
    else io.out(`${colours.bold(slug)}  ${title}: ${Object.keys(tracks).join(', ')}\n    ${question}\n`)
  }
}

async function run(arena: Arena, options: ArenaCommandOptions, io: Io): Promise<void> {
  const cancelled = new AbortController()
  const onInterrupt = (): void =>
    cancelled.abort(
      new GuerdonError('aborted', 'cancelled; finished runs are kept and the same command goes on from there'),
    )
  process.once('SIGINT', onInterrupt)
  const json = options.json ?? false
  const results = resolve(options.results)
  let progress = startProgress(json, io)
  try {
    const { standings, tracks } = await runArena(arena, {
      ...options,
      ...(options.track && { tracks: options.track }),
      results,
      signal: cancelled.signal,
      planned(track, phase, total, before) {
        progress.stop()
        progress = startProgress(json, io)
        if (!json) io.err(`${arena.slug}, ${track}: ${phase}\n`)
        progress.planned(total, before)
      },
      progress: (job, fraction) => progress.partial(describeJob(job), fraction),
      finished: job => progress.settled(describeJob(job), job.kind === 'run'),
      failed: (job, message) => progress.settled(describeJob(job), job.kind === 'run', message),
    })
    progress.stop()
    const name = join(results, `arena-${arena.slug}-${options.budget}`)
    writeAtomic(`${name}.json`, `${JSON.stringify(standings, null, 2)}\n`)
    writeAtomic(`${name}.html`, renderPage(arenaPage(arena, standings, tracks)))
    if (json) io.out(`${JSON.stringify(standings)}\n`)
    else print(arena, standings, `${name}.html`, io)
    if (standings.tracks.some(({ failures }) => failures.length > 0)) process.exitCode = 1
  } finally {
    progress.stop()
    process.off('SIGINT', onInterrupt)
  }
}

function print(arena: Arena, standings: Standings, page: string, io: Io): void {
  const { columns, reference } = arena
  for (const { track, arms, controls } of standings.tracks) {
    io.out(`\n${colours.bold(`${arena.title}, ${track}`)}\n\n`)
    const rows = arms.map(({ label, numbers, improvement }) => [
      label,
      ...columns.map(({ metric, digits }, i) => {
        if (!numbers) return 'failed'
        return i === 0 ? formatEstimate(numbers[metric], digits) : numbers[metric].value.toFixed(digits)
      }),
      improvement?.toFixed(2) ?? '–',
    ])
    io.out(`${alignedTable(['arm', ...columns.map(({ label }) => label), `P(> ${reference})`], rows)}\n\n`)
    for (const { arm, beaten, fails } of controls) {
      const mark = fails ? colours.green('●') : colours.red('●')
      io.out(`${mark} negative control ${arm}: ${reference} better with probability ${beaten.toFixed(2)}\n`)
    }
  }
  const [first] = columns
  io.out(`\n${colours.bold('All tracks')}\n\n`)
  const rows = standings.overall.map(({ label, improvement, value, place, tracks }) => [
    label,
    improvement.toFixed(2),
    value.toFixed(first.digits),
    place.toFixed(1),
    String(tracks),
  ])
  io.out(`${alignedTable(['arm', `P(> ${reference})`, `mean ${first.label}`, 'mean place', 'tracks'], rows)}\n\n`)
  io.out(`Report: ${colours.underline(relative(process.cwd(), page))}\n`)
}
