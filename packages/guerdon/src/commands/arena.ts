import { join, relative, resolve } from 'node:path'
import {
  type Arena,
  arenaPage,
  arenas,
  findArena,
  formatEstimate,
  renderPage,
  runArena,
  type Standings,
  writeAtomic,
} from '@guerdon/lab'
import { Command } from 'commander'
import colours from 'picocolors'
import type { Io } from '../io.ts'
import { interruptible } from '../lab/interruptible.ts'
import { startPhases } from '../lab/phases.ts'
import { addRunOptions, type RunOptions } from '../lab/run-options.ts'
import { alignedTable } from '../table.ts'

const defaultResults = join('runs', 'arenas')

interface ArenaCommandOptions extends RunOptions {
  readonly track?: readonly string[]
}

/** `guerdon arena [name]`: all methods of one job on the same worlds under one budget, as a leaderboard. */
export function arenaCommand(io: Io): Command {
  const command = new Command('arena')
    .description('put all methods of one job on the same worlds under one budget, and rank them')
    .argument('[arena]', 'which arena; without it, they are listed')
    .option('--track <names...>', 'only these tracks (default: all)')
  return addRunOptions(command, {
    budget: 'quick: seconds, shows that it runs; full: the comparison',
    seeds: 'confirmation seeds',
    results: defaultResults,
    of: 'this arena',
    json: 'the standings as JSON',
  })
    .addHelpText('after', '\nFinished runs are kept; the same command goes on where it was stopped.')
    .action(async (name: string | undefined, options: ArenaCommandOptions) => {
      if (name === undefined) await listArenas(options.json ?? false, io)
      else {
        const arena = await findArena(name).load()
        await interruptible(signal => run(arena, options, io, signal))
      }
    })
}

async function listArenas(json: boolean, io: Io): Promise<void> {
  for (const entry of arenas) {
    const { slug, title, question, tracks } = await entry.load()
    if (json) io.out(`${JSON.stringify({ slug, title, question, tracks: Object.keys(tracks) })}\n`)
    else io.out(`${colours.bold(slug)}  ${title}: ${Object.keys(tracks).join(', ')}\n    ${question}\n`)
  }
}

async function run(arena: Arena, options: ArenaCommandOptions, io: Io, signal: AbortSignal): Promise<void> {
  const json = options.json ?? false
  const results = resolve(options.results ?? defaultResults)
  const phases = startPhases(json, io)
  try {
    const { standings, tracks } = await runArena(arena, {
      ...options,
      ...phases,
      ...(options.track && { tracks: options.track }),
      results,
      signal,
      planned: (track, phase, total, before) => phases.planned(`${arena.slug}, ${track}: ${phase}`, total, before),
    })
    phases.stop()
    const name = join(results, `arena-${arena.slug}-${options.budget}`)
    writeAtomic(`${name}.json`, `${JSON.stringify(standings, null, 2)}\n`)
    writeAtomic(`${name}.html`, renderPage(arenaPage(arena, standings, tracks)))
    if (json) io.out(`${JSON.stringify(standings)}\n`)
    else print(arena, standings, `${name}.html`, io)
    if (standings.tracks.some(({ failures }) => failures.length > 0)) process.exitCode = 1
  } finally {
    phases.stop()
  }
}

function print(arena: Arena, standings: Standings, page: string, io: Io): void {
  const { columns, reference } = arena
  for (const { track, arms, controls } of standings.tracks) {
    io.out(`\n${colours.bold(`${arena.title}, ${track}`)}\n\n`)
    const rows = arms.map(({ label, numbers, improvement, ownScale }) => [
      label,
      ...columns.map(({ metric, digits }, i) => {
        if (!numbers) return 'failed'
        return i === 0 ? formatEstimate(numbers[metric], digits) : numbers[metric].value.toFixed(digits)
      }),
      improvement?.toFixed(2) ?? '–',
      ownScale?.value.toFixed(columns[0].digits) ?? '–',
    ])
    const head = ['arm', ...columns.map(({ label }) => label), `P(> ${reference})`, `${columns[0].label}, own scale`]
    io.out(`${alignedTable(head, rows)}\n\n`)
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
