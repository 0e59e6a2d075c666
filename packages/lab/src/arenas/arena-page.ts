import type { FinishedRun } from '../harness/experiment.ts'
import { formatEstimate, meanCurve, smooth } from '../harness/summary.ts'
import { intervalChart, lineChart } from '../report/charts.ts'
import type { Page, Section, Verdict } from '../report/page.ts'
import { armColours } from '../report/palette.ts'
import type { Arena } from './arena.ts'
import type { Standing, Standings, TrackRuns, TrackStandings } from './standings.ts'

/** An arena's findings as one page: the leaderboard over all tracks, then each track with all its numbers. */
export function arenaPage(arena: Arena, standings: Standings, tracks: readonly TrackRuns[]): Page {
  const { commit, machine } = standings.provenance
  const [{ seeds }] = standings.tracks
  return {
    title: arena.title,
    subtitle: arena.question,
    sections: [
      leaderboard(standings),
      {
        kind: 'text',
        title: 'What is measured',
        paragraphs: arena.columns.map(({ label, about }) => `${label}: ${about}`),
      },
      ...standings.tracks.flatMap(track => {
        const { runs } = tracks.find(other => other.track === track.track)!.runs
        return trackSections(arena, track, runs)
      }),
    ],
    footer: `Budget ${standings.budget}, seeds ${seeds[0]} to ${seeds[seeds.length - 1]}, ${Math.round(standings.seconds)} s of processor time; Guerdon ${commit ?? 'outside a clone'}, Node ${machine.node}, ${machine.platform}, ${machine.cpu}, ${machine.cores} cores.`,
  }
}

function leaderboard({ overall, columns: [first], reference, tracks }: Standings): Section {
  return {
    kind: 'table',
    title: 'Leaderboard',
    note: `By the probability that a run is better than one of ${reference}, a mean over ${tracks.length} tracks; 0.5 is no difference, and with ${tracks[0].seeds.length} seeds an arm may stand some places from where it belongs.`,
    head: ['arm', 'role', 'probability of improvement', `mean ${first.label}`, 'mean place', 'tracks'],
    rows: overall.map(({ label, role, improvement, value, place, tracks: count }) => [
      label,
      role,
      improvement.toFixed(2),
      value.toFixed(first.digits),
      place.toFixed(1),
      String(count),
    ]),
  }
}

function trackSections(arena: Arena, found: TrackStandings, runs: readonly FinishedRun[]): Section[] {
  const study = arena.tracks[found.track]
  const colours = armColours(study.arms)
  const shown = found.arms.filter(({ numbers }) => numbers !== null)
  const spent = [...new Set(shown.flatMap(arm => Object.keys(arm.spent)))]
  const [first] = arena.columns
  return [
    { kind: 'text', title: `Track ${found.track}`, paragraphs: study.setting },
    {
      kind: 'verdicts',
      title: 'Negative controls',
      verdicts: found.controls.map(control => controlVerdict(arena, control)),
    },
    {
      kind: 'table',
      title: `${found.track}: standings`,
      note: 'Interquartile mean and 95 % bootstrap interval over the confirmation seeds.',
      head: [
        'arm',
        ...arena.columns.map(({ label }) => label),
        `P(better than ${arena.reference})`,
        'rate',
        `${first.label}, own scale`,
      ],
      rows: shown.map(({ label, numbers, improvement, learningRate, ownScale }) => [
        label,
        ...arena.columns.map(({ metric, digits }) => formatEstimate(numbers![metric], digits)),
        improvement?.toFixed(2) ?? '–',
        String(learningRate),
        ownScale ? formatEstimate(ownScale, first.digits) : '–',
      ]),
    },
    {
      kind: 'charts',
      title: `${found.track}: ${first.label}`,
      note: 'Interquartile mean and 95 % bootstrap interval; dots are seeds.',
      charts: [
        intervalChart(
          shown.map(({ id, label, numbers }) => ({ label, colour: colours(id), ...numbers![first.metric] })),
          { title: first.label, xLabel: `${first.label} (${first.direction} is better)`, width: 760 },
        ),
      ],
    },
    curveSection(arena, found, runs, shown),
    {
      kind: 'table',
      title: `${found.track}: charged to each arm`,
      note: 'Means over the confirmation seeds.',
      head: ['arm', ...spent],
      rows: shown.map(arm => [arm.label, ...spent.map(name => (arm.spent[name] ?? 0).toFixed(0))]),
    },
    {
      kind: 'table',
      title: `${found.track}: seed by seed`,
      head: ['arm', ...found.seeds.map(seed => `seed ${seed}`)],
      rows: shown.map(({ run: name, label }) => [
        label,
        ...found.seeds.map(seed => {
          const run = runs.find(({ arm, seed: other }) => arm === name && other === seed)
          return run?.record.metrics[first.metric].toFixed(first.digits) ?? 'failed'
        }),
      ]),
    },
    ...failures(found),
  ]
}

function controlVerdict(arena: Arena, { arm, beaten, fails }: TrackStandings['controls'][number]): Verdict {
  return {
    label: `Negative control ${arm}`,
    mood: fails ? 'good' : 'bad',
    text: `${fails ? 'fails as it must' : 'does not clearly fail'}: ${arena.reference} is better with probability ${beaten.toFixed(2)}.`,
  }
}

/** Curves of a few arms a chart, so that they can be told apart. */
function curveSection(
  arena: Arena,
  { track }: TrackStandings,
  runs: readonly FinishedRun[],
  shown: readonly Standing[],
): Section {
  const study = arena.tracks[track]
  const colours = armColours(study.arms)
  const look = ({ id, label, role }: Standing) => ({ label, colour: colours(id), dashed: role === 'control' })
  const names = [...new Set(runs.flatMap(run => Object.keys(run.record.curves)))]
  const groups = [
    { title: 'methods', arms: shown.filter(({ role, id }) => role === 'method' || id === arena.reference) },
    { title: 'baselines and controls', arms: shown.filter(({ role }) => role !== 'method') },
  ]
  return {
    kind: 'charts',
    title: `${track}: curves`,
    note: 'Mean over seeds, smoothed over three updates.',
    legend: study.arms.flatMap(({ id }) => shown.filter(arm => arm.id === id)).map(look),
    charts: names.flatMap(name =>
      groups.map(({ title, arms }) =>
        lineChart(
          arms.map(arm => {
            const { low: _, high: __, ...curve } = meanCurve(runs, arm.run, name, look(arm))
            return { ...curve, y: smooth(curve.y, 3) }
          }),
          { title: `${name}: ${title}`, xLabel: study.axes?.[name]?.x ?? '', yLabel: study.axes?.[name]?.y ?? name },
        ),
      ),
    ),
  }
}

function failures({ failures, track }: TrackStandings): Section[] {
  if (failures.length === 0) return []
  return [
    {
      kind: 'table',
      title: `${track}: runs that failed`,
      head: ['arm', 'seed', 'why'],
      rows: failures.map(({ arm, seed, message }) => [arm ?? 'preparation', String(seed), message]),
    },
  ]
}
