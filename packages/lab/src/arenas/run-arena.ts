import { join } from 'node:path'
import { GuerdonError } from '@guerdon/core'
import { type ReproduceOptions, runStudy } from '../claims/reproduce.ts'
import { studyExperiment } from '../claims/study-experiment.ts'
import type { Runnable } from '../harness/experiment.ts'
import type { Arena } from './arena.ts'
import { type Standings, standingsOf, type TrackRuns } from './standings.ts'

/** How an arena is run. */
export interface ArenaOptions extends Omit<ReproduceOptions, 'planned'> {
  /** Tracks to run; all when absent. */
  readonly tracks?: readonly string[]
  /** Told before each phase of each track: how many runs there are and how many of them were done before. */
  planned?(track: string, phase: 'selection' | 'confirmation', total: number, finishedBefore: number): void
}

/**
 * Runs the tracks of an arena one after another by the protocol of claims: every arm tries every rate on selection seeds and
 * is confirmed on others. Finished runs are kept in a folder a track.
 *
 * @throws unknown_name for a track it does not have
 */
export async function runArena(
  arena: Arena,
  options: ArenaOptions,
): Promise<{ readonly standings: Standings; readonly tracks: readonly TrackRuns[] }> {
  const tracks: TrackRuns[] = []
  for (const track of options.tracks ?? Object.keys(arena.tracks)) {
    const study = trackOf(arena, track)
    const runs = await runStudy(trackRunnable(arena, track), study, {
      ...options,
      results: join(options.results, `arena-${arena.slug}-${track}-${options.budget}`),
      planned: (phase, total, before) => options.planned?.(track, phase, total, before),
    })
    tracks.push({ track, runs })
  }
  return { standings: standingsOf(arena, tracks), tracks }
}

/** A track of an arena as an experiment of the harness, found by workers under `arena-<slug>/<track>`. */
export function trackRunnable(arena: Arena, track: string): Runnable {
  return studyExperiment({ slug: `arena-${arena.slug}`, version: arena.version }, track, trackOf(arena, track))
}

function trackOf(arena: Arena, track: string): Arena['tracks'][string] {
  if (Object.hasOwn(arena.tracks, track)) return arena.tracks[track]
  throw new GuerdonError('unknown_name', `expected a track of the ${arena.slug} arena; there is no ${track}`, {
    hint: `there are: ${Object.keys(arena.tracks).join(', ')}`,
  })
}
