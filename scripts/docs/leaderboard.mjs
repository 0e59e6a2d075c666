import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The published standings of an arena over all its tracks, with each track's success at the matched scale and its interval. */
export function leaderboard({ root }, slug) {
  const file = join(root, 'docs', 'results', `arena-${slug}.json`)
  if (!existsSync(file)) return '_This arena has not been published yet._'
  const { overall, tracks, columns, reference } = JSON.parse(readFileSync(file, 'utf8'))
  const [first] = columns
  const inTrack = (track, id) => {
    const numbers = track.arms.find(arm => arm.id === id)?.numbers
    if (!numbers) return '–'
    const { value, low, high } = numbers[first.metric]
    return `${[value, low].map(number => number.toFixed(2)).join(' [')}, ${high.toFixed(2)}]`
  }
  const agreement = id => {
    const known = tracks.flatMap(({ arms }) => arms.find(arm => arm.id === id)?.numbers?.correlation?.value ?? [])
    return known.length === 0 ? '–' : (known.reduce((sum, value) => sum + value, 0) / known.length).toFixed(2)
  }
  return [
    `| estimator | P(better than ${reference}) | ${tracks.map(({ track }) => `${first.label}, ${track}`).join(' | ')} | credit ~ truth |`,
    `| --- | --- | ${tracks.map(() => '---').join(' | ')} | --- |`,
    ...overall.map(({ id, label, role, improvement }) => {
      const name = role === 'control' ? `_${label}_ (control)` : label
      return `| ${name} | ${improvement.toFixed(2)} | ${tracks.map(track => inTrack(track, id)).join(' | ')} | ${agreement(id)} |`
    }),
    '',
    `${tracks[0].seeds.length} seeds; interquartile mean and 95 % interval. [All numbers and curves](docs/results/arena-${slug}.html).`,
  ].join('\n')
}
