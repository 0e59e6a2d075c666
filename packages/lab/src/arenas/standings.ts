import { mean, probabilityOfImprovement } from '@guerdon/core'
import type { Role } from '../claims/claim.ts'
import type { StudyRuns } from '../claims/outcome.ts'
import type { Provenance } from '../claims/provenance.ts'
import { matchedId, reportedArms, triedId } from '../claims/study-experiment.ts'
import type { Budget, RunRecord } from '../harness/experiment.ts'
import { type Estimate, estimate } from '../harness/summary.ts'
import type { Arena, ArenaColumn } from './arena.ts'

/** The runs of one track. */
export interface TrackRuns {
  readonly track: string
  readonly runs: StudyRuns
}

/** One arm of a track; where it was run at two scales, at the matched one. */
export interface Standing {
  readonly id: string
  readonly label: string
  readonly role: Role
  readonly learningRate: number
  /** Name of its runs. */
  readonly run: string
  /** The first number at its own scale; null where it was run at one only, or no run finished. */
  readonly ownScale: Estimate | null
  /** By column's metric; interquartile mean over seeds and its interval. Null when no run finished. */
  readonly numbers: Readonly<Record<string, Estimate>> | null
  /** Probability that a run of it is better than a run of the reference by the first column; 0.5 is no difference. */
  readonly improvement: number | null
  readonly spent: Readonly<Record<string, number>>
}

/** What one track found, best first. */
export interface TrackStandings {
  readonly track: string
  readonly seeds: readonly number[]
  readonly selectionSeeds: readonly number[]
  readonly arms: readonly Standing[]
  readonly controls: readonly ControlStanding[]
  readonly failures: StudyRuns['failures']
  readonly seconds: number
}

/** Whether a negative control did as it must. */
export interface ControlStanding {
  readonly arm: string
  /** Probability that the reference is better than the control. */
  readonly beaten: number
  /** It is at least ¾: an arena in which nonsense does as well as the reference tells nothing. */
  readonly fails: boolean
}

/** An arm over all tracks. */
export interface OverallStanding {
  readonly id: string
  readonly label: string
  readonly role: Role
  /** Mean place among the arms of each track, 1 the best. */
  readonly place: number
  /** Mean over its tracks. */
  readonly value: number
  readonly improvement: number
  readonly tracks: number
}

/** What an arena found. */
export interface Standings {
  readonly arena: string
  readonly budget: Budget
  readonly reference: string
  readonly columns: readonly ArenaColumn[]
  /** By mean probability of improvement over the tracks, best first. */
  readonly overall: readonly OverallStanding[]
  readonly tracks: readonly TrackStandings[]
  /** Processor time of all runs, selection included, in seconds. */
  readonly seconds: number
  readonly provenance: Provenance
}

/** Ranks the arms of an arena by its runs. */
export function standingsOf(arena: Arena, tracks: readonly TrackRuns[]): Standings {
  const found = tracks.map(track => trackStandings(arena, track))
  const { budget, provenance } = tracks[0].runs
  return {
    arena: arena.slug,
    budget,
    reference: arena.reference,
    columns: arena.columns,
    overall: overallStandings(arena, found),
    tracks: found,
    seconds: found.reduce((sum, { seconds }) => sum + seconds, 0),
    provenance,
  }
}

function trackStandings(arena: Arena, { track, runs: found }: TrackRuns): TrackStandings {
  const study = arena.tracks[track]
  const [first] = arena.columns
  const reported = new Set(reportedArms(study).map(({ id }) => id))
  const shownAs = (id: string): string => (reported.has(matchedId(id)) ? matchedId(id) : id)
  const runsOf = (id: string): string => triedId(id, found.chosen.get(id) ?? 0)
  const recordsOf = (id: string) => found.runs.filter(run => run.arm === runsOf(id)).map(run => run.record)
  const estimated = (records: readonly RunRecord[], metric: string): Estimate =>
    estimate(records.map(({ metrics }) => metrics[metric]))
  const better = (arm: string, other: string): number | null => {
    const [own, rival] = [arm, other].map(id =>
      recordsOf(shownAs(id)).map(({ metrics }) => signed(metrics[first.metric], first)),
    )
    return own.length === 0 || rival.length === 0 ? null : probabilityOfImprovement(own, rival)
  }
  const arms = study.arms.map(({ id, label, role }): Standing => {
    const shown = shownAs(id)
    const records = recordsOf(shown)
    const atOwnScale = shown === id ? [] : recordsOf(id)
    const spent = [...new Set(records.flatMap(record => Object.keys(record.spent)))]
    return {
      id,
      label,
      role,
      learningRate: found.chosen.get(shown) ?? 0,
      run: runsOf(shown),
      ownScale: atOwnScale.length === 0 ? null : estimated(atOwnScale, first.metric),
      numbers:
        records.length === 0
          ? null
          : Object.fromEntries(arena.columns.map(({ metric }) => [metric, estimated(records, metric)])),
      improvement: better(id, arena.reference),
      spent: Object.fromEntries(spent.map(name => [name, mean(records.map(record => record.spent[name] ?? 0))])),
    }
  })
  const controls = arms
    .filter(({ role, numbers }) => role === 'control' && numbers)
    .map(({ id }) => {
      const beaten = better(arena.reference, id) ?? 0
      return { arm: id, beaten, fails: beaten >= 0.75 }
    })
  const rank = (standing: Standing): number =>
    standing.numbers ? signed(standing.numbers[first.metric].value, first) : Number.NEGATIVE_INFINITY
  return {
    track,
    seeds: found.seeds,
    selectionSeeds: found.selectionSeeds,
    arms: [...arms].sort((a, b) => rank(b) - rank(a)),
    controls,
    failures: found.failures,
    seconds: found.seconds,
  }
}

function overallStandings({ columns: [first] }: Arena, tracks: readonly TrackStandings[]): OverallStanding[] {
  const ids = new Map(tracks.flatMap(({ arms }) => arms.map(({ id, label, role }) => [id, { id, label, role }])))
  return [...ids.values()]
    .flatMap(arm => {
      const own = tracks.flatMap(({ arms }) => {
        const at = arms.findIndex(({ id }) => id === arm.id)
        const { numbers = null, improvement = null } = arms[at] ?? {}
        return numbers && improvement !== null
          ? [{ place: at + 1, value: numbers[first.metric].value, improvement }]
          : []
      })
      if (own.length === 0) return []
      const average = (name: 'place' | 'value' | 'improvement'): number => mean(own.map(entry => entry[name]))
      return [
        {
          ...arm,
          place: average('place'),
          value: average('value'),
          improvement: average('improvement'),
          tracks: own.length,
        },
      ]
    })
    .sort((a, b) => b.improvement - a.improvement || a.place - b.place)
}

function signed(value: number, { direction }: ArenaColumn): number {
  return direction === 'higher' ? value : -value
}
